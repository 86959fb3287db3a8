"""A manager puts a card right: bookings taken back, purchases refunded, vouchers, two cards, a new phone."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from flask_openapi3 import OpenAPI

from passes.qr import qr_svg
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.members import Member, member
from tests.web.test_api_gifts import PROGRAM, VOUCHER
from tests.web.test_api_purchases import card_of, eur


@pytest.fixture
def manager(app: OpenAPI, cafe: Cafe, now: Any) -> Member:
    return member(app, now, (cafe.merchant_id, "manager"))


def _path(card: dict[str, Any], rest: str = "correct") -> str:
    return f"/console/cards/{card['id']}/{rest}"


def _attempt(page: str) -> str:
    return re.findall(r'name="attempt" value="([^"]+)"', page)[0]


def _send(meant: Member, path: str, attempt: str = "", **fields: str) -> Any:
    data = {"csrf_token": meant.browser.token, "attempt": attempt, **fields}
    return meant.browser.client.post(path, data=data)


def _actions(page: str, part: str) -> list[str]:
    return re.findall(rf'action="([^"]*/{part}[^"]*)"', page)


def _balances(api: Api, card: dict[str, Any]) -> dict[str, int]:
    return api.found(f"/cards/{card['id']}")["balances"]


def test_a_new_card_has_nothing_to_take_back(manager: Member, card: dict[str, Any]) -> None:
    assert 'id="no-bookings"' in manager.get(_path(card))


def test_a_booking_is_taken_back_with_all_its_lines(manager: Member, api: Api, card: dict[str, Any]) -> None:
    api.made(f"/cards/{card['id']}/stamps", {"count": 10})
    (action,) = _actions(manager.get(_path(card)), "correct/")
    assert _send(manager, action).status_code == 303
    shown = api.found(f"/cards/{card['id']}")
    assert (shown["balances"], shown["rewards"]) == ({"stamps": 0}, [])
    assert 'id="no-bookings"' in manager.get(_path(card))


def test_what_was_taken_back_after_two_cards_became_one_is_shown_on_the_card_that_has_it(
    manager: Member, api: Api, card: dict[str, Any]
) -> None:
    other = api.made("/cards", {"program_id": card["program_id"]})
    api.made(f"/cards/{other['id']}/stamps", {"count": 2})
    (action,) = _actions(manager.get(_path(other)), "correct/")
    _send(manager, _path(card, "merge"), code=other["short_code"])
    assert _send(manager, action).location == f"/console/cards/{card['id']}"
    assert _balances(api, card) == {"stamps": 0}


def test_what_was_taken_back_elsewhere_meanwhile_is_refused_with_a_sentence(
    manager: Member, api: Api, card: dict[str, Any]
) -> None:
    api.made(f"/cards/{card['id']}/stamps", {})
    (action,) = _actions(manager.get(_path(card)), "correct/")
    _send(manager, action)
    answer = _send(manager, action)
    assert answer.status_code == 409
    assert "schon zurückgenommen" in answer.text or "taken back already" in answer.text


def test_a_second_tap_of_the_same_page_is_the_first_one_again(manager: Member, api: Api, card: dict[str, Any]) -> None:
    api.made(f"/cards/{card['id']}/stamps", {"count": 2})
    page = manager.get(_path(card))
    (action,) = _actions(page, "correct/")
    answers = [_send(manager, action, _attempt(page)).status_code for _ in range(2)]
    assert answers == [303, 303]
    assert _balances(api, card) == {"stamps": 0}


@pytest.fixture
def bill(api: Api) -> tuple[dict[str, Any], str]:
    """A card of a program of points, and a purchase of 12.40 on it."""
    card = card_of(api, kind="points", rule={})
    return card, api.made(f"/cards/{card['id']}/purchases", {"total": eur("12.40")})["purchase"]["id"]


@pytest.mark.parametrize("part", ["2,41", "2.41", " 2,41 "])
def test_a_part_of_a_purchase_is_refunded_with_comma_or_point(
    manager: Member, api: Api, bill: tuple[dict[str, Any], str], part: str
) -> None:
    card, purchase = bill
    assert _send(manager, _path(card, f"refunds/{purchase}"), part=part).status_code == 303
    assert _balances(api, card) == {"points": 9}


def test_without_an_amount_all_of_it_is_refunded(manager: Member, api: Api, bill: tuple[dict[str, Any], str]) -> None:
    card, purchase = bill
    assert _send(manager, _path(card, f"refunds/{purchase}")).status_code == 303
    assert _balances(api, card) == {"points": 0}
    assert 'id="purchases"' not in manager.get(_path(card))


@pytest.mark.parametrize("part", ["0", "-1", "1,234", "zwei", "12,40 €", "99999999"])
def test_what_is_no_amount_refunds_nothing_and_is_named(
    manager: Member, api: Api, bill: tuple[dict[str, Any], str], part: str
) -> None:
    card, purchase = bill
    answer = _send(manager, _path(card, f"refunds/{purchase}"), part=part)
    assert answer.status_code == 422
    assert part in answer.text
    assert _balances(api, card) == {"points": 12}


def test_more_than_was_paid_is_refused(manager: Member, api: Api, bill: tuple[dict[str, Any], str]) -> None:
    card, purchase = bill
    assert _send(manager, _path(card, f"refunds/{purchase}"), part="12,41").status_code == 409
    assert _balances(api, card) == {"points": 12}


def test_a_purchase_of_another_card_is_not_found(
    manager: Member, card: dict[str, Any], bill: tuple[dict[str, Any], str]
) -> None:
    assert _send(manager, _path(card, f"refunds/{bill[1]}")).status_code == 404


GIVEN = {"name_de": "Entschuldigung", "kind": "percent", "worth": "10", "uses": "1"}


@pytest.mark.parametrize(
    ("kind", "worth", "stored"),
    [
        ("percent", "10", {"percent": "10"}),
        ("percent", "10 %", {"percent": "10"}),
        ("money", "5,50", {"cents": 550}),
        ("thing", "Kuchen", {"thing": {"de": "Kuchen", "en": "Kuchen"}}),
    ],
)
def test_a_voucher_is_worth_one_of_three_things(
    manager: Member, api: Api, card: dict[str, Any], kind: str, worth: str, stored: dict[str, Any]
) -> None:
    assert _send(manager, _path(card, "vouchers"), **GIVEN | {"kind": kind, "worth": worth}).status_code == 303
    (voucher,) = api.found(f"/cards/{card['id']}/vouchers")["items"]
    assert (voucher["worth"], voucher["name"]["en"]) == (stored, "Entschuldigung")


def test_a_voucher_that_is_given_twice_by_a_double_tap_is_one(manager: Member, api: Api, card: dict[str, Any]) -> None:
    attempt = _attempt(manager.get(_path(card)))
    for _ in range(2):
        _send(manager, _path(card, "vouchers"), attempt, **GIVEN)
    assert len(api.found(f"/cards/{card['id']}/vouchers")["items"]) == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name_de", ""),
        ("name_de", "x" * 61),
        ("name_de", "\u202eabc"),
        ("worth", ""),
        ("worth", "0"),
        ("worth", "101"),
        ("uses", "0"),
        ("uses", "101"),
        ("uses", "many"),
        ("until", "2020-01-01"),
        ("until", "tomorrow"),
        ("until", "9999-12-31"),
    ],
)
def test_a_voucher_that_cannot_be_keeps_what_was_typed_and_names_the_field(
    manager: Member, api: Api, card: dict[str, Any], field: str, typed: str
) -> None:
    answer = _send(manager, _path(card, "vouchers"), **GIVEN | {field: typed})
    assert answer.status_code == 422
    assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', answer.text)
    assert api.found(f"/cards/{card['id']}/vouchers")["items"] == []


def test_a_voucher_is_taken_back(manager: Member, api: Api, card: dict[str, Any]) -> None:
    api.made(f"/cards/{card['id']}/vouchers", VOUCHER)
    (action,) = _actions(manager.get(_path(card)), "vouchers/")
    assert _send(manager, action).status_code == 303
    assert api.found(f"/cards/{card['id']}/vouchers")["items"][0]["revoked"]


def test_two_cards_become_one_by_the_code_of_the_other(manager: Member, api: Api, card: dict[str, Any]) -> None:
    other = api.made("/cards", {"program_id": card["program_id"]})
    api.made(f"/cards/{other['id']}/stamps", {"count": 4})
    assert _send(manager, _path(card, "merge"), code=other["short_code"]).status_code == 303
    assert _balances(api, card) == {"stamps": 4}


def test_a_code_of_nobody_merges_nothing_and_is_named(manager: Member, card: dict[str, Any]) -> None:
    answer = _send(manager, _path(card, "merge"), code="XXXX-XXX")
    assert answer.status_code == 422
    assert "XXXX-XXX" in answer.text
    assert _send(manager, _path(card, "merge"), code=card["short_code"]).status_code == 409


def test_a_card_that_moved_has_a_new_code(manager: Member, api: Api, card: dict[str, Any]) -> None:
    assert _send(manager, _path(card, "move")).status_code == 303
    assert api.found(f"/cards/{card['id']}")["code"] != card["code"]


def test_after_a_move_the_way_to_the_card_is_shown_to_copy_and_to_scan(
    manager: Member, api: Api, card: dict[str, Any]
) -> None:
    answer = _send(manager, _path(card, "move"))
    assert answer.location == _path(card, "moved")
    page = manager.get(_path(card, "moved"))
    link = api.found(f"/cards/{card['id']}")["links"]["web"]
    assert link != card["links"]["web"]
    assert f'value="{link}" readonly' in page
    assert 'data-copy="link"' in page
    assert quote(qr_svg(link)) in page


def test_a_card_that_ended_has_no_link_to_hand_on(manager: Member, api: Api, card: dict[str, Any]) -> None:
    other = api.made("/cards", {"program_id": card["program_id"]})
    _send(manager, _path(card, "merge"), code=other["short_code"])
    assert manager.browser.client.get(_path(other, "moved")).status_code == 404


def test_the_console_says_when_a_card_moved(manager: Member, card: dict[str, Any]) -> None:
    assert "umgezogen" not in manager.get(f"/console/cards/{card['id']}")
    _send(manager, _path(card, "move"))
    assert "Auf ein neues Handy umgezogen" in manager.get(f"/console/cards/{card['id']}")


def test_the_console_names_both_cards_that_became_one(manager: Member, api: Api, card: dict[str, Any]) -> None:
    other = api.made("/cards", {"program_id": card["program_id"]})
    _send(manager, _path(card, "merge"), code=other["short_code"])
    kept, gone = (manager.get(f"/console/cards/{one['id']}") for one in (card, other))
    assert f'<a href="/console/cards/{other["id"]}">Mit Karte {other["short_code"]} zusammengelegt</a>' in kept
    assert f'<a href="/console/cards/{card["id"]}">In Karte {card["short_code"]} aufgegangen</a>' in gone


def test_staff_may_correct_nothing(app: OpenAPI, cafe: Cafe, now: Any, card: dict[str, Any]) -> None:
    staff = member(app, now, (cafe.merchant_id, "staff"))
    assert staff.browser.client.get(_path(card)).status_code == 403
    assert staff.browser.client.get(_path(card, "moved")).status_code == 403
    for rest in ("move", "merge", "vouchers"):
        assert _send(staff, _path(card, rest)).status_code == 403
    assert _path(card) not in staff.get(f"/console/cards/{card['id']}")


def test_what_was_given_for_goodwill_is_seen_with_its_reason(manager: Member, api: Api) -> None:
    card = card_of(api, **PROGRAM)
    api.made(f"/cards/{card['id']}/goodwill", {"reason": "Zu lange gewartet"})
    page = manager.get("/console/goodwill")
    assert "Zu lange gewartet" in page
    assert card["short_code"] in page
    assert "1 Stempel" in page


def test_goodwill_is_not_for_staff_to_see(app: OpenAPI, cafe: Cafe, now: Any) -> None:
    staff = member(app, now, (cafe.merchant_id, "staff"))
    assert staff.browser.client.get("/console/goodwill").status_code == 403

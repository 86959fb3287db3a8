"""Vouchers, presents and other causes at the till; and codes that lead to another card."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from issuer.database import transaction
from issuer.schema import Posting
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser
from tests.web.counters import CAKE, card_under, done, holds, offered, only, problem, seen, stamp_card

GOODWILL = {"kind": "goodwill", "grant": {"unit": "stamps", "amount": 1}, "a_week": 2}
CAUSES = {
    "kind": "causes",
    "bonuses": [
        {"cause": "review", "grant": {"unit": "stamps", "amount": 2}},
        {"cause": "event", "grant": {"unit": "stamps", "amount": 1}, "once": False},
    ],
}
GIFTS = ("/till/vouchers", "/till/goodwill", "/till/bonuses")


@pytest.fixture
def gifted(api: Api) -> dict[str, Any]:
    """A card whose program knows presents and causes."""
    return stamp_card(api, GOODWILL, CAUSES)


def _voucher(api: Api, card: dict[str, Any], worth: object = None, **more: Any) -> dict[str, Any]:
    body = {"name": "Danke", "worth": worth or {"thing": CAKE}} | more
    return dict(api.made(f"/cards/{card['id']}/vouchers", body)["voucher"])


def test_a_voucher_is_burned_by_its_id_or_by_its_code(till: Browser, api: Api, card: dict[str, Any]) -> None:
    for name, given in (("voucher_id", "id"), ("code", "code")):
        made = _voucher(api, card)
        booked = done(till, "/till/vouchers", card, **{name: made[given]})
        assert (booked["headline"], booked["card"]["actions"][1:]) == ("Kuchen", [])


def test_a_voucher_is_burned_once_and_again_after_it_was_taken_back(
    till: Browser, api: Api, card: dict[str, Any]
) -> None:
    made = _voucher(api, card)
    body = {"card_id": card["id"], "voucher_id": made["id"]}
    booked = done(till, "/till/vouchers", card, voucher_id=made["id"])
    problem(till.send("/till/vouchers", body), 409, "voucher_used")
    done(till, "/till/undo", card, entry_id=booked["entry_id"])
    done(till, "/till/vouchers", card, voucher_id=made["id"])


@pytest.mark.parametrize(("uses", "headline"), [(1, "Aufgebraucht"), (2, "Kuchen")])
def test_a_card_of_vouchers_without_one_says_when_it_was_used_up(
    till: Browser, api: Api, uses: int, headline: str
) -> None:
    rule = {"names": CAKE, "worth": {"thing": CAKE}, "uses": uses}
    card = card_under(api, "voucher", rule)
    (voucher,) = api.found(f"/cards/{card['id']}/vouchers")["items"]
    done(till, "/till/vouchers", card, voucher_id=voucher["id"])
    shown = seen(till, card["code"])["card"]
    assert shown["headline"] == headline
    assert shown["sentence"].startswith("Am " if uses == 1 else "Gutschein des Gastes")
    assert shown["sentence"].endswith(" aufgebraucht.") == (uses == 1)


def test_a_voucher_that_was_taken_back_is_not_called_used_up(till: Browser, api: Api) -> None:
    card = card_under(api, "voucher", {"names": CAKE, "worth": {"thing": CAKE}})
    (voucher,) = api.found(f"/cards/{card['id']}/vouchers")["items"]
    api.made(f"/vouchers/{voucher['id']}/revocation", {})
    assert seen(till, card["code"])["card"]["headline"] == "Zurückgenommen"


def test_a_long_name_is_not_cut_at_the_till(till: Browser, api: Api) -> None:
    name = "Ein Stück Schwarzwälder Kirschtorte"
    card = card_under(api, "voucher", {"names": CAKE, "worth": {"thing": {"de": name, "en": name}}})
    assert seen(till, card["code"])["card"]["headline"] == name


def test_a_voucher_of_another_card_is_refused(till: Browser, api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    other = api.made("/cards", {"program_id": str(cafe.program_id)})
    made = _voucher(api, other)
    for body in ({"voucher_id": made["id"]}, {"code": made["code"]}):
        problem(till.send("/till/vouchers", {"card_id": card["id"]} | body), 409, "voucher_unknown")


@pytest.mark.parametrize("body", [{}, {"code": ""}, {"code": "\x00"}, {"code": 7}, {"voucher_id": str(uuid4())}])
def test_a_voucher_that_is_none_is_refused(till: Browser, card: dict[str, Any], body: dict[str, Any]) -> None:
    problem(till.send("/till/vouchers", {"card_id": card["id"]} | body), 409, "voucher_unknown")


def test_a_vouchers_code_opens_its_card_with_that_voucher_chosen(till: Browser, api: Api, card: dict[str, Any]) -> None:
    _voucher(api, card)
    made = _voucher(api, card, {"percent": "10"})
    for code in (made["code"], made["code"].lower(), made["code"].replace("-", " ")):
        found = seen(till, code)
        assert (found["card"]["id"], found["chosen"], found["note"]) == (card["id"], made["id"], "")
    assert made["id"] in [action["body"].get("voucher_id") for action in found["card"]["actions"]]


def test_the_code_of_a_voucher_that_is_none_any_more_opens_the_card_and_says_why(
    till: Browser, api: Api, card: dict[str, Any]
) -> None:
    used, revoked = _voucher(api, card), _voucher(api, card)
    later = _voucher(api, card, valid_from=(datetime.now(UTC) + timedelta(days=2)).isoformat())
    done(till, "/till/vouchers", card, voucher_id=used["id"])
    api.made(f"/vouchers/{revoked['id']}/revocation")
    for made in (used, revoked, later):
        found = seen(till, made["code"])
        assert (found["card"]["id"], found["chosen"]) == (card["id"], None)
        assert found["note"].endswith(".")


def test_another_merchants_voucher_is_not_our_code(till: Browser, other_api: Api, other_cafe: Cafe) -> None:
    theirs = other_api.made("/cards", {"program_id": str(other_cafe.program_id)})
    made = _voucher(other_api, theirs)
    problem(till.send("/till/lookup", {"code": made["code"]}), 422, "not_our_code")


def test_a_present_is_given_with_a_reason_that_the_owner_reads(
    till: Browser, api: Api, engine: Engine, cafe: Cafe, gifted: dict[str, Any]
) -> None:
    booked = done(till, "/till/goodwill", gifted, reason="  Lange   gewartet ")
    assert booked["headline"] == "1 / 10"
    assert booked["sentence"].endswith("Diese Woche noch 1 von 2")
    with transaction(engine, cafe.merchant_id) as session:
        query = select(Posting.note, Posting.actor_id).where(
            Posting.card_id == gifted["id"], Posting.cause == "goodwill"
        )
        assert session.execute(query).one() == ("Lange gewartet", cafe.staff_id)


def test_the_purse_is_empty_after_its_last_present_and_has_one_that_was_taken_back(
    till: Browser, gifted: dict[str, Any]
) -> None:
    body = {"card_id": gifted["id"], "reason": "Lange gewartet"}
    done(till, "/till/goodwill", gifted, reason="Lange gewartet")
    last = done(till, "/till/goodwill", gifted, reason="Lange gewartet")
    problem(till.send("/till/goodwill", body), 409, "purse_empty")
    done(till, "/till/undo", gifted, entry_id=last["entry_id"])
    assert only(offered(till, gifted), "goodwill")["hint"] == "Diese Woche noch 1 von 2"


@pytest.mark.parametrize("reason", [None, "", "  ", "ab", "\x00\x00\x00", "x" * 201])
def test_a_present_without_a_reason_is_refused(till: Browser, api: Api, gifted: dict[str, Any], reason: object) -> None:
    problem(till.send("/till/goodwill", {"card_id": gifted["id"], "reason": reason}), 409, "reason_needed")
    assert holds(api, gifted) == {}


def test_a_present_is_given_once_however_often_it_is_sent(till: Browser, api: Api, gifted: dict[str, Any]) -> None:
    body = {"card_id": gifted["id"], "reason": "Lange gewartet"}
    first, again = (till.send("/till/goodwill", body, key="one present") for _ in range(2))
    assert first.get_json() == again.get_json()
    assert holds(api, gifted) == {"stamps": 1}


def test_a_cause_is_given_once_where_the_program_says_so(till: Browser, api: Api, gifted: dict[str, Any]) -> None:
    booked = done(till, "/till/bonuses", gifted, cause="review")
    assert booked["sentence"].startswith("Gesammelt: 2 Stempel.")
    problem(till.send("/till/bonuses", {"card_id": gifted["id"], "cause": "review"}), 409, "given_already")
    done(till, "/till/undo", gifted, entry_id=booked["entry_id"])
    assert only_review(till, gifted)["possible"] is True
    for _ in range(2):
        done(till, "/till/bonuses", gifted, cause="event")
    assert holds(api, gifted) == {"stamps": 2}


def only_review(till: Browser, card: dict[str, Any]) -> dict[str, Any]:
    (found,) = [action for action in offered(till, card) if action["body"] == {"cause": "review"}]
    return found


@pytest.mark.parametrize("cause", [None, "", "survey", "goodwill", "\x00", 7, []])
def test_a_cause_that_the_program_does_not_know_is_refused(
    till: Browser, api: Api, gifted: dict[str, Any], cause: object
) -> None:
    problem(till.send("/till/bonuses", {"card_id": gifted["id"], "cause": cause}), 409, "no_such_cause")
    assert holds(api, gifted) == {}


def test_a_program_without_presents_gives_none(till: Browser, card: dict[str, Any]) -> None:
    problem(till.send("/till/goodwill", {"card_id": card["id"], "reason": "Lange gewartet"}), 409, "no_goodwill")
    problem(till.send("/till/bonuses", {"card_id": card["id"], "cause": "review"}), 409, "no_such_cause")


@pytest.mark.parametrize("path", GIFTS)
def test_another_merchants_card_is_given_nothing(till: Browser, other_api: Api, other_cafe: Cafe, path: str) -> None:
    theirs = other_api.made("/cards", {"program_id": str(other_cafe.program_id)})
    problem(till.send(path, {"card_id": theirs["id"], "reason": "Lange gewartet"}), 404, "not_found")


@pytest.mark.parametrize("path", GIFTS)
def test_without_a_key_nothing_is_given(till: Browser, api: Api, gifted: dict[str, Any], path: str) -> None:
    body = {"card_id": gifted["id"], "reason": "Lange gewartet", "cause": "review"}
    problem(till.send(path, body, key=""), 400, "idempotency_key_required")
    assert holds(api, gifted) == {}


def test_the_code_of_a_merged_card_opens_the_card_that_took_over(
    till: Browser, api: Api, card: dict[str, Any], cafe: Cafe
) -> None:
    old = api.made("/cards", {"program_id": str(cafe.program_id)})
    done(till, "/till/stamps", old, count=3)
    api.made(f"/cards/{card['id']}/merge", {"from": old["id"]})
    for code in (old["code"], old["short_code"]):
        found = seen(till, code)
        assert (found["card"]["id"], found["card"]["stamps"]) == (card["id"], 3)
        assert card["short_code"] in found["note"]
    problem(till.send("/till/stamps", {"card_id": old["id"]}), 409, "card_blocked")


def test_what_is_undone_after_two_cards_became_one_is_shown_on_the_card_that_has_it(
    till: Browser, api: Api, card: dict[str, Any], cafe: Cafe
) -> None:
    old = api.made("/cards", {"program_id": str(cafe.program_id)})
    booked = done(till, "/till/stamps", old, count=3)
    api.made(f"/cards/{card['id']}/merge", {"from": old["id"]})
    undone = done(till, "/till/undo", old, entry_id=booked["entry_id"])
    assert (undone["card"]["id"], undone["card"]["stamps"]) == (card["id"], 0)


def test_the_code_of_a_lost_phone_leads_nowhere(till: Browser, api: Api, card: dict[str, Any]) -> None:
    moved = api.made(f"/cards/{card['id']}/move")
    sentence = problem(till.send("/till/lookup", {"code": card["code"]}), 404, "not_found")
    assert "ersetzt" in sentence
    assert seen(till, moved["code"])["card"]["id"] == card["id"]

"""What cards get beside purchases, over the API: goodwill, causes, vouchers, visits, friends; moving and merging."""

from typing import Any
from uuid import uuid4

import pytest

from tests.web.asking import Api, refused
from tests.web.test_api_purchases import card_of, eur

STAMP = {"unit": "stamps", "amount": 1}
PROGRAM: dict[str, Any] = {
    "rule": {"stamps_needed": 10},
    "rewards": [{"name": "Kaffee"}],
    "extras": [
        {"kind": "goodwill", "grant": STAMP, "a_week": 2},
        {"kind": "causes", "bonuses": [{"cause": "survey", "grant": {"unit": "stamps", "amount": 2}}]},
        {"kind": "referral", "friend": STAMP, "referrer": {"unit": "stamps", "amount": 2}},
    ],
}
VOUCHER = {"name": {"de": "Gutschein", "en": "Voucher"}, "worth": {"percent": "10"}}


@pytest.fixture
def generous(api: Api) -> dict[str, Any]:
    """A card of a program with goodwill, causes and friends."""
    return card_of(api, **PROGRAM)


@pytest.fixture
def haircuts(api: Api) -> dict[str, Any]:
    rule = {"names": {"de": "Haarschnitt", "en": "Haircut"}, "visits": 10, "price": 20000}
    return card_of(api, kind="prepaid", rule=rule)


def _path(card: dict[str, Any], rest: str) -> str:
    return f"/cards/{card['id']}/{rest}"


def test_goodwill_is_given_with_a_reason(api: Api, generous: dict[str, Any]) -> None:
    given = api.made(_path(generous, "goodwill"), {"reason": "Lange gewartet"})
    assert [(e["amount"], e["unit"], e["cause"]) for e in given["entries"]] == [(1, "stamps", "goodwill")]
    assert given["entries"][0]["reason"] == "Lange gewartet"


def test_the_weeks_purse_ends(api: Api, generous: dict[str, Any]) -> None:
    for _ in range(2):
        api.made(_path(generous, "goodwill"), {"reason": "Lange gewartet"})
    refused(api.post(_path(generous, "goodwill"), {"reason": "Lange gewartet"}), 409, "purse_empty")


def test_a_program_without_a_purse_gives_no_goodwill(api: Api, card: dict[str, Any]) -> None:
    refused(api.post(_path(card, "goodwill"), {"reason": "Lange gewartet"}), 409, "no_goodwill")


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "\u202eabc"}, {"reason": 5}])
def test_goodwill_without_a_reason_is_refused(api: Api, generous: dict[str, Any], body: dict[str, Any]) -> None:
    refused(api.post(_path(generous, "goodwill"), body), 422, "invalid_body")


def test_a_survey_is_worth_what_the_rule_says_and_once(api: Api, generous: dict[str, Any]) -> None:
    given = api.made(_path(generous, "bonuses"), {"cause": "survey"})
    assert (given["card"]["balances"], given["entries"][0]["reason"]) == ({"stamps": 2}, "survey")
    refused(api.post(_path(generous, "bonuses"), {"cause": "survey"}), 409, "given_already")


def test_a_cause_that_the_rule_does_not_name_gives_nothing(api: Api, generous: dict[str, Any]) -> None:
    refused(api.post(_path(generous, "bonuses"), {"cause": "review"}), 409, "no_such_cause")
    refused(api.post(_path(generous, "bonuses"), {"cause": "bribe"}), 422, "invalid_body")


def test_a_voucher_is_used_once_and_found_by_its_code(api: Api, card: dict[str, Any]) -> None:
    voucher = api.made(_path(card, "vouchers"), VOUCHER)["voucher"]
    assert (voucher["uses"], voucher["left"], voucher["worth"]) == (1, 1, {"percent": "10"})
    assert api.found("/vouchers", code=voucher["code"].lower())["items"] == [voucher]
    assert api.found(_path(card, "vouchers"))["items"] == [voucher]
    api.made(f"/vouchers/{voucher['id']}/redemptions")
    refused(api.post(f"/vouchers/{voucher['id']}/redemptions"), 409, "voucher_used")


def test_a_voucher_takes_its_worth_off_a_purchase(api: Api, card: dict[str, Any]) -> None:
    voucher = api.made(_path(card, "vouchers"), VOUCHER | {"worth": {"money": eur("5.00")}})["voucher"]
    bought = api.made(_path(card, "purchases"), {"total": eur("12.00"), "voucher": voucher["code"]})["purchase"]
    assert (bought["discount"], bought["to_pay"]) == (eur("5.00"), eur("7.00"))
    again = api.post(_path(card, "purchases"), {"total": eur("12.00"), "voucher": voucher["code"]})
    refused(again, 409, "voucher_used")


def test_a_voucher_of_another_card_is_not_taken(api: Api, card: dict[str, Any], generous: dict[str, Any]) -> None:
    code = api.made(_path(card, "vouchers"), VOUCHER)["voucher"]["code"]
    bought = api.post(_path(generous, "purchases"), {"total": eur("12.00"), "voucher": code})
    refused(bought, 409, "voucher_unknown")


def test_a_voucher_that_was_taken_back_is_gone(api: Api, card: dict[str, Any]) -> None:
    voucher = api.made(_path(card, "vouchers"), VOUCHER)["voucher"]
    api.made(f"/vouchers/{voucher['id']}/revocation")
    assert api.found(_path(card, "vouchers"))["items"][0]["revoked"]
    assert api.post(f"/vouchers/{voucher['id']}/redemptions").status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "Gutschein"},
        {"name": "Gutschein", "worth": {}},
        {"name": "Gutschein", "worth": {"percent": "10", "money": eur("1.00")}},
        {"name": "Gutschein", "worth": {"percent": "101"}},
        {"name": "Gutschein", "worth": {"money": eur("1.00", "USD")}},
        {"name": "Gutschein", "worth": {"money": eur("0.00")}},
        {"name": "Gutschein", "worth": {"money": eur("100000.01")}},
        {"name": "Gutschein", "worth": {"percent": "10"}, "valid_until": "9999-12-31T23:59:59-14:00"},
        {"name": "Gutschein", "worth": {"percent": "10"}, "valid_from": "0001-01-01T00:00:00+14:00"},
        {"name": "", "worth": {"percent": "10"}},
        VOUCHER | {"uses": 0},
        VOUCHER | {"valid_from": "2027-01-02T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"},
        VOUCHER | {"valid_until": 1798761600},
        VOUCHER | {"valid_until": "2020-01-01T00:00:00Z"},
    ],
)
def test_what_is_no_voucher_is_refused(api: Api, card: dict[str, Any], body: dict[str, Any]) -> None:
    refused(api.post(_path(card, "vouchers"), body), 422, "invalid_body")


def test_a_name_that_cannot_be_is_refused_in_one_sentence(api: Api, card: dict[str, Any]) -> None:
    answer = refused(
        api.post(_path(card, "vouchers"), {"name": "a\tb", "worth": {"percent": "5"}}), 422, "invalid_body"
    )
    assert answer["detail"] == "name: must be printable text."
    assert answer["errors"] == [{"field": "name", "message": "must be printable text"}]


def test_a_voucher_is_looked_for_by_a_code(api: Api) -> None:
    refused(api.get("/vouchers"), 422, "invalid_body")
    assert api.found("/vouchers", code="AAAA-BBBB")["items"] == []


def test_visits_are_bought_and_counted_down(api: Api, haircuts: dict[str, Any]) -> None:
    bought = api.made(_path(haircuts, "prepaid"), {})
    assert (bought["purchase"]["total"], bought["card"]["balances"]) == (eur("200.00"), {"prepaid": 10})
    assert api.made(_path(haircuts, "prepaid/uses"), {"count": 3})["card"]["balances"] == {"prepaid": 7}
    refused(api.post(_path(haircuts, "prepaid/uses"), {"count": 8}), 409, "not_enough_visits")


def test_a_card_without_visits_sells_none(api: Api, card: dict[str, Any]) -> None:
    refused(api.post(_path(card, "prepaid"), {}), 409, "no_visits_here")


def test_both_sides_are_given_something_on_the_friends_first_purchase(api: Api, generous: dict[str, Any]) -> None:
    invite = api.found(_path(generous, "invite"))
    assert invite["invite"] in invite["link"]
    friend = api.made("/cards", {"program_id": generous["program_id"], "friend": invite["invite"]})
    assert api.made(_path(friend, "stamps"), {})["card"]["balances"] == {"stamps": 2}
    assert api.found(f"/cards/{generous['id']}")["balances"] == {"stamps": 2}
    assert api.made(_path(friend, "stamps"), {})["card"]["balances"] == {"stamps": 3}
    assert api.found(f"/cards/{generous['id']}")["balances"] == {"stamps": 2}


def test_a_program_without_friends_has_no_invite(api: Api, card: dict[str, Any]) -> None:
    refused(api.get(_path(card, "invite")), 404, "not_found")


def test_an_invite_of_nobody_lets_in_all_the_same(api: Api, generous: dict[str, Any]) -> None:
    api.made("/cards", {"program_id": generous["program_id"], "friend": "nobodys-invite"})


def test_a_card_moves_to_a_new_phone(api: Api, card: dict[str, Any]) -> None:
    moved = api.made(_path(card, "move"))
    assert (moved["id"], moved["state"]) == (card["id"], "active")
    for name in ("serial", "code", "short_code"):
        assert moved[name] != card[name]
    assert api.found("/cards", code=card["code"])["items"] == []
    assert api.found("/cards", code=moved["code"])["items"][0]["id"] == card["id"]
    key = card["links"]["web"].rpartition("/")[2]
    assert api.client.get(f"/card/{key}").status_code == 410


def test_two_cards_of_a_person_become_one(api: Api, card: dict[str, Any]) -> None:
    other = api.made("/cards", {"program_id": card["program_id"]})
    api.made(_path(card, "stamps"), {"count": 3})
    api.made(_path(other, "stamps"), {"count": 4})
    assert api.made(_path(card, "merge"), {"from": other["id"]})["card"]["balances"] == {"stamps": 7}
    assert api.found(f"/cards/{other['id']}")["state"] == "moved"
    refused(api.post(_path(other, "stamps"), {}), 409, "card_blocked")
    refused(api.post(_path(card, "merge"), {"from": other["id"]}), 409, "card_blocked")


def test_a_card_does_not_become_one_with_itself_or_another_programs(
    api: Api, card: dict[str, Any], generous: dict[str, Any]
) -> None:
    refused(api.post(_path(card, "merge"), {"from": card["id"]}), 409, "same_card")
    refused(api.post(_path(card, "merge"), {"from": generous["id"]}), 409, "wrong_program")
    refused(api.post(_path(card, "merge"), {"from": str(uuid4())}), 404, "not_found")
    refused(api.post(_path(card, "merge"), {}), 422, "invalid_body")

"""Purchases over the API: what they come to, earn, spend, and what is taken back; the worked examples."""

from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import Cafe
from tests.web.asking import Api, refused

COFFEE = {"de": "Kaffee", "en": "Coffee"}


def eur(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def card_of(api: Api, **program: Any) -> dict[str, Any]:
    """A new card in a new program."""
    made = api.made("/programs", {"name": "Karte"} | program)
    return api.made("/cards", {"program_id": made["id"]})


def _buy(api: Api, card: dict[str, Any], amount: str, **more: Any) -> dict[str, Any]:
    return api.made(f"/cards/{card['id']}/purchases", {"total": eur(amount)} | more)


def _lines(answer: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(entry["amount"], entry["unit"].partition(":")[0], entry["cause"]) for entry in answer["entries"]]


def test_ten_scans_are_one_pastry_and_the_eleventh_starts_the_next_card(api: Api) -> None:
    card = card_of(api, rule={"stamps_needed": 10}, rewards=[{"name": "Croissant"}])
    tenth = [_buy(api, card, "2.40") for _ in range(10)][-1]
    assert _lines(tenth) == [(1, "stamps", "purchase"), (-10, "stamps", "round"), (1, "reward", "round")]
    eleventh = _buy(api, card, "2.40")["card"]
    assert (eleventh["balances"], eleventh["rewards"][0]["count"]) == ({"stamps": 1}, 1)


def test_five_visits_are_one_coffee(api: Api) -> None:
    card = card_of(api, rule={"stamps_needed": 5}, rewards=[{"name": COFFEE}])
    assert [_buy(api, card, "3.00")["card"]["rewards"] for _ in range(5)][-1][0]["count"] == 1


def test_buy_three_and_the_fourth_is_free(api: Api) -> None:
    card = card_of(api, rule={"stamps_needed": 3, "next_free": True, "earn": "item"}, rewards=[{"name": "Eis"}])
    bought = _buy(api, card, "6.00", items=[{"sku": "ice", "quantity": 3}])
    assert bought["card"]["rewards"][0]["count"] == 1


def test_a_euro_is_a_point_and_parts_of_one_are_carried(api: Api) -> None:
    card = card_of(api, kind="points", rule={"points": 1, "per_cents": 100})
    assert _lines(_buy(api, card, "12.40")) == [(12, "points", "purchase")]
    assert _buy(api, card, "0.60")["card"]["balances"] == {"points": 13}


def test_a_star_per_fifty_euros_is_made_of_thirty_and_twenty(api: Api) -> None:
    card = card_of(api, kind="points", rule={"per_cents": 5000, "names": {"de": "Sterne", "en": "Stars"}})
    assert _buy(api, card, "30.00")["card"]["balances"] == {"points": 0}
    assert _buy(api, card, "20.00")["card"]["balances"] == {"points": 1}


def test_fifteen_percent_off_forty_leaves_thirty_four(api: Api) -> None:
    card = card_of(api, kind="discount", rule={"steps": [{"percent": "15"}]})
    quote = api.send("POST", f"/cards/{card['id']}/quote", json={"total": eur("40.00")}).get_json()
    assert (quote["discount"], quote["to_pay"]) == (eur("6.00"), eur("34.00"))
    bought = _buy(api, card, "40.00")["purchase"]
    assert (bought["total"], bought["discount"], bought["to_pay"]) == (eur("40.00"), eur("6.00"), eur("34.00"))


def test_a_hundred_points_buy_what_costs_a_hundred(api: Api) -> None:
    card = card_of(api, kind="points", rule={}, rewards=[{"name": COFFEE, "price": 100}])
    reward = api.found(f"/programs/{card['program_id']}")["rewards"][0]["id"]
    path, body = f"/cards/{card['id']}/redemptions", {"reward_id": reward, "confirm": True}
    _buy(api, card, "99.99")
    refused(api.post(path, body), 409, "not_enough")
    _buy(api, card, "0.01")
    assert api.made(path, body)["card"]["balances"] == {"points": 0}


def test_credit_comes_back_and_pays(api: Api) -> None:
    card = card_of(api, kind="cashback", rule={"percent": "10"})
    assert _buy(api, card, "25.00")["card"]["balances"] == {"credit": 250}
    paid = _buy(api, card, "10.00", credit=eur("2.50"))
    assert (paid["purchase"]["to_pay"], paid["card"]["balances"]) == (eur("7.50"), {"credit": 75})
    refused(api.post(f"/cards/{card['id']}/purchases", {"total": eur("10.00"), "credit": eur("0.76")}), 409,
            "not_enough_credit")  # fmt: skip


def test_a_purchase_is_found_again(api: Api, card: dict[str, Any]) -> None:
    bought = _buy(api, card, "3.50", reference=f"bill {card['id']}")["purchase"]
    assert api.found(f"/purchases/{bought['id']}") == bought
    assert api.found(f"/cards/{card['id']}/purchases")["items"] == [bought]


def test_a_whole_refund_takes_back_what_was_earned(api: Api, card: dict[str, Any]) -> None:
    bought = _buy(api, card, "3.50")
    back = api.made(f"/purchases/{bought['purchase']['id']}/refunds", {})
    assert _lines(back) == [(-1, "stamps", "refund")]
    assert (back["card"]["balances"], back["purchase"]["refunded"]) == ({"stamps": 0}, eur("3.50"))
    refused(api.post(f"/purchases/{bought['purchase']['id']}/refunds", {}), 409, "already_reversed")


def test_a_part_refund_takes_back_its_part(api: Api) -> None:
    card = card_of(api, kind="points", rule={})
    bought = _buy(api, card, "12.40")["purchase"]
    path = f"/purchases/{bought['id']}/refunds"
    assert api.made(path, {"total": eur("2.41")})["card"]["balances"] == {"points": 9}
    refused(api.post(path, {"total": eur("10.00")}), 409, "refund_too_large")
    assert api.made(path)["card"]["balances"] == {"points": 0}


def test_what_is_spent_already_is_owed_and_paid_by_later_purchases(api: Api) -> None:
    card = card_of(api, kind="points", rule={}, rewards=[{"name": COFFEE, "price": 10}])
    bought = _buy(api, card, "12.00")["purchase"]
    reward = api.found(f"/programs/{card['program_id']}")["rewards"][0]["id"]
    api.made(f"/cards/{card['id']}/redemptions", {"reward_id": reward, "confirm": True})
    assert api.made(f"/purchases/{bought['id']}/refunds")["card"]["balances"] == {"points": 0, "owed:points": 10}
    assert _buy(api, card, "15.00")["card"]["balances"] == {"points": 5, "owed:points": 0}


def test_a_reference_names_one_purchase(api: Api, card: dict[str, Any]) -> None:
    reference = f"bill {uuid4()}"
    _buy(api, card, "3.50", reference=reference)
    again = api.post(f"/cards/{card['id']}/purchases", {"total": eur("3.50"), "reference": reference})
    refused(again, 409, "reference_reused")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "total"),
        ({"total": "3.50"}, "total"),
        ({"total": eur("-1.00")}, "total.amount"),
        ({"total": eur("1.001")}, "total.amount"),
        ({"total": eur("1,00")}, "total.amount"),
        ({"total": eur("1e3")}, "total.amount"),
        ({"total": eur("99999999")}, "total.amount"),
        ({"total": eur("1.00", "euro")}, "total.currency"),
        ({"total": eur("1.00", "USD")}, "total.currency"),
        ({"total": eur("1.00"), "items": [{"quantity": 0}]}, "items.0.quantity"),
        ({"total": eur("1.00"), "items": [{"quantity": 1, "price": eur("1.00", "CHF")}]}, "items.0.price.currency"),
        ({"total": eur("1.00"), "items": [{"sku": "\u0000"}]}, "items.0.sku"),
        ({"total": eur("1.00"), "items": [{"name": "\u202eeffoc"}]}, "items.0.name"),
        ({"total": eur("1.00"), "occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
        ({"total": eur("1.00"), "points": 5}, "points"),
    ],
)
def test_what_is_no_purchase_is_refused_by_the_name_of_its_field(
    api: Api, card: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    answer = refused(api.post(f"/cards/{card['id']}/purchases", body), 422, "invalid_body")
    assert answer["errors"][0]["field"] == field


def test_a_purchase_of_nobody_is_not_found(api: Api) -> None:
    refused(api.get(f"/purchases/{uuid4()}"), 404, "not_found")
    refused(api.post(f"/purchases/{uuid4()}/refunds", {}), 404, "not_found")


def test_a_late_purchase_earns_by_the_rule_of_its_day(api: Api, cafe: Cafe) -> None:
    hour = {"factor": "2", "days": [1, 2, 3, 4, 5, 6, 7], "begin": "14:00", "until": "17:00"}
    card = card_of(api, kind="points", rule={"happy_hours": [hour]})
    at_three = _buy(api, card, "10.00", occurred_at="2026-06-02T15:00:00+02:00")
    at_six = _buy(api, card, "10.00", occurred_at="2026-06-02T18:00:00+02:00")
    assert (_lines(at_three), _lines(at_six)) == ([(20, "points", "purchase")], [(10, "points", "purchase")])


def test_a_card_that_became_another_is_told_no_price(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    other = api.made("/cards", {"program_id": str(cafe.program_id)})
    api.made(f"/cards/{other['id']}/merge", {"from": card["id"]})
    refused(api.post(f"/cards/{card['id']}/quote", {"total": eur("5.00")}), 409, "card_blocked")

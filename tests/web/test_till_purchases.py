"""An amount at the till: quoted, booked once, taken back; and visits that are bought in advance."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, update

from issuer import paper
from issuer.database import transaction
from issuer.editing import Author
from issuer.keys import Keys
from issuer.schema import Card, CardCode, Program
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser, Travel
from tests.web.counters import (
    CAKE,
    COFFEE,
    card_under,
    discount_card,
    done,
    holds,
    plain,
    points_card,
    prepaid_card,
    problem,
    stamp_card,
)

WRONG_TOTALS = [None, 0, -1, 1.5, "1000", True, [], {}, 100_000_01, 10**30]
PURCHASES = ("/till/quote", "/till/purchases")


def _quote(till: Browser, card: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = till.send("/till/quote", {"card_id": card["id"]} | body)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def _cashback(till: Browser, api: Api) -> dict[str, Any]:
    """A card with 5.00 of credit."""
    card = card_under(api, "cashback", {"percent": "10"})
    done(till, "/till/purchases", card, total=5000)
    return card


def test_fifteen_percent_off_forty_leaves_thirty_four(till: Browser, api: Api) -> None:
    card = discount_card(api)
    quoted = _quote(till, card, total=4000)
    assert plain(quoted["sentence"]) == "40,00 − 6,00 (15 %) = 34,00 € zu zahlen"
    assert (quoted["discount"], quoted["to_pay"], plain(quoted["headline"])) == (600, 3400, "34,00 €")
    booked = done(till, "/till/purchases", card, total=4000)
    assert plain(booked["headline"]) == "34,00 €"


def test_a_quote_books_nothing(till: Browser, api: Api) -> None:
    card = points_card(api)
    _quote(till, card, total=4000)
    assert (holds(api, card), api.found(f"/cards/{card['id']}")["version"]) == ({}, 1)


def test_visits_are_sold_and_not_collected(till: Browser, api: Api) -> None:
    told = done(till, "/till/prepaid", prepaid_card(api))["sentence"]
    assert told.startswith("Verkauft: 10 Besuche. ")
    assert "Gesammelt" not in told
    till.client.get("/till?lang=en")
    assert done(till, "/till/prepaid", prepaid_card(api))["sentence"].startswith("Sold: 10 visits. ")


def test_a_quote_in_english_says_the_same(till: Browser, api: Api) -> None:
    till.client.get("/till?lang=en")
    quoted = _quote(till, discount_card(api), total=4000)
    assert plain(quoted["sentence"]) == "40.00 − 6.00 (15%) = €34.00 to pay"


def test_a_purchase_says_what_to_collect_and_what_it_earned(till: Browser, api: Api) -> None:
    card = points_card(api)
    booked = done(till, "/till/purchases", card, total=1240)
    assert plain(booked["headline"]) == "12,40 €"
    assert booked["sentence"] == "Gesammelt: 12 Punkte. Noch 8 Punkte bis: Kaffee"
    assert (booked["reward"], booked["card"]["headline"]) == (False, "12")
    assert holds(api, card) == {"points": 12}


def test_credit_pays_what_it_can_and_no_more(till: Browser, api: Api) -> None:
    card = _cashback(till, api)
    assert _quote(till, card, total=4000)["credit"] == 0
    whole, small = _quote(till, card, total=4000, credit=True), _quote(till, card, total=300, credit=True)
    assert (whole["credit"], whole["to_pay"]) == (500, 3500)
    assert plain(whole["sentence"]) == "40,00 − 5,00 (Guthaben) = 35,00 € zu zahlen"
    assert (small["credit"], small["to_pay"]) == (300, 0)
    booked = done(till, "/till/purchases", card, total=4000, credit=whole["credit"])
    assert plain(booked["headline"]) == "35,00 €"
    assert holds(api, card) == {"credit": 350}


def test_credit_that_is_gone_meanwhile_is_refused(till: Browser, api: Api) -> None:
    card = _cashback(till, api)
    done(till, "/till/purchases", card, total=500, credit=500)
    problem(
        till.send("/till/purchases", {"card_id": card["id"], "total": 4000, "credit": 500}), 409, "not_enough_credit"
    )


@pytest.mark.parametrize("credit", [-1, 4001, "500", True, 1.5, [], {"a": 1}])
def test_credit_that_makes_no_sense_is_refused(till: Browser, api: Api, credit: object) -> None:
    card = points_card(api)
    answer = till.send("/till/purchases", {"card_id": card["id"], "total": 4000, "credit": credit})
    problem(answer, 422, "invalid_body")
    assert holds(api, card) == {}


def test_a_voucher_is_taken_off_and_burned_with_the_purchase(till: Browser, api: Api) -> None:
    card = stamp_card(api)
    made = api.made(f"/cards/{card['id']}/vouchers", {"name": "Danke", "worth": {"percent": "10"}})["voucher"]
    quoted = _quote(till, card, total=2000, voucher_id=made["id"])
    assert plain(quoted["sentence"]) == "20,00 − 2,00 (Gutschein) = 18,00 € zu zahlen"
    booked = done(till, "/till/purchases", card, total=2000, voucher_id=made["id"])
    assert plain(booked["headline"]) == "18,00 €"
    again = {"card_id": card["id"], "total": 2000, "voucher_id": made["id"]}
    for path in PURCHASES:
        problem(till.send(path, again), 409, "voucher_used")


@pytest.mark.parametrize("voucher_id", ["x", "\x00", "00000000-0000-4000-8000-000000000000", [], "7H2K-9QWX"])
def test_a_voucher_of_nobody_is_refused(till: Browser, api: Api, voucher_id: object) -> None:
    card = points_card(api)
    for path in PURCHASES:
        body = {"card_id": card["id"], "total": 2000, "voucher_id": voucher_id}
        problem(till.send(path, body), 409, "voucher_unknown")
    assert holds(api, card) == {}


def test_items_with_a_stamp_are_counted_on_the_purchase(till: Browser, api: Api) -> None:
    stamps = {"kind": "stamps", "stamps_needed": 5, "earn": "item", "items": ["cup"], "reward": CAKE}
    card = points_card(api, extras=[stamps])
    booked = done(till, "/till/purchases", card, total=900, items=3)
    assert holds(api, card) == {"points": 9, "stamps": 3}
    assert "3 Stempel" in booked["sentence"]


@pytest.mark.parametrize("items", [-1, 101, "1", True, 1.5, [1]])
def test_a_number_of_items_that_makes_no_sense_is_refused(till: Browser, api: Api, items: object) -> None:
    card = points_card(api)
    for path in PURCHASES:
        problem(till.send(path, {"card_id": card["id"], "total": 900, "items": items}), 422, "invalid_body")


def test_a_purchase_that_fills_a_round_says_so(till: Browser, api: Api) -> None:
    card = card_under(api, "stamps", {"stamps_needed": 2, "earn": "amount", "amount": 5000}, rewards=[{"name": COFFEE}])
    assert done(till, "/till/purchases", card, total=5000)["reward"] is False
    booked = done(till, "/till/purchases", card, total=5000)
    assert (booked["reward"], plain(booked["headline"])) == (True, "50,00 €")
    assert "Kaffee" in booked["sentence"]


@pytest.mark.parametrize("path", PURCHASES)
@pytest.mark.parametrize("total", WRONG_TOTALS)
def test_an_amount_that_makes_no_sense_is_refused(
    till: Browser, card: dict[str, Any], path: str, total: object
) -> None:
    sentence = problem(till.send(path, {"card_id": card["id"], "total": total}), 422, "invalid_body")
    assert "Betrag" in sentence


@pytest.mark.parametrize("path", [*PURCHASES, "/till/prepaid", "/till/prepaid/uses"])
def test_nothing_is_booked_on_another_merchants_card(
    till: Browser, other_api: Api, other_cafe: Cafe, path: str
) -> None:
    theirs = other_api.made("/cards", {"program_id": str(other_cafe.program_id)})
    problem(till.send(path, {"card_id": theirs["id"], "total": 100}), 404, "not_found")
    assert other_api.found(f"/cards/{theirs['id']}")["version"] == 1


@pytest.mark.parametrize("path", ["/till/purchases", "/till/prepaid"])
def test_a_blocked_card_buys_nothing(till: Browser, api: Api, engine: Engine, cafe: Cafe, path: str) -> None:
    card = prepaid_card(api)
    with transaction(engine, cafe.merchant_id) as session:
        session.execute(update(Card).where(Card.id == card["id"]).values(state="blocked"))
    problem(till.send(path, {"card_id": card["id"], "total": 100}), 409, "card_blocked")


def test_a_purchase_sent_twice_under_one_key_is_one(till: Browser, api: Api) -> None:
    card = points_card(api)
    body = {"card_id": card["id"], "total": 1000}
    first, again = (till.send("/till/purchases", body, key="lost answer") for _ in range(2))
    assert (first.get_json(), again.headers["Idempotency-Replayed"]) == (again.get_json(), "true")
    problem(till.send("/till/purchases", body | {"total": 2000}, key="lost answer"), 422, "idempotency_key_reused")
    assert holds(api, card) == {"points": 10}


@pytest.mark.parametrize("path", ["/till/purchases", "/till/prepaid", "/till/prepaid/uses"])
def test_without_a_key_nothing_is_bought(till: Browser, api: Api, path: str) -> None:
    card = prepaid_card(api)
    problem(till.send(path, {"card_id": card["id"], "total": 100}, key=""), 400, "idempotency_key_required")
    assert api.found(f"/cards/{card['id']}")["version"] == 1


def test_a_purchase_is_taken_back_with_what_it_earned_and_spent(till: Browser, api: Api) -> None:
    card = _cashback(till, api)
    booked = done(till, "/till/purchases", card, total=4000, credit=500)
    undone = done(till, "/till/undo", card, entry_id=booked["entry_id"])
    assert plain(undone["headline"]) == "5,00 €"
    assert holds(api, card) == {"credit": 500}


def test_a_purchase_that_earned_nothing_is_taken_back_too(till: Browser, api: Api) -> None:
    card = discount_card(api)
    booked = done(till, "/till/purchases", card, total=4000)
    assert done(till, "/till/undo", card, entry_id=booked["entry_id"])["headline"]
    again = till.send("/till/undo", {"entry_id": booked["entry_id"]})
    problem(again, 409, "already_reversed")


def test_a_purchase_is_taken_back_within_a_minute_or_not_at_all(till: Browser, api: Api, travel: Travel) -> None:
    booked = done(till, "/till/purchases", points_card(api), total=4000)
    travel(timedelta(seconds=61))
    problem(till.send("/till/undo", {"entry_id": booked["entry_id"]}), 409, "too_late_to_undo")


def test_visits_are_sold_used_and_counted_down(till: Browser, api: Api) -> None:
    card = prepaid_card(api)
    sold = done(till, "/till/prepaid", card)
    assert plain(sold["headline"]) == "27,00 €"
    assert holds(api, card) == {"prepaid": 10}
    assert done(till, "/till/prepaid/uses", card)["headline"] == "9"
    assert done(till, "/till/prepaid/uses", card, count=4)["headline"] == "5"
    problem(till.send("/till/prepaid/uses", {"card_id": card["id"], "count": 6}), 409, "not_enough_visits")
    assert holds(api, card) == {"prepaid": 5}


def test_visits_used_and_sold_are_taken_back(till: Browser, api: Api) -> None:
    card = prepaid_card(api)
    sold = done(till, "/till/prepaid", card)
    used = done(till, "/till/prepaid/uses", card, count=3)
    problem(till.send("/till/undo", {"entry_id": sold["entry_id"]}), 409, "already_spent")
    assert done(till, "/till/undo", card, entry_id=used["entry_id"])["headline"] == "10"
    done(till, "/till/undo", card, entry_id=sold["entry_id"])
    assert holds(api, card) == {}


@pytest.mark.parametrize("count", [0, -1, 101, "1", 1.5, True, None, []])
def test_a_number_of_visits_that_makes_no_sense_is_refused(till: Browser, api: Api, count: object) -> None:
    card = prepaid_card(api)
    problem(till.send("/till/prepaid/uses", {"card_id": card["id"], "count": count}), 422, "invalid_body")


def test_a_card_without_visits_has_none_to_sell_or_to_use(till: Browser, card: dict[str, Any]) -> None:
    problem(till.send("/till/prepaid", {"card_id": card["id"]}), 409, "no_visits_here")
    problem(till.send("/till/prepaid/uses", {"card_id": card["id"]}), 409, "not_enough_visits")


def test_a_counter_has_its_own_stamps_and_its_own_number(till: Browser, api: Api) -> None:
    lunch = {"kind": "stamps", "counter": "lunch", "names": CAKE, "stamps_needed": 5, "reward": CAKE}
    card = stamp_card(api, lunch)
    booked = done(till, "/till/stamps", card, counter="lunch", count=2)
    assert (booked["headline"], booked["sentence"]) == ("2 / 5", "Kuchen: Noch 3 Stempel bis: Kuchen")
    assert done(till, "/till/stamps", card)["headline"] == "1 / 10"
    for wrong in ("dinner", "stamps", "\x00", "LUNCH"):
        problem(till.send("/till/stamps", {"card_id": card["id"], "counter": wrong}), 409, "no_stamps_here")


def test_points_are_spent_on_what_they_are_enough_for(till: Browser, api: Api) -> None:
    card = points_card(api)
    done(till, "/till/purchases", card, total=3000)
    program = api.found(f"/programs/{card['program_id']}")
    names = {reward["name"]["de"]: reward["id"] for reward in program["rewards"]}
    problem(till.send("/till/redemptions", {"card_id": card["id"], "reward_id": names["Kuchen"]}), 409, "not_enough")
    booked = done(till, "/till/redemptions", card, reward_id=names["Kaffee"])
    assert booked["headline"] == "Kaffee"
    assert holds(api, card) == {"points": 10}
    done(till, "/till/undo", card, entry_id=booked["entry_id"])
    assert holds(api, card) == {"points": 30}


def _printed(engine: Engine, keys: Keys, cafe: Cafe, program_id: str, now: datetime) -> Sequence[CardCode]:
    with transaction(engine, cafe.merchant_id) as session:
        program = session.get_one(Program, program_id)
        made = paper.print_batch(session, keys, Author(uuid4(), cafe.merchant_id, now), program, 1, "de")
        return paper.unused_codes(session, made.id)[1]


def test_a_paper_card_is_quoted_without_beginning_and_begins_with_its_purchase(
    till: Browser, api: Api, engine: Engine, keys: Keys, cafe: Cafe, now: datetime
) -> None:
    (code,) = _printed(engine, keys, cafe, discount_card(api)["program_id"], now)
    assert _quote(till, {"id": code.code}, total=4000)["to_pay"] == 3400
    with transaction(engine, cafe.merchant_id) as session:
        assert session.get_one(CardCode, code.code).card_id is None
    assert plain(done(till, "/till/purchases", {"id": code.code}, total=4000)["headline"]) == "34,00 €"
    (card,) = api.found("/cards", code=code.code)["items"]
    assert card["state"] == "active"

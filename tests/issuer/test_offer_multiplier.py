"""What is stamped or bought earns more by an offer that the card bears: so many times, no more, and no gift does."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Self

import psycopg
import pytest
from sqlalchemy import event, update

from issuer import counter, prepaid
from issuer.audit import breach_of
from issuer.database import make_engine
from issuer.purchases import Order, buy
from issuer.rules.part import Item
from issuer.schema import Location, Purchase, Showing
from tests.issuer.counting import Till, booked, lines, locked
from tests.issuer.elapsing import at, local
from tests.issuer.gifting import give_bonus, give_goodwill
from tests.issuer.returning import everything, refund, refunded, stands
from tests.issuer.unlocking import MORNING, bears, shown, times

STAMPS = {"kind": "stamps", "stamps_needed": 10, "reward_id": "R"}
POINTS = {"kind": "points", "points": 1, "per_cents": 100, "prices": [{"reward_id": "R", "price": 1000}]}
CASHBACK = {"kind": "cashback", "percent": "5"}
FROM_FIVE = STAMPS | {"earn": "amount", "amount": 500}
STAMP = {"unit": "stamps", "amount": 1}
DAY = timedelta(days=1)
USED, UNUSED = [("shown", None, True)], [("shown", None, False)]


def _under(till: Till, *parts: dict[str, Any]) -> Any:
    till.set_rules(*parts)
    return till.join()


def _offer(till: Till, card_id: Any, factor: str = "2", **more: Any) -> Any:
    return bears(till, card_id, unlocks=times(factor), **more)


@pytest.mark.parametrize(("factor", "count", "given"), [
    ("2", 1, 2), ("3", 2, 6), ("1.5", 1, 1), ("1.5", 2, 3), ("1.5", 3, 4), ("1.1", 5, 5),
])  # fmt: skip
def test_stamps_come_so_many_times_rounded_down(till: Till, factor: str, count: int, given: int) -> None:
    card_id = till.join()
    _offer(till, card_id, factor)
    assert lines(till.stamp(card_id, count)) == [("stamps", given, "stamp")]


def test_doubled_stamps_fill_a_round_at_once(till: Till) -> None:
    card_id = till.join()
    _offer(till, card_id)
    till.stamped(card_id, 6)
    assert till.balances(card_id) == (2, 1)


def test_points_come_so_many_times_and_no_part_of_one_is_lost(till: Till) -> None:
    card_id = _under(till, POINTS)
    _offer(till, card_id, "1.5")
    till.bought(card_id, 1240)
    assert stands(till, card_id) == {"points": 18}
    till.bought(card_id, 120)
    assert stands(till, card_id) == {"points": 20}


def test_credit_comes_so_many_times(till: Till) -> None:
    card_id = _under(till, CASHBACK)
    _offer(till, card_id)
    till.bought(card_id, 1000)
    assert stands(till, card_id) == {"credit": 100}


def test_a_stamp_for_a_purchase_is_doubled_too(till: Till) -> None:
    card_id = _under(till, FROM_FIVE)
    _offer(till, card_id)
    till.bought(card_id, 1200)
    assert stands(till, card_id) == {"stamps": 2}


def test_the_tiers_factor_and_the_offers_multiply(till: Till) -> None:
    tiers = {"kind": "tiers", "by": "visits", "tiers": [
        {"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 1, "factor": "1.5"},
    ]}  # fmt: skip
    card_id = _under(till, POINTS, tiers)
    till.bought(card_id, 1000)
    _offer(till, card_id)
    till.bought(card_id, 1000)
    assert stands(till, card_id) == {"points": 40}


def test_of_several_the_largest_counts_alone(till: Till) -> None:
    card_id = till.join()
    smaller, larger = _offer(till, card_id, "2"), _offer(till, card_id, "3")
    assert lines(till.stamp(card_id)) == [("stamps", 3, "stamp")]
    assert (shown(till, smaller), shown(till, larger)) == (UNUSED, USED)


def test_what_multiplies_goes_on_after_its_use(till: Till) -> None:
    card_id = till.join()
    offer_id = _offer(till, card_id)
    for _ in range(2):
        assert lines(till.stamp(card_id)) == [("stamps", 2, "stamp")]
    assert shown(till, offer_id) == USED
    assert [one.offer_id for one in till.view(card_id).offers] == [offer_id]


def test_another_cards_offer_multiplies_nothing(till: Till) -> None:
    _offer(till, till.join())
    assert lines(till.stamp(till.join())) == [("stamps", 1, "stamp")]


def test_an_offer_without_a_factor_multiplies_nothing(till: Till) -> None:
    card_id = till.join()
    bears(till, card_id)
    assert lines(till.stamp(card_id)) == [("stamps", 1, "stamp")]


@pytest.mark.parametrize("state", ["held", "out"])
def test_what_a_card_was_not_shown_multiplies_nothing(till: Till, state: str) -> None:
    card_id = till.join()
    offer_id = _offer(till, card_id)
    with till.work() as session:
        never = {"state": state, "shown_at": None}
        session.execute(update(Showing).where(Showing.offer_id == offer_id).values(never))
    assert lines(till.stamp(card_id)) == [("stamps", 1, "stamp")]


def test_from_its_last_instant_on_nothing_is_multiplied(till: Till) -> None:
    card_id = till.join()
    _offer(till, card_id, lasts=DAY)
    assert lines(till.later(DAY.total_seconds()).stamp(card_id)) == [("stamps", 1, "stamp")]
    assert lines(till.later(DAY.total_seconds() - 1).stamp(card_id)) == [("stamps", 2, "stamp")]


def test_what_is_told_late_counts_by_the_offers_of_its_time(till: Till) -> None:
    card_id = till.join()
    offer_id = _offer(till, card_id)
    with till.work() as session:
        over = {"state": "over", "ended": "paused", "ended_at": till.later(60).now}
        session.execute(update(Showing).where(Showing.offer_id == offer_id).values(over))
    later = till.later(90)
    assert lines(later.stamp(card_id)) == [("stamps", 1, "stamp")]
    assert lines(later.stamp(card_id, occurred_at=till.later(60).now)) == [("stamps", 1, "stamp")]
    assert lines(later.stamp(card_id, occurred_at=till.later(30).now)) == [("stamps", 2, "stamp")]
    assert lines(later.stamp(card_id, occurred_at=till.later(-1).now)) == [("stamps", 1, "stamp")]


@pytest.mark.parametrize(("zone", "clock", "given"), [
    (None, "08:00", 2), (None, "10:00", 1), ("Europe/Lisbon", "07:30", 1), ("Europe/Lisbon", "10:30", 2),
])  # fmt: skip
def test_hours_are_those_of_the_shop_where_somebody_comes(till: Till, zone: str | None, clock: str, given: int) -> None:
    card_id = till.join()
    with till.work() as session:
        session.execute(update(Location).values(zone=zone))
    _offer(till, card_id, opens=local("2026-01-12 00:00"), trigger=MORNING)
    assert lines(at(till, f"2026-01-15 {clock}").stamp(card_id)) == [("stamps", given, "stamp")]


def test_no_gift_is_multiplied(till: Till) -> None:
    survey = {"cause": "survey", "grant": STAMP}
    rules = STAMPS, {"kind": "goodwill", "grant": STAMP, "a_week": 5}, {"kind": "causes", "bonuses": [survey]}
    card_id = _under(till, *rules)
    offer_id = _offer(till, card_id)
    assert lines(give_goodwill(till, card_id)) == [("stamps", 1, "goodwill")]
    assert lines(give_bonus(till, card_id, "survey")) == [("stamps", 1, "bonus")]
    assert shown(till, offer_id) == UNUSED


def test_the_present_of_a_milestone_is_not_multiplied(till: Till) -> None:
    milestone = {"kind": "occasion", "key": "second", "occasion": "milestone", "visits": 2, "grant": STAMP}
    card_id = _under(till, STAMPS, milestone)
    _offer(till, card_id)
    till.stamped(card_id)
    assert stands(till, card_id) == {"stamps": 2}
    till.stamped(card_id)
    assert stands(till, card_id) == {"stamps": 5}


def test_what_is_imported_is_not_multiplied(till: Till) -> None:
    card_id = _under(till, POINTS)
    offer_id = _offer(till, card_id)
    with till.work() as session:
        buy(session, locked(session, card_id), Order(1000), till.visit(), cause="import", pause=False)
    assert stands(till, card_id) == {"points": 10}
    assert shown(till, offer_id) == UNUSED


def test_visits_that_are_bought_are_as_many_as_were_paid(till: Till) -> None:
    names = {"de": "Kaffee", "en": "Coffee"}
    card_id = _under(till, {"kind": "prepaid", "names": names, "visits": 10, "price": 2000}, CASHBACK)
    _offer(till, card_id)
    with till.work() as session:
        prepaid.buy_visits(session, locked(session, card_id), till.visit())
    assert stands(till, card_id) == {"prepaid": 10, "credit": 200}


def test_what_was_spent_is_not_multiplied(till: Till) -> None:
    steps = [{"from_cents": 0, "percent": "5"}, {"from_cents": 2000, "percent": "10"}]
    card_id = _under(till, {"kind": "discount", "by": "spend", "steps": steps})
    _offer(till, card_id)
    till.bought(card_id, 1000)
    assert everything(till, card_id)["spend"] == 950


def test_a_tier_by_spending_or_visits_is_not_reached_sooner(till: Till) -> None:
    gold = {"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 2, "factor": "1"}
    card_id = _under(till, POINTS, {"kind": "tiers", "by": "visits", "tiers": [gold]})
    _offer(till, card_id)
    till.bought(card_id, 1000)
    assert till.view(card_id).tier is None


@pytest.mark.parametrize("rules", [POINTS, CASHBACK, FROM_FIVE], ids=lambda r: r["kind"])
def test_a_refund_takes_back_all_that_was_earned(till: Till, rules: dict[str, Any]) -> None:
    card_id = _under(till, rules)
    offer_id = _offer(till, card_id, "3")
    bought = till.bought(card_id, 1234)
    assert shown(till, offer_id) == USED
    refund(till, bought.purchase.id)
    assert everything(till, card_id) == {}
    assert shown(till, offer_id) == UNUSED


def test_a_part_of_the_refund_takes_back_its_part_though_the_offer_is_over(till: Till) -> None:
    card_id = _under(till, POINTS)
    _offer(till, card_id, lasts=DAY)
    bought = till.bought(card_id, 1000)
    later = till.later(2 * DAY.total_seconds())
    assert refunded(later, bought.purchase.id, 400) == [("points", -8, "refund")]
    assert refunded(later, bought.purchase.id) == [("points", -12, "refund")]
    assert everything(till, card_id) == {}


def test_a_refund_of_what_came_before_the_offer_takes_no_more_than_it_brought(till: Till) -> None:
    card_id = _under(till, POINTS)
    bought = till.bought(card_id, 1000)
    _offer(till, card_id)
    assert refunded(till, bought.purchase.id, 400) == [("points", -4, "refund")]


def test_items_that_stay_are_worth_as_much_as_they_were(till: Till) -> None:
    card_id = _under(till, STAMPS | {"earn": "item", "items": ["coffee"]})
    _offer(till, card_id)
    bought = till.bought(card_id, 900, items=(Item("coffee", "", 3, 300),))
    assert stands(till, card_id) == {"stamps": 6}
    refund(till, bought.purchase.id, 300)
    assert stands(till, card_id) == {"stamps": 4}


def test_stamps_that_are_undone_go_with_what_the_offer_added(till: Till) -> None:
    card_id = till.join()
    offer_id = _offer(till, card_id)
    done = till.stamped(card_id, 6)
    booked(till.reverse(done.posting.id, counter.UNDO))
    assert till.balances(card_id) == (0, 0)
    assert shown(till, offer_id) == UNUSED


def test_the_purchase_says_by_how_much(till: Till) -> None:
    card_id = till.join()
    ids = [till.stamped(card_id, reference="plain").posting.purchase_id]
    _offer(till, card_id, "2.5")
    ids += [till.stamped(card_id, reference="more").posting.purchase_id, till.bought(card_id, 100).purchase.id]
    with till.work() as session:
        assert [session.get_one(Purchase, found).factor for found in ids] == [None, Decimal("2.5"), Decimal("2.5")]


class Noting(psycopg.Cursor[Any]):
    """Notes what is said to the database, by SQLAlchemy or past it."""

    said: ClassVar[list[str]] = []

    def execute(self, query: Any, *values: Any, **more: Any) -> Self:
        self.said.append(str(query))
        return super().execute(query, *values, **more)


def _said(till: Till, card_id: Any) -> list[str]:
    Noting.said.clear()
    till.stamped(card_id)
    return list(Noting.said)


def test_a_stamp_asks_for_nothing_more_and_waits_for_nothing_more(till: Till, shared_url: str) -> None:
    plain, bearing = till.join(), till.join()
    _offer(till, bearing)
    engine = make_engine(shared_url, pool_size=1)
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "cursor_factory", Noting))
    noting = replace(till, engine=engine)
    for card_id in (plain, bearing):
        noting.stamped(card_id)
    usual, multiplied = _said(noting, plain), _said(noting, bearing)
    assert [one for one in multiplied if not one.startswith("UPDATE showing")] == usual
    assert len(multiplied) == len(usual) + 1
    engine.dispose()


def test_the_books_are_sound_after_all_of_it(own_till: Till) -> None:
    card_id = _under(own_till, POINTS)
    _offer(own_till, card_id, "1.7")
    bought = own_till.bought(card_id, 1234)
    own_till.bought(card_id, 777)
    refund(own_till, bought.purchase.id, 300)
    with own_till.work() as session:
        assert breach_of(session, own_till.shop.merchant_id) is None

"""The worker's looks against a model that keeps each day's points in a heap of its own: both take the same."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issuer.keys import Keys
from issuer.ledger import Booked
from issuer.rules.expiry import months_after
from tests.issuer.conftest import Founder
from tests.issuer.counting import Till
from tests.issuer.elapsing import BERLIN, NOON, look

PRICE, GRACE = 7, 3
POINTS = {"kind": "points", "prices": [{"reward_id": "R", "price": PRICE}]}
DEEDS = st.one_of(
    st.tuples(st.just("earn"), st.integers(1, 20)),
    st.tuples(st.just("spend"), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1, 3, 9, 30, 100])),
    st.tuples(st.just("wait and look"), st.sampled_from([1, 30, 100])),
    st.tuples(st.just("rule"), st.sampled_from([0, 1, 2, 6])),
)


@dataclass
class Heap:
    """Points of one purchase. ``over``: the last day of their grace."""

    amount: int
    over: date | None


class Model:
    """Points lie in heaps; the oldest heap is spent first, and a heap goes when it is over."""

    def __init__(self) -> None:
        self.heaps, self.months = list[Heap](), 0

    @property
    def points(self) -> int:
        return sum(heap.amount for heap in self.heaps)

    def earn(self, amount: int, today: date) -> None:
        over = months_after(today, self.months) + timedelta(days=GRACE) if self.months else None
        self.heaps.append(Heap(amount, over))

    def spend(self, amount: int) -> None:
        for heap in self.heaps:
            part = min(heap.amount, amount)
            heap.amount, amount = heap.amount - part, amount - part

    def look(self, today: date) -> None:
        self.heaps = [heap for heap in self.heaps if heap.amount and (heap.over is None or heap.over >= today)]


def rules(months: int) -> list[dict[str, Any]]:
    ends = {"kind": "expiry", "what": "points", "months": months, "grace_days": GRACE}
    return [POINTS, ends] if months else [POINTS]


def test_whatever_is_earned_and_spent_in_whatever_order_the_same_is_over(another: Founder, keys: Keys) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(DEEDS, min_size=2, max_size=25))
    def live(deeds: list[tuple[str, int]]) -> None:
        founded = another()
        till = Till(founded.engine, keys, founded.shop, NOON)
        till.set_rules(POINTS)
        run(till, deeds)

    live()


def run(till: Till, deeds: list[tuple[str, int]]) -> None:
    card_id, model = till.join(), Model()
    clock = NOON.astimezone(BERLIN)
    for deed, number in [("earn", 5), ("rule", 1), ("earn", 5), *deeds, ("wait and look", 400)]:
        clock += timedelta(days=number) if deed.startswith("wait") else timedelta(minutes=1)
        now = Till(till.engine, till.keys, till.shop, clock)
        if deed == "earn":
            now.bought(card_id, number * 100)
            model.earn(number, clock.date())
        elif deed == "spend" and isinstance(now.redeem(card_id), Booked):
            model.spend(PRICE)
        elif deed.endswith("look"):
            look(now, card_id)
            model.look(clock.date())
        elif deed == "rule" and number != model.months:
            now.change_rules(*rules(number))
            model.months = number
        assert till.holds(card_id).get("points", 0) == model.points

"""The worker's looks against a model that keeps each day's points in a heap of its own: both take the same."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issuer.keys import Keys
from issuer.ledger import Booked
from issuer.rules.expiry import months_after
from tests.issuer.conftest import Founder
from tests.issuer.counting import Till, booked
from tests.issuer.elapsing import BERLIN, NOON, look

PRICE, GRACE = 7, 3
POINTS = {"kind": "points", "prices": [{"reward_id": "R", "price": PRICE}]}
DEEDS = st.one_of(
    st.tuples(st.just("earn"), st.integers(1, 20)),
    st.tuples(st.just("tell late"), st.sampled_from([1, 8, 29, 60, 200])),
    st.tuples(st.just("spend"), st.just(0)),
    st.tuples(st.just("undo"), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1, 3, 9, 30, 100])),
    st.tuples(st.just("wait and look"), st.sampled_from([1, 30, 100])),
    st.tuples(st.just("rule"), st.sampled_from([0, 1, 2, 6])),
)


@dataclass(eq=False)
class Heap:
    """Points of one purchase. ``over``: the last day of their grace, whatever was given back since."""

    amount: int
    at: datetime
    over: date | None


class Model:
    """Points lie in heaps; the oldest heap that is there is spent first, and a heap goes when it is over."""

    def __init__(self) -> None:
        self.heaps, self.rules = list[Heap](), [(datetime.min.replace(tzinfo=BERLIN), 0)]
        self.spent, self.back = list[tuple[UUID, list[tuple[Heap, int]]]](), date.min

    @property
    def points(self) -> int:
        return sum(heap.amount for heap in self.heaps)

    def earn(self, amount: int, at: datetime, now: datetime) -> None:
        months = next(months for since, months in reversed(self.rules) if since <= at)
        over = max(months_after(at.date(), months), now.date()) + timedelta(days=GRACE) if months else None
        self.heaps.append(Heap(amount, at, over))
        self.heaps.sort(key=lambda heap: heap.at)

    def spend(self, amount: int, posting_id: UUID) -> None:
        pieces = []
        for heap in self.heaps:
            part = min(heap.amount, amount)
            heap.amount, amount = heap.amount - part, amount - part
            pieces.append((heap, part))
        self.spent.append((posting_id, pieces))

    def undo(self, today: date) -> UUID:
        """Give back what was spent last, with the grace once more."""
        posting_id, pieces = self.spent.pop()
        for heap, part in pieces:
            heap.amount += part
        self.back = today
        return posting_id

    def look(self, today: date) -> None:
        grace = self.back + timedelta(days=GRACE) if self.back > date.min else date.min
        for heap in self.heaps:
            if heap.over is not None and max(heap.over, grace) < today:
                heap.amount = 0


def rules(months: int) -> list[dict[str, Any]]:
    ends = {"kind": "expiry", "what": "points", "months": months, "grace_days": GRACE}
    return [POINTS, ends] if months else [POINTS]


def test_whatever_is_earned_and_spent_in_whatever_order_the_same_is_over(another: Founder, keys: Keys) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
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
        do(Till(till.engine, till.keys, till.shop, clock), card_id, model, deed, number)
        assert till.holds(card_id).get("points", 0) == model.points


def do(till: Till, card_id: UUID, model: Model, deed: str, number: int) -> None:
    if deed == "earn":
        till.bought(card_id, number * 100)
        model.earn(number, till.now, till.now)
    elif deed == "tell late":
        happened = till.now - timedelta(days=number)
        till.bought(card_id, 500, occurred_at=happened)
        model.earn(5, happened, till.now)
    elif deed == "spend" and isinstance(outcome := till.redeem(card_id), Booked):
        model.spend(PRICE, outcome.posting.id)
    elif deed == "undo" and model.spent:
        booked(till.reverse(model.undo(till.now.date())))
    elif deed.endswith("look"):
        look(till, card_id)
        model.look(till.now.date())
    elif deed == "rule" and number != model.rules[-1][1]:
        till.change_rules(*rules(number))
        model.rules.append((till.now, number))

"""Sets of rules for the model's shops: as they are stored, and what the model has to know of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

COFFEE, CAKE = "coffee", "cake"
STAMPS, LUNCH, POINTS, CREDIT, PREPAID = "stamps", "stamps:lunch", "points", "credit", "prepaid"
DISH = "lunch"
VOUCHER_CENTS = 500

Part = Mapping[str, Any]


@dataclass(frozen=True)
class Offer:
    """One version of a program. "R" and "C" in ``parts`` stand for the ids of coffee and cake.

    ``rounds``: stamps needed and what they become, by counter. ``points`` and ``back``: per cent that is paid.
    ``tiers``: cents in a year, and how much faster points come then. ``visits``: bought for so many cents.
    """

    parts: tuple[Part, ...]
    rounds: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    points: Fraction = Fraction(0)
    price: int = 0
    back: Fraction = Fraction(0)
    tiers: tuple[tuple[int, Fraction], ...] = ()
    visits: tuple[int, int] = (0, 0)
    ends: frozenset[str] = frozenset()

    def faster(self, spent: Fraction) -> Fraction:
        return max((factor for threshold, factor in self.tiers if spent >= threshold), default=Fraction(1))


def _names(name: str) -> Part:
    return {"de": name, "en": name}


def _ends(what: str, months: int) -> Part:
    return {"kind": "expiry", "what": what, "months": months, "grace_days": 3}


def stamps(needed: int, _other: int) -> Offer:
    """N stamps for a coffee; stamps and coffees end."""
    rule = {"kind": "stamps", "stamps_needed": needed, "reward_id": "R"}
    parts = (rule, _ends("stamps", 1), _ends("rewards", 2))
    return Offer(parts, {STAMPS: (needed, COFFEE)}, ends=frozenset({STAMPS, COFFEE}))


def two_counters(needed: int, lunches: int) -> Offer:
    """A stamp a visit for a coffee, a stamp a lunch for a cake."""
    visit = {"kind": "stamps", "stamps_needed": needed, "reward_id": "R"}
    lunch = {
        "kind": "stamps", "counter": "lunch", "names": _names("Lunch"), "stamps_needed": lunches, "reward_id": "C",
        "earn": "item", "items": [DISH],
    }  # fmt: skip
    return Offer((visit, lunch), {STAMPS: (needed, COFFEE), LUNCH: (lunches, CAKE)})


def points(number: int, other: int) -> Offer:
    """A rate that leaves remainders, a coffee for points, points half as fast again and twice as fast by tier."""
    price = 3 * other
    rule = {"kind": "points", "points": number, "per_cents": 300, "prices": [{"reward_id": "R", "price": price}]}
    tiers = [
        {"key": "silver", "names": _names("Silver"), "threshold": 2_500, "factor": "1.5"},
        {"key": "gold", "names": _names("Gold"), "threshold": 12_000, "factor": "2"},
    ]
    factors = ((2_500, Fraction(3, 2)), (12_000, Fraction(2)))
    return Offer((rule, {"kind": "tiers", "tiers": tiers}), points=Fraction(number, 300), price=price, tiers=factors)


def cashback(number: int, other: int) -> Offer:
    """Percent back, with parts of a cent; credit ends."""
    rule = {"kind": "cashback", "percent": f"{number}.{other:02}"}
    back = Fraction(100 * number + other, 10_000)
    return Offer((rule, _ends("credit", 1)), back=back, ends=frozenset({CREDIT}))


def prepaid(visits: int, other: int) -> Offer:
    """Visits bought in advance; they end."""
    price = 1000 + other
    rule = {"kind": "prepaid", "names": _names("Sauna"), "visits": visits, "price": price, "valid_months": 1}
    return Offer((rule,), visits=(visits, price), ends=frozenset({PREPAID}))


KINDS: Mapping[str, Callable[[int, int], Offer]] = {
    "stamps": stamps,
    "counters": two_counters,
    "points": points,
    "cashback": cashback,
    "prepaid": prepaid,
}
NUMBERS = st.tuples(st.integers(min_value=2, max_value=6), st.integers(min_value=2, max_value=6))

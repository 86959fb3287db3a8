"""The offers of the simulated café: every trigger there is, with limits, a hold-out and a variant, and its programs."""

from collections.abc import Mapping
from datetime import time
from typing import Any
from uuid import UUID

from issuer.offers.offer import Offer
from issuer.offers.policy import Policy
from tests.issuer.promoting import TEXTS, VOUCHER, an_offer

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
POLICY = Policy(
    weekly=3, pause_hours=4, quiet_from=time(21), quiet_until=time(8), silent_a_day=2, sounds=True, lapsed_days=90
)
STAMPS_NEEDED, PRICE = 5, 30
MONTHS, WARN_DAYS, GRACE_DAYS = 1, 20, 3
GOLD, GOLD_CENTS = "gold", 4_000
STAMPS = ({"kind": "stamps", "stamps_needed": STAMPS_NEEDED, "reward_id": "R"},)
POINTS = (
    {"kind": "points", "prices": [{"reward_id": "R", "price": PRICE}]},
    {"kind": "expiry", "what": "points", "months": MONTHS, "warn_days": WARN_DAYS, "grace_days": GRACE_DAYS},
    {
        "kind": "tiers",
        "by": "spend",
        "window": "month",
        "announce_days": 5,
        "tiers": [{"key": GOLD, "names": {"de": "Gold", "en": "Gold"}, "threshold": GOLD_CENTS}],
    },
)
OTHER = {"de": {"card": "Ein Stück Kuchen"}, "en": {"card": "A slice of cake"}}
REVIEW = "review.written"
SPRING = "2027-03-26"
"""When the offers by the clock begin, so that a month in which the clocks change costs no more than it has to."""


def offers_of(corner: UUID, cards: int) -> Mapping[str, Offer]:
    """By a name of the simulation's own.

    :param corner: the shop in Berlin
    :param cards: how many there are, by which the limits go
    """
    parts = {**_ambient(corner), **_of_happenings(), **_of_states(cards)}
    return {name: an_offer(name=name, **({"content": TEXTS} | more)) for name, more in parts.items()}


def _ambient(corner: UUID) -> dict[str, dict[str, Any]]:
    here = [str(corner)]
    mornings = {"weekdays": [0, 1, 2, 3, 4, 6], "start": "07:00", "end": "10:00"}
    nights = {"weekdays": [4, 5], "start": "22:00", "end": "02:30"}
    from_spring = {"first": SPRING}
    warm = {"kind": "weather", "limit": "20", "at": "15:00", "until": "18:00", "location": str(corner)}
    return {
        "morning": {"trigger": {"kind": "place", "hours": mornings, "locations": here}, "window": from_spring},
        "night": {
            "trigger": {"kind": "time", "hours": nights, "locations": here},
            "audience": {"languages": ["de"]},
            "window": from_spring,
        },
        "warm": {"trigger": warm, "limits": {"cards": 40, "each_time": True}},
    }


def _of_happenings() -> dict[str, dict[str, Any]]:
    return {
        "second": {"trigger": {"kind": "visit", "nth": 2}, "unlocks": VOUCHER},
        "after": {"trigger": {"kind": "visit", "after_hours": 3}, "lasts_days": 1, "limits": {"rest_days": 14}},
        "birthday": {
            "trigger": {"kind": "birthday", "days_before": 1, "days_after": 6},
            "unlocks": VOUCHER,
            "sounds": True,
            "limits": {"per_person": 1},
        },
        "anniversary": {"trigger": {"kind": "anniversary", "days_after": 9}, "trial": {"other": OTHER}},
        "tier": {"trigger": {"kind": "tier", "tier": GOLD}, "lasts_days": 10},
        "milestone": {"trigger": {"kind": "milestone", "visits": 3, "every": True}, "limits": {"per_person": 2}},
        "event": {
            "trigger": {"kind": "event", "name": REVIEW},
            "lasts_days": 3,
            "trial": {"hold_out": 20, "other": OTHER},
        },
    }


def _of_states(cards: int) -> dict[str, dict[str, Any]]:
    return {
        "quiet": {
            "trigger": {"kind": "quiet", "days": 30},
            "unlocks": VOUCHER,
            "lasts_days": 14,
            "limits": {"value": 300 * max(2, cards // 4)},
            "trial": {"hold_out": 20},
        },
        "nearly": {"trigger": {"kind": "nearly", "missing": 1}, "lasts_days": 9},
        "unused": {"trigger": {"kind": "unused", "days": 7}, "lasts_days": 10},
        "lapsing": {"trigger": {"kind": "lapsing", "days": 7}, "lasts_days": 5},
    }

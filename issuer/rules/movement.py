"""Units of the ledger, and what a rule answers with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Movement:
    """An amount of one unit between the card and an account of its program; positive: towards the card.

    ``counterpart``: role of the program's account on the other side: issued, exchanged, redeemed, expired, merged.
    """

    unit: str
    amount: int
    counterpart: str
    cause: str


STAMPS, POINTS, CREDIT, PREPAID, DONATED = "stamps", "points", "credit", "prepaid", "donated"
VISITS, SPEND = "visits", "spend"
REST = "rest"
WHOLE = 720_720 * 10**10
"""Parts that a whole is cut into when a remainder is carried.

Most rates divide it, and are exact. Any other is rounded up to the next part, so that nothing is ever lost; under one
rate (up to 100,000 cents, a happy hour's and a tier's factor) 7 million purchases of a card do not add up to one point
too early. A thousand wholes still fit the database's bigint.
"""


def counter_unit(key: str) -> str:
    """The unit of a counter on the card; the main one's key is empty."""
    return f"{STAMPS}:{key}" if key else STAMPS


def is_counter(unit: str) -> bool:
    return unit == STAMPS or unit.startswith(f"{STAMPS}:")


def is_reward(unit: str) -> bool:
    return unit.startswith("reward:")


def reward_unit(reward_id: object) -> str:
    """The unit in which a reward is counted."""
    return f"reward:{reward_id}"


def voucher_unit(voucher_id: object) -> str:
    """The unit in which the uses of a voucher are counted."""
    return f"voucher:{voucher_id}"


def offer_unit(offer_id: object) -> str:
    """The unit in which an offer that was used is counted: what is issued is redeemed in the same posting."""
    return f"offer:{offer_id}"


def is_voucher(unit: str) -> bool:
    return unit.startswith("voucher:")


def is_offer(unit: str) -> bool:
    return unit.startswith("offer:")


def rest_unit(unit: str) -> str:
    """The unit of what is not a whole yet, in parts of `WHOLE`."""
    return f"{unit}:{REST}"


def owed_unit(unit: str) -> str:
    """The unit of what a refund could not take back any more; later earnings pay it."""
    return f"owed:{unit}"


def is_owed(unit: str) -> bool:
    return unit.startswith("owed:")


def is_rest(unit: str) -> bool:
    return unit.endswith(f":{REST}")


def tier_unit(window: str) -> str:
    """The unit of progress within one window: ``tier:spend:2026-10-01``, by its measure and first day."""
    return f"tier:{window}"


def is_internal(unit: str) -> bool:
    """Kept for the rules' own reckoning and shown to nobody."""
    return unit in (VISITS, SPEND) or is_rest(unit) or unit.startswith("tier:")


def after(balances: Mapping[str, int], movements: Iterable[Movement]) -> dict[str, int]:
    """The balances once the movements are booked."""
    found = dict(balances)
    for line in movements:
        found[line.unit] = found.get(line.unit, 0) + line.amount
    return found

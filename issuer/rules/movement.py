"""What a rule answers with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Movement:
    """An amount of one unit between the card and an account of its program; positive: towards the card.

    ``counterpart``: role of the program's account on the other side: issued, exchanged, redeemed.
    """

    unit: str
    amount: int
    counterpart: str
    cause: str


STAMPS = "stamps"


def is_reward(unit: str) -> bool:
    return unit.startswith("reward:")


def reward_unit(reward_id: object) -> str:
    """The unit in which a reward is counted."""
    return f"reward:{reward_id}"

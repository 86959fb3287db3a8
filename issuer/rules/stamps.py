"""N stamps become one reward."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from issuer.language import translator
from issuer.rules.movement import STAMPS, Movement, reward_unit

MOST_STAMPS = 30


@dataclass(frozen=True)
class StampRule:
    """``stamps_needed`` (2 to 30) for one reward."""

    stamps_needed: int
    reward_id: UUID

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        return cls(stamps_needed=int(stored["stamps_needed"]), reward_id=UUID(stored["reward_id"]))

    def sentence(self, language: str, reward: str) -> str:
        """The promise, as printed on the card: "10 stamps: a coffee for free"."""
        text = translator(language).gettext("%(needed)s stamps, then one for free: %(reward)s")
        return text % {"needed": self.stamps_needed, "reward": reward}

    def earn(self, balances: Mapping[str, int], count: int, cause: str) -> tuple[Movement, ...]:
        """Stamps for the card, and the rounds they complete.

        :param balances: the card's, by unit, before
        :param count: stamps, 1 or more
        """
        return (Movement(STAMPS, count, "issued", cause), *self.complete(balances.get(STAMPS, 0) + count))

    def complete(self, stamps: int) -> tuple[Movement, ...]:
        """The rounds that so many stamps are worth; none is as good as no movement."""
        rounds = stamps // self.stamps_needed
        if not rounds:
            return ()
        return (
            Movement(STAMPS, -rounds * self.stamps_needed, "exchanged", "round"),
            Movement(reward_unit(self.reward_id), rounds, "issued", "round"),
        )

    def shown(self, balances: Mapping[str, int]) -> int:
        """Stamps to draw: the full grid while a reward waits and no stamp of the next round has come."""
        stamps = balances.get(STAMPS, 0)
        return self.stamps_needed if not stamps and balances.get(reward_unit(self.reward_id)) else stamps


def pause_left(last: datetime | None, now: datetime, pause_seconds: int) -> timedelta:
    """How long until the next stamp may be given; zero or less when it may. Late events count by when they were."""
    if last is None:
        return timedelta()
    return timedelta(seconds=pause_seconds) - abs(now - last)

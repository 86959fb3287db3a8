"""A merchant's active cards, or a sample of them that stays the same from one look to the next."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from issuer.schema import Card

ALL_IDS = 2**128


@dataclass(frozen=True)
class Sample:
    """``cards``: how many there are; ``below``: only those whose id is smaller are looked at; ``None``: all.

    Ids are random (RFC 9562, version 4), so those below a bound are drawn by lot, and the same ones every time.
    """

    cards: int
    below: UUID | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """On `Card`."""
        return Card.id < self.below if self.below else true()

    @property
    def share(self) -> float:
        """Of the cards, that are looked at."""
        return self.below.int / ALL_IDS if self.below else 1.0

    def scale(self, looked_at: int) -> Callable[[int], int]:
        """Reckons a number that was found among so many up to all cards."""
        return lambda found: round(found * self.cards / looked_at) if looked_at else 0


def sample(session: Session, most: int) -> Sample:
    """About ``most`` of the transaction's merchant's active cards, all when they are not more."""
    cards = session.scalars(select(func.count()).select_from(Card).where(Card.state == "active")).one()
    return Sample(cards, UUID(int=ALL_IDS * most // cards) if cards > most else None)

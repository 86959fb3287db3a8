"""The circumstances of a deed at the counter, and why it may not be done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from issuer import events
from issuer.history import earned_between
from issuer.ledger import Actor, Deed
from issuer.refusals import Refusal
from issuer.rules.stamps import pause_left
from issuer.schema import Card
from issuer.terms import ProgramNow


@dataclass(frozen=True)
class Visit:
    """The circumstances of a deed. ``occurred_at`` may be earlier than ``now``."""

    actor: Actor
    now: datetime
    occurred_at: datetime | None = None
    location_id: UUID | None = None
    reference: str | None = None

    @property
    def at(self) -> datetime:
        return self.occurred_at or self.now

    @property
    def shop_id(self) -> UUID | None:
        """Where it happened."""
        return self.location_id or self.actor.location_id

    def deed(self, cause: str, **more: UUID | str | None) -> Deed:
        """What a posting says of itself."""
        return Deed(cause, self.actor, self.at, self.now, self.location_id, **more)  # type: ignore[arg-type]


def refuse(session: Session, card: Card, refusal: Refusal, visit: Visit) -> Refusal:
    """Keep in mind that something was refused, and pass the refusal on."""
    events.record(
        session,
        card.merchant_id,
        "refused",
        visit.now,
        card.id,
        code=refusal.code,
        till=str(visit.actor.till_id) if visit.actor.till_id else None,
    )
    session.flush()
    return refusal


def inactive(card: Card) -> Refusal | None:
    return None if card.state == "active" else Refusal("card_blocked")


def too_soon(session: Session, card: Card, program: ProgramNow, visit: Visit) -> Refusal | None:
    """A stamp that was taken back does not make the customer wait."""
    if not program.pause_seconds:
        return None
    pause = timedelta(seconds=program.pause_seconds)
    earned = earned_between(session, card.id, visit.at - pause, visit.at + pause)
    left = max((pause_left(at, visit.at, program.pause_seconds) for at in earned), default=timedelta())
    return Refusal("too_soon", {"wait": _span(left)}) if left > timedelta() else None


def _span(left: timedelta) -> str:
    """ "4 min", "35 s", "2 h": the same in both languages."""
    seconds = max(1, round(left.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 90 else f"{-(-minutes // 60)} h"

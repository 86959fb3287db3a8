"""A card's entries, newest first, and how far each phone is with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from issuer.language import translator
from issuer.refusals import N_
from issuer.schema import (
    Card,
    Device,
    Entry,
    Location,
    Pass,
    Posting,
    Purchase,
    Registration,
    Staff,
)

ASLEEP = timedelta(minutes=2)
EARNING = ("stamp", "purchase", "import")


@dataclass(frozen=True)
class EntryView:
    """The card's side of one movement, with its circumstances."""

    id: UUID
    number: int
    unit: str
    amount: int
    cause: str
    reference: str | None
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    who: str | None
    where: str | None


def entries(
    session: Session, card_id: UUID, *, limit: int, before: int | None = None, posting_id: UUID | None = None
) -> list[EntryView]:
    """Entries of a card, newest first.

    :param before: only entries with a smaller number
    :param posting_id: only the lines of this posting
    """
    query = (
        select(Entry, Posting, Purchase.reference, Staff.name, Location.name)
        .join(Posting, Posting.id == Entry.posting_id)
        .outerjoin(Purchase, Purchase.id == Posting.purchase_id)
        .outerjoin(Staff, Staff.id == Posting.actor_id)
        .outerjoin(Location, Location.id == Posting.location_id)
        .where(Entry.card_id == card_id)
        .order_by(Entry.number.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Entry.number < before)
    if posting_id is not None:
        query = query.where(Entry.posting_id == posting_id)
    return [
        EntryView(
            id=entry.id,
            number=entry.number,
            unit=entry.unit,
            amount=entry.amount,
            cause=entry.cause,
            reference=reference,
            occurred_at=posting.occurred_at,
            recorded_at=posting.recorded_at,
            actor=posting.actor,
            who=who,
            where=where,
        )
        for entry, posting, reference, who, where in session.execute(query)
    ]


@dataclass(frozen=True)
class PhoneView:
    """How far one phone is with one pass."""

    device: str
    since: datetime
    version: int
    pushed_version: int | None
    pushed_at: datetime | None
    push_answer: str | None
    listed_version: int | None
    listed_at: datetime | None
    fetched_version: int | None
    fetched_at: datetime | None

    @property
    def up_to_date(self) -> bool:
        return (self.fetched_version or 0) >= self.version

    def sentence(self, language: str, now: datetime) -> str:
        """Why this phone's card did or did not change, in one sentence."""
        return translator(language).gettext(self._reason(now)) % {
            "version": self.version,
            "holds": self.fetched_version or 0,
            "answer": self.push_answer or "",
        }

    def _reason(self, now: datetime) -> str:
        if self.up_to_date:
            return N_("This phone shows the newest version (%(version)s).")
        if (self.pushed_version or 0) < self.version:
            if self.push_answer and self.push_answer != "200":
                return N_("Apple answered the push with %(answer)s; it is tried again by itself.")
            return N_("The change is on its way to Apple; it is pushed within seconds.")
        if (self.listed_version or 0) >= self.version:
            return N_("The phone asked what changed but has not fetched version %(version)s yet.")
        if self.pushed_at and now - self.pushed_at < ASLEEP:
            return N_("Apple took the push a moment ago; the phone has not asked yet.")
        return N_(
            "Apple took the push, but the phone has not asked since: it is off, offline or has automatic"
            " updates switched off. It holds version %(holds)s of %(version)s."
        )


def phones(session: Session, card: Card) -> list[PhoneView]:
    """Every phone that registered a live pass of the card, oldest first."""
    rows = session.execute(
        select(Registration, Device.library_id)
        .join(Device, Device.id == Registration.device_id)
        .join(Pass, Pass.id == Registration.pass_id)
        .where(Pass.card_id == card.id)
        .order_by(Registration.created_at)
    )
    return [
        PhoneView(
            device=library_id,
            since=row.created_at,
            version=card.version,
            pushed_version=row.pushed_version,
            pushed_at=row.pushed_at,
            push_answer=row.push_answer,
            listed_version=row.listed_version,
            listed_at=row.listed_at,
            fetched_version=row.fetched_version,
            fetched_at=row.fetched_at,
        )
        for row, library_id in rows
    ]


def last_earned(session: Session, card_id: UUID) -> datetime | None:
    """When a card last earned something that was not taken back."""
    return session.scalar(select(func.max(Posting.occurred_at)).where(*_earning(card_id)))


def earned_between(session: Session, card_id: UUID, start: datetime, end: datetime) -> Sequence[datetime]:
    """When a card earned something that was not taken back, strictly between two instants."""
    between = (Posting.occurred_at > start, Posting.occurred_at < end)
    return session.scalars(select(Posting.occurred_at).where(*_earning(card_id), *between)).all()


def _earning(card_id: UUID) -> tuple[ColumnElement[bool], ...]:
    undone = aliased(Posting)
    taken_back = select(undone.id).where(undone.reverses_id == Posting.id).exists()
    return Posting.card_id == card_id, Posting.cause.in_(EARNING), ~taken_back


def phone_counts(session: Session, card_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Phones that hold a card, by card; cards on none are missing."""
    rows = session.execute(
        select(Pass.card_id, func.count())
        .join(Registration, Registration.pass_id == Pass.id)
        .where(Pass.card_id.in_(card_ids))
        .group_by(Pass.card_id)
    )
    return dict(rows.all())


def last_changes(session: Session, card_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When something was last booked, by card; cards without entries are missing."""
    rows = session.execute(
        select(Posting.card_id, func.max(Posting.recorded_at))
        .where(Posting.card_id.in_(card_ids))
        .group_by(Posting.card_id)
    )
    return dict(rows.all())

"""A card's entries, newest first, and how far each phone is with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from issuer import offer_texts, voucher_texts
from issuer.database import send
from issuer.language import translator
from issuer.ledger import MERGED, Booked, Posted, PostedLine
from issuer.refusals import N_
from issuer.rules.movement import REST, SPEND, VISITS, is_internal, is_offer, is_voucher
from issuer.schema import (
    Card,
    Device,
    Entry,
    Event,
    GoogleObject,
    Location,
    Pass,
    Posting,
    Purchase,
    Registration,
    Staff,
)
from issuer.voucher_texts import VoucherTexts

ASLEEP = timedelta(minutes=2)
EARNING = ("stamp", "purchase", "import")
AT_THE_COUNTER = ("stamp", "purchase", "redemption")
"""Causes of postings that somebody came to the shop for."""
TAKEN_BACK = """(
    EXISTS (SELECT FROM posting AS undoing WHERE undoing.reverses_id = posting.id)
    OR EXISTS (
        SELECT FROM purchase JOIN refund ON refund.purchase_id = purchase.id
        WHERE purchase.id = posting.purchase_id
        GROUP BY purchase.id
        HAVING sum(refund.total) >= coalesce(purchase.total, 0) - purchase.discount
    )
)"""
"""A condition on ``posting``: it was reversed, or its purchase refunded as a whole."""
EARNED = f"""
    SELECT occurred_at FROM posting
    WHERE card_id = %(card)s AND cause = ANY(%(causes)s) AND NOT {TAKEN_BACK}
"""  # noqa: S608 (both are constants)

SAVED = f"""
    SELECT bought.total, bought.discount, bought.reference, bought.occurred_at, bought.recorded_at
    FROM posting JOIN purchase AS bought ON bought.id = posting.purchase_id
    WHERE posting.card_id = %(card)s AND posting.cause = ANY(%(causes)s) AND bought.discount > 0 AND NOT {TAKEN_BACK}
    ORDER BY bought.recorded_at DESC, posting.version DESC LIMIT %(limit)s
"""  # noqa: S608 (both are constants)


@dataclass(frozen=True)
class EntryView:
    """The card's side of one movement, with its circumstances.

    ``reason``: what a bonus or a gift was given for. ``reward_id``: what points were spent on. ``offer``: what the card
    said of an offer, and ``voucher``: what a voucher is called, by language. ``withdrawn``: a voucher went before its
    time, because the shop wanted it.
    """

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
    reason: str | None = None
    reward_id: UUID | None = None
    offer: Mapping[str, str] | None = None
    voucher: Mapping[str, str] | None = None
    withdrawn: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether it only makes room for an offer's use, which the other line of its posting says."""
        says = self.cause == "redemption" or (self.cause == "reversal" and self.amount > 0)
        return is_offer(self.unit) and not says


def entries(
    session: Session, card_id: UUID, *, limit: int, before: int | None = None, posting_id: UUID | None = None
) -> list[EntryView]:
    """Entries of a card, newest first, without what the rules keep for their own reckoning.

    :param before: only entries with a smaller number
    :param posting_id: only the lines of this posting
    """
    query = _lines_of(card_id).order_by(Entry.number.desc()).limit(limit)
    if before is not None:
        query = query.where(Entry.number < before)
    if posting_id is not None:
        query = query.where(Entry.posting_id == posting_id)
    rows = session.execute(query).all()
    used = {entry.posting_id: entry.unit for entry, *_ in rows if is_offer(entry.unit)}
    offers = offer_texts.texts_of(session, card_id, used)
    vouchers = voucher_texts.texts_of(session, [entry.unit for entry, *_ in rows if is_voucher(entry.unit)])
    return [_entry(*row, offers.get(row[1].id), vouchers.get(row[0].unit)) for row in rows]


def _entry(
    entry: Entry | PostedLine,
    posting: Posting | Posted,
    reference: str | None,
    who: str | None = None,
    where: str | None = None,
    offer: Mapping[str, str] | None = None,
    voucher: VoucherTexts | None = None,
) -> EntryView:
    return EntryView(
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
        reason=posting.note,
        reward_id=posting.reward_id,
        offer=offer,
        voucher=voucher.names if voucher else None,
        withdrawn=voucher is not None and entry.cause == "expiry" and voucher.withdrawn(posting.occurred_at),
    )


def _lines_of(card_id: UUID) -> Select[Entry, Posting, str | None, str, str]:
    return (
        select(Entry, Posting, Purchase.reference, Staff.name, Location.name)
        .join(Posting, Posting.id == Entry.posting_id)
        .outerjoin(Purchase, Purchase.id == Posting.purchase_id)
        .outerjoin(Staff, Staff.id == Posting.actor_id)
        .outerjoin(Location, Location.id == Posting.location_id)
        .where(Entry.card_id == card_id, ~_internal())
    )


def just_booked(session: Session, booked: Booked) -> list[EntryView]:
    """Like `entries`, of what this transaction booked, in the order it was booked; without names of staff and shops."""
    posted, reference = booked.posting, None
    if posted.purchase_id is not None:
        reference = session.scalar(select(Purchase.reference).where(Purchase.id == posted.purchase_id))
    return [_entry(line, posted, reference) for line in booked.entries if not is_internal(line.unit)]


@dataclass(frozen=True)
class Turn:
    """What became of a card itself: ``kind`` is moved, to another phone, or merged, with the ``other`` card.

    ``ended``: it is the one of the two that went into the other.
    """

    kind: str
    at: datetime
    other: UUID | None = None
    ended: bool = False


def turns(session: Session, card_id: UUID) -> list[Turn]:
    """Newest first."""
    query = select(Event).where(Event.card_id == card_id, Event.kind.in_(("moved", MERGED)))
    found = session.scalars(query.order_by(Event.number.desc()))
    return [_turn(event) for event in found]


def _turn(event: Event) -> Turn:
    other = event.data.get("into") or event.data.get("card")
    return Turn(event.kind, event.at, UUID(other) if other else None, "into" in event.data)


@dataclass(frozen=True)
class Gone:
    """When and by which cause (redemption, expiry or adjustment) the last use of a voucher left a card."""

    cause: str
    at: datetime


def last_voucher(session: Session, card_id: UUID) -> Gone | None:
    """What took the newest of a card's vouchers; ``None`` when it never had one."""
    query = (
        select(Entry.cause, Posting.occurred_at)
        .join(Posting, Posting.id == Entry.posting_id)
        .where(Entry.card_id == card_id, Entry.unit.startswith("voucher:"), Entry.amount < 0)
        .where(Entry.cause.in_(("redemption", "expiry", "adjustment")))
        .order_by(Entry.number.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return Gone(*row) if row else None


@dataclass(frozen=True)
class Saving:
    """A purchase that cost less, in cents. Nothing of it stands in the ledger."""

    total: int
    saved: int
    reference: str | None
    occurred_at: datetime
    recorded_at: datetime


def savings(session: Session, card_id: UUID, *, limit: int) -> list[Saving]:
    """Purchases of a card with something off, newest first, without those that were taken back as a whole."""
    rows = send(session, SAVED, _values(card_id) | {"limit": limit})
    return [Saving(*row) for row in rows]


def _internal() -> ColumnElement[bool]:
    """The same as `is_internal`, said to the database."""
    return or_(
        Entry.unit.in_((VISITS, SPEND)),
        Entry.unit.endswith(f":{REST}", autoescape=True),
        Entry.unit.startswith("tier:", autoescape=True),
    )


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
    repeated_version: int | None = None

    @property
    def up_to_date(self) -> bool:
        return (self.fetched_version or 0) >= self.version

    def out_of_step(self, now: datetime) -> bool:
        """Told twice of what it does not show, and it has not come: nothing more follows by itself."""
        told = self.pushed_version or 0
        return (
            (self.fetched_version or 0) < self.version <= told == self.repeated_version
            and self.pushed_at is not None
            and now - self.pushed_at >= ASLEEP
        )

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
        return self._since_told(now)

    def _since_told(self, now: datetime) -> str:
        if self.out_of_step(now):
            return N_(
                "Apple took the push twice, an hour apart, and the phone has not come: it is off, offline or has"
                " automatic updates switched off. It shows version %(holds)s of %(version)s until it comes by itself or"
                " the card changes again."
            )
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
        .where(Pass.card_id == card.id, Pass.voucher_id.is_(None), Pass.revoked_at.is_(None))
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
            repeated_version=row.repeated_version,
        )
        for row, library_id in rows
    ]


def last_earned(session: Session, card_id: UUID) -> datetime | None:
    """When a card last earned something that was not taken back."""
    rows = send(session, f"{EARNED} ORDER BY occurred_at DESC LIMIT 1", _values(card_id))
    return rows[0][0] if rows else None


def earned_between(session: Session, card_id: UUID, start: datetime, end: datetime) -> Sequence[datetime]:
    """When a card earned something that was not taken back, strictly between two instants."""
    within = f"{EARNED} AND occurred_at > %(start)s AND occurred_at < %(end)s"
    return [at for (at,) in send(session, within, _values(card_id) | {"start": start, "end": end})]


def _values(card_id: UUID) -> dict[str, Any]:
    return {"card": card_id, "causes": list(EARNING)}


def phone_counts(session: Session, card_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Wallets that hold a card, by card: each iPhone, and Google's as one; cards in none are missing."""
    live = (Pass.card_id.in_(card_ids), Pass.voucher_id.is_(None), Pass.revoked_at.is_(None))
    phones = select(Pass.card_id).join(Registration, Registration.pass_id == Pass.id).where(*live)
    saved = (
        select(Pass.card_id).join(GoogleObject, GoogleObject.pass_id == Pass.id).where(*live, GoogleObject.has_users)
    )
    held = phones.union_all(saved).subquery()
    rows = session.execute(select(held.c.card_id, func.count()).group_by(held.c.card_id))
    return dict(rows.all())


def last_changes(session: Session, card_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When something was last booked, by card; cards without entries are missing."""
    rows = session.execute(
        select(Posting.card_id, func.max(Posting.recorded_at))
        .where(Posting.card_id.in_(card_ids))
        .group_by(Posting.card_id)
    )
    return dict(rows.all())

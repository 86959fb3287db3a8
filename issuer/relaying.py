"""Publications on their way: numbered in commit order, claimed under a lease, settled phone by phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, delete, func, or_, select, text, tuple_, update
from sqlalchemy.orm import Session

from issuer import events
from issuer.database import set_merchant
from issuer.publishing import APPLE
from issuer.schema import Device, Pass, Publication, Registration
from issuer.schema.wallets import update_tag

NUMBERING = 0x746167  # advisory lock of the numbering: "tag"
AT_ONCE = 500


def number_due(session: Session, now: datetime, fold: timedelta) -> int:
    """Give a tag to every publication that is due and ask for its push; how many there were.

    One process at a time, committed before the next begins, so a smaller tag is never seen after a larger one.
    Rows that a change holds locked are left for the next round.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": NUMBERING})
    due = (
        select(Publication.pass_id, Publication.channel)
        .where(Publication.due_at <= now)
        .order_by(Publication.priority, Publication.due_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    numbered = session.execute(
        update(Publication)
        .where(tuple_(Publication.pass_id, Publication.channel).in_(due))
        .values(
            tag=update_tag.next_value(),
            tagged_version=Publication.wanted_version,
            tagged_at=now,
            not_before=now + fold,
            push_at=now,
            due_at=None,
            attempts=0,
        )
        .execution_options(synchronize_session=False)
        .returning(Publication.pass_id)
    )
    return len(numbered.all())


def waiting_pass_types(session: Session, now: datetime) -> list[str]:
    """Pass types with a push that nobody works on; passes without a type cannot be on a phone."""
    return list(
        session.scalars(
            select(Pass.pass_type)
            .join(Publication, Publication.pass_id == Pass.id)
            .where(*_claimable(now), Pass.pass_type.is_not(None))
            .distinct()
        )
    )


@dataclass(frozen=True)
class Claim:
    """A publication that this worker may push until its lease is over."""

    pass_id: UUID
    card_id: UUID
    merchant_id: UUID
    tag: int
    version: int
    attempts: int


@dataclass(frozen=True)
class Wish:
    """A phone that wants to hear of a claimed publication."""

    device_id: UUID
    pass_id: UUID
    push_token: str


def claim(session: Session, pass_type: str, now: datetime, lease: timedelta) -> list[Claim]:
    """Take what waits for a pass type, till before campaign, without waiting for other workers."""
    free = (
        select(Publication.pass_id, Publication.channel)
        .join(Pass, Pass.id == Publication.pass_id)
        .where(*_claimable(now), Pass.pass_type == pass_type)
        .order_by(Publication.priority, Publication.push_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True, of=Publication)
    )
    rows = session.execute(
        update(Publication)
        .where(tuple_(Publication.pass_id, Publication.channel).in_(free), Pass.id == Publication.pass_id)
        .values(leased_until=now + lease, attempts=Publication.attempts + 1)
        .execution_options(synchronize_session=False)
        .returning(
            Publication.pass_id,
            Pass.card_id,
            Publication.merchant_id,
            Publication.tag,
            Publication.tagged_version,
            Publication.attempts,
        )
    )
    return [Claim(*row) for row in rows]  # type: ignore[arg-type]


def wishes(session: Session, claims: Sequence[Claim]) -> list[Wish]:
    """The phones behind in what was claimed; those told already are left in peace."""
    rows = session.execute(
        select(Registration.device_id, Registration.pass_id, Device.push_token)
        .join(Device, Device.id == Registration.device_id)
        .join(Publication, Publication.pass_id == Registration.pass_id)
        .where(Registration.pass_id.in_([claim.pass_id for claim in claims]))
        .where(Publication.channel == APPLE)
        .where(
            or_(
                Registration.pushed_version.is_(None),
                Registration.pushed_version < Publication.tagged_version,
            )
        )
    )
    return [Wish(*row) for row in rows]


def note_answer(session: Session, claim: Claim, device_id: UUID, answer: str, now: datetime, *, accepted: bool) -> None:
    """What the push service said to a phone about one publication."""
    values: dict[str, object] = {"push_answer": answer}
    if accepted:
        # A worker whose lease was taken over may come late, with an older version than the other one's.
        values |= {"pushed_version": func.greatest(Registration.pushed_version, claim.version), "pushed_at": now}
    session.execute(
        update(Registration)
        .where(Registration.pass_id == claim.pass_id, Registration.device_id == device_id)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def forget_device(session: Session, device_id: UUID, push_token: str, gone_at: datetime | None) -> bool:
    """Drop a phone whose token is dead, unless it came back after ``gone_at`` or while the push was under way.

    True when the phone is not there any more, dropped now or before.
    """
    device = session.scalar(select(Device).where(Device.id == device_id).with_for_update())
    if device is None:
        return True
    if device.push_token != push_token or (gone_at is not None and device.token_at > gone_at):
        return False
    session.execute(delete(Registration).where(Registration.device_id == device_id))
    session.delete(device)
    session.flush()
    return True


def settle(session: Session, claim: Claim, now: datetime, *, again_at: datetime | None, told: int) -> None:
    """End a claim: at rest, or to be tried again. A tag given meanwhile keeps its own push."""
    untouched = Publication.tag == claim.tag
    session.execute(
        update(Publication)
        .where(Publication.pass_id == claim.pass_id, Publication.channel == APPLE)
        .values(
            leased_until=None,
            push_at=case((untouched, again_at), else_=Publication.push_at),
            pushed_version=func.greatest(Publication.pushed_version, claim.version if again_at is None else None),
            pushed_at=now if again_at is None else Publication.pushed_at,
        )
        .execution_options(synchronize_session=False)
    )
    if told:
        set_merchant(session, claim.merchant_id)
        events.record(session, claim.merchant_id, "pushed", now, claim.card_id, version=claim.version, phones=told)
        session.flush()


def _claimable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Publication.channel == APPLE,
        Publication.push_at <= now,
        func.coalesce(Publication.leased_until, now) <= now,
    )

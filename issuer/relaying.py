"""Publications on their way: numbered in commit order, claimed under a lease, settled phone by phone."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, literal_column, or_, select, text, tuple_, update
from sqlalchemy.orm import Session

from issuer import events
from issuer.database import set_merchant
from issuer.publishing import APPLE, CAMPAIGN
from issuer.schema import Device, Pass, Publication, PushStop, Registration
from issuer.schema.wallets import update_tag

NUMBERING = 0x746167  # advisory lock of the numbering: "tag"
AT_ONCE = 500
# A phone that has not come so long after its push is told a second time; Apple keeps the first for days.
REPEATED_AFTER = timedelta(hours=1)

# Both lock in the order of the ids, as everybody does.
NOTED = text("""
    WITH told AS (
        SELECT * FROM unnest(
            CAST(:passes AS uuid[]), CAST(:devices AS uuid[]), CAST(:versions AS integer[]),
            CAST(:answers AS text[]), CAST(:accepted AS boolean[])
        ) AS told (pass_id, device_id, version, answer, accepted)
    ), locked AS (
        SELECT told.* FROM registration JOIN told USING (pass_id, device_id)
        ORDER BY pass_id, device_id FOR UPDATE OF registration
    )
    UPDATE registration SET
        push_answer = locked.answer,
        -- A worker whose lease was taken over may come late, with an older version than the other one's.
        pushed_version = CASE
            WHEN locked.accepted THEN greatest(pushed_version, locked.version) ELSE pushed_version
        END,
        pushed_at = CASE WHEN locked.accepted THEN :now ELSE pushed_at END
    FROM locked WHERE registration.pass_id = locked.pass_id AND registration.device_id = locked.device_id
""")
SETTLED = text("""
    WITH ended AS (
        SELECT * FROM unnest(
            CAST(:passes AS uuid[]), CAST(:tags AS bigint[]), CAST(:versions AS integer[]),
            CAST(:again AS timestamptz[])
        ) AS ended (pass_id, tag, version, again_at)
    ), locked AS (
        SELECT ended.* FROM publication JOIN ended USING (pass_id) WHERE channel = 'apple'
        ORDER BY pass_id FOR UPDATE OF publication
    )
    UPDATE publication SET
        leased_until = NULL,
        push_at = CASE WHEN publication.tag = locked.tag THEN locked.again_at ELSE push_at END,
        pushed_version = greatest(pushed_version, CASE WHEN locked.again_at IS NULL THEN locked.version END),
        pushed_at = CASE WHEN locked.again_at IS NULL THEN :now ELSE pushed_at END
    FROM locked WHERE publication.pass_id = locked.pass_id AND channel = 'apple'
""")


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
    """Pass types with a push that nobody works on, unless they are stopped.

    Passes without a type cannot be on a phone.
    """
    stopped = select(PushStop.pass_type).where(PushStop.pass_type == Pass.pass_type, PushStop.probe_at > now)
    return list(
        session.scalars(
            select(Pass.pass_type)
            .join(Publication, Publication.pass_id == Pass.id)
            .where(*_claimable(now), Pass.pass_type.is_not(None), ~stopped.exists())
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
    """A phone that wants to hear of a claimed publication.

    ``throttled_until``, ``throttles``: as in `Device`.
    """

    device_id: UUID
    pass_id: UUID
    push_token: str
    throttled_until: datetime | None = None
    throttles: int = 0


def claim(session: Session, pass_type: str, now: datetime, lease: timedelta, most: int | None = None) -> list[Claim]:
    """Take what waits for a pass type, till before campaign, without waiting for other workers."""
    free = (
        select(Publication.pass_id, Publication.channel)
        .join(Pass, Pass.id == Publication.pass_id)
        .where(*_claimable(now), Pass.pass_type == pass_type)
        .order_by(Publication.priority, Publication.push_at)
        .limit(most or AT_ONCE)
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
        select(
            Registration.device_id,
            Registration.pass_id,
            Device.push_token,
            Device.throttled_until,
            Device.throttles,
        )
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


@dataclass(frozen=True)
class Told:
    """What the push service said to a phone about one publication."""

    claim: Claim
    device_id: UUID
    answer: str
    accepted: bool


def note_answers(session: Session, told: Sequence[Told], now: datetime) -> None:
    """Write down answers, each for its phone."""
    values = {
        "passes": [one.claim.pass_id for one in told],
        "devices": [one.device_id for one in told],
        "versions": [one.claim.version for one in told],
        "answers": [one.answer for one in told],
        "accepted": [one.accepted for one in told],
        "now": now,
    }
    session.execute(NOTED, values)


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


def throttle(session: Session, device_id: UUID, until: datetime) -> None:
    """Leave a phone alone until then, whatever changes on its cards: Apple has had enough pushes to it."""
    session.execute(
        update(Device)
        .where(Device.id == device_id)
        .values(throttled_until=until, throttles=Device.throttles + 1)
        .execution_options(synchronize_session=False)
    )


def relieve(session: Session, device_id: UUID) -> None:
    """Apple takes pushes to this phone again."""
    session.execute(
        update(Device)
        .where(Device.id == device_id)
        .values(throttled_until=None, throttles=0)
        .execution_options(synchronize_session=False)
    )


def release(session: Session, claims: Sequence[Claim]) -> None:
    """Give back what was claimed, as if it never had been."""
    session.execute(
        update(Publication)
        .where(Publication.pass_id.in_([claim.pass_id for claim in claims]), Publication.channel == APPLE)
        .values(leased_until=None, attempts=func.greatest(Publication.attempts - 1, 0))
        .execution_options(synchronize_session=False)
    )


def repeat_unfetched(session: Session, now: datetime) -> int:
    """Tell phones once more that were told and never came; how many cards are pushed again.

    Under a fresh tag: a phone that asked what changed and then failed to fetch has the old one already.
    """
    at_rest = Publication.due_at.is_(None) & Publication.push_at.is_(None)
    # As the index says it, so that the phones that never come are not looked at again and again.
    heard = func.greatest(Registration.fetched_version, Registration.repeated_version, literal_column("0"))
    rows = session.scalars(
        select(Registration)
        .join(Publication, Publication.pass_id == Registration.pass_id)
        .where(Publication.channel == APPLE, at_rest)
        .where(Registration.pushed_version > heard, Registration.pushed_at <= now - REPEATED_AFTER)
        .order_by(Registration.pass_id, Registration.device_id)
        .limit(AT_ONCE)
        .with_for_update(of=Registration, skip_locked=True)
    ).all()
    for row in rows:
        row.repeated_version, row.pushed_version = row.pushed_version, None
    session.flush()
    again = session.execute(
        update(Publication)
        .where(Publication.pass_id.in_({row.pass_id for row in rows}), Publication.channel == APPLE, at_rest)
        .values(due_at=now, priority=CAMPAIGN)
        .execution_options(synchronize_session=False)
        .returning(Publication.pass_id)
    )
    return len(again.all())


@dataclass(frozen=True)
class Ended:
    """A claim that is over: at rest, or to be tried again. ``told``: phones that the push was taken for."""

    claim: Claim
    again_at: datetime | None
    told: int


def settle(session: Session, ended: Sequence[Ended], now: datetime) -> None:
    """End claims, and write the history of the cards. A tag given meanwhile keeps its own push."""
    values = {
        "passes": [one.claim.pass_id for one in ended],
        "tags": [one.claim.tag for one in ended],
        "versions": [one.claim.version for one in ended],
        "again": [one.again_at for one in ended],
        "now": now,
    }
    session.execute(SETTLED, values)
    by_merchant = defaultdict[UUID, list[Ended]](list)
    for one in ended:
        if one.told:
            by_merchant[one.claim.merchant_id].append(one)
    for merchant_id, taken in by_merchant.items():
        set_merchant(session, merchant_id)
        for one in taken:
            version = one.claim.version
            events.record(session, merchant_id, "pushed", now, one.claim.card_id, version=version, phones=one.told)
        session.flush()


def _claimable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Publication.channel == APPLE,
        Publication.push_at <= now,
        func.coalesce(Publication.leased_until, now) <= now,
    )

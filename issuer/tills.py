"""Staff devices at the counter: enrolled once by a link, opened for a shift by a PIN."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer import events
from issuer.database import set_merchant
from issuer.schema import Staff, Till, TillEnrolment
from signing.passwords import WrongPassword, check_password, hash_password
from signing.tokens import digest

MOST_FAILURES = 5
LOCKED = timedelta(minutes=1)
SHIFT = timedelta(hours=14)
ENROL_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True)
class WrongPin:
    """How many tries are left, or until when there are none."""

    left: int
    locked_until: datetime | None = None


def invite_till(
    session: Session,
    location_id: UUID,
    merchant_id: UUID,
    token: str,
    now: datetime,
    *,
    expires_at: datetime | None,
    single_use: bool = False,
) -> None:
    """Let whoever opens the link with ``token`` become a till of this shop; ``single_use``: the first one only."""
    session.merge(
        TillEnrolment(
            token_hash=digest(token),
            merchant_id=merchant_id,
            location_id=location_id,
            created_at=now,
            expires_at=expires_at,
            single_use=single_use,
        )
    )
    session.flush()


def enrolment(session: Session, token: str, now: datetime) -> TillEnrolment | None:
    """The link with this token, as long as it works."""
    return _working(session.get(TillEnrolment, digest(token)), now)


def enrol(session: Session, token: str, now: datetime) -> tuple[Till, str] | None:
    """A new till and its cookie's secret; ``None`` for a link that is unknown, used up or over. Sets the merchant.

    Browsers that come at once wait for each other, so that a link for one makes one till.
    """
    link = _working(session.get(TillEnrolment, digest(token), with_for_update=True), now)
    if link is None:
        return None
    if link.single_use:
        session.delete(link)
    number = session.scalar(select(func.count()).where(Till.location_id == link.location_id)) or 0
    secret = secrets.token_urlsafe(32)
    till = Till(
        id=uuid4(),
        merchant_id=link.merchant_id,
        location_id=link.location_id,
        name=f"{number + 1}",
        token_hash=digest(secret),
        enrolled_at=now,
        last_seen_at=now,
    )
    session.add(till)
    session.flush()
    set_merchant(session, till.merchant_id)
    events.record(session, till.merchant_id, "till_enrolled", now, till_id=str(till.id))
    return till, secret


def till_of(session: Session, secret: str, now: datetime) -> Till | None:
    """The till whose cookie this is; sets the merchant for the transaction."""
    till = session.scalar(select(Till).where(Till.token_hash == digest(secret), Till.revoked_at.is_(None)))
    if till is None:
        return None
    set_merchant(session, till.merchant_id)
    if now - till.last_seen_at > timedelta(minutes=1):
        till.last_seen_at = now
    return till


def on_shift(session: Session, till: Till, now: datetime) -> Staff | None:
    """Who opened the till, as long as the shift lasts and they still work here."""
    if till.staff_id is None or till.staff_since is None or till.staff_since + SHIFT <= now:
        return None
    staff = session.get(Staff, till.staff_id)
    return staff if staff is not None and staff.disabled_at is None else None


def staff_list(session: Session) -> Sequence[Staff]:
    return session.scalars(select(Staff).where(Staff.disabled_at.is_(None)).order_by(Staff.name)).all()


def hire(session: Session, merchant_id: UUID, name: str, pin: str, now: datetime) -> Staff:
    staff = Staff(id=uuid4(), merchant_id=merchant_id, name=name, pin_hash=hash_password(pin), created_at=now)
    session.add(staff)
    session.flush()
    return staff


def open_till(session: Session, till: Till, staff_id: UUID, pin: str, now: datetime) -> Staff | WrongPin:
    """Begin a shift. Few digits need few tries: five wrong ones lock this person's PIN for a minute."""
    staff = session.scalar(select(Staff).where(Staff.id == staff_id).with_for_update())
    if staff is None or staff.disabled_at is not None:
        return WrongPin(left=MOST_FAILURES)
    if staff.locked_until and staff.locked_until > now:
        return WrongPin(left=0, locked_until=staff.locked_until)
    try:
        check_password(staff.pin_hash, pin)
    except WrongPassword:
        return _wrong(staff, now)
    staff.failures, staff.locked_until = 0, None
    till.staff_id, till.staff_since = staff.id, now
    return staff


def close_till(till: Till) -> None:
    till.staff_id = till.staff_since = None


def _working(link: TillEnrolment | None, now: datetime) -> TillEnrolment | None:
    return None if link is None or (link.expires_at and link.expires_at <= now) else link


def _wrong(staff: Staff, now: datetime) -> WrongPin:
    staff.failures += 1
    if staff.failures < MOST_FAILURES:
        return WrongPin(left=MOST_FAILURES - staff.failures)
    staff.failures, staff.locked_until = 0, now + LOCKED
    return WrongPin(left=0, locked_until=staff.locked_until)

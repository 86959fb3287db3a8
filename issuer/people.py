"""Users of the console: passwords, sessions, lock-out."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from issuer.schema import ApiKey, LoginSession, Membership, User
from signing.passwords import WrongPassword, check_password, hash_password
from signing.tokens import digest

MOST_FAILURES = 10
LOCKED = timedelta(minutes=15)
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
# Checked when nobody has the given mail address, so that the answer takes as long as a wrong password.
_NOBODY = hash_password(secrets.token_hex(8))


@dataclass(frozen=True)
class SignedIn:
    """A session of the console; ``token`` goes into the cookie and is stored as a hash only."""

    user_id: UUID
    merchant_id: UUID
    token: str


class EmailTaken(Exception):
    """A user with this address exists: reset the password instead."""


class EmailRefused(Exception):
    """Not the address of a mailbox: the message names it."""


def create_user(session: Session, email: str, password: str, now: datetime) -> User:
    """
    :raises EmailRefused: not an address
    :raises EmailTaken: somebody has it already
    """
    name, _, host = email.partition("@")
    if not name or "." not in host or not email.isprintable() or " " in email:
        raise EmailRefused(f"{email!r} is no e-mail address; write it like name@example.com.")
    if session.scalar(select(User.id).where(User.email == email.lower())) is not None:
        raise EmailTaken(f"{email} has an account already.")
    user = User(id=uuid4(), email=email.lower(), password_hash=hash_password(password), created_at=now)
    session.add(user)
    session.flush()
    return user


def add_member(session: Session, user: User, merchant_id: UUID, role: str, now: datetime) -> None:
    session.add(Membership(user_id=user.id, merchant_id=merchant_id, role=role, created_at=now))
    session.flush()


def sign_in(session: Session, email: str, password: str, now: datetime) -> SignedIn | None:
    """A new session, or ``None``: wrong, unknown, locked and disabled are not told apart."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()).with_for_update())
    try:
        check_password(user.password_hash if user else _NOBODY, password)
    except WrongPassword:
        _count_failure(user, now)
        return None
    if user is None or user.disabled_at or (user.locked_until and user.locked_until > now):
        return None
    member = session.scalar(select(Membership).where(Membership.user_id == user.id).limit(1))
    if member is None:
        return None
    user.failures, user.locked_until = 0, None
    token = secrets.token_urlsafe(32)
    session.add(
        LoginSession(
            token_hash=digest(token),
            user_id=user.id,
            merchant_id=member.merchant_id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + LONGEST,
        )
    )
    return SignedIn(user.id, member.merchant_id, token)


def session_of(session: Session, token: str, now: datetime) -> LoginSession | None:
    """The live session that a cookie names; being seen keeps it alive. It ends with the user and the membership."""
    row = session.scalar(
        select(LoginSession)
        .join(User, User.id == LoginSession.user_id)
        .join(Membership, (Membership.user_id == User.id) & (Membership.merchant_id == LoginSession.merchant_id))
        .where(LoginSession.token_hash == digest(token), User.disabled_at.is_(None))
    )
    if row is None or row.expires_at <= now or row.last_seen_at + IDLE <= now:
        return None
    if now - row.last_seen_at > timedelta(minutes=1):
        row.last_seen_at = now
    return row


def sign_out(session: Session, token: str) -> None:
    session.execute(delete(LoginSession).where(LoginSession.token_hash == digest(token)))


def create_api_key(session: Session, merchant_id: UUID, token: str, scopes: list[str], now: datetime) -> ApiKey:
    """Only the hash of ``token`` is kept."""
    key = ApiKey(id=uuid4(), merchant_id=merchant_id, key_hash=digest(token), scopes=scopes, created_at=now)
    session.add(key)
    session.flush()
    return key


def api_key_of(session: Session, token: str, now: datetime) -> ApiKey | None:
    row = session.scalar(select(ApiKey).where(ApiKey.key_hash == digest(token), ApiKey.revoked_at.is_(None)))
    if row is not None and (row.last_used_at is None or now - row.last_used_at > timedelta(minutes=1)):
        row.last_used_at = now
    return row


def _count_failure(user: User | None, now: datetime) -> None:
    if user is None or (user.locked_until and user.locked_until > now):
        return
    user.failures += 1
    if user.failures >= MOST_FAILURES:
        user.failures, user.locked_until = 0, now + LOCKED

"""Users of the console: passwords, sessions, lock-out."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from issuer.database import set_merchant
from issuer.editing import Objection
from issuer.refusals import N_
from issuer.schema import LoginSession, Membership, Merchant, User
from signing.passwords import WrongPassword, check_password, hash_password
from signing.tokens import digest

MOST_FAILURES = 10
LOCKED = timedelta(minutes=15)
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
LONGEST_EMAIL = 254
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$lsDPpIGzfKeBgsnWi1IrYQ$cZ+f9mAP0yJUTD+ATj8D6uesV6CsyUInNwdUkwFBnXw"
"""Of a password that nobody knows: checked when nobody has the mail address, which must take as long as a wrong one."""


@dataclass(frozen=True)
class SignedIn:
    """A new session of the console; ``token`` goes into the cookie and is stored as a hash only."""

    user_id: UUID
    merchant_id: UUID | None
    token: str


@dataclass(frozen=True)
class LiveSession:
    """Who acts. Somebody who has yet to found a shop has neither merchant nor role."""

    id: UUID
    user_id: UUID
    merchant_id: UUID | None
    role: str | None


@dataclass(frozen=True)
class Workplace:
    """A merchant that somebody may sign in to."""

    merchant_id: UUID
    name: str
    role: str


class EmailTaken(Exception):
    """A user with this address exists: reset the password instead."""


class EmailRefused(Exception):
    """Not the address of a mailbox: the message names it."""


class UnknownEmail(Exception):
    """Nobody has this address: create a user instead."""


def email_objection(email: str) -> Objection | None:
    """Against what is not the address of a mailbox."""
    name, _, host = email.partition("@")
    if name and "." in host and len(email) <= LONGEST_EMAIL and email.isprintable() and " " not in email:
        return None
    return Objection(
        N_("“%(email)s” is no e-mail address; write it like name@example.com."),
        {"email": email[:LONGEST_EMAIL]},
        "email",
    )


def password_objection(email: str, password: str) -> Objection | None:
    """Against a password that others guess; the sentence never repeats it."""
    if len(password) < SHORTEST_PASSWORD:
        return Objection(
            N_("A password of %(count)s characters is too short. Use at least %(least)s."),
            {"count": len(password), "least": SHORTEST_PASSWORD},
            "new",
        )
    if len(password) > LONGEST_PASSWORD:
        return Objection(
            N_("This password is too long. Use at most %(most)s characters."), {"most": LONGEST_PASSWORD}, "new"
        )
    if password.strip().lower() == email.lower():
        return Objection(N_("The e-mail address is no password: others know it. Choose something else."), {}, "new")
    return None


def create_user(session: Session, email: str, password: str, now: datetime) -> User:
    """
    :raises EmailRefused: not an address
    :raises EmailTaken: somebody has it already
    """
    objection = email_objection(email)
    if objection:
        raise EmailRefused(objection.sentence("en"))
    if user_of(session, email) is not None:
        raise EmailTaken(f"{email} has an account already.")
    user = User(id=uuid4(), email=email.lower(), password_hash=hash_password(password), created_at=now)
    session.add(user)
    session.flush()
    return user


def user_of(session: Session, email: str) -> User | None:
    """Whoever has this address, however it was typed."""
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def add_member(session: Session, user: User, merchant_id: UUID, role: str, now: datetime) -> None:
    session.add(Membership(user_id=user.id, merchant_id=merchant_id, role=role, created_at=now))
    session.flush()


def sign_in(session: Session, email: str, password: str, now: datetime, agent: str | None = None) -> SignedIn | None:
    """A new session, or ``None``: wrong, unknown, locked and disabled are not told apart.

    ``agent``: browser and system in a few words, for the list of sessions.
    """
    user = prove(session, email, password, now)
    if user is None:
        return None
    member = _first_membership(session, user.id)
    return open_session(session, user.id, member.merchant_id if member else None, now, agent)


def prove(session: Session, email: str, password: str, now: datetime) -> User | None:
    """Whose password this is, locked for the transaction; ``None`` as `sign_in` says it. Tries are counted."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()).with_for_update())
    return user if _proven(user, password, now) else None


def open_session(
    session: Session, user_id: UUID, merchant_id: UUID | None, now: datetime, agent: str | None
) -> SignedIn:
    """For somebody who has proven who they are."""
    token = secrets.token_urlsafe(32)
    session.add(
        LoginSession(
            token_hash=digest(token),
            user_id=user_id,
            merchant_id=merchant_id,
            agent=agent,
            created_at=now,
            last_seen_at=now,
            expires_at=now + LONGEST,
        )
    )
    session.flush()
    return SignedIn(user_id, merchant_id, token)


def session_of(session: Session, token: str, now: datetime) -> LiveSession | None:
    """The live session that a cookie names; being seen keeps it alive. It ends with the user and the membership.

    A session without a merchant enters the first one that its user has become a member of.
    """
    membership = (Membership.user_id == User.id) & (Membership.merchant_id == LoginSession.merchant_id)
    found = session.execute(
        select(LoginSession, Membership.role)
        .join(User, User.id == LoginSession.user_id)
        .outerjoin(Membership, membership)
        .where(LoginSession.token_hash == digest(token), User.disabled_at.is_(None))
    ).one_or_none()
    if found is None or not _alive(found[0], now):
        return None
    row: LoginSession = found[0]
    role: str | None = found[1]
    if row.merchant_id is not None and role is None:
        return None
    member = _first_membership(session, row.user_id) if row.merchant_id is None else None
    if member is not None:
        row.merchant_id, role = member.merchant_id, member.role
    if now - row.last_seen_at > timedelta(minutes=1):
        row.last_seen_at = now
    return LiveSession(row.id, row.user_id, row.merchant_id, role)


def sign_out(session: Session, token: str) -> None:
    session.execute(delete(LoginSession).where(LoginSession.token_hash == digest(token)))


def sessions(session: Session, user_id: UUID, now: datetime) -> Sequence[LoginSession]:
    """Where somebody is signed in, the one seen last first."""
    rows = session.scalars(
        select(LoginSession).where(LoginSession.user_id == user_id).order_by(LoginSession.last_seen_at.desc())
    )
    return [row for row in rows if _alive(row, now)]


def end_session(session: Session, user_id: UUID, session_id: UUID) -> None:
    """End one of somebody's own sessions; anybody else's is left alone."""
    session.execute(delete(LoginSession).where(LoginSession.id == session_id, LoginSession.user_id == user_id))


def end_other_sessions(session: Session, user_id: UUID, kept: UUID | None) -> None:
    """End all sessions of a user but the one kept."""
    ended = delete(LoginSession).where(LoginSession.user_id == user_id)
    session.execute(ended if kept is None else ended.where(LoginSession.id != kept))


def change_password(session: Session, live: LiveSession, current: str, new: str, now: datetime) -> Objection | None:
    """Whoever knows the current one may choose another; all other sessions end. Guessing locks, as signing in does."""
    user = session.scalars(select(User).where(User.id == live.user_id).with_for_update()).one()
    if not _proven(user, current, now):
        return Objection(
            N_("The current password is wrong, or too many tries were made. Wait, then try again."), {}, "current"
        )
    objection = password_objection(user.email, new)
    if objection is None:
        user.password_hash = hash_password(new)
        end_other_sessions(session, user.id, live.id)
    return objection


def reset_password(session: Session, email: str, password: str) -> User:
    """A new password by whoever runs the house: unlocked again, and signed out everywhere.

    :raises UnknownEmail: nobody has this address
    """
    user = user_of(session, email)
    if user is None:
        raise UnknownEmail(f"Nobody has the address {email}: `treuepass user create {email}` makes an account.")
    user.password_hash, user.failures, user.locked_until = hash_password(password), 0, None
    end_other_sessions(session, user.id, None)
    return user


def workplaces(session: Session, user_id: UUID) -> list[Workplace]:
    """The merchants that somebody is a member of. Leaves the transaction at the last of them."""
    found = []
    for member in session.scalars(_memberships(user_id)).all():
        set_merchant(session, member.merchant_id)
        name = session.get_one(Merchant, member.merchant_id).name
        found.append(Workplace(member.merchant_id, name, member.role))
    return found


def switch_merchant(session: Session, live: LiveSession, merchant_id: UUID) -> bool:
    """Go on at another merchant that one is a member of; false when one is not."""
    if session.get(Membership, (live.user_id, merchant_id)) is None:
        return False
    row = session.scalars(select(LoginSession).where(LoginSession.id == live.id)).one()
    row.merchant_id = merchant_id
    return True


def _first_membership(session: Session, user_id: UUID) -> Membership | None:
    return session.scalars(_memberships(user_id).limit(1)).one_or_none()


def _memberships(user_id: UUID) -> Select[Membership]:
    return (
        select(Membership).where(Membership.user_id == user_id).order_by(Membership.created_at, Membership.merchant_id)
    )


def _alive(row: LoginSession, now: datetime) -> bool:
    return row.expires_at > now and row.last_seen_at + IDLE > now


def _proven(user: User | None, password: str, now: datetime) -> bool:
    """Whether it is them; a wrong password is counted, a right one forgives. Nobody takes as long as somebody."""
    try:
        check_password(user.password_hash if user else NOBODY, password)
    except WrongPassword:
        _count_failure(user, now)
        return False
    if user is None or user.disabled_at or (user.locked_until and user.locked_until > now):
        return False
    user.failures, user.locked_until = 0, None
    return True


def _count_failure(user: User | None, now: datetime) -> None:
    if user is None or (user.locked_until and user.locked_until > now):
        return
    user.failures += 1
    if user.failures >= MOST_FAILURES:
        user.failures, user.locked_until = 0, now + LOCKED

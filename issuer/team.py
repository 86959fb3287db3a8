"""Who belongs to a merchant: members, their roles, and invitations by a link that works once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from issuer import people
from issuer.database import set_merchant
from issuer.editing import Author, Gone, Objection
from issuer.people import SignedIn
from issuer.refusals import N_
from issuer.schema import Invitation, LoginSession, Membership, Merchant, User
from signing.tokens import digest

ROLES = ("owner", "manager", "staff")
INVITED = timedelta(days=7)
LAST_OWNER = N_("%(email)s is the only owner. Make somebody else an owner first.")


@dataclass(frozen=True)
class Member:
    """``seen_at``: when they last did something in this merchant's console, as far as it is remembered."""

    user_id: UUID
    email: str
    role: str
    seen_at: datetime | None


@dataclass(frozen=True)
class Invited:
    """What whoever opens a link may know. ``known``: has an account already, so that its password is asked for."""

    email: str
    role: str
    merchant_name: str
    invited_by: str
    known: bool


def members(session: Session, merchant_id: UUID) -> list[Member]:
    """Owners first."""
    seen = (
        select(LoginSession.user_id, func.max(LoginSession.last_seen_at).label("at"))
        .where(LoginSession.merchant_id == merchant_id)
        .group_by(LoginSession.user_id)
        .subquery()
    )
    rows = session.execute(
        select(User.id, User.email, Membership.role, seen.c.at)
        .join(Membership, Membership.user_id == User.id)
        .outerjoin(seen, seen.c.user_id == User.id)
        .where(Membership.merchant_id == merchant_id)
        .order_by(User.email)
    )
    return sorted((Member(*row) for row in rows), key=lambda member: ROLES.index(member.role))


def change_role(session: Session, author: Author, user_id: UUID, role: str) -> Objection | None:
    """
    :raises Gone: no such member
    """
    everybody, member = _locked(session, author.merchant_id, user_id)
    if role not in ROLES:
        return Objection(N_("“%(role)s” is no role. Choose one of the list."), {"role": role[:40]}, "role")
    if role == member.role:
        return None
    if _last_owner(everybody, member):
        return Objection(LAST_OWNER, {"email": session.get_one(User, user_id).email}, "role")
    author.record(session, "role_changed", member_id=str(user_id), role=role, before=member.role)
    member.role = role
    _withdraw(session, author.merchant_id, user_id)
    return None


def remove(session: Session, author: Author, user_id: UUID) -> Objection | None:
    """Their sessions at this merchant end, and so do the invitations they made.

    :raises Gone: no such member
    """
    everybody, member = _locked(session, author.merchant_id, user_id)
    if _last_owner(everybody, member):
        return Objection(LAST_OWNER, {"email": session.get_one(User, user_id).email}, "role")
    session.execute(
        delete(LoginSession).where(LoginSession.user_id == user_id, LoginSession.merchant_id == author.merchant_id)
    )
    _withdraw(session, author.merchant_id, user_id)
    session.delete(member)
    author.record(session, "member_removed", member_id=str(user_id), role=member.role)
    return None


def invite(session: Session, author: Author, email: str, role: str, token: str) -> Objection | None:
    """Let whoever opens the link with ``token`` join as this person; an older link for them ends."""
    email = email.strip().lower()
    objection = people.email_objection(email)
    if objection:
        return objection
    if role not in ROLES:
        return Objection(N_("“%(role)s” is no role. Choose one of the list."), {"role": role[:40]}, "role")
    user = people.user_of(session, email)
    if user is not None and session.get(Membership, (user.id, author.merchant_id)) is not None:
        return Objection(
            N_("%(email)s belongs to the team already. Change the role in the list."), {"email": email}, "email"
        )
    session.execute(delete(Invitation).where(Invitation.merchant_id == author.merchant_id, Invitation.email == email))
    session.add(
        Invitation(
            token_hash=digest(token),
            merchant_id=author.merchant_id,
            email=email,
            role=role,
            invited_by=author.user_id,
            created_at=author.now,
            expires_at=author.now + INVITED,
        )
    )
    author.record(session, "member_invited", role=role)
    return None


def invitations(session: Session, merchant_id: UUID, now: datetime) -> Sequence[Invitation]:
    """Those that still work, the newest first."""
    return session.scalars(
        select(Invitation)
        .where(Invitation.merchant_id == merchant_id, Invitation.expires_at > now)
        .order_by(Invitation.created_at.desc())
    ).all()


def revoke(session: Session, author: Author, invitation_id: UUID) -> None:
    """
    :raises Gone: no such invitation, or it was used
    """
    ended = session.scalar(
        delete(Invitation)
        .where(Invitation.id == invitation_id, Invitation.merchant_id == author.merchant_id)
        .returning(Invitation.id)
    )
    if ended is None:
        raise Gone
    author.record(session, "invitation_revoked")


def invited(session: Session, token: str, now: datetime) -> Invited | None:
    """What a link offers; ``None`` when it was used, revoked, is too old or never was."""
    row = session.get(Invitation, digest(token))
    if row is None or row.expires_at <= now:
        return None
    set_merchant(session, row.merchant_id)
    return Invited(
        email=row.email,
        role=row.role,
        merchant_name=session.get_one(Merchant, row.merchant_id).name,
        invited_by=session.get_one(User, row.invited_by).email,
        known=people.user_of(session, row.email) is not None,
    )


def accept(
    session: Session, token: str, password: str, now: datetime, agent: str | None = None
) -> SignedIn | Objection | None:
    """Join and be signed in, once a link: a new user chooses the password, a known one proves it.

    ``None`` when the link does not work any more. Two that come at once wait for each other.
    """
    row = session.get(Invitation, digest(token), with_for_update=True)
    if row is None or row.expires_at <= now:
        return None
    user_id = _user(session, row, password, now)
    if isinstance(user_id, Objection):
        return user_id
    if session.get(Membership, (user_id, row.merchant_id)) is None:
        people.add_member(session, session.get_one(User, user_id), row.merchant_id, row.role, now)
    set_merchant(session, row.merchant_id)
    Author(user_id, row.merchant_id, now).record(
        session, "member_joined", role=row.role, invited_by=str(row.invited_by)
    )
    session.delete(row)
    return people.open_session(session, user_id, row.merchant_id, now, agent)


def _user(session: Session, row: Invitation, password: str, now: datetime) -> UUID | Objection:
    """Whom the invitation is for, proven or new."""
    if people.user_of(session, row.email) is not None:
        user = people.prove(session, row.email, password, now)
        wrong = N_("This is not the password of %(email)s, or too many tries were made. Wait, then try again.")
        return user.id if user else Objection(wrong, {"email": row.email})
    return people.password_objection(row.email, password) or people.create_user(session, row.email, password, now).id


def _locked(session: Session, merchant_id: UUID, user_id: UUID) -> tuple[Sequence[Membership], Membership]:
    """All members and the one meant. Locked, so that two owners cannot remove each other at the same moment."""
    everybody = session.scalars(
        select(Membership)
        .where(Membership.merchant_id == merchant_id)
        .order_by(Membership.user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    meant = next((member for member in everybody if member.user_id == user_id), None)
    if meant is None:
        raise Gone
    return everybody, meant


def _last_owner(everybody: Sequence[Membership], member: Membership) -> bool:
    return [other.user_id for other in everybody if other.role == "owner"] == [member.user_id]


def _withdraw(session: Session, merchant_id: UUID, user_id: UUID) -> None:
    """End the links that somebody made: they would be a way back in."""
    session.execute(delete(Invitation).where(Invitation.merchant_id == merchant_id, Invitation.invited_by == user_id))

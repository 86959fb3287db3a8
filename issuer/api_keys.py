"""Keys of the API: made once, shown once, kept as a hash; what each may do, and when it was last used."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from issuer.database import send
from issuer.editing import Author, Gone, Objection, name_objection, one_line
from issuer.refusals import N_
from issuer.schema import ApiKey, User
from signing.tokens import digest

SCOPES = ("read", "write", "programs")
LONGEST_NAME = 60
MOST_LIVE = 50
_ENDING = 4
_SEEN_AGAIN = timedelta(minutes=1)


KEY = "SELECT id, merchant_id, scopes, last_used_at FROM api_key WHERE key_hash = %(hash)s AND revoked_at IS NULL"


@dataclass(frozen=True)
class Caller:
    """Which key calls, whose it is, what it may do."""

    id: UUID
    merchant_id: UUID
    scopes: Sequence[str]


@dataclass(frozen=True)
class KeyView:
    """A key and the mail address of whoever made it; ``None`` when a command did."""

    key: ApiKey
    maker: str | None


def fresh_token() -> str:
    """``tp_`` and 256 random bits in 43 characters."""
    return f"tp_{secrets.token_urlsafe(32)}"


def create_api_key(
    session: Session, merchant_id: UUID, token: str, scopes: Sequence[str], now: datetime, *, name: str = ""
) -> ApiKey:
    """Only the hash of ``token`` is kept, and its last characters."""
    key = ApiKey(
        id=uuid4(),
        merchant_id=merchant_id,
        key_hash=digest(token),
        scopes=[scope for scope in SCOPES if scope in scopes],
        name=name,
        ending=token[-_ENDING:],
        created_at=now,
    )
    session.add(key)
    session.flush()
    return key


def api_key_of(session: Session, token: str, now: datetime) -> Caller | None:
    """Whose live key this is. Its use is noted at most once a minute: calls of one key wait for no row."""
    rows = send(session, KEY, {"hash": digest(token)})
    if not rows:
        return None
    key_id, merchant_id, scopes, last_used_at = rows[0]
    if last_used_at is None or now - last_used_at > _SEEN_AGAIN:
        session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))
    return Caller(key_id, merchant_id, scopes)


def key_objection(session: Session, merchant_id: UUID, name: str, scopes: Sequence[str]) -> Objection | None:
    """Against a key that nobody could recognise, that could do nothing, or that is one too many."""
    objection = name_objection(one_line(name), LONGEST_NAME)
    if objection:
        return objection
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        return Objection(N_("“%(scope)s” is no right. Tick those of the list."), {"scope": unknown[0][:40]}, "scopes")
    if not scopes:
        return Objection(N_("This key may do nothing yet. Tick at least one of its rights."), {}, "scopes")
    live = select(func.count(ApiKey.id)).where(ApiKey.merchant_id == merchant_id, ApiKey.revoked_at.is_(None))
    if (session.scalar(live) or 0) >= MOST_LIVE:
        return Objection(
            N_("There are %(count)s keys already. Revoke one that is not used any more, then make this one."),
            {"count": MOST_LIVE},
        )
    return None


def make(session: Session, author: Author, name: str, scopes: Sequence[str], token: str) -> Objection | None:
    """A key of the author's merchant, from the console."""
    objection = key_objection(session, author.merchant_id, name, scopes)
    if objection:
        return objection
    key = create_api_key(session, author.merchant_id, token, scopes, author.now, name=one_line(name))
    key.created_by = author.user_id
    author.record(session, "api_key_made", key_id=str(key.id), name=key.name, scopes=key.scopes)
    return None


def revoke(session: Session, author: Author, key_id: UUID) -> ApiKey:
    """End a key for good; its requests are refused from now on.

    :raises Gone: no such key, or revoked before
    """
    key = end(session, author.merchant_id, key_id, author.now)
    author.record(session, "api_key_revoked", key_id=str(key.id), name=key.name)
    return key


def end(session: Session, merchant_id: UUID, key_id: UUID, now: datetime) -> ApiKey:
    """
    :raises Gone: the merchant has no such key, or it was ended before
    """
    mine = select(ApiKey).where(ApiKey.id == key_id, ApiKey.merchant_id == merchant_id, ApiKey.revoked_at.is_(None))
    key = session.scalar(mine.with_for_update())
    if key is None:
        raise Gone
    key.revoked_at = now
    session.flush()
    return key


def every(session: Session, merchant_id: UUID) -> list[KeyView]:
    """The merchant's keys, live ones first, of each the newest first."""
    rows = session.execute(
        select(ApiKey, User.email)
        .outerjoin(User, User.id == ApiKey.created_by)
        .where(ApiKey.merchant_id == merchant_id)
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.created_at.desc(), ApiKey.id)
    )
    return [KeyView(key, email) for key, email in rows]

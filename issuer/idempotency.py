"""The caller's key and the first answer to it, in the same transaction as the work itself.

Sources: IETF draft-ietf-httpapi-idempotency-key-header-07 (missing 400, other payload 422, in flight 409).
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from issuer.schema import IdempotencyKey

KEPT = timedelta(days=7)
LONGEST_KEY = 255


class KeyReused(Exception):
    """The same key came with another body: the caller must make a new key."""


class InFlight(Exception):
    """The first request with this key still runs: ask again in a second."""


@dataclass(frozen=True)
class Answer:
    """What goes back to the caller. ``replayed``: it was given before."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


@dataclass(frozen=True)
class Attempt:
    """Whose key it is: keys of other callers and other routes never meet."""

    merchant_id: UUID
    actor: str
    route: str
    key: str
    fingerprint: bytes


def fresh_key() -> str:
    """A key for a caller that cannot make its own, like a form without script."""
    return secrets.token_urlsafe(16)


def fingerprint(body: object) -> bytes:
    """SHA-256 over canonical JSON, so that spacing and order of keys do not make another body."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).digest()


def once(session: Session, attempt: Attempt, work: Callable[[], Answer], now: datetime) -> Answer:
    """Do the work unless its answer is known. What raises is not kept: it takes its transaction with it.

    Unfinished rows are never visible: a second caller waits on the first one's row, at most ``lock_timeout``.

    :raises KeyReused: same key, other body
    :raises InFlight: the first request has not committed yet
    """
    if not _first(session, attempt, now):
        return _known(session, attempt)
    answer = work()
    row = session.get_one(IdempotencyKey, _identity(attempt))
    row.status, row.body = answer.status, answer.body
    session.flush()
    return answer


def forget_old(session: Session, now: datetime) -> None:
    """Drop the merchant's keys that nobody will send again."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT))


def _identity(attempt: Attempt) -> tuple[UUID, str, str, str]:
    return attempt.merchant_id, attempt.actor, attempt.route, attempt.key


def _first(session: Session, attempt: Attempt, now: datetime) -> bool:
    claim = insert(IdempotencyKey).values(
        merchant_id=attempt.merchant_id,
        actor=attempt.actor,
        route=attempt.route,
        key=attempt.key,
        fingerprint=attempt.fingerprint,
        created_at=now,
    )
    try:
        made = session.execute(claim.on_conflict_do_nothing().returning(IdempotencyKey.key)).first()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":  # lock_not_available
            raise InFlight(attempt.key) from error
        raise
    return made is not None


def _known(session: Session, attempt: Attempt) -> Answer:
    row = session.get_one(IdempotencyKey, _identity(attempt))
    if row.fingerprint != attempt.fingerprint:
        raise KeyReused(attempt.key)
    if row.status is None or row.body is None:
        raise InFlight(attempt.key)
    return Answer(row.status, row.body, replayed=True)

"""The caller's key and the first answer to it, in the same transaction as the work itself.

Sources: IETF draft-ietf-httpapi-idempotency-key-header-07 (missing 400, other payload 422, in flight 409); its syntax
is that of a string in RFC 8941, 3.3.3.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from issuer.database import LOCK_TIMEOUT, send, send_ahead
from issuer.schema import IdempotencyKey

KEPT = timedelta(days=7)
# In characters of the header, quotes included.
LONGEST_KEY = 255
# How long a second request waits for the first one with its key.
PATIENCE = "2s"
_QUOTED = r'"((?:[ !#-\[\]-~]|\\["\\])*)"'
# A quoted string and its parameters, which mean nothing here (RFC 8941, 3.1.2).
_STRING = re.compile(rf'{_QUOTED}(?:; *[a-z*][a-z0-9_.*-]*(?:=(?:{_QUOTED}|[^";, ]+))?)*')

CLAIM = """
    WITH patience AS (SELECT set_config('lock_timeout', %(patience)s, true))
    INSERT INTO idempotency_key (merchant_id, actor, route, key, fingerprint, created_at)
    SELECT %(merchant_id)s, %(actor)s, %(route)s, %(key)s, %(fingerprint)s, %(now)s FROM patience
    ON CONFLICT DO NOTHING
    RETURNING set_config('lock_timeout', %(usual)s, true)
"""
KEEP = """
    UPDATE idempotency_key SET status = %(status)s, body = %(body)s
    WHERE merchant_id = %(merchant_id)s AND actor = %(actor)s AND route = %(route)s AND key = %(key)s
"""


class KeyMalformed(Exception):
    """Not a key: the message says what one is."""


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


def read_key(header: str) -> str | None:
    """The key in a header, quoted or bare: ``"x"`` and ``x`` are the same key. ``None``: there is none.

    :raises KeyMalformed: too long, empty in quotes, not closed, two at once, or not printable
    """
    text = header.strip()
    if not text:
        return None
    if len(text) > LONGEST_KEY or not text.isprintable():
        raise KeyMalformed(f"must be 1 to {LONGEST_KEY} printable characters")
    if not text.startswith('"'):
        if "," in text:
            raise KeyMalformed("must be one key; a comma is allowed in quotes only")
        return text
    quoted = _STRING.fullmatch(text)
    if quoted is None:
        raise KeyMalformed('must be one key, bare or as "…" in ASCII with \\" and \\\\ as its only escapes')
    if not quoted[1]:
        raise KeyMalformed("must not be empty")
    return re.sub(r"\\(.)", r"\1", quoted[1])


def fingerprint(body: object) -> bytes:
    """SHA-256 over canonical JSON, so that spacing and order of keys do not make another body."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).digest()


def once(session: Session, attempt: Attempt, work: Callable[[], Answer], now: datetime) -> Answer:
    """Do the work unless its answer is known. What raises is not kept: it takes its transaction with it.

    Unfinished rows are never visible: a second caller waits on the first one's row, at most ``lock_timeout``.

    :raises KeyReused: same key, other body
    :raises InFlight: the first request has not committed yet
    """
    if not _claimed(session, attempt, now):
        known = _known(session, attempt, now)
        if known is not None:
            return known
        session.execute(delete(IdempotencyKey).where(*_itself(attempt)))
        _claimed(session, attempt, now)
    answer = work()
    send_ahead(session, KEEP, {**vars(attempt), "status": answer.status, "body": json.dumps(answer.body)})
    return answer


def forget_old(session: Session, now: datetime) -> None:
    """Drop the merchant's keys that nobody will send again."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT))


def _identity(attempt: Attempt) -> tuple[UUID, str, str, str]:
    return attempt.merchant_id, attempt.actor, attempt.route, attempt.key


def _itself(attempt: Attempt) -> tuple[ColumnElement[bool], ...]:
    row = IdempotencyKey
    own = (row.merchant_id, row.actor, row.route, row.key)
    return tuple(column == value for column, value in zip(own, _identity(attempt), strict=True))


def _claimed(session: Session, attempt: Attempt, now: datetime) -> bool:
    """Whether this request is the first one with its key. Only here it waits less long than for other locks.

    :raises InFlight: the first one still runs
    """
    values = {**vars(attempt), "now": now, "patience": PATIENCE, "usual": LOCK_TIMEOUT}
    try:
        return bool(send(session, CLAIM, values))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":  # lock_not_available
            raise InFlight(attempt.key) from error
        raise


def _known(session: Session, attempt: Attempt, now: datetime) -> Answer | None:
    """The first answer; ``None`` when it is so old that it does not count any more."""
    row = session.get_one(IdempotencyKey, _identity(attempt))
    if row.created_at < now - KEPT:
        return None
    if row.fingerprint != attempt.fingerprint:
        raise KeyReused(attempt.key)
    if row.status is None or row.body is None:
        raise InFlight(attempt.key)
    return Answer(row.status, row.body, replayed=True)

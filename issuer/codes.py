"""The codes that cards bear: drawn once, found by what a till scans or types."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.keys import Keys
from issuer.schema import CardCode
from signing.codes import looks_short, new_code, new_short_code, read_code, read_short_code


def draw_code(session: Session, keys: Keys, merchant_id: UUID, now: datetime) -> CardCode:
    """A code that nobody bears yet; the caller says what it names and adds it."""
    return CardCode(
        code=new_code(keys.codes, secrets.token_bytes(16)),
        short_code=_free_short_code(session, merchant_id),
        merchant_id=merchant_id,
        created_at=now,
    )


def code_row(
    session: Session, merchant_id: UUID, text: str, code_key: bytes, *, revoked: bool = False
) -> CardCode | None:
    """The merchant's code that a scanned or typed text is, as long as it was not revoked.

    :param revoked: look among those that were revoked instead
    :raises signing.codes.NotOurCode: not a code of this installation
    :raises signing.codes.MistypedCode: a short code with a letter wrong
    """
    found = select(CardCode).where(
        CardCode.merchant_id == merchant_id,
        CardCode.revoked_at.is_not(None) if revoked else CardCode.revoked_at.is_(None),
    )
    if looks_short(text):
        found = found.where(CardCode.short_code == read_short_code(text))
    else:
        found = found.where(CardCode.code == read_code(code_key, text))
    return session.scalar(found)


def find_code(session: Session, merchant_id: UUID, text: str, code_key: bytes) -> UUID | None:
    """The merchant's card that a text names; none for a paper card that was never stamped. Raises as `code_row`."""
    row = code_row(session, merchant_id, text, code_key)
    return row.card_id if row else None


def _free_short_code(session: Session, merchant_id: UUID) -> str:
    """Short codes are drawn until one is free; with a million cards one draw in a thousand is taken."""
    while True:
        short_code = new_short_code(secrets.token_bytes(4))
        taken = select(CardCode.code).where(CardCode.merchant_id == merchant_id, CardCode.short_code == short_code)
        if session.scalar(taken) is None:
            return short_code

"""What has to be looked after on a card, and when: a directory of ids and times.

A row is planned and dropped by whoever holds the card's lock, so there is nothing else to lock here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.database import set_merchant
from issuer.schema import Card, Due

EXPIRY, TIER, GIFT_END, VOUCHER_END = "expiry", "tier", "gift_end", "voucher_end"
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Duty:
    """One thing to look after on one card."""

    card_id: UUID
    merchant_id: UUID
    what: str
    key: str


def plan(
    session: Session,
    card_id: UUID,
    merchant_id: UUID,
    what: str,
    key: str,
    at: datetime | ColumnElement[datetime],
    *,
    earlier_only: bool = False,
) -> None:
    """Look after this then; what was planned before under the same key is moved.

    :param what: expiry, tier, gift_end or voucher_end
    :param earlier_only: what is planned for an earlier moment stays there
    """
    row = {"card_id": card_id, "what": what, "key": key, "merchant_id": merchant_id, "due_at": at}
    wish = insert(Due).values(row)
    moved = func.least(Due.due_at, wish.excluded.due_at) if earlier_only else wish.excluded.due_at
    session.execute(wish.on_conflict_do_update(index_elements=[Due.card_id, Due.what, Due.key], set_={"due_at": moved}))


def drop(session: Session, card_id: UUID, what: str, key: str) -> None:
    """Nothing to look after any more."""
    session.execute(delete(Due).where(Due.card_id == card_id, Due.what == what, Due.key == key))


def any_waits(session: Session, now: datetime) -> bool:
    """Whether something is due: one look at an index."""
    return session.scalar(select(Due.card_id).where(Due.due_at <= now).limit(1)) is not None


def waiting(session: Session, now: datetime, limit: int) -> Sequence[Duty]:
    """What is due, the longest first. Somebody else may be at it already: see `claim`."""
    query = select(Due.card_id, Due.merchant_id, Due.what, Due.key).where(Due.due_at <= now)
    return [Duty(*row) for row in session.execute(query.order_by(Due.due_at, Due.card_id).limit(limit))]


def claim(session: Session, duty: Duty, now: datetime) -> Card | None:
    """The card, locked and the transaction's merchant set, for a duty that is the caller's now.

    The duty's row goes with the transaction in which it is done, so it is done once, and not at all when that fails.
    A till that is at work with the card is not waited for, and does not wait. ``None``: nothing to do now.
    """
    set_merchant(session, duty.merchant_id)
    free = select(Card).where(Card.id == duty.card_id).with_for_update(skip_locked=True)
    card = session.scalar(free, execution_options={"populate_existing": True})
    if card is None and session.scalar(select(Card.id).where(Card.id == duty.card_id)) is not None:
        return None
    mine = delete(Due).where(*_named(duty), Due.due_at <= now).returning(Due.card_id)
    return card if session.scalar(mine) is not None else None


def put_off(session: Session, duty: Duty, now: datetime) -> int:
    """Try again later, and later each time; how often it has failed now. 0: it is not there any more."""
    attempts = session.scalar(select(Due.attempts).where(*_named(duty), Due.due_at <= now).with_for_update())
    if attempts is None:
        return 0
    again = update(Due).where(*_named(duty)).values(due_at=now + pause(attempts), attempts=attempts + 1)
    session.execute(again.execution_options(synchronize_session=False))
    return attempts + 1


def pause(attempts: int) -> timedelta:
    """How long to wait after something failed, with so many failures before."""
    longer: int = 2 ** min(attempts, 16)
    return min(LONGEST_RETRY, FIRST_RETRY * longer)


def _named(duty: Duty) -> tuple[ColumnElement[bool], ...]:
    return Due.card_id == duty.card_id, Due.what == duty.what, Due.key == duty.key

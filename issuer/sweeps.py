"""Cards that are to be looked at because an offer began, changed or ended: noted a page at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.database import send, set_merchant
from issuer.schema import Offer, Sweep

PAGE = 2000
LATE = timedelta(minutes=1)
"""So long after a sweep began a transaction may still commit a card that the sweep did not see."""

# In the order in which cards were made, so that one made meanwhile comes last. Rows are locked in the order of ids.
# With EXISTS the server may read all that the offer shows for each page.
NOTED = """
    WITH page AS (
        SELECT id, created_at FROM card
        WHERE merchant_id = %(merchant)s AND (%(after)s::uuid IS NULL OR (created_at, id) > (
            SELECT last.created_at, last.id FROM card AS last WHERE last.id = %(after)s
        ))
        ORDER BY created_at, id LIMIT %(most)s
    ), noted AS (
        INSERT INTO agenda (card_id, merchant_id, due_at)
        SELECT id, %(merchant)s, %(now)s FROM page
        WHERE %(all)s OR (
            SELECT true FROM showing WHERE card_id = page.id AND state = 'shown' AND offer_id = %(offer)s LIMIT 1
        )
        ORDER BY id
        ON CONFLICT (card_id) DO UPDATE SET due_at = least(agenda.due_at, excluded.due_at)
    )
    SELECT id FROM page ORDER BY created_at, id
"""
BEFORE = """
    SELECT id FROM card WHERE merchant_id = %(merchant)s AND created_at < %(then)s
    ORDER BY created_at DESC, id DESC LIMIT 1
"""


def begin(session: Session, offer: Offer, now: datetime) -> None:
    """Look at the cards of the offer's merchant from the first on: all while it runs, else those that show it."""
    _begin(session, offer.id, offer.merchant_id, now)


def begin_for_all(session: Session, now: datetime) -> None:
    """Look at every card of the transaction's merchant, if any offer runs.

    For no offer of them all, so that nothing is lost when one of them is paused before all cards were noted.
    """
    merchant_id = session.scalar(select(Offer.merchant_id).where(Offer.state == "live").limit(1))
    if merchant_id is not None:
        _begin(session, merchant_id, merchant_id, now)


def any_waits(session: Session, now: datetime) -> bool:
    return session.scalar(select(Sweep.offer_id).where(Sweep.due_at <= now).limit(1)) is not None


def advance(session: Session, now: datetime) -> bool:
    """Note the next cards of one sweep that is due; whether there was one."""
    free = select(Sweep).where(Sweep.due_at <= now).order_by(Sweep.due_at).limit(1)
    sweep = session.scalar(free.with_for_update(skip_locked=True))
    if sweep is None:
        return False
    set_merchant(session, sweep.merchant_id)
    page = _note(session, sweep, now)
    if page:
        sweep.after_card = page[-1]
    if len(page) < PAGE:
        _end(session, sweep, now)
    session.flush()
    return True


def _begin(session: Session, whose: UUID, merchant_id: UUID, now: datetime) -> None:
    values = {"after_card": None, "began_at": now, "due_at": now}
    fresh = insert(Sweep).values(offer_id=whose, merchant_id=merchant_id, **values)
    session.execute(fresh.on_conflict_do_update(index_elements=["offer_id"], set_=values))


def _note(session: Session, sweep: Sweep, now: datetime) -> Sequence[UUID]:
    values = {
        "merchant": sweep.merchant_id,
        "offer": sweep.offer_id,
        "after": sweep.after_card,
        "all": _is_for_all(session, sweep),
        "most": PAGE,
        "now": now,
    }
    return [card_id for (card_id,) in send(session, NOTED, values)]


def _is_for_all(session: Session, sweep: Sweep) -> bool:
    """Whether its offer runs, or any, if it is for none."""
    running = select(Offer.id).where(Offer.state == "live").limit(1)
    if sweep.offer_id != sweep.merchant_id:
        running = running.where(Offer.id == sweep.offer_id)
    return session.scalar(running) is not None


def _end(session: Session, sweep: Sweep, now: datetime) -> None:
    """All were seen; once more, later, the newest, of which one may have been on its way."""
    once_more = sweep.began_at + LATE
    if now >= once_more:
        sweep.due_at = None
        return
    rows = send(session, BEFORE, {"merchant": sweep.merchant_id, "then": sweep.began_at - LATE})
    sweep.after_card, sweep.due_at = (rows[0][0] if rows else None), once_more

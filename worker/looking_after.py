"""What is due on cards, done one card at a time. May run twice, in parallel, and be killed anywhere."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import due, expiring, occasions, standing, vouchers
from issuer.database import transaction
from issuer.due import Duty
from issuer.ledger import Actor
from issuer.schema import Card, Pass, Registration
from issuer.visits import Visit
from worker.office import Office
from worker.slots import claim_slot, forget_slots_before

log = logging.getLogger(__name__)

SLOT = "look_after"
AT_ONCE = 500
LONGEST_TURN_SECONDS = 20.0
KEPT = timedelta(minutes=1)

Work = Callable[[Session, Card, str, datetime], object]


def _expiry(session: Session, card: Card, _key: str, now: datetime) -> object:
    return expiring.look_after(session, card, now)


def _tier(session: Session, card: Card, _key: str, now: datetime) -> object:
    return standing.look_after_tier(session, card, now)


def _voucher_end(session: Session, card: Card, key: str, now: datetime) -> object:
    return vouchers.end(session, card, key, Visit(Actor("system"), now))


WORK: Mapping[str, Work] = {
    due.EXPIRY: _expiry,
    due.TIER: _tier,
    due.VOUCHER_END: _voucher_end,
    due.GIFT_END: occasions.end_gift,
}


def look_after(office: Office) -> int:
    """Do what is due, up to the cards on phones that a second of a campaign allows; how many duties were done.

    However many workers are told, one of them works in each second. What a till is at work with, what is over the pace
    and what failed is left where it is, for the next hint.
    """
    now, began = office.clock.now(), monotonic()
    with transaction(office.engine) as session:
        if not claim_slot(session, SLOT, 1, now):
            return 0
        forget_slots_before(session, SLOT, 1, now - KEPT)
        duties = due.waiting(session, now, AT_ONCE)
    done, carried = 0, 0
    for duty in duties:
        if carried >= max(1, office.settings.campaign_rate) or monotonic() - began > LONGEST_TURN_SECONDS:
            break
        on_phones = _do(office, duty, now)
        done += on_phones is not None
        carried += bool(on_phones)
    return done


def _do(office: Office, duty: Duty, now: datetime) -> bool | None:
    """Whether phones are to fetch the card anew; ``None`` when nothing was done."""
    try:
        with transaction(office.engine) as session:
            card = due.claim(session, duty, now)
            if card is None:
                return None
            before = card.version
            WORK[duty.what](session, card, duty.key, now)
            return card.version > before and _is_on_phones(session, card.id)
    except Exception as error:
        # Whatever it is: one card must not keep the others waiting. A database that is away fails here, too.
        _put_off(office, duty, error, now)
        return None


def _put_off(office: Office, duty: Duty, error: Exception, now: datetime) -> None:
    with transaction(office.engine) as session:
        attempts = due.put_off(session, duty, now)
    if attempts == 1:
        sentence = "“%s” of card %s cannot be looked after; it is tried again later and later: %s"
        log.error(sentence, duty.what, duty.card_id, error, exc_info=error)


def _is_on_phones(session: Session, card_id: UUID) -> bool:
    held = select(Pass.id).join(Registration, Registration.pass_id == Pass.id)
    return session.scalar(held.where(Pass.card_id == card_id, Pass.revoked_at.is_(None)).limit(1)) is not None

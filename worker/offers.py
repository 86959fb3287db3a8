"""Cards looked at for offers when they are due, at a campaign's pace. May run twice, in parallel, and be killed."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from issuer import agenda, offer_birthdays, sweeps
from issuer.agenda import Looked
from issuer.database import transaction
from issuer.merchants import all_merchants
from worker.office import Office
from worker.slots import claim_slot, forget_slots_before

log = logging.getLogger(__name__)

SLOT, BIRTHDAYS = "show_offers", "offer_birthdays"
HOUR = 3600
KEPT = timedelta(minutes=1)
FEWEST, MOST = 50, 200
"""Cards in one transaction, for whose length a till that needs one of them waits: more where none of them changes."""
PAGES = 10
"""Of sweeps, in one turn."""
LONGEST_TURN_SECONDS = 20.0


def show_offers(office: Office) -> int:
    """Look at what is due, up to the cards on phones that a second of a campaign may change; how many changed.

    However many workers are told, one of them works in each second. What a till is at work with, what is over the pace
    and what failed is left where it is, for the next hint. Each merchant gets its share of the pace.
    """
    now, began = office.clock.now(), monotonic()
    with transaction(office.engine) as session:
        if not claim_slot(session, SLOT, 1, now):
            return 0
        forget_slots_before(session, SLOT, 1, now - KEPT)
    _advance_sweeps(office)
    return _share_out(office, began)


def _share_out(office: Office, began: float) -> int:
    now = office.clock.now()
    with transaction(office.engine) as session:
        merchants = _in_turns(agenda.merchants_waiting(session, now), now)
    changed, left = 0, max(1, office.settings.campaign_rate)
    while merchants and left > 0:
        # Who did not use up their share has nothing left to do.
        hungry = list[UUID]()
        for number, merchant_id in enumerate(merchants):
            if left <= 0 or monotonic() - began > LONGEST_TURN_SECONDS:
                return changed
            share = max(1, left // (len(merchants) - number))
            looked = _show(office, merchant_id, share, began)
            changed, left = changed + looked.changed, left - looked.on_phones
            hungry += [merchant_id] * (looked.on_phones >= share)
        merchants = hungry
    return changed


def note_birthdays(office: Office) -> int:
    """Once an hour and merchant: cards to look at because of a birthday that was told when it had begun; how many."""
    with transaction(office.engine) as session:
        merchants = all_merchants(session)
    return sum(_note_birthdays(office, merchant_id) for merchant_id in merchants)


def _note_birthdays(office: Office, merchant_id: UUID) -> int:
    now = office.clock.now()
    try:
        with transaction(office.engine, merchant_id) as session:
            if not claim_slot(session, f"{BIRTHDAYS} {merchant_id}", HOUR, now):
                return 0
            return offer_birthdays.note_birthdays(session, office.keys, merchant_id, now)
    except Exception:
        log.exception("birthdays for offers of merchant %s cannot be looked up; they are tried again", merchant_id)
        return 0


def _advance_sweeps(office: Office) -> None:
    try:
        for _ in range(PAGES):
            with transaction(office.engine) as session:
                if not sweeps.advance(session, office.clock.now()):
                    return
    except Exception:
        log.exception("cards cannot be noted for an offer that began, changed or ended; it is tried again")


def _in_turns(merchants: Sequence[UUID], now: datetime) -> list[UUID]:
    """Another one first in each second, so that many with much to do do not keep the others waiting."""
    first = int(now.timestamp()) % len(merchants) if merchants else 0
    return [*merchants[first:], *merchants[:first]]


def _show(office: Office, merchant_id: UUID, pace: int, began: float) -> Looked:
    """Batches of one merchant's cards until nothing is due, the pace is used up, or the turn is over."""
    total, size = Looked(), FEWEST
    while total.on_phones < pace and monotonic() - began <= LONGEST_TURN_SECONDS:
        looked = _batch(office, merchant_id, size, pace - total.on_phones)
        total += looked
        if not looked.cards:
            break
        size = FEWEST if looked.changed else min(MOST, 2 * size)
    return total


def _batch(office: Office, merchant_id: UUID, most: int, pace: int) -> Looked:
    now = office.clock.now()
    try:
        with transaction(office.engine) as session:
            return agenda.look(session, office.keys, merchant_id, now, most, pace=pace)
    except Exception as error:
        # Whatever it is: one card must not keep the others waiting. A database that is away fails here, too.
        log.warning("offers of merchant %s: a batch failed, its cards are looked at one by one: %s", merchant_id, error)
        return _one_by_one(office, merchant_id, most, pace, now)


def _one_by_one(office: Office, merchant_id: UUID, most: int, pace: int, now: datetime) -> Looked:
    with transaction(office.engine, merchant_id) as session:
        cards = agenda.waiting(session, merchant_id, now, most)
    total = Looked()
    for card_id in cards:
        try:
            with transaction(office.engine) as session:
                left = pace - total.on_phones
                total += agenda.look(session, office.keys, merchant_id, now, 1, pace=left, only=[card_id])
        except Exception as error:
            _put_off(office, card_id, error, now)
            total += Looked(cards=1)
    return total


def _put_off(office: Office, card_id: UUID, error: Exception, now: datetime) -> None:
    with transaction(office.engine) as session:
        attempts = agenda.put_off(session, card_id, now)
    if attempts == 1:
        sentence = "card %s cannot be looked at for offers; it is tried again later and later: %s"
        log.error(sentence, card_id, error, exc_info=error)

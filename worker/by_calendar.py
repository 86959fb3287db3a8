"""What comes round by the calendar: birthdays, each hour; what shops gave together, each day; ends of certificates."""

import logging
from collections.abc import Iterable
from threading import Event
from time import monotonic
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import certificate_ends, donations, occasions
from issuer.certificate_ends import Ending
from issuer.database import transaction
from issuer.merchants import all_merchants
from issuer.rules.movement import DONATED
from issuer.schema import Account
from worker.office import Office
from worker.slots import claim_slot, release_slot

log = logging.getLogger(__name__)

HOUR, DAY = 3600, 86400
LONGEST_TURN_SECONDS = 60.0
PAUSE_SECONDS = 1.0
URGENT_DAYS = 7


def celebrate(office: Office, pause: Event) -> int:
    """Give what birthdays and anniversaries bring, so many cards a second as a campaign may; how many gifts.

    A merchant is done once an hour. Who is not reached in this turn is in the next, minutes later.

    :param pause: waited on between two seconds' worth; set, it ends the turn
    """
    given, free, began = 0, rate_of(office), monotonic()
    for merchant_id in _merchants(office):
        while True:
            if pause.is_set() or monotonic() - began > LONGEST_TURN_SECONDS:
                return given
            found = _celebrate(office, merchant_id, free)
            given, free = given + found, free - found
            if free > 0:
                break
            pause.wait(PAUSE_SECONDS)
            free = rate_of(office)
    return given


def rate_of(office: Office) -> int:
    return max(1, office.settings.campaign_rate)


def _celebrate(office: Office, merchant_id: UUID, limit: int) -> int:
    """Up to so many gifts of one merchant; the hour's slot stays free when there may be more."""
    now, slot = office.clock.now(), f"celebrate {merchant_id}"
    try:
        with transaction(office.engine, merchant_id) as session:
            if not claim_slot(session, slot, HOUR, now):
                return 0
            given = occasions.celebrate(session, office.keys, merchant_id, now, limit)
            if given >= limit:
                release_slot(session, slot, HOUR, now)
            return given
    except Exception:
        log.exception("the birthdays of merchant %s cannot be celebrated; they are tried again", merchant_id)
        return 0


def refresh_donations(office: Office) -> int:
    """Let cards show what their shop's cards gave together, once a day; how many programs show another total."""
    return sum(_refresh(office, merchant_id) for merchant_id in _merchants(office))


def _refresh(office: Office, merchant_id: UUID) -> int:
    now = office.clock.now()
    try:
        with transaction(office.engine, merchant_id) as session:
            return sum(
                donations.refresh(session, program_id, now)
                for program_id in _giving(session)
                if claim_slot(session, f"donated {program_id}", DAY, now)
            )
    except Exception:
        log.exception("the donations of merchant %s cannot be counted; they are tried again", merchant_id)
        return 0


def _giving(session: Session) -> Iterable[UUID]:
    """Programs of the transaction's merchant whose cards give, or gave."""
    given = select(Account.program_id).where(Account.unit == DONATED, Account.card_id.is_(None))
    return session.scalars(given.distinct().order_by(Account.program_id)).all()


def watch_certificates(office: Office) -> int:
    """Say which certificates end soon or have ended, once at each of `certificate_ends.WARNED_AT`; how many."""
    with transaction(office.engine) as session:
        # Said before it is written down that it was: a crash in between says it twice, never not at all.
        endings = certificate_ends.warn(session, office.clock.now())
        for ending in endings:
            _say(ending)
    return len(endings)


def _say(ending: Ending) -> None:
    what = f"The certificate for passes of type {ending.pass_type}"
    day, remedy = f"{ending.not_after:%Y-%m-%d}", "import a new one of the same type: treuepass certificate request"
    if ending.over:
        log.error("%s ended on %s: no card can be added or updated; %s", what, day, remedy)
    else:
        level = logging.WARNING if ending.days >= URGENT_DAYS else logging.ERROR
        log.log(level, "%s ends on %s, %d days are left; %s", what, day, ending.days, remedy)


def _merchants(office: Office) -> list[UUID]:
    with transaction(office.engine) as session:
        return all_merchants(session)

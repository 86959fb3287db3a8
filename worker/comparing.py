"""The cards of a shop compared with each other, once a day, where an offer that runs asks for that."""

import logging
from uuid import UUID

from issuer import fifths
from issuer.database import transaction
from issuer.merchants import all_merchants
from worker.office import Office
from worker.slots import claim_slot

log = logging.getLogger(__name__)

MINUTES = 300


def compare_cards(office: Office) -> int:
    """Every few minutes, for offers that just went live; at how many shops cards were compared."""
    with transaction(office.engine) as session:
        merchants = all_merchants(session)
    return sum(_compare(office, merchant_id) for merchant_id in merchants)


def _compare(office: Office, merchant_id: UUID) -> bool:
    now = office.clock.now()
    try:
        with transaction(office.engine, merchant_id) as session:
            return claim_slot(session, f"compare_cards {merchant_id}", MINUTES, now) and fifths.refresh(
                session, merchant_id, now
            )
    except Exception:
        log.exception("the cards of merchant %s cannot be compared; it is tried again", merchant_id)
        return False

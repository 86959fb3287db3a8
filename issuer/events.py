"""History beside the ledger: what happened to a card that moved no amount."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from issuer.schema import Event

VISITED, HAPPENED, TIER_REACHED = "visited", "happened", "tier_reached"
"""What offers look at: a check-in (``location_id``), what another system told (``name``), a higher tier (``tier``)."""


def record(
    session: Session, merchant_id: UUID, kind: str, now: datetime, card_id: UUID | None = None, **data: Any
) -> None:
    """Append one event.

    ``kind``: a short stable word. About a card: joined, downloaded, refused, pushed, fetched, wallet_added,
    wallet_removed. About the shop, with the user's id: design_published, paper_printed, till_revoked and their like.
    """
    session.add(Event(merchant_id=merchant_id, card_id=card_id, kind=kind, data=data, at=now))

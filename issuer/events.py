"""History beside the ledger: what happened to a card that moved no amount."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from issuer.schema import Event


def record(
    session: Session, merchant_id: UUID, kind: str, now: datetime, card_id: UUID | None = None, **data: Any
) -> None:
    """Append one event. ``kind``: joined, refused, held, pushed, fetched, wallet_added, wallet_removed."""
    session.add(Event(merchant_id=merchant_id, card_id=card_id, kind=kind, data=data, at=now))

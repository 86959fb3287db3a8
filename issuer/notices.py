"""Lines that a card bears for a while: what ends soon. Whoever writes one publishes the card."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.schema import Card, Notice


def write(session: Session, card: Card, key: str, kind: str, values: Mapping[str, Any], now: datetime) -> None:
    """Put a line on the card, in place of the one with the same key."""
    row = {
        "card_id": card.id,
        "key": key,
        "merchant_id": card.merchant_id,
        "kind": kind,
        "values": dict(values),
        "created_at": now,
    }
    wish = insert(Notice).values(row)
    session.execute(
        wish.on_conflict_do_update(
            index_elements=[Notice.card_id, Notice.key],
            set_={"values": wish.excluded["values"], "created_at": wish.excluded.created_at},
        )
    )

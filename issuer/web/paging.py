"""Places in a list, as opaque tokens: the creation and the id of the last item that was shown."""

import base64
import binascii
from datetime import datetime
from uuid import UUID


def token_of(created_at: datetime, item_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{created_at.isoformat()} {item_id}".encode()).decode().rstrip("=")


def after_of(token: str | None) -> tuple[datetime, UUID] | None:
    """The place a token names; ``None`` for none, and for one that is not ours: the list then starts anew."""
    if not token:
        return None
    try:
        created, _, item_id = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition(" ")
        instant = datetime.fromisoformat(created)
        return (instant, UUID(item_id)) if instant.tzinfo else None
    except (ValueError, binascii.Error):
        return None

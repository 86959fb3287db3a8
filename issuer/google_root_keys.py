"""When Google's root keys for callbacks are to be fetched anew, and the document they came in."""

from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.google_callbacks import root_keys
from issuer.schema import GoogleRootKeys
from signing.google_keys import read_root_keys

KEPT, PAUSE = timedelta(days=1), timedelta(hours=1)
RENEWED_BEFORE = timedelta(days=2)


def are_due(session: Session, now: datetime) -> bool:
    """Each day; near the end of one of them each hour, until Google serves its successor."""
    row = session.get(GoogleRootKeys, 1)
    # Those that a clock fetched that was ahead are not kept until the time that it had.
    if row is None or abs(now - row.fetched_at) >= KEPT:
        return True
    ends = min((key.expiration for key in root_keys(session)), default=now)
    return ends - now < RENEWED_BEFORE and now - row.fetched_at >= PAUSE


def keep(session: Session, document: bytes, now: datetime) -> None:
    """Believe these from now on.

    :raises signing.google_keys.RootKeysRefused: there are none in it to trust; those there are stay
    """
    read_root_keys(document)
    row = insert(GoogleRootKeys).values(id=1, document=document.decode(), fetched_at=now)
    newer = {"document": row.excluded.document, "fetched_at": row.excluded.fetched_at}
    session.execute(row.on_conflict_do_update(index_elements=[GoogleRootKeys.id], set_=newer))

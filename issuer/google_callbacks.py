"""What Google tells of a pass: that somebody saved it, or removed it from a wallet. Believed once, when verified."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import events
from issuer.database import set_merchant
from issuer.publishing import GOOGLE
from issuer.schema import GoogleNonce, GoogleObject, GoogleRootKeys, Pass
from signing.google_callbacks import Callback, Event
from signing.google_keys import RootKey, RootKeysRefused, read_root_keys

log = logging.getLogger(__name__)

KEPT_LONGER = timedelta(hours=1)
"""Than a callback is believed: the machine that forgets and the one that believes may not agree on the time."""
EVENTS = {Event.SAVE: "wallet_added", Event.DELETE: "wallet_removed"}


def root_keys(session: Session) -> Sequence[RootKey]:
    """Those that the worker fetched last, expired ones among them; none when there are none to trust."""
    row = session.get(GoogleRootKeys, 1)
    try:
        return read_root_keys(row.document.encode()) if row is not None else ()
    except RootKeysRefused:
        return ()


def take(session: Session, callback: Callback, now: datetime) -> None:
    """Note what became of a pass, once however often it is told.

    A removal is of one wallet of perhaps several, so whether anybody has the pass still is Google's to say when it is
    asked. What we do not know of, as after a restored backup, is logged and no more: Google could do nothing about it.
    """
    if not _first_time(session, callback):
        return
    found = _found(session, callback.object_id.partition(".")[2])
    if found is None:
        log.warning("Google tells of %s, which we do not know", callback.object_id)
        return
    issue, row = found
    if callback.event is Event.SAVE:
        row.has_users, row.has_users_at = True, now
    set_merchant(session, issue.merchant_id)
    told = {"wallet": GOOGLE, "serial": issue.serial}
    events.record(session, issue.merchant_id, EVENTS[callback.event], now, issue.card_id, **told)
    session.flush()


def forget_old(session: Session, now: datetime) -> None:
    """Drop the nonces of callbacks that nobody would believe any more."""
    session.execute(delete(GoogleNonce).where(GoogleNonce.expires_at < now - KEPT_LONGER))


def _first_time(session: Session, callback: Callback) -> bool:
    """Two deliveries at once wait for each other here."""
    row = insert(GoogleNonce).values(nonce=callback.nonce, expires_at=callback.expires)
    made = session.execute(row.on_conflict_do_nothing().returning(GoogleNonce.nonce))
    return made.first() is not None


def _found(session: Session, serial: str) -> tuple[Pass, GoogleObject] | None:
    query = select(Pass, GoogleObject).join(GoogleObject, GoogleObject.pass_id == Pass.id).where(Pass.serial == serial)
    row = session.execute(query.with_for_update(of=GoogleObject)).first()
    return (row[0], row[1]) if row is not None else None

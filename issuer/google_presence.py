"""Whether anybody has a pass in Google Wallet, as Google says when it is asked: callbacks get lost and come twice."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import events
from issuer.database import set_merchant
from issuer.google_callbacks import EVENTS
from issuer.publishing import GOOGLE
from issuer.schema import Event, GoogleClass, GoogleObject, Pass
from signing.google_callbacks import Event as Told

ADDED, REMOVED = EVENTS[Told.SAVE], EVENTS[Told.DELETE]


def classes(session: Session) -> list[tuple[UUID, str]]:
    """Program and kind of every class that Google has."""
    query = select(GoogleClass.program_id, GoogleClass.kind).where(GoogleClass.sent_at.is_not(None))
    return [(row[0], row[1]) for row in session.execute(query.order_by(GoogleClass.program_id, GoogleClass.kind))]


def correct(session: Session, found: Mapping[str, bool], asked_at: datetime, now: datetime) -> int:
    """Take over what Google said of passes, by serial; of how many it was not known.

    What a callback told since ``asked_at`` is newer. The transaction is of any of their merchants from now on.
    """
    query = (
        select(Pass, GoogleObject)
        .join(GoogleObject, GoogleObject.pass_id == Pass.id)
        .where(Pass.serial.in_(found))
        .order_by(Pass.id)
        .with_for_update(of=GoogleObject)
    )
    wrong = [
        (issue, row)
        for issue, row in session.execute(query)
        if row.has_users != found[issue.serial] and (row.has_users_at is None or row.has_users_at <= asked_at)
    ]
    for issue, row in wrong:
        row.has_users, row.has_users_at = found[issue.serial], now
        set_merchant(session, issue.merchant_id)
        kind = ADDED if row.has_users else REMOVED
        if _last_told(session, issue) != kind:
            events.record(session, issue.merchant_id, kind, now, issue.card_id, wallet=GOOGLE, serial=issue.serial)
        session.flush()
    return len(wrong)


def _last_told(session: Session, issue: Pass) -> str | None:
    """A removal that a callback told stands in the history before Google is asked whether it was the last wallet."""
    told = select(Event.kind).where(
        Event.card_id == issue.card_id,
        Event.kind.in_((ADDED, REMOVED)),
        Event.data["wallet"].astext == GOOGLE,
        Event.data["serial"].astext == issue.serial,
    )
    return session.scalar(told.order_by(Event.number.desc()).limit(1))

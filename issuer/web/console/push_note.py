"""What owners are told on the console's first page while Apple takes no updates of their cards."""

from datetime import timedelta

from flask import g
from sqlalchemy.orm import Session

from issuer import push_stops
from issuer.refusals import N_
from issuer.schema import Merchant
from issuer.web.console.certificate_note import Note
from issuer.web.context import now
from issuer.web.wording import said, when

# Apple is away for a moment now and then; nobody need know.
WORTH_SAYING = timedelta(minutes=5)
REFUSED = N_(
    "Apple Wallet: since %(since)s Apple refuses the updates of your cards (%(answer)s). Cards on iPhones stay as they "
    "are. Nothing is lost: what has changed is sent as soon as Apple takes it again. Ask whoever runs this service for "
    "you to look at the certificate."
)
AWAY = N_(
    "Apple Wallet: since %(since)s Apple cannot be reached (%(answer)s). Cards on iPhones stay as they are. Nothing is "
    "lost: what has changed is sent by itself as soon as Apple answers again."
)


def push_note(session: Session, merchant: Merchant) -> Note | None:
    """For owners only: nobody else can do anything about it."""
    stopped = push_stops.stop_of_merchant(session, merchant.id) if g.get("role") == "owner" else None
    if stopped is None or not (stopped.refused or now() - stopped.since >= WORTH_SAYING):
        return None
    values = {"since": when(stopped.since, merchant.zone), "answer": stopped.answer}
    return Note(said(REFUSED if stopped.refused else AWAY) % values, stopped.refused)

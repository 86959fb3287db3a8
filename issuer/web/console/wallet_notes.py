"""What owners are told on the console's first page while their cards do not work in Apple Wallet, or soon will not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import g
from sqlalchemy.orm import Session

from issuer import certificate_ends, push_stops
from issuer.refusals import N_
from issuer.schema import Merchant, PushStop
from issuer.web.context import now
from issuer.web.wording import said, when

# Apple is away for a moment now and then; nobody need know.
WORTH_SAYING = timedelta(minutes=5)
REFUSED = N_(
    "Apple Wallet: since %(since)s Apple refuses the updates of your cards (%(answer)s). Cards on iPhones stay as they "
    "are. Nothing is lost: what has changed is sent as soon as Apple takes it again. Ask whoever runs this service for "
    "you to look at the certificate."
)
INVALID = N_(
    "Apple Wallet: since %(since)s Apple has said that the certificate that signs your cards is invalid (%(answer)s). "
    "No card can be added to an iPhone or updated there. Ask whoever runs this service for you to put another one in "
    "place; what has changed is sent then."
)
AWAY = N_(
    "Apple Wallet: since %(since)s Apple cannot be reached (%(answer)s). Cards on iPhones stay as they are. Nothing is "
    "lost: what has changed is sent by itself as soon as Apple answers again."
)
URGENT_DAYS = 7
SOON = N_(
    "Apple Wallet: the certificate that signs your cards ends on %(day)s. After that no card can be added to an iPhone "
    "or updated there. Ask whoever runs this service for you to renew it."
)
OVER = N_(
    "Apple Wallet: the certificate that signs your cards ended on %(day)s. No card can be added to an iPhone or "
    "updated there. Ask whoever runs this service for you to renew it."
)


@dataclass(frozen=True)
class Note:
    """``id``: of its place on the page."""

    id: str
    sentence: str
    urgent: bool


def wallet_notes(session: Session, merchant: Merchant) -> list[Note]:
    """For owners only: nobody else can do anything about it."""
    return [*_stopped(session, merchant), *_ending(session, merchant)] if g.get("role") == "owner" else []


def _stopped(session: Session, merchant: Merchant) -> Iterator[Note]:
    stopped = push_stops.stop_of_merchant(session, merchant.id)
    if stopped is not None and (stopped.refused or now() - stopped.since >= WORTH_SAYING):
        values = {"since": when(stopped.since, merchant.zone), "answer": stopped.answer}
        yield Note("pushes-stopped", said(_why(stopped)) % values, stopped.refused)


def _why(stopped: PushStop) -> str:
    if push_stops.is_invalid(stopped):
        return INVALID
    return REFUSED if stopped.refused else AWAY


def _ending(session: Session, merchant: Merchant) -> Iterator[Note]:
    ending = certificate_ends.ending_for(session, merchant.id, now())
    if ending is not None:
        day = when(ending.not_after, merchant.zone)
        yield Note("certificate-ends", said(OVER if ending.over else SOON) % {"day": day}, ending.days < URGENT_DAYS)

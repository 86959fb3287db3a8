"""What owners are told on the console's first page while their cards do not work in a wallet, or soon will not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import g
from sqlalchemy.orm import Session

from issuer import certificate_ends, push_stops
from issuer.google_classes import refused_class
from issuer.google_history import stop_of_merchant
from issuer.refusals import N_
from issuer.schema import Merchant, PushStop
from issuer.web.context import house, now
from issuer.web.wording import said, when

# Apple or Google is away for a moment now and then; nobody need know.
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
GOOGLE_REFUSED = N_(
    "Google Wallet: since %(since)s Google refuses the updates of your cards (%(answer)s). Cards there stay as they "
    "are, and no card can be added. Nothing is lost: what has changed is sent as soon as Google takes it again. Ask "
    "whoever runs this service for you whether its service account is still a user of the issuer account, and its key "
    "valid."
)
GOOGLE_AWAY = N_(
    "Google Wallet: since %(since)s Google cannot be reached (%(answer)s). Cards there stay as they are, and no card "
    "can be added. Nothing is lost: what has changed is sent by itself as soon as Google answers again."
)
GOOGLE_REFUSED_CLASS = N_(
    "Google Wallet: Google does not take the look and wording of your cards (%(answer)s). Cards there keep those they "
    "had; stamps still arrive. Undo what you changed last, or ask whoever runs this service for you what its log says."
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
    if g.get("role") != "owner":
        return []
    return [*_apple(session, merchant), *_google(session, merchant), *_ending(session, merchant)]


def _apple(session: Session, merchant: Merchant) -> Iterator[Note]:
    stopped = push_stops.stop_of_merchant(session, merchant.id)
    if stopped is not None:
        yield from _stopped("pushes-stopped", stopped, _why(stopped), merchant)


def _google(session: Session, merchant: Merchant) -> Iterator[Note]:
    google = house().settings.google
    stopped = stop_of_merchant(session, merchant.id, google.issuer_id) if google is not None else None
    if stopped is not None:
        yield from _stopped("google-stopped", stopped, GOOGLE_REFUSED if stopped.refused else GOOGLE_AWAY, merchant)
    answer = refused_class(session, merchant.id) if google is not None else None
    if answer is not None:
        yield Note("google-class", said(GOOGLE_REFUSED_CLASS) % {"answer": answer}, True)


def _stopped(place: str, stopped: PushStop, sentence: str, merchant: Merchant) -> Iterator[Note]:
    if stopped.refused or now() - stopped.since >= WORTH_SAYING:
        values = {"since": when(stopped.since, merchant.zone), "answer": stopped.answer}
        yield Note(place, said(sentence) % values, stopped.refused)


def _why(stopped: PushStop) -> str:
    if push_stops.is_invalid(stopped):
        return INVALID
    return REFUSED if stopped.refused else AWAY


def _ending(session: Session, merchant: Merchant) -> Iterator[Note]:
    ending = certificate_ends.ending_for(session, merchant.id, now())
    if ending is not None:
        day = when(ending.not_after, merchant.zone)
        yield Note("certificate-ends", said(OVER if ending.over else SOON) % {"day": day}, ending.days < URGENT_DAYS)

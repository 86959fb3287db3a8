"""What the calls of a till share: who acts, on which locked card, once, and how it is answered."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import g, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer.cards import locked_card, view
from issuer.idempotency import Answer
from issuer.language import LANGUAGES
from issuer.ledger import Actor, Booked
from issuer.refusals import Refusal
from issuer.schema import Card, Location
from issuer.visits import Visit
from issuer.web.api import shapes
from issuer.web.context import now, parsed_id
from issuer.web.keyed import answer_once, refused
from issuer.web.problems import not_found


def once(work: Callable[[Session], Answer]) -> Response:
    """Do the work under the caller's Idempotency-Key."""
    return answer_once(g.merchant_id, f"api {g.api_key_id}", work)


def visit(
    session: Session,
    *,
    occurred_at: datetime | None = None,
    location: str | None = None,
    reference: str | None = None,
) -> Visit:
    """The circumstances of a call. :raises Problem: there is no such location"""
    return Visit(Actor("api", g.api_key_id), now(), occurred_at, _location(session, location), reference)


def locked(session: Session, text: str) -> Card:
    """The merchant's card of that id, with its lock. :raises Problem: not found"""
    card_id = parsed_id(text)
    card = locked_card(session, card_id) if card_id else None
    if card is None:
        raise not_found("card")
    return card


def language() -> str:
    """Refusals are read by staff, so the caller may ask for German; machines get English."""
    return request.accept_languages.best_match(LANGUAGES) or "en"


def no(refusal: Refusal) -> Answer:
    return refused(refusal, language())


def booked(session: Session, card: Card, outcome: Booked | Refusal, **more: Any) -> Answer:
    """201 with the entries and the card, or why not."""
    if isinstance(outcome, Refusal):
        return no(outcome)
    entries = shapes.booked(session, outcome)
    return Answer(201, {**more, "entries": entries, "card": shapes.card(view(session, card))})


def _location(session: Session, text: str | None) -> UUID | None:
    if text is None:
        return None
    location_id = parsed_id(text)
    if location_id is None or session.get(Location, location_id) is None:
        raise not_found("location")
    return location_id

"""Stamps, redemptions, reversals: what a till does."""

from collections.abc import Callable
from uuid import UUID

from flask import g, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import counter
from issuer.cards import locked_card, view
from issuer.counter import Redemption, Visit
from issuer.idempotency import Answer
from issuer.language import LANGUAGES
from issuer.ledger import Actor, Booked, posting_of
from issuer.refusals import Refusal
from issuer.schema import Card, Hold, Location, Reward
from issuer.web.api import REFUSED, api, shapes
from issuer.web.api.types import (
    BookedOut,
    CardPath,
    Demanded,
    EntryPath,
    NewRedemption,
    NewStamps,
    RedemptionOut,
    RedemptionPath,
)
from issuer.web.context import now, parsed_id
from issuer.web.guards import api_key
from issuer.web.keyed import answer_once, given_key, refused
from issuer.web.problems import not_found

KEYED_CALLS = ("stamps", "redemptions", "confirm", "cancel", "reversal")


@api.before_request
def demand_key() -> None:
    """Asked for before the body is looked at: a till without keys must learn that first."""
    if request.method == "POST" and request.path.rpartition("/")[2] in KEYED_CALLS:
        given_key(required=True)


@api.post("/cards/<card_id>/stamps", summary="Give stamps", responses={201: BookedOut, **REFUSED})
@api_key("write")
def create_stamps(path: CardPath, header: Demanded, body: NewStamps) -> Response:
    def work(session: Session) -> Answer:
        visit = Visit(
            _actor(),
            now(),
            occurred_at=body.occurred_at,
            location_id=_location(session, body.location_id),
            reference=body.reference,
        )
        card = _locked(session, path.card_id)
        return _booked(session, card, counter.stamp(session, card, body.count, visit))

    return _once(work)


@api.post(
    "/cards/<card_id>/redemptions",
    summary="Set a reward aside, or hand it over",
    responses={201: RedemptionOut, **REFUSED},
)
@api_key("write")
def create_redemption(path: CardPath, header: Demanded, body: NewRedemption) -> Response:
    def work(session: Session) -> Answer:
        card = _locked(session, path.card_id)
        reward_id = parsed_id(body.reward_id)
        if reward_id is None or session.get(Reward, reward_id) is None:
            raise not_found("reward")
        act = counter.redeem if body.confirm else counter.hold
        return _redeemed(session, card, act(session, card, reward_id, _visit()), 201)

    return _once(work)


@api.post(
    "/redemptions/<redemption_id>/confirm", summary="Hand over what was held", responses={200: RedemptionOut, **REFUSED}
)
@api_key("write")
def confirm_redemption(path: RedemptionPath, header: Demanded) -> Response:
    return _once(lambda session: _end_hold(session, path.redemption_id, counter.confirm))


@api.post(
    "/redemptions/<redemption_id>/cancel", summary="Give back what was held", responses={200: RedemptionOut, **REFUSED}
)
@api_key("write")
def cancel_redemption(path: RedemptionPath, header: Demanded) -> Response:
    return _once(lambda session: _end_hold(session, path.redemption_id, counter.cancel))


@api.post(
    "/entries/<entry_id>/reversal",
    summary="Take back a posting with all its lines",
    responses={201: BookedOut, **REFUSED},
)
@api_key("write")
def reverse_entry(path: EntryPath, header: Demanded) -> Response:
    def work(session: Session) -> Answer:
        entry_id = parsed_id(path.entry_id)
        posting = posting_of(session, entry_id)
        if posting is None:
            raise not_found("entry")
        card = _locked(session, str(posting.card_id))
        return _booked(session, card, counter.reverse(session, card, posting, _visit()))

    return _once(work)


def _once(work: Callable[[Session], Answer]) -> Response:
    return answer_once(g.merchant_id, f"api {g.api_key_id}", work)


def _actor() -> Actor:
    return Actor("api", g.api_key_id)


def _visit() -> Visit:
    return Visit(_actor(), now())


def _locked(session: Session, text: str) -> Card:
    card_id = parsed_id(text)
    card = locked_card(session, card_id) if card_id else None
    if card is None:
        raise not_found("card")
    return card


def _location(session: Session, text: str | None) -> UUID | None:
    if text is None:
        return None
    location_id = parsed_id(text)
    if location_id is None or session.get(Location, location_id) is None:
        raise not_found("location")
    return location_id


def _end_hold(session: Session, text: str, act: Callable[[Session, Card, Hold, Visit], Redemption | Refusal]) -> Answer:
    hold_id = parsed_id(text)
    row = session.get(Hold, hold_id) if hold_id else None
    if row is None:
        raise not_found("redemption")
    card = _locked(session, str(row.card_id))
    session.refresh(row)
    return _redeemed(session, card, act(session, card, row, _visit()), 200)


def _booked(session: Session, card: Card, outcome: Booked | Refusal) -> Answer:
    if isinstance(outcome, Refusal):
        return refused(outcome, _language())
    entries = shapes.booked(session, card.id, outcome)
    return Answer(201, {"entries": entries, "card": shapes.card(view(session, card))})


def _redeemed(session: Session, card: Card, outcome: Redemption | Refusal, status: int) -> Answer:
    if isinstance(outcome, Refusal):
        return refused(outcome, _language())
    body = {"redemption": shapes.redemption(outcome.hold), "card": shapes.card(view(session, card))}
    return Answer(status, body)


def _language() -> str:
    """Refusals are read by staff, so the caller may ask for German; machines get English."""
    return request.accept_languages.best_match(LANGUAGES) or "en"

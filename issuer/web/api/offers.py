"""Offers: made, changed, tried out; and what happens to a card elsewhere that sets them off."""

from collections.abc import Callable, Mapping
from typing import TypeVar
from uuid import UUID

from flask import g, jsonify
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import happenings, offer_preview, offer_results, offering
from issuer.cards import view, views
from issuer.database import transaction
from issuer.editing import Objection
from issuer.idempotency import Answer
from issuer.offering import Author, OfferView, Through
from issuer.refusals import Refusal
from issuer.schema import Card
from issuer.schema import Offer as Row
from issuer.web.api import PROBLEM, REFUSED, api, shapes
from issuer.web.api.acting import locked, no, once, visit
from issuer.web.api.cards import place
from issuer.web.api.offer_shapes import Teller, preview, results
from issuer.web.api.offer_types import (
    NewCheckIn,
    NewHappening,
    NewOffer,
    OfferChange,
    OfferList,
    OfferOut,
    OfferPath,
    PreviewOut,
    ResultsOut,
)
from issuer.web.api.types import CardOut, CardPath, Demanded, Keyed, Page
from issuer.web.context import house, now, parsed_id
from issuer.web.guards import api_key
from issuer.web.keyed import answer_once
from issuer.web.paging import token_of
from issuer.web.problems import Problem, not_found

Kept = TypeVar("Kept", bound=Row)
MOVES: Mapping[str, Callable[[Session, UUID, Author], Row | Objection]] = {
    "live": offering.resume,
    "paused": offering.pause,
    "ended": offering.end,
}


@api.get("/offers", summary="List offers, newest first", responses={200: OfferList})
@api_key("read")
def list_offers(query: Page) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        found = offering.listed(session, limit=query.limit + 1, after=place(query))
        teller = Teller(session)
        items = [teller.shape(one) for one in found[: query.limit]]
    last = found[query.limit - 1].row if len(found) > query.limit else None
    return jsonify(items=items, next=token_of(last.created_at, last.id) if last else None)


@api.post("/offers", summary="Make an offer: a draft, which nobody is shown yet", responses={201: OfferOut, **REFUSED})
@api_key("write")
def create_offer(header: Keyed, body: NewOffer) -> Response:
    def work(session: Session) -> Answer:
        made = _taken(offering.create(session, g.merchant_id, body, now()))
        return Answer(201, Teller(session).shape(_found(session, str(made.id))))

    return answer_once(g.merchant_id, f"api {g.api_key_id}", work, required=False)


@api.get("/offers/<offer_id>", summary="One offer", responses={200: OfferOut})
@api_key("read")
def get_offer(path: OfferPath) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        return jsonify(Teller(session).shape(_found(session, path.offer_id)))


@api.patch(
    "/offers/<offer_id>",
    summary="Change what an offer says, let it go live, pause it, end it",
    responses={200: OfferOut, 400: dict(PROBLEM)},
)
@api_key("write")
def change_offer(path: OfferPath, body: OfferChange) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        found = _found(session, path.offer_id, lock=True)
        author = Through(g.merchant_id, now(), g.api_key_id)
        if body.said:
            offer = found.valid.model_copy(update=dict(body.said))
            _taken(offering.change(session, found.row.id, offer, author))
        if body.state:
            _taken(MOVES[body.state](session, found.row.id, author))
        return jsonify(Teller(session).shape(_found(session, path.offer_id)))


@api.post(
    "/offers/<offer_id>/preview",
    summary="Who would get it now, who would be held back and why; nothing is changed",
    responses={200: PreviewOut, **REFUSED},
)
@api_key("write")
def preview_offer(path: OfferPath) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        found = _found(session, path.offer_id)
        seen = offer_preview.preview(session, house().keys, found.valid, g.merchant_id, now(), found.row.id)
        cards = [session.get_one(Card, card_id) for card_id in seen.sample]
        return jsonify(preview(seen, views(session, cards)))


@api.get("/offers/<offer_id>/results", summary="What an offer brought so far", responses={200: ResultsOut})
@api_key("read")
def get_results(path: OfferPath) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        found = offer_results.results(session, _found(session, path.offer_id).row.id, now())
    return jsonify(results(found))


@api.post("/cards/<card_id>/visits", summary="Check in: somebody came by", responses={201: CardOut, **REFUSED})
@api_key("write")
def create_visit(path: CardPath, header: Demanded, body: NewCheckIn) -> Response:
    def work(session: Session) -> Answer:
        here, card = visit(session, location=body.location_id), locked(session, path.card_id)
        return _noted(session, card, happenings.check_in(session, card, here))

    return once(work)


@api.post(
    "/cards/<card_id>/events",
    summary="Tell what happened elsewhere, for offers that wait for it",
    responses={201: CardOut, **REFUSED},
)
@api_key("write")
def create_event(path: CardPath, header: Demanded, body: NewHappening) -> Response:
    def work(session: Session) -> Answer:
        card = locked(session, path.card_id)
        return _noted(session, card, happenings.tell(session, card, body.name, visit(session)))

    return once(work)


def _noted(session: Session, card: Card, refusal: Refusal | None) -> Answer:
    return no(refusal) if refusal else Answer(201, shapes.card(view(session, card)))


def _found(session: Session, text: str, *, lock: bool = False) -> OfferView:
    offer_id = parsed_id(text)
    found = offering.offer_view(session, offer_id, lock=lock) if offer_id else None
    if found is None:
        raise not_found("offer")
    return found


def _taken(outcome: Kept | Objection) -> Kept:
    """:raises Problem: 422, naming the value that cannot be used"""
    if isinstance(outcome, Objection):
        message = outcome.sentence("en")
        raise Problem(
            422, "invalid_body", f"{outcome.about}: {message}", [{"field": outcome.about, "message": message}]
        )
    return outcome

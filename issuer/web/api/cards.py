"""Cards: join, find, look at."""

from typing import Any

from flask import g, jsonify
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import history
from issuer.cards import newest, view, views
from issuer.codes import find_code
from issuer.customers import Profile
from issuer.database import transaction
from issuer.google_history import google_view
from issuer.idempotency import Answer
from issuer.joining import Joining, join
from issuer.programs import program_view
from issuer.refusals import Refusal
from issuer.rules.movement import is_internal
from issuer.schema import Card
from issuer.web.api import REFUSED, api, shapes
from issuer.web.api.acting import no
from issuer.web.api.types import (
    CardList,
    CardOut,
    CardPage,
    CardPath,
    EntryList,
    Keyed,
    NewCard,
    Page,
    SyncOut,
)
from issuer.web.context import house, now, parsed_id
from issuer.web.guards import api_key
from issuer.web.keyed import answer_once
from issuer.web.paging import after_of, token_of
from issuer.web.problems import Problem, not_found
from signing.codes import MistypedCode, NotOurCode


@api.post("/cards", summary="Join: a new card for a customer", responses={201: CardOut, **REFUSED})
@api_key("write")
def create_card(header: Keyed, body: NewCard) -> Response:
    def work(session: Session) -> Answer:
        program_id = parsed_id(body.program_id)
        program = program_view(session, program_id) if program_id else None
        if program is None:
            raise not_found("program")
        if program.program.closed_at is not None:
            return no(Refusal("program_closed"))
        given = body.customer
        profile = Profile(given.name, given.mail, given.birthday) if given else Profile()
        joining = Joining(body.language, "api", profile, friend=body.friend)
        made = join(session, house().keys, program.program, joining, now())
        return Answer(201, shapes.card(view(session, made)))

    return answer_once(g.merchant_id, f"api {g.api_key_id}", work, required=False)


@api.get("/cards", summary="List cards, newest first, or find one by its code", responses={200: CardList})
@api_key("read")
def list_cards(query: CardPage) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        if query.code is not None:
            return jsonify(items=_by_code(session, query.code), next=None)
        found = newest(session, limit=query.limit + 1, after=place(query))
        shown = views(session, found[: query.limit])
        last = shown[-1] if len(found) > query.limit else None
        items = [shapes.card(card) for card in shown]
    return jsonify(items=items, next=token_of(last.created_at, last.id) if last else None)


@api.get("/cards/<card_id>", summary="One card", responses={200: CardOut})
@api_key("read")
def get_card(path: CardPath) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        return jsonify(shapes.card(view(session, found_card(session, path.card_id))))


@api.get("/cards/<card_id>/entries", summary="What was booked on a card, newest first", responses={200: EntryList})
@api_key("read")
def list_entries(path: CardPath, query: Page) -> Response:
    before = None
    if query.after is not None:
        if not (query.after.isascii() and query.after.isdigit() and len(query.after) < 19):
            raise _bad_place()
        before = int(query.after)
    with transaction(house().engine, g.merchant_id) as session:
        card = found_card(session, path.card_id)
        found = history.entries(session, card.id, limit=query.limit + 1, before=before)
    shown = found[: query.limit]
    more = str(shown[-1].number) if len(found) > query.limit else None
    return jsonify(items=[shapes.entry(entry) for entry in shown if not is_internal(entry.unit)], next=more)


@api.get("/cards/<card_id>/sync", summary="How far each phone and wallet is with a card", responses={200: SyncOut})
@api_key("read")
def get_sync(path: CardPath) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        card = found_card(session, path.card_id)
        wallets = [shapes.wallet(phone) for phone in history.phones(session, card)]
        google = google_view(session, card)
        wallets += [shapes.google_wallet(google)] if google else []
    return jsonify(card_id=str(card.id), version=card.version, wallets=wallets)


def found_card(session: Session, text: str) -> Card:
    """The merchant's card of that id.

    :raises Problem: not found, which is also what another merchant's id is
    """
    card_id = parsed_id(text)
    card = session.get(Card, card_id) if card_id else None
    if card is None:
        raise not_found("card")
    return card


def place(query: Page) -> Any:
    after = after_of(query.after)
    if query.after is not None and after is None:
        raise _bad_place()
    return after


def _by_code(session: Session, code: str) -> list[dict[str, Any]]:
    try:
        card_id = find_code(session, g.merchant_id, code, house().keys.codes)
    except (NotOurCode, MistypedCode):
        return []
    card = session.get(Card, card_id) if card_id else None
    return [shapes.card(view(session, card))] if card else []


def _bad_place() -> Problem:
    message = "is not the `next` of a page before"
    return Problem(422, "invalid_body", f"after {message}.", [{"field": "after", "message": message}])

"""Cards that go to another phone, and cards of one person that become one."""

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer.cards import view
from issuer.idempotency import Answer
from issuer.merging import locked_two, merge
from issuer.moving import move
from issuer.refusals import Refusal
from issuer.schema import Card
from issuer.web.api import REFUSED, api, shapes
from issuer.web.api.acting import booked, locked, no, once, visit
from issuer.web.api.cards import found_card
from issuer.web.api.gift_types import Merging
from issuer.web.api.types import BookedOut, CardOut, CardPath, Demanded
from issuer.web.context import house
from issuer.web.guards import api_key


@api.post(
    "/cards/<card_id>/move",
    summary="New pass, code and page for a card; the old ones end",
    responses={201: CardOut, **REFUSED},
)
@api_key("write")
def move_card(path: CardPath, header: Demanded) -> Response:
    def work(session: Session) -> Answer:
        card = locked(session, path.card_id)
        outcome = move(session, house().keys, card, visit(session))
        return no(outcome) if isinstance(outcome, Refusal) else Answer(201, shapes.card(view(session, card)))

    return once(work)


@api.post(
    "/cards/<card_id>/merge",
    summary="Take over all that stands on another card of the same person; that one ends",
    responses={201: BookedOut, **REFUSED},
)
@api_key("write")
def merge_cards(path: CardPath, header: Demanded, body: Merging) -> Response:
    def work(session: Session) -> Answer:
        into, source = _both_locked(session, path.card_id, body.source)
        return booked(session, into, merge(session, house().keys, into, source, visit(session)))

    return once(work)


def _both_locked(session: Session, into: str, source: str) -> tuple[Card, Card]:
    """:raises Problem: one of them is not found"""
    ends = found_card(session, into), found_card(session, source)
    locked_two(session, ends[0].id, ends[1].id)
    return ends

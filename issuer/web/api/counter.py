"""Stamps, redemptions, reversals: what a till does."""

from collections.abc import Callable

from flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import counter
from issuer.cards import view
from issuer.counter import Redemption
from issuer.idempotency import Answer
from issuer.ledger import posting_of
from issuer.merging import followed
from issuer.refusals import Refusal
from issuer.schema import Card, Hold, Reward
from issuer.visits import Visit
from issuer.web.api import REFUSED, api, shapes
from issuer.web.api.acting import booked, locked, no, once, visit
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
from issuer.web.context import parsed_id
from issuer.web.guards import api_key
from issuer.web.keyed import given_key
from issuer.web.problems import not_found

UNKEYED_CALLS = ("/cards", "/programs", "/quote", "/offers", "/preview")


@api.before_request
def demand_key() -> None:
    """Asked for before the body is looked at: a till without keys must learn that first."""
    if request.method == "POST" and not request.path.endswith(UNKEYED_CALLS):
        given_key(required=True)


@api.post("/cards/<card_id>/stamps", summary="Give stamps", responses={201: BookedOut, **REFUSED})
@api_key("write")
def create_stamps(path: CardPath, header: Demanded, body: NewStamps) -> Response:
    def work(session: Session) -> Answer:
        here = visit(session, occurred_at=body.occurred_at, location=body.location_id, reference=body.reference)
        card = locked(session, path.card_id)
        return booked(session, card, counter.stamp(session, card, body.count, here, counter=body.counter))

    return once(work)


@api.post(
    "/cards/<card_id>/redemptions",
    summary="Set a reward aside, or hand it over",
    responses={201: RedemptionOut, **REFUSED},
)
@api_key("write")
def create_redemption(path: CardPath, header: Demanded, body: NewRedemption) -> Response:
    def work(session: Session) -> Answer:
        card = locked(session, path.card_id)
        reward_id = parsed_id(body.reward_id)
        if reward_id is None or session.get(Reward, reward_id) is None:
            raise not_found("reward")
        act = counter.redeem if body.confirm else counter.hold
        return _redeemed(session, card, act(session, card, reward_id, visit(session)), 201)

    return once(work)


@api.post(
    "/redemptions/<redemption_id>/confirm", summary="Hand over what was held", responses={200: RedemptionOut, **REFUSED}
)
@api_key("write")
def confirm_redemption(path: RedemptionPath, header: Demanded) -> Response:
    return once(lambda session: _end_hold(session, path.redemption_id, counter.confirm))


@api.post(
    "/redemptions/<redemption_id>/cancel", summary="Give back what was held", responses={200: RedemptionOut, **REFUSED}
)
@api_key("write")
def cancel_redemption(path: RedemptionPath, header: Demanded) -> Response:
    return once(lambda session: _end_hold(session, path.redemption_id, counter.cancel))


@api.post(
    "/entries/<entry_id>/reversal",
    summary="Take back a posting with all its lines",
    responses={201: BookedOut, **REFUSED},
)
@api_key("write")
def reverse_entry(path: EntryPath, header: Demanded) -> Response:
    def work(session: Session) -> Answer:
        posting = posting_of(session, parsed_id(path.entry_id))
        if posting is None:
            raise not_found("entry")
        card = followed(session, locked(session, str(posting.card_id)))
        return booked(session, card, counter.reverse(session, card, posting, visit(session)))

    return once(work)


def _end_hold(session: Session, text: str, act: Callable[[Session, Card, Hold, Visit], Redemption | Refusal]) -> Answer:
    hold_id = parsed_id(text)
    row = session.get(Hold, hold_id) if hold_id else None
    if row is None:
        raise not_found("redemption")
    card = locked(session, str(row.card_id))
    session.refresh(row)
    return _redeemed(session, card, act(session, card, row, visit(session)), 200)


def _redeemed(session: Session, card: Card, outcome: Redemption | Refusal, status: int) -> Answer:
    if isinstance(outcome, Refusal):
        return no(outcome)
    body = {"redemption": shapes.redemption(outcome.hold), "card": shapes.card(view(session, card))}
    return Answer(status, body)

"""Offers that a card bears, handed over by a till."""

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import offer_redeeming
from issuer.idempotency import Answer
from issuer.schema import Offer
from issuer.web.api import REFUSED, api
from issuer.web.api.acting import booked, locked, once, visit
from issuer.web.api.types import Body, BookedOut, Demanded, Instant, Text
from issuer.web.context import parsed_id
from issuer.web.guards import api_key
from issuer.web.problems import not_found


class CardOfferPath(BaseModel):
    card_id: str = Field(description="id of a card")
    offer_id: str = Field(description="id of an offer")


class NewOfferRedemption(Body):
    """``location_id``: by whose clock the hours of the offer are meant; the merchant's without it."""

    location_id: Text | None = None
    occurred_at: Instant | None = None


@api.post(
    "/cards/<card_id>/offers/<offer_id>/redemptions",
    summary="Hand over what an offer on the card promises, or use its voucher once",
    responses={201: BookedOut, **REFUSED},
)
@api_key("write")
def redeem_offer(path: CardOfferPath, header: Demanded, body: NewOfferRedemption) -> Response:
    def work(session: Session) -> Answer:
        here = visit(session, occurred_at=body.occurred_at, location=body.location_id)
        card, offer_id = locked(session, path.card_id), parsed_id(path.offer_id)
        if offer_id is None or session.get(Offer, offer_id) is None:
            raise not_found("offer")
        return booked(session, card, offer_redeeming.redeem(session, card, offer_id, here))

    return once(work)

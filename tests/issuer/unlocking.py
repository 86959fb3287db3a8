"""Offers that a card bears with what they unlock, put there by hand: for whoever asks what becomes of them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from issuer import offer_redeeming, vouchers
from issuer.cards import locked_card
from issuer.database import transaction
from issuer.ledger import Actor, Booked, post
from issuer.offers.content import Multiplier, VoucherOffer
from issuer.offers.offer import Offer
from issuer.publishing import CAMPAIGN, publish
from issuer.refusals import Refusal
from issuer.schema import Card, OfferVersion, Showing
from issuer.schema import Offer as Row
from issuer.visits import Visit
from issuer.vouchers import Wanted
from tests.issuer.counting import Till, locked

TEXTS = {"de": {"card": "Kaffee und Croissant 3,90"}, "en": {"card": "Coffee and croissant 3.90"}}
CAKE = {"de": "Ein Stück Kuchen", "en": "A slice of cake"}
MORNING = {"kind": "place", "hours": {"start": "07:00", "end": "10:00"}, "stays": True}
THING = {"kind": "voucher", "names": CAKE, "worth": {"thing": CAKE}}
PERCENT = {"kind": "voucher", "names": CAKE, "worth": {"percent": "10"}}
WEEK = timedelta(days=7)


def times(factor: str) -> dict[str, str]:
    return {"kind": "multiplier", "factor": factor}


def unlock(
    engine: Engine, merchant_id: UUID, card_id: UUID, opens: datetime, *, lasts: timedelta = WEEK, **more: Any
) -> UUID:
    """The id of a live offer that this card bears from an instant on, set off by having stayed away unless told.

    :param more: what differs of the offer
    """
    plain = {"name": "Morning", "trigger": {"kind": "quiet"}, "content": TEXTS}
    offer = Offer.model_validate(plain | {name: value for name, value in more.items() if value is not None})
    with transaction(engine, merchant_id) as session:
        card = locked_card(session, card_id)
        assert card is not None
        offer_id = _running(session, merchant_id, offer, opens)
        show(session, card, offer_id, opens, lasts)
    return offer_id


def bears(till: Till, card_id: UUID, **more: Any) -> UUID:
    """The same at a till, from its now on."""
    return unlock(till.engine, till.shop.merchant_id, card_id, more.pop("opens", till.now), **more)


def show(
    session: Session, card: Card, offer_id: UUID, opens: datetime, lasts: timedelta = WEEK, version: int = 1
) -> None:
    """One more window of an offer on a locked card."""
    unlocks = Offer.model_validate(session.get_one(OfferVersion, (offer_id, version)).content).unlocks
    row = Showing(
        offer_id=offer_id,
        card_id=card.id,
        turn=opens.isoformat(),
        merchant_id=card.merchant_id,
        customer_id=card.customer_id,
        version=version,
        arm="a",
        state="shown",
        opens_at=opens,
        closes_at=opens + lasts,
        decided_at=opens,
        shown_at=opens,
        card_version=card.version + 1,
        factor=unlocks.factor if isinstance(unlocks, Multiplier) else None,
        voucher_id=_drawn(session, card, unlocks, opens, opens + lasts),
    )
    session.add(row)
    publish(session, [card], "offer", CAMPAIGN, opens)


def shown(till: Till, offer_id: UUID) -> list[tuple[str, str | None, bool]]:
    """State of each window, why it is over, whether it counts as redeemed; oldest first."""
    with till.work() as session:
        rows = session.scalars(select(Showing).where(Showing.offer_id == offer_id).order_by(Showing.opens_at)).all()
    return [(row.state, row.ended, row.redeemed_at is not None) for row in rows]


def redeem(till: Till, card_id: UUID, offer_id: UUID, **circumstances: Any) -> Booked | Refusal:
    with till.work() as session:
        visit = till.visit(**circumstances)
        return offer_redeeming.redeem(session, locked(session, card_id), offer_id, visit)


def _running(session: Session, merchant_id: UUID, offer: Offer, at: datetime) -> UUID:
    offer_id = uuid4()
    dates = {"created_at": at, "changed_at": at, "live_at": at}
    session.add(Row(id=offer_id, merchant_id=merchant_id, state="live", version=1, revision=1, **dates))
    session.flush()
    said = {"merchant_id": merchant_id, "content": offer.stored(), "created_at": at}
    session.add(OfferVersion(offer_id=offer_id, number=1, **said))
    session.flush()
    return offer_id


def _drawn(session: Session, card: Card, unlocks: object, opens: datetime, closes: datetime) -> UUID | None:
    if not isinstance(unlocks, VoucherOffer):
        return None
    wanted = Wanted(unlocks.names.model_dump(), unlocks.worth, unlocks.uses, opens, closes)
    voucher = vouchers.draw(session, card, wanted, opens, vouchers.OFFER)
    post(session, card, [vouchers.uses_of(voucher)], Visit(Actor("system"), opens).deed("bonus", note="voucher"))
    return voucher.id

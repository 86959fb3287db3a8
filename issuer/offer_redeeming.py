"""An offer that a card bears is handed over: burned by the ledger, once for each time that it is shown."""

from uuid import UUID

from sqlalchemy.orm import Session

from issuer import offer_uses, offers_borne, vouchers
from issuer.ledger import Booked, post
from issuer.offers.counting import by_itself, only_words
from issuer.offers.shown import ShownOffer
from issuer.publishing import AT_THE_TILL, publish
from issuer.refusals import Refusal
from issuer.rules.movement import Movement, offer_unit
from issuer.schema import Card, Voucher
from issuer.visits import Visit, inactive, refuse


def redeem(session: Session, card: Card, offer_id: UUID, visit: Visit) -> Booked | Refusal:
    """Hand over what an offer promises, or one use of the voucher that it brought. The card is locked.

    Window and hours are judged at the visit, however late it is told.
    Refusals: card_blocked, offer_not_there, offer_by_itself, offer_only_words,
    offer_over, offer_used, and those of vouchers.
    """
    found = inactive(card) or _redeemable(session, card, offer_id, visit)
    if isinstance(found, Refusal):
        return refuse(session, card, found, visit)
    if found.voucher_id is not None:
        return vouchers.redeem(session, card, session.get_one(Voucher, found.voucher_id).code, visit)
    unit = offer_unit(offer_id)
    lines = [Movement(unit, 1, "issued", "bonus"), Movement(unit, -1, "redeemed", "redemption")]
    booked = post(session, card, lines, visit.deed("redemption", note="offer"))
    offer_uses.used(session, card, found, booked)
    publish(session, [card], "redemption", AT_THE_TILL, visit.now)
    return booked


def _redeemable(session: Session, card: Card, offer_id: UUID, visit: Visit) -> ShownOffer | Refusal:
    rows = offers_borne.of_offer(session, card, offer_id, visit)
    if not rows:
        return Refusal("offer_not_there")
    newest = rows[0]
    if by_itself(newest.shown):
        return Refusal("offer_by_itself")
    if only_words(newest.shown):
        return Refusal("offer_only_words")
    found = next((row.shown for row in rows if row.is_open(visit.at) and not row.is_used(visit.at)), None)
    is_used = newest.is_used(visit.at) and visit.at < newest.shown.closes_at
    return found or Refusal("offer_used" if is_used else "offer_over")

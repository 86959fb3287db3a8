"""Visits bought in advance and counted down. A refund goes through `issuer.refunds` as every purchase's.

Refunding the whole price takes back all visits of that purchase: those that were used are owed, and paid by the next
ones bought. Who gives back the money for the unused ones only names that amount: as many visits stay as the money that
stays pays for in whole.
"""

from sqlalchemy.orm import Session

from issuer import expiring
from issuer.earning import Earning, earn
from issuer.ledger import Booked, post, spendable
from issuer.publishing import AT_THE_TILL, publish
from issuer.purchases import Bought, Order, Quote, record
from issuer.refusals import Refusal
from issuer.rules.movement import PREPAID, Movement
from issuer.rules.part import Sale
from issuer.rules.prepaid import PrepaidRule
from issuer.schema import Card, Purchase
from issuer.terms import terms_and_balances
from issuer.visits import Visit, inactive, refuse


def buy_visits(session: Session, card: Card, visit: Visit) -> Bought | Refusal:
    """Book a purchase of the visits that the program sells, for its price of the day. The card is locked."""
    terms, before = terms_and_balances(session, card, visit.at, visit.shop_id)
    rule = terms.at.one(PrepaidRule)
    refusal = inactive(card) or (Refusal("no_visits_here") if rule is None else None)
    if refusal or rule is None:
        return refuse(session, card, refusal or Refusal("no_visits_here"), visit)
    quote = Quote(rule.price, 0, 0, 0)
    made = record(session, card, visit, terms, order=Order(rule.price), quote=quote)
    if isinstance(made, Refusal):
        return refuse(session, card, made, visit)
    sale = Sale(terms.local(visit.at), total=rule.price, tier=card.tier)
    bought = Movement(PREPAID, rule.visits, "issued", "purchase")
    deed = visit.deed("purchase", purchase_id=made)
    booked = earn(session, card, terms, Earning(deed, sale, [bought], is_purchase=True), before)
    return Bought(session.get_one(Purchase, made), quote, booked)


def use_visits(session: Session, card: Card, count: int, visit: Visit) -> Booked | Refusal:
    """Take visits that were bought off the card. The card is locked.

    :param count: 1 or more
    """
    there = spendable(session, card, PREPAID, visit.now)
    refusal = inactive(card) or (Refusal("not_enough_visits", {"there": there}) if there < count else None)
    if refusal:
        return refuse(session, card, refusal, visit)
    booked = post(session, card, [Movement(PREPAID, -count, "redeemed", "redemption")], visit.deed("redemption"))
    expiring.reconsider(session, card, visit.now)
    publish(session, [card], "redemption", AT_THE_TILL, visit.now)
    return booked

"""What was bought, and what it earns, costs less and is paid with."""

from dataclasses import asdict, dataclass, replace
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import vouchers
from issuer.earning import Earning, earn
from issuer.ledger import Booked, balances, spendable
from issuer.refusals import Refusal
from issuer.rules.movement import CREDIT, SPEND, Movement
from issuer.rules.part import Item, Sale
from issuer.schema import Card, Purchase
from issuer.terms import Terms, terms_and_balances, terms_of
from issuer.visits import Visit, inactive, refuse, too_soon


@dataclass(frozen=True)
class Order:
    """``total`` in cents before anything is taken off; ``credit``: those that the card pays; ``voucher``: a code."""

    total: int
    items: tuple[Item, ...] = ()
    credit: int = 0
    voucher: str | None = None


@dataclass(frozen=True)
class Quote:
    """What an order comes to: cents off by the program, by a voucher, paid from credit, and left to pay."""

    total: int
    discount: int
    voucher: int
    credit: int

    @property
    def to_pay(self) -> int:
        return self.total - self.discount - self.voucher - self.credit


@dataclass(frozen=True)
class Bought:
    """A purchase, what it came to and what was booked for it."""

    purchase: Purchase
    quote: Quote
    booked: Booked


def quote(session: Session, card: Card, order: Order, visit: Visit) -> Quote | Refusal:
    """What an order would come to; nothing is booked."""
    found = inactive(card) or _reckoned(session, card, order, visit, terms_of(session, card, visit.at))
    return found if isinstance(found, Refusal) else found[0]


def buy(
    session: Session, card: Card, order: Order, visit: Visit, *, cause: str = "purchase", pause: bool = True
) -> Bought | Refusal:
    """Book a purchase: what it earns by the rules of its day, what it spends of credit and vouchers.

    :param pause: False for a history that is booked afterwards
    """
    terms, before = terms_and_balances(session, card, visit.at, visit.shop_id)
    if cause != "purchase":
        terms = replace(terms, multiplier=None)
    refusal = inactive(card) or (too_soon(session, card, terms.program, visit) if pause else None)
    found = refusal or _reckoned(session, card, order, visit, terms)
    if isinstance(found, Refusal):
        return refuse(session, card, found, visit)
    reckoned, lines, voucher_id = found
    made = record(session, card, visit, terms, order=order, quote=reckoned, voucher_id=voucher_id)
    if isinstance(made, Refusal):
        return refuse(session, card, made, visit)
    sale = Sale(terms.local(visit.at), total=reckoned.to_pay, items=order.items, tier=card.tier)
    deed = visit.deed(cause, purchase_id=made)
    earning = Earning(deed, sale, lines, is_purchase=order.total > 0, voucher_id=voucher_id)
    booked = earn(session, card, terms, earning, before)
    return Bought(session.get_one(Purchase, made), reckoned, booked)


def _reckoned(
    session: Session, card: Card, order: Order, visit: Visit, terms: Terms
) -> tuple[Quote, list[Movement], UUID | None] | Refusal:
    """What the order comes to, and the lines by which credit and voucher leave the card."""
    discount = terms.at.off(order.total, balances(session, card).get(SPEND, 0))
    lines, off, voucher_id = list[Movement](), 0, None
    if order.voucher is not None:
        found = vouchers.usable(session, card, order.voucher, visit)
        if isinstance(found, Refusal):
            return found
        off, voucher_id = vouchers.worth_of(found).off(order.total - discount), found.id
        lines += vouchers.burned(session, card, found, visit)
    if order.credit:
        there = spendable(session, card, CREDIT, visit.now)
        left = order.total - discount - off
        if order.credit > min(there, left):
            return Refusal("not_enough_credit", {"there": terms.money(min(there, left))})
        lines.append(Movement(CREDIT, -order.credit, "redeemed", "redemption"))
    return Quote(order.total, discount, off, order.credit), lines, voucher_id


def record(
    session: Session,
    card: Card,
    visit: Visit,
    terms: Terms,
    *,
    order: Order | None = None,
    quote: Quote | None = None,
    voucher_id: UUID | None = None,
) -> UUID | Refusal:
    """Keep what was bought. A reference names one purchase of the merchant, for ever."""
    items = [asdict(item) for item in order.items] if order else []
    row = {
        "id": uuid4(),
        "merchant_id": card.merchant_id,
        "card_id": card.id,
        "location_id": visit.shop_id,
        "till_id": visit.actor.till_id,
        "total": order.total if order else None,
        "currency": terms.currency if order else None,
        "discount": quote.discount + quote.voucher if quote else 0,
        "credit": quote.credit if quote else 0,
        "voucher_id": voucher_id,
        "items": items or None,
        "reference": visit.reference,
        "rule_version": terms.at_version,
        "tier": card.tier,
        "factor": terms.multiplier.factor if terms.multiplier else None,
        "occurred_at": visit.at,
        "recorded_at": visit.now,
    }
    made = session.scalar(insert(Purchase).values(row).on_conflict_do_nothing().returning(Purchase.id))
    return made or Refusal("reference_reused", {"reference": visit.reference or ""})

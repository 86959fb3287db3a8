"""What a customer wants to be told: all, fewer or nothing, each with the sentence that they chose by.

Source: GDPR Art. 7 and 21 (consent that can be shown and is as easily taken back; the right to object to marketing).
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import agenda
from issuer.customers import Told
from issuer.language import translator
from issuer.refusals import N_
from issuer.schema import Card, Consent, Customer, Merchant

PURPOSE = "offers"
"""Of the consents that are noted here."""

WISHES: Mapping[str, str] = {
    "all": N_("You see the offers that are meant for you, and your phone may sound for them."),
    "fewer": N_("You see half as many at most, and your phone stays silent about them."),
    "none": N_(
        "No offers on your card and no vouchers that come with them. Your phone sounds for what happens at the till"
        " and for nothing else."
    ),
}


def choose(session: Session, card_id: UUID, wish: str, told: Told, now: datetime) -> bool:
    """Note what the owner of a card wants from now on, for all their cards; whether it is something else than before.

    The cards are looked at for offers at once.

    :param wish: a key of `WISHES`
    """
    card = session.get_one(Card, card_id)
    # So that whoever writes down what they were shown does not wait.
    mine = select(Customer).where(Customer.id == card.customer_id).with_for_update(key_share=True)
    customer = session.scalars(mine).one()
    if customer.wish == wish:
        return False
    customer.wish = wish
    _decide(session, customer, wish, told, now)
    if session.get_one(Merchant, card.merchant_id).has_offers:
        for theirs in session.scalars(select(Card.id).where(Card.customer_id == customer.id).order_by(Card.id)):
            agenda.plan(session, theirs, card.merchant_id, now)
    return True


def _decide(session: Session, customer: Customer, wish: str, told: Told, now: datetime) -> None:
    """Whoever wants none takes their consent back."""
    session.add(
        Consent(
            id=uuid4(),
            merchant_id=customer.merchant_id,
            customer_id=customer.id,
            purpose=PURPOSE,
            given=wish != "none",
            source=told.source,
            wording=translator(told.language).gettext(WISHES[wish]) if told.language else None,
            at=now,
        )
    )
    session.flush()

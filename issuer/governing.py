"""What the gate of `issuer.offers.governor` has to know: the merchant's settings, and what came to people so far."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import rollouts, sweeps
from issuer.database import send
from issuer.editing import Author
from issuer.events import VISITED
from issuer.history import AT_THE_COUNTER
from issuer.offers.governor import WEEK, Person, Told, quiet_end
from issuer.offers.policy import Policy
from issuer.schema import Card, Customer, Merchant

WISHES = "SELECT id, wish FROM customer WHERE id = ANY(%(customers)s)"
# What programs say by themselves counts too, so that offers make room for it.
TOLD = """
    WITH mine AS (SELECT id, customer_id FROM card WHERE customer_id = ANY(%(customers)s))
    SELECT customer_id, shown_at, loud, ambient FROM showing
    WHERE customer_id = ANY(%(customers)s) AND shown_at > %(since)s
    UNION ALL
    SELECT mine.customer_id, notice.created_at, false, false
    FROM mine JOIN notice ON notice.card_id = mine.id WHERE notice.created_at > %(since)s
    UNION ALL
    SELECT mine.customer_id, granted.at, false, false
    FROM mine JOIN granted ON granted.card_id = mine.id
    WHERE granted.at > %(since)s AND (granted.what LIKE 'birthday:%%' OR granted.what LIKE 'anniversary:%%')
"""
# The pause after a visit is not longer than a week.
CAME = """
    WITH mine AS (SELECT id, customer_id FROM card WHERE customer_id = ANY(%(customers)s)), came AS (
        SELECT mine.customer_id, posting.occurred_at AS at
        FROM mine JOIN posting ON posting.card_id = mine.id
        WHERE posting.occurred_at > %(since)s AND posting.cause = ANY(%(causes)s)
        UNION ALL
        SELECT mine.customer_id, event.at
        FROM mine JOIN event ON event.card_id = mine.id WHERE event.at > %(since)s AND event.kind = %(visited)s
    )
    SELECT customer_id, max(at) FROM came GROUP BY customer_id
"""


def policy_of(session: Session, merchant_id: UUID) -> Policy:
    """How the merchant wants customers to be spoken to."""
    return Policy.model_validate(session.get_one(Merchant, merchant_id).policy)


def save_policy(session: Session, author: Author, policy: Policy) -> None:
    """Speak to customers like this from now on. What was held back is judged anew.

    Where offers may sound from now on, passes get the line that announces them: one that came with them would not.
    """
    merchant = session.get_one(Merchant, author.merchant_id, with_for_update={"key_share": True})
    if policy.sounds and not Policy.model_validate(merchant.policy).sounds:
        rollouts.begin_all(session, author.now)
    merchant.policy = policy.model_dump(mode="json")
    author.record(session, "policy_changed", **merchant.policy)
    sweeps.begin_for_all(session, author.now)


def persons_of(session: Session, cards: Sequence[Card], now: datetime) -> Mapping[UUID, Person]:
    """The owners of cards, by customer, with what came to any card of theirs. A fixed number of queries."""
    values = {
        "customers": list({card.customer_id for card in cards}),
        "since": now - WEEK,
        "causes": list(AT_THE_COUNTER),
        "visited": VISITED,
    }
    told = defaultdict[UUID, list[Told]](list)
    for customer_id, at, loud, ambient in send(session, TOLD, values):
        told[customer_id].append(Told(at, loud, ambient))
    came: dict[UUID, datetime] = dict(send(session, CAME, values))
    return {
        customer_id: Person(wish, tuple(told[customer_id]), came.get(customer_id))
        for customer_id, wish in send(session, WISHES, values)
    }


def may_sound(session: Session, card: Card, now: datetime) -> bool:
    """Whether a phone may show a note of what a program does by itself: not in quiet hours, nor for who wants none.

    It goes before offers, so no budget stands against it.
    """
    wish = session.scalar(select(Customer.wish).where(Customer.id == card.customer_id))
    return wish != "none" and not is_quiet(session, card.merchant_id, now)


def calm_at(session: Session, merchant_id: UUID, now: datetime) -> datetime:
    """The first instant from now on at which the merchant's quiet hours are over."""
    merchant = session.get_one(Merchant, merchant_id)
    return quiet_end(Policy.model_validate(merchant.policy), merchant.zone, now)


def is_quiet(session: Session, merchant_id: UUID, now: datetime) -> bool:
    return calm_at(session, merchant_id, now) > now

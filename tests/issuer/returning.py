"""What goes back, goes over or goes on: refunds, merged and moved cards, visits bought in advance."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from issuer import ledger, merging, moving, prepaid, refunds
from issuer.customers import Profile
from issuer.ledger import Booked
from issuer.purchases import Bought
from issuer.refunds import Refunded
from issuer.refusals import Refusal
from issuer.rules.movement import is_internal
from issuer.schema import Card, Purchase, Referral
from tests.issuer.counting import Till, locked

Line = tuple[str, int, str]
STAMPS = {"kind": "stamps", "stamps_needed": 10, "reward_id": "R"}
POINTS = {"kind": "points", "points": 1, "per_cents": 100}
LUNCH = STAMPS | {"counter": "lunch", "names": {"de": "Mittag", "en": "Lunch"}, "stamps_needed": 5}
ANNA = Profile(name="Anna", mail="anna@example.org")


def refund(till: Till, purchase_id: UUID, total: int | None = None) -> Refunded | Refusal:
    with till.work() as session:
        purchase = session.get_one(Purchase, purchase_id)
        card = locked(session, refunds.bearer(session, purchase))
        return refunds.refund(session, card, purchase, total, till.visit())


def refunded(till: Till, purchase_id: UUID, total: int | None = None) -> list[Line]:
    """The card's lines of a refund, the rules' own reckoning left out."""
    outcome = refund(till, purchase_id, total)
    assert isinstance(outcome, Refunded), outcome
    entries = [entry for entry in outcome.booked.entries if not is_internal(entry.unit)]
    return [(plain(entry.unit), entry.amount, entry.cause) for entry in entries]


def plain(unit: str) -> str:
    """A unit without the reward's or the voucher's id."""
    return ":".join(part for part in unit.split(":") if len(part) < 36)


def stands(till: Till, card_id: UUID) -> dict[str, int]:
    """What stands on a card, ids left out."""
    return {plain(unit): amount for unit, amount in till.holds(card_id).items()}


def everything(till: Till, card_id: UUID) -> dict[str, int]:
    """What stands on a card, the rules' own reckoning included."""
    with till.work() as session:
        found = ledger.balances(session, session.get_one(Card, card_id))
    return {unit: amount for unit, amount in found.items() if amount}


def booked_by_hand(till: Till, card_id: UUID, reference: str, count: int = 1) -> UUID:
    """Stamps given with a reference: a purchase without an amount."""
    posting = till.stamped(card_id, count, reference=reference).posting
    assert posting.purchase_id is not None
    return posting.purchase_id


def merge(till: Till, into_id: UUID, from_id: UUID) -> Booked | Refusal:
    with till.work() as session:
        into, from_ = merging.locked_two(session, into_id, from_id)
        assert into is not None
        assert from_ is not None
        return merging.merge(session, till.keys, into, from_, till.visit())


def merged(till: Till, into_id: UUID, from_id: UUID) -> list[Line]:
    outcome = merge(till, into_id, from_id)
    assert isinstance(outcome, Booked), outcome
    return [(plain(entry.unit), entry.amount, entry.cause) for entry in outcome.entries]


def merge_into_oldest(till: Till, from_id: UUID) -> Booked | Refusal:
    """Merge a card into the merchant's first."""
    with till.work() as session:
        oldest = session.scalars(select(Card.id).order_by(Card.created_at, Card.id).limit(1)).one()
    return merge(till, oldest, from_id)


def move(till: Till, card_id: UUID) -> Card | Refusal:
    with till.work() as session:
        return moving.move(session, till.keys, locked(session, card_id), till.visit())


def moved(till: Till, card_id: UUID) -> Card:
    outcome = move(till, card_id)
    assert isinstance(outcome, Card), outcome
    return outcome


def buy_visits(till: Till, card_id: UUID, **circumstances: Any) -> Bought | Refusal:
    with till.work() as session:
        return prepaid.buy_visits(session, locked(session, card_id), till.visit(**circumstances))


def visits_bought(till: Till, card_id: UUID) -> UUID:
    outcome = buy_visits(till, card_id)
    assert isinstance(outcome, Bought), outcome
    return outcome.purchase.id


def use_visits(till: Till, card_id: UUID, count: int = 1) -> Booked | Refusal:
    with till.work() as session:
        return prepaid.use_visits(session, locked(session, card_id), count, till.visit())


def row(till: Till, card_id: UUID) -> Card:
    with till.work() as session:
        return session.get_one(Card, card_id)


def befriend(till: Till, friend: UUID, referrer: UUID, state: str = "waiting") -> None:
    with till.work() as session:
        session.add(
            Referral(
                friend_card_id=friend,
                merchant_id=till.shop.merchant_id,
                referrer_card_id=referrer,
                state=state,
                created_at=till.now,
            )
        )


def friendships(till: Till) -> set[tuple[UUID, UUID, str]]:
    """(friend, referrer, state)"""
    with till.work() as session:
        return {(one.friend_card_id, one.referrer_card_id, one.state) for one in session.scalars(select(Referral))}

"""How much of what offers allow is used: cards in all or in each window, value given out, times for one person.

The offers' rows are locked, so nobody else uses any of it meanwhile.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.database import send
from issuer.offering import Running
from issuer.offers.facts import Turn
from issuer.schema import Card, Offer

CARDS, PERSON, VALUE, REST = "limit_cards", "limit_person", "limit_value", "rest"
"""Stable reasons for which an offer is held back, beside those of `issuer.offers.governor`."""

MOVED = timedelta(days=2)
"""By so much at most other hours let a window open later that some cards were shown already."""

Asked = tuple[Running, Card, Turn]

REACHED = """
    SELECT offer_id, card_id
    FROM unnest(%(offers)s::uuid[], %(cards)s::uuid[]) AS asked (offer_id, card_id)
    WHERE EXISTS (
        SELECT FROM showing
        WHERE (showing.offer_id, showing.card_id) = (asked.offer_id, asked.card_id) AND shown_at IS NOT NULL
    )
"""
IN_EACH = """
    SELECT offer_id, turn, count(*) FROM showing
    WHERE offer_id = ANY(%(offers)s) AND state IN ('shown', 'over') AND decided_at >= %(since)s
        AND turn = ANY(%(turns)s)
    GROUP BY offer_id, turn
"""
BY_PERSON = """
    SELECT offer_id, customer_id, count(*), max(shown_at)
    FROM showing
    WHERE customer_id = ANY(%(customers)s) AND offer_id = ANY(%(offers)s) AND shown_at IS NOT NULL
    GROUP BY offer_id, customer_id
"""


@dataclass
class Used:
    """``offers``: their rows. ``reached``: (offer, card); ``each``: cards by (offer, turn).

    ``times``, ``last``: by (offer, customer).
    """

    offers: Mapping[UUID, Offer]
    reached: set[tuple[UUID, UUID]] = field(default_factory=set)
    each: Counter[tuple[UUID, str]] = field(default_factory=Counter)
    times: Counter[tuple[UUID, UUID]] = field(default_factory=Counter)
    last: dict[tuple[UUID, UUID], datetime] = field(default_factory=dict)

    def objection(self, asked: Asked, now: datetime) -> tuple[str, datetime | None] | None:
        """Why one more is too many, and when that changes by time alone."""
        one, card, turn = asked
        limits, person = one.offer.limits, (one.id, card.customer_id)
        if limits.cards is not None and self._cards(asked) >= limits.cards:
            return CARDS, None
        if limits.value is not None and self.offers[one.id].value + one.offer.worth_cents > limits.value:
            return VALUE, None
        if limits.per_person is not None and self.times[person] >= limits.per_person:
            return PERSON, None
        rested = self.last[person] + timedelta(days=limits.rest_days) if person in self.last else now
        return (REST, rested if rested < turn.closes else None) if rested > now else None

    def count(self, asked: Asked, now: datetime) -> None:
        """One more was shown."""
        one, card, turn = asked
        row, person = self.offers[one.id], (one.id, card.customer_id)
        row.reached += (one.id, card.id) not in self.reached
        row.value += one.offer.worth_cents
        self.reached.add((one.id, card.id))
        self.each[one.id, turn.key] += 1
        self.times[person] += 1
        self.last[person] = now

    def _cards(self, asked: Asked) -> int:
        """Cards that were shown it, but for this one."""
        one, card, turn = asked
        if one.offer.limits.each_time:
            return self.each[one.id, turn.key]
        return self.offers[one.id].reached - ((one.id, card.id) in self.reached)


def used(session: Session, asked: Sequence[Asked]) -> Used:
    """What was used of the offers that are asked about; four queries at most."""
    rows = session.scalars(select(Offer).where(Offer.id.in_({one.id for one, _, _ in asked})))
    found = Used({row.id: row for row in rows})
    pairs = {(one.id, card.id) for one, card, _ in asked}
    if pairs:
        values = {"offers": [offer_id for offer_id, _ in pairs], "cards": [card_id for _, card_id in pairs]}
        found.reached.update(send(session, REACHED, values))
    _count_each(session, found, [one for one in asked if one[0].offer.limits.each_time])
    _count_persons(session, found, [one for one in asked if _is_for_persons(one[0])])
    return found


def _is_for_persons(one: Running) -> bool:
    return one.offer.limits.per_person is not None or one.offer.limits.rest_days > 0


def _count_each(session: Session, found: Used, asked: Iterable[Asked]) -> None:
    turns = [(one.id, turn) for one, _, turn in asked]
    if not turns:
        return
    values = {
        "offers": list({offer_id for offer_id, _ in turns}),
        "turns": list({turn.key for _, turn in turns}),
        "since": min(turn.opens for _, turn in turns) - MOVED,
    }
    found.each.update({(offer_id, key): count for offer_id, key, count in send(session, IN_EACH, values)})


def _count_persons(session: Session, found: Used, asked: Iterable[Asked]) -> None:
    meant = [(one.id, card.customer_id) for one, card, _ in asked]
    if not meant:
        return
    values = {"offers": list({one for one, _ in meant}), "customers": list({person for _, person in meant})}
    for offer_id, person, count, last in send(session, BY_PERSON, values):
        found.times[offer_id, person], found.last[offer_id, person] = count, last

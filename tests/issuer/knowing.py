"""What offers know of cards, for tests."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from issuer import events
from issuer.card_facts import around_of, facts_of
from issuer.offers.facts import Facts
from issuer.offers.triggers import KINDS
from issuer.schema import Card
from tests.issuer.counting import Till, booked


def known(till: Till, *card_ids: UUID, kinds: Collection[str] = KINDS) -> list[Facts]:
    with till.work() as session:
        cards = [session.get_one(Card, card_id) for card_id in card_ids]
        around = around_of(session, till.shop.merchant_id, till.now)
        return facts_of(session, till.keys, cards, around, till.now, kinds)


def one(till: Till, card_id: UUID, **more: Any) -> Facts:
    return known(till, card_id, **more)[0]


def days_later(till: Till, days: float) -> Till:
    return till.later(days * 86_400)


def reverse(till: Till, outcome: Any) -> None:
    booked(till.reverse(booked(outcome).posting.id))


def note(till: Till, card_id: UUID, kind: str, **data: Any) -> None:
    """Something happened beside the ledger."""
    with till.work() as session:
        events.record(session, till.shop.merchant_id, kind, till.now, card_id, **data)

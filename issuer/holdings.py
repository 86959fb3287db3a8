"""What cards hold and what they promise, for whoever need not show them: less to read than `issuer.cards.views`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from issuer.cards import Told, notices_on, programs_of
from issuer.database import send
from issuer.rules.stamps import Collecting
from issuer.schema import Card

BALANCES = "SELECT card_id, unit, balance FROM account WHERE card_id = ANY(%(cards)s)"


@dataclass(frozen=True)
class Holding:
    """``balances``: by unit of the ledger. ``counters``: each with the promise its round began with.

    ``notices``: what the card warns of. ``zone``: the merchant's.
    """

    balances: Mapping[str, int]
    counters: Sequence[Collecting]
    notices: Sequence[Told]
    zone: str


def holdings(session: Session, cards: Sequence[Card]) -> dict[UUID, Holding]:
    """By card, of at least one; three queries at most."""
    balances: dict[UUID, dict[str, int]] = {card.id: {} for card in cards}
    for card_id, unit, balance in send(session, BALANCES, {"cards": list(balances)}):
        balances[card_id][unit] = balance
    programs = programs_of(session, cards)
    notices = notices_on(session, [card.id for card in cards if programs[card.program_id].tells])
    return {
        card.id: Holding(
            balances[card.id],
            programs[card.program_id].terms(card).counters,
            [Told(row.key, row.kind, row.values) for row in notices.get(card.id, ())],
            programs[card.program_id].zone,
        )
        for card in cards
    }

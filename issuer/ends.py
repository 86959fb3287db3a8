"""Until when what a card holds counts, from the first day on; what ends soon `issuer.expiring` tells besides."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import due, occasions
from issuer.amounts import last_day
from issuer.cards import CardView
from issuer.expiring import KIND, lots_of, promises_of
from issuer.lots import any_end, outlook
from issuer.rules.gifts import OccasionRule
from issuer.schema import Card, Due
from issuer.telling import Ending, lasting


def told_ends(session: Session, shown: CardView, language: str | None = None) -> list[str]:
    """Sentences about what lasts how long, in the card's language unless told."""
    return lasting(endings(session, shown), shown, language)


def endings(session: Session, shown: CardView) -> tuple[Ending, ...]:
    """What of a card ends first, unit by unit. A function of rows, so that a pass may say it: no clock is asked.

    Nothing is read for a card whose rules know no end.
    """
    gifts, collected = any(shown.rules.each(OccasionRule)), any_end(shown.rules)
    if not gifts and not collected:
        return ()
    card = session.get_one(Card, shown.id)
    return (*(_gifts(session, card, shown) if gifts else ()), *(_collected(session, card, shown) if collected else ()))


def _gifts(session: Session, card: Card, shown: CardView) -> Iterator[Ending]:
    """Presents that are still there, by what the worker has yet to look after."""
    planned = select(Due.key).where(Due.card_id == card.id, Due.what == due.GIFT_END).order_by(Due.due_at, Due.key)
    for key in session.scalars(planned).all():
        gift = occasions.untaken(session, card, key)
        left = min(gift.amount, shown.balances.get(gift.unit, 0)) if gift else 0
        if gift and left > 0:
            yield Ending(gift.unit, left, last_day(gift.until, shown.zone))


def _collected(session: Session, card: Card, shown: CardView) -> Iterator[Ending]:
    """What ends by the rules, unless the card warns of it already."""
    promises, warned = (
        promises_of(session, card),
        {str(one.values["unit"]) for one in shown.notices if one.kind == KIND},
    )
    held = {
        unit: amount
        for unit, amount in sorted(shown.balances.items())
        if amount > 0 and unit not in warned and promises.touch(unit)
    }
    for unit, found in lots_of(session, card, promises, held).items():
        ahead = outlook(held[unit], found, date.min)
        if ahead.day is not None:
            yield Ending(unit, ahead.amount, ahead.day)

"""How offers stand on cards at this moment: on how many, what would go with them, and who is kept from them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer.schema import Showing
from issuer.showings import HELD, SHOWN


@dataclass(frozen=True)
class Borne:
    """``cards`` show it; ``vouchers`` of theirs are not used yet and go when the offer does.

    ``held``: cards that would show it now but for a bound, by reason, most first.
    """

    cards: int = 0
    vouchers: int = 0
    held: tuple[tuple[str, int], ...] = ()


NOWHERE = Borne()


def borne(session: Session, offer_ids: Collection[UUID], now: datetime) -> Mapping[UUID, Borne]:
    """Of offers of the transaction's merchant; those that no card shows and nobody waits for are left out."""
    held = defaultdict[UUID, list[tuple[str, int]]](list)
    for offer_id, reason, count in _held(session, offer_ids, now):
        held[offer_id].append((reason or "", count))
    unused = func.count().filter(Showing.voucher_id.is_not(None), Showing.redeemed_at.is_(None))
    shown = select(Showing.offer_id, func.count(Showing.card_id.distinct()), unused).where(
        Showing.offer_id.in_(offer_ids), Showing.state == SHOWN
    )
    counted = {row[0]: (row[1], row[2]) for row in session.execute(shown.group_by(Showing.offer_id))}
    return {key: Borne(*counted.get(key, (0, 0)), tuple(held[key])) for key in {*counted, *held}}


def _held(session: Session, offer_ids: Collection[UUID], now: datetime) -> Collection[tuple[UUID, str | None, int]]:
    count = func.count(Showing.card_id.distinct())
    query = (
        select(Showing.offer_id, Showing.reason, count)
        .where(Showing.offer_id.in_(offer_ids), Showing.state == HELD, Showing.opens_at <= now, Showing.closes_at > now)
        .group_by(Showing.offer_id, Showing.reason)
        .order_by(count.desc(), Showing.reason)
    )
    return [(offer_id, reason, number) for offer_id, reason, number in session.execute(query)]

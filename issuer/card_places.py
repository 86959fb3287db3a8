"""Which ten shops stand on a card, where its offers are near more of them than Wallet takes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from issuer.offer_places import shops_named
from issuer.offers.facts import Facts, Shop
from issuer.offers.nearest import nearest
from issuer.offers.offer import Offer
from issuer.offers.triggers import PlaceTrigger
from issuer.schema import Card, CardPlaces
from passes.extras import MOST_PLACES


def choose(session: Session, card: Card, facts: Facts, offers: Iterable[Offer], now: datetime) -> bool:
    """Choose anew, where its offers name more shops than Wallet takes: nearest to where it is used, then most visited.

    :param offers: all that the card shows now
    :return: whether others were chosen than before; then the card is to be published
    """
    candidates = _candidates(facts, [one.trigger for one in offers if isinstance(one.trigger, PlaceTrigger)])
    if len(candidates) <= MOST_PLACES:
        return False
    visits = Counter(one.location_id for one in facts.visits if one.location_id is not None)
    chosen = list(nearest(candidates, _anchor(facts), visits, MOST_PLACES))
    row = session.get(CardPlaces, card.id)
    if row is not None and row.location_ids == chosen:
        return False
    if row is None:
        session.add(CardPlaces(card_id=card.id, merchant_id=card.merchant_id, location_ids=chosen, chosen_at=now))
    else:
        row.location_ids, row.chosen_at = chosen, now
    return True


def _candidates(facts: Facts, triggers: Sequence[PlaceTrigger]) -> list[Shop]:
    named = shops_named(one.locations for one in triggers)
    shops = facts.around.shops.values() if triggers else ()
    return [shop for shop in shops if shop.placed and (named is None or shop.id in named)]


def _anchor(facts: Facts) -> tuple[float, float] | None:
    """Where the card is used: the shop that is visited most, of equals the one that was visited last."""
    shops, counted = facts.around.shops, Counter[UUID]()
    for visit in reversed(facts.visits):
        shop = shops.get(visit.location_id) if visit.location_id else None
        if shop is not None and shop.placed:
            counted[shop.id] += 1
    if not counted:
        return None
    home = shops[counted.most_common(1)[0][0]]
    return _at(home)


def _at(shop: Shop) -> tuple[float, float] | None:
    if shop.latitude is None or shop.longitude is None:
        return None
    return shop.latitude, shop.longitude

"""Where a card comes to the lock screen for its offers, and what it says there."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.cards import CardView
from issuer.offers.shown import ShownOffer, standing
from issuer.schema import CardPlaces, Location
from passes.extras import MOST_PLACES, Place


def places_of(session: Session, shown: CardView) -> tuple[Place, ...]:
    """The shops of its offers, ten at most, in its language: of more, those that were chosen for it.

    Of several offers for one shop the most important one is said there. Two or three queries; none without such offers.
    """
    offers = [one for one in standing(shown.offers) if one.near_shops]
    if not offers:
        return ()
    shops = _some_placed(session, shops_named(one.location_ids for one in offers), MOST_PLACES + 1)
    if len(shops) > MOST_PLACES:
        shops = _chosen(session, shown.id) or shops[:MOST_PLACES]
    return tuple(_places(shops, offers, shown.language))


def shops_named(lists: Iterable[Sequence[UUID]]) -> frozenset[UUID] | None:
    """The shops that any of several offers names; None where one of them means all."""
    found: set[UUID] = set()
    for one in lists:
        if not one:
            return None
        found.update(one)
    return frozenset(found)


def _some_placed(session: Session, named: frozenset[UUID] | None, most: int) -> Sequence[Location]:
    query = select(Location).where(Location.latitude.is_not(None), Location.longitude.is_not(None))
    if named is not None:
        query = query.where(Location.id.in_(named))
    return session.scalars(query.order_by(Location.created_at, Location.id).limit(most)).all()


def _chosen(session: Session, card_id: UUID) -> Sequence[Location]:
    row = session.get(CardPlaces, card_id)
    if row is None:
        return ()
    return _some_placed(session, frozenset(row.location_ids), MOST_PLACES)


def _places(shops: Sequence[Location], offers: Sequence[ShownOffer], language: str) -> Iterator[Place]:
    for shop in shops:
        said = next((one for one in offers if not one.location_ids or shop.id in one.location_ids), None)
        if said is None or shop.latitude is None or shop.longitude is None:
            continue
        text = said.content.in_(language).near
        yield Place(latitude=shop.latitude, longitude=shop.longitude, text=text)

"""Which ten shops stand on a card of a merchant with more: Apple allows no eleventh (Wallet, "Pass", locations)."""

from collections.abc import Iterable, Mapping
from math import asin, cos, radians, sin, sqrt
from uuid import UUID

from issuer.offers.facts import Shop

EARTH = 6_371_009
"""Its mean radius in metres."""


def nearest(
    shops: Iterable[Shop], anchor: tuple[float, float] | None, visits: Mapping[UUID, int], most: int = 10
) -> tuple[UUID, ...]:
    """Ids of shops with coordinates: the most visited first, then by distance in whole metres, then by id.

    :param anchor: latitude and longitude of where the card is used; ``None``: nobody knows, and no shop is nearer
    :param visits: of the card to a shop, lately
    """
    placed = [
        (-visits.get(shop.id, 0), metres(anchor, (shop.latitude, shop.longitude)) if anchor else 0, shop.id)
        for shop in shops
        if shop.latitude is not None and shop.longitude is not None
    ]
    return tuple(shop_id for _, _, shop_id in sorted(placed)[:most])


def metres(here: tuple[float, float], there: tuple[float, float]) -> int:
    """The way between two points on a globe, each latitude and longitude in degrees (haversine)."""
    (north, east), (to_north, to_east) = (map(radians, point) for point in (here, there))
    half = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin((to_east - east) / 2) ** 2
    return round(2 * EARTH * asin(sqrt(min(half, 1))))

"""What Wallet suggests on the lock screen to somebody who stands somewhere. No server hears of it.

Sources: Apple, "Showing a Pass on the Lock Screen", "Creating the Source for a Pass" (table 4-2: what makes a pass of
which style relevant; radii are about 100 metres, for tickets about 1000), "Pass", maxDistance.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Any

from sandbox.phone_view import pass_name
from sandbox.wallet import OpenedPass

NEAR, NEAR_FOR_TICKETS = 100, 1000
"""Metres."""
TICKETS = ("eventTicket", "boardingPass")
WITH_TIME = (*TICKETS, "generic")
"""Styles of which Wallet looks at a time too, where the pass says one."""
_EARTH = 6_371_009
_POINT = re.compile(r"\s*([+-]?\d{1,3}(?:\.\d{1,15})?)\s*[,;\s]\s*([+-]?\d{1,3}(?:\.\d{1,15})?)\s*")

Point = tuple[float, float]


@dataclass(frozen=True)
class Spot:
    """Where a pass comes up, and what is said there, which may be empty. Degrees, north and east positive."""

    latitude: float
    longitude: float
    text: str

    @property
    def at(self) -> str:
        """ "52.5,13.4", as addresses have it."""
        return f"{self.latitude},{self.longitude}"


@dataclass(frozen=True)
class Suggestion:
    """A pass that comes up. ``metres``: how far its place is."""

    name: str
    title: str
    text: str
    metres: int


def point_of(typed: str) -> Point | None:
    """Latitude and longitude, in degrees; `None` for what is no place."""
    found = _POINT.fullmatch(typed)
    point = (float(found[1]), float(found[2])) if found else None
    return point if point and abs(point[0]) <= 90 and abs(point[1]) <= 180 else None


def spots_of(passes: Iterable[OpenedPass]) -> list[Spot]:
    """The places of all passes, each with what is said there, none twice."""
    return list(dict.fromkeys(spot for opened in passes for spot in _spots(opened)))


def suggestions(passes: Iterable[OpenedPass], here: Point, now: datetime) -> list[Suggestion]:
    """The passes that come up here, the nearest first."""
    found = [one for opened in passes if (one := _suggestion(opened, here, now))]
    return sorted(found, key=lambda one: (one.metres, one.title))


def _suggestion(opened: OpenedPass, here: Point, now: datetime) -> Suggestion | None:
    content = opened.content
    if content.get("voided") is True or not _is_its_time(opened, now):
        return None
    found = nearest(_spots(opened), here, _radius(opened))
    return Suggestion(pass_name(opened), str(content["organizationName"]), found[1].text, found[0]) if found else None


def nearest(spots: Iterable[Spot], here: Point, most: float) -> tuple[int, Spot] | None:
    """The nearest place that is at most so many metres away, with how far it is."""
    by_distance = ((metres(here, (spot.latitude, spot.longitude)), spot) for spot in spots)
    return min((one for one in by_distance if one[0] <= most), key=lambda one: one[0], default=None)


def _spots(opened: OpenedPass) -> Iterator[Spot]:
    return read_spots(opened.content.get("locations", ()))


def read_spots(said: Iterable[Any]) -> Iterator[Spot]:
    """What of a list of JSON is a place."""
    for one in said:
        if isinstance(one, Mapping) and all(isinstance(one.get(key), int | float) for key in ("latitude", "longitude")):
            yield Spot(one["latitude"], one["longitude"], str(one.get("relevantText", "")))


def _radius(opened: OpenedPass) -> float:
    usual, said = NEAR_FOR_TICKETS if opened.style in TICKETS else NEAR, opened.content.get("maxDistance")
    return min(usual, said) if isinstance(said, int | float) else usual


def _is_its_time(opened: OpenedPass, now: datetime) -> bool:
    """A moment is no window, so it keeps no pass away. On a store card and a coupon Wallet passes over a time."""
    windows = [one for one in _dates(opened) if "startDate" in one and "endDate" in one]
    return not windows or any(_instant(one["startDate"]) <= now <= _instant(one["endDate"]) for one in windows)


def _dates(opened: OpenedPass) -> list[Mapping[str, Any]]:
    return list(opened.content.get("relevantDates", ())) if opened.style in WITH_TIME else []


def _instant(said: str) -> datetime:
    return datetime.fromisoformat(said)


def metres(here: Point, there: Point) -> int:
    """The way between two points on a globe (haversine)."""
    (north, east), (to_north, to_east) = (map(radians, point) for point in (here, there))
    half = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin((to_east - east) / 2) ** 2
    return round(2 * _EARTH * asin(sqrt(min(half, 1))))

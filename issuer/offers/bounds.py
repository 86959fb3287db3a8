"""Between which instants an offer can have turns at all, and what is asked of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from issuer.offers.facts import Around, Facts, Turn
from issuer.offers.instants import DAY, begin_of
from issuer.offers.offer import Offer
from issuer.offers.triggers import PlaceTrigger, TimeTrigger, VisitTrigger, WeatherTrigger

FOREVER = datetime(9000, 1, 1, tzinfo=UTC)
"""When something closes that has no end."""


@dataclass(frozen=True)
class Bounds:
    """An offer's turns lie from ``begins`` until before ``ends``; those that are over at ``start`` are not asked for.

    ``since``: when it first went live. ``zone``: of its one shop, else the merchant's. All instants in UTC.
    """

    offer: Offer
    around: Around
    zone: ZoneInfo
    since: datetime
    begins: datetime
    ends: datetime
    start: datetime

    def cut(self, turns: Iterable[Turn]) -> Iterator[Turn]:
        """Turns in order of their opening, without what lies outside."""
        for turn in turns:
            if turn.opens >= self.ends:
                return
            within = replace(turn, opens=max(turn.opens, self.begins), closes=min(turn.closes, self.ends))
            if within.closes > max(within.opens, self.start):
                yield within


@dataclass(frozen=True)
class Asked(Bounds):
    """The same for one card."""

    facts: Facts


def bounds(offer: Offer, around: Around, start: datetime, since: datetime) -> Bounds:
    zone, window = ZoneInfo(around.zone_of(only_shop(offer))), offer.window
    since = since.astimezone(UTC)
    begins = max(since, begin_of(window.first, zone)) if window.first else since
    ends = begin_of(window.last + DAY, zone) if window.last else FOREVER
    return Bounds(offer, around, zone, since, begins, ends, start.astimezone(UTC))


def asked(offer: Offer, facts: Facts, now: datetime, since: datetime) -> Asked:
    return Asked(**vars(bounds(offer, facts.around, now, since)), facts=facts)


def only_shop(offer: Offer) -> UUID | None:
    """The one shop that an offer's trigger names."""
    trigger = offer.trigger
    if isinstance(trigger, WeatherTrigger):
        return trigger.location
    shops = trigger.locations if isinstance(trigger, TimeTrigger | PlaceTrigger | VisitTrigger) else ()
    return shops[0] if len(shops) == 1 else None


def in_order(turns: Iterable[Turn]) -> list[Turn]:
    return sorted(turns, key=lambda turn: (turn.opens, turn.key))

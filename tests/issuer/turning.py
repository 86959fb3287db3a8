"""Offers of one trigger, cards of which so much is known, and a slow second reading of when a window is open."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from issuer.offers.facts import Around, Facts, Shop, Turn, Visited
from issuer.offers.hours import Hours
from issuer.offers.offer import Offer
from issuer.offers.turns import next_look, turn_of

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MIDNIGHT = time(0)
CORNER, STATION = UUID(int=1), UUID(int=2)
TEXTS = {"de": {"card": "Kaffee 1 €"}, "en": {"card": "Coffee 1 €"}}
LONG_AGO = datetime(2005, 1, 1, tzinfo=UTC)
LIVE = datetime(2026, 5, 4, 6, tzinfo=UTC)
"""A Monday at eight in Berlin."""


def offer(kind: str, window: Mapping[str, Any] | None = None, lasts_days: int = 7, **trigger: Any) -> Offer:
    """Of this trigger, for everybody."""
    values = {"name": "x", "content": TEXTS, "window": window or {}, "lasts_days": lasts_days}
    return Offer.model_validate({**values, "trigger": {"kind": kind, **trigger}})


def hours(start: str, end: str, weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)) -> dict[str, Any]:
    return {"start": start, "end": end, "weekdays": weekdays}


def around(zone: str = "Europe/Berlin", station: str | None = None, **more: Any) -> Around:
    """A merchant with two shops, of which the one at the station may have another time zone."""
    corner = Shop(CORNER, "Corner", zone, 52.5, 13.4)
    return Around(zone, {CORNER: corner, STATION: Shop(STATION, "Station", station or zone, 48.1, 11.6)}, **more)


def facts(where: Around | None = None, **known: Any) -> Facts:
    return Facts(UUID(int=7), UUID(int=8), UUID(int=9), "de", where or around(), **known)


def visits(*moments: datetime, location_id: UUID | None = CORNER) -> tuple[Visited, ...]:
    return tuple(Visited(at, f"v{number}", location_id) for number, at in enumerate(moments, 1))


def at(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    """ "2026-03-29 09:00" on a clock there."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def forecast(degrees: str, rain: str = "0") -> tuple[Decimal, Decimal]:
    return Decimal(degrees), Decimal(rain)


def seen(what: Offer, card: Facts, start: datetime, end: datetime, since: datetime = LONG_AGO) -> list[Turn]:
    """The turns that somebody meets who looks at the card when `next_look` says so, and at no other time."""
    found, now = list[Turn](), start
    while now is not None and now < end:
        turn = turn_of(what, card, now, since)
        if turn and turn.key not in [one.key for one in found]:
            found.append(turn)
        later = next_look(what, card, now, since)
        assert later is None or later > now
        now = later or end
    return found


def met(what: Offer, card: Facts, days: int = 60, since: datetime = LIVE) -> list[tuple[str, str, str]]:
    """Key, opening and closing by the merchant's clock, of the turns from ``LIVE`` on."""
    zone, found = ZoneInfo(card.around.zone), seen(what, card, LIVE - DAY, LIVE + days * DAY, since)
    clock = [(turn.key, turn.opens.astimezone(zone), turn.closes.astimezone(zone)) for turn in found]
    return [(key, f"{opens:%Y-%m-%d %H:%M}", f"{closes:%Y-%m-%d %H:%M}") for key, opens, closes in clock]


@dataclass(frozen=True)
class Wall:
    """A clock on the wall that somebody reads every minute from ``begins`` on."""

    begins: datetime
    shown: tuple[datetime, ...]
    latest: tuple[datetime, ...]

    def first(self, day: date, at: time) -> datetime:
        """When the wall first shows this or later."""
        return self.begins + bisect_left(self.latest, datetime.combine(day, at)) * MINUTE

    def days(self) -> Iterator[date]:
        """Those that it shows, but for the outermost ones, of which it need not see all."""
        first, last = self.shown[0].date(), self.shown[-1].date()
        return (first + number * DAY for number in range(1, (last - first).days))


@lru_cache(maxsize=20)
def wall(zone: str, begins: datetime, days: int) -> Wall:
    moments = (begins + minute * MINUTE for minute in range(days * 24 * 60))
    shown = tuple(moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in moments)
    return Wall(begins, shown, tuple(accumulate(shown, max)))


def opened(read: Wall, what: Hours) -> list[tuple[date, datetime, datetime]]:
    """The windows that a clock on the wall shows: day, opening, closing; days that last until the next are one."""
    runs = list[tuple[date, date]]()
    for day in read.days():
        if day.weekday() in what.weekdays:
            goes_on = bool(runs) and what.start == what.end and runs[-1][1] == day - DAY
            runs = [*runs[:-1], (runs[-1][0], day)] if goes_on else [*runs, (day, day)]
    return [_opened(read, what, first, last + DAY if what.end <= what.start else last) for first, last in runs]


def _opened(read: Wall, what: Hours, first: date, last: date) -> tuple[date, datetime, datetime]:
    opens, closes = read.first(first, what.start), read.first(last, what.end)
    length = datetime.combine(last, what.end) - datetime.combine(first, what.start)
    return first, opens, closes if closes > opens else opens + length

"""When each offer of the simulated café is due for each card: read off a clock on the wall and the diary, by hand.

Nothing of the service is asked. What the offers say stands here once more, in plain numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

from issuer.offers.hours import Hours
from tests.issuer.cafe_diary import Bearer, Came, Diary
from tests.issuer.cafe_offers import BERLIN, GOLD_CENTS, GRACE_DAYS, MONTHS, PRICE, SPRING, STAMPS_NEEDED
from tests.issuer.turning import Wall, opened, wall

DAY, HOUR, MIDNIGHT = timedelta(days=1), timedelta(hours=1), time(0)
MORNINGS = Hours(weekdays=(0, 1, 2, 3, 4, 6), start=time(7), end=time(10))
NIGHTS = Hours(weekdays=(4, 5), start=time(22), end=time(2, 30))
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """An offer for a card from ``opens`` until before ``closes``. Of a state ``turn`` names it, and both are ``None``:
    they go by the day on which it comes.

    It may come from ``begins`` until before ``until``; from ``known`` on the worker has to know of it. ``off``: when it
    has to go though it is not over.
    """

    offer: str
    bearer: Bearer
    opens: datetime | None
    closes: datetime | None
    begins: datetime
    known: datetime
    until: datetime
    off: datetime = NEVER
    zone: str = BERLIN
    turn: str | None = None


@dataclass
class Calendar:
    """Days and hours as clocks on the wall show them, and what was due by the diary."""

    diary: Diary

    def wall(self, zone: str) -> Wall:
        begins = self.diary.live.replace(hour=0, minute=0) - 40 * DAY
        return wall(zone, begins, (self.diary.over - begins).days + 40)

    def begin_of(self, day: date, zone: str = BERLIN) -> datetime:
        return self.wall(zone).first(day, MIDNIGHT)

    def day_of(self, at: datetime, zone: str = BERLIN) -> date:
        return at.astimezone(ZoneInfo(zone)).date()

    def lasting(self, at: datetime, days: int, zone: str = BERLIN) -> datetime:
        """The end of the local day so many days after."""
        return self.begin_of(self.day_of(at, zone) + (days + 1) * DAY, zone)

    @cached_property
    def mornings(self) -> list[tuple[datetime, datetime]]:
        return self._hours(MORNINGS)

    @cached_property
    def nights(self) -> list[tuple[datetime, datetime]]:
        return self._hours(NIGHTS)

    def _hours(self, hours: Hours) -> list[tuple[datetime, datetime]]:
        begins = max(self.diary.live, self.begin_of(date.fromisoformat(SPRING)))
        found = ((max(opens, begins), closes) for _, opens, closes in opened(self.wall(BERLIN), hours))
        return [(opens, closes) for opens, closes in found if opens < closes and opens < self.diary.over]

    def windows(self, bearer: Bearer) -> list[Window]:
        """All of a card until the offers are ended."""
        found = (*self._by_clock(bearer), *self._by_year(bearer), *self._by_visits(bearer), *self._by_state(bearer))
        cut = (replace(one, until=min(one.until, self.diary.over)) for one in found)
        return [one for one in cut if one.begins < one.until]

    # --- by the clock -------------------------------------------------------------------------------------------

    def _by_clock(self, bearer: Bearer) -> Iterator[Window]:
        yield from (_calendar("morning", bearer, *hours) for hours in self.mornings)
        if bearer.language == "de":
            yield from (_calendar("night", bearer, *hours) for hours in self.nights)
        for day, known in self.diary.warm.items():
            opens, closes = (self.wall(BERLIN).first(day, at) for at in (time(15), time(18)))
            yield _calendar("warm", bearer, opens, closes, known)

    def _by_year(self, bearer: Bearer) -> Iterator[Window]:
        for told, born in bearer.person.birthdays:
            heard = told.replace(minute=0, second=0) + HOUR
            for year in range(self.diary.live.year - 1, self.diary.over.year + 2):
                yield from self._around("birthday", bearer, in_year(born, year), 1, 6, told, heard)
        first = self.day_of(bearer.came[0].at) if bearer.came else None
        for year in range(first.year + 1, self.diary.over.year + 2) if first else ():
            yield from self._around("anniversary", bearer, in_year(first, year), 0, 9, bearer.made, bearer.made)

    def _around(
        self, offer: str, bearer: Bearer, day: date, before: int, after: int, told: datetime, known: datetime
    ) -> Iterator[Window]:
        first, last, diary = day - before * DAY, day + after * DAY, self.diary
        if last < self.day_of(diary.live) or first > self.day_of(diary.over):
            return
        opens, closes = max(self.begin_of(first), diary.live), self.begin_of(last + DAY)
        begins = max(opens, told, bearer.made)
        yield Window(offer, bearer, opens, closes, begins, max(begins, min(known, begins + HOUR)), closes)

    # --- by visits ----------------------------------------------------------------------------------------------

    def _by_visits(self, bearer: Bearer) -> Iterator[Window]:
        days = self._days(bearer)
        for number, came in enumerate(days, 1):
            if came.at > self.diary.live and number == 2:
                yield self._since("second", bearer, came.at, 7, came.zone)
        full = [came for number, came in enumerate(days, 1) if number % 3 == 0 and came.at > self.diary.live]
        yield from _newest([self._since("milestone", bearer, came.at, 7, came.zone) for came in full])
        new = [came for came in bearer.came if came.at > self.diary.live]
        yield from _newest([self._since("after", bearer, came.at + 3 * HOUR, 1, came.zone) for came in new])
        yield from _newest(
            [self._since("event", bearer, at, 3) for at in sorted(bearer.happened) if at > self.diary.live]
        )
        for came, following in pairwise([*(came.at for came in bearer.came), NEVER]):
            opens = max(came + 30 * DAY, self.diary.live)
            if opens < min(following, self.diary.over):
                window = self._since("quiet", bearer, opens, 14)
                yield replace(window, until=min(window.until, following))

    def _days(self, bearer: Bearer) -> list[Came]:
        """The first visit of each day on which somebody came."""
        found = dict[date, Came]()
        for came in bearer.came:
            found.setdefault(self.day_of(came.at, came.zone), came)
        return list(found.values())

    def _since(self, offer: str, bearer: Bearer, at: datetime, days: int, zone: str = BERLIN) -> Window:
        closes = self.lasting(at, days, zone)
        return Window(offer, bearer, at, closes, at, at, closes, zone=zone)

    # --- by what is on the card ---------------------------------------------------------------------------------

    def _by_state(self, bearer: Bearer) -> Iterator[Window]:
        if bearer.program == "stamps":
            stamps = [came.at for came in bearer.came if came.booked]
            yield from self._nearly(bearer, stamps)
            yield from self._unused(bearer, stamps[STAMPS_NEEDED - 1 :: STAMPS_NEEDED])
        else:
            yield from self._tier(bearer)
            yield from self._lapsing(bearer)

    def _nearly(self, bearer: Bearer, stamps: list[datetime]) -> Iterator[Window]:
        for number, (at, following) in enumerate(pairwise([*stamps, NEVER]), 1):
            if number % STAMPS_NEEDED == STAMPS_NEEDED - 1:
                begins = max(at, self.diary.live)
                turn = f"stamps:{number // STAMPS_NEEDED}"
                yield Window("nearly", bearer, None, None, begins, begins, following, following, turn=turn)

    def _unused(self, bearer: Bearer, rewards: list[datetime]) -> Iterator[Window]:
        """What came first is taken first; until then nobody is told of the next."""
        taken, first = [*bearer.taken, *[NEVER] * len(rewards)], self.diary.live
        for since, until in zip(rewards, taken, strict=False):
            opens = max(since + 7 * DAY, self.diary.live)
            if opens < self.diary.over:
                closes, begins = self.lasting(opens, 10), max(opens, first)
                yield Window("unused", bearer, opens, closes, begins, begins, min(closes, until), until)
            first = max(first, until)

    def _tier(self, bearer: Bearer) -> Iterator[Window]:
        spent, held = dict[tuple[int, int], int](), (0, 0)
        for came in bearer.came:
            month = _month(self.day_of(came.at))
            before, spent[month] = spent.get(month, 0), spent.get(month, 0) + came.cents * came.booked
            if before < GOLD_CENTS <= spent[month]:
                if held < month and came.at > self.diary.live:
                    yield self._since("tier", bearer, came.at, 10)
                held = (month[0] + month[1] // 12, month[1] % 12 + 1)

    def _lapsing(self, bearer: Bearer) -> Iterator[Window]:
        for day, (since, until) in self._next_ends(bearer).items():
            begins = max(since, self.begin_of(day - 7 * DAY), self.diary.live)
            if begins < until:
                closes = self.begin_of(day + DAY)
                yield Window(
                    "lapsing", bearer, None, None, begins, self._calm(begins), min(closes, until),
                    min(closes, until), turn=f"points:{day}",
                )  # fmt: skip

    def _next_ends(self, bearer: Bearer) -> Mapping[date, tuple[datetime, datetime]]:
        """For each day from when until when it is the next on which points end; the oldest are spent first."""
        lots, found, current, since = dict[date, int](), dict[date, tuple[datetime, datetime]](), None, NEVER
        for at, points in self._booked(bearer):
            for day in [day for day in lots if _midnight(day + (GRACE_DAYS + 1) * DAY) <= at]:
                over = _midnight(day + (GRACE_DAYS + 1) * DAY)
                del lots[day]
                if day == current:
                    found[day] = (since, over)
                    current, since = min(lots, default=None), over
            if points > 0:
                day = months_later(self.day_of(at), MONTHS)
                lots[day] = lots.get(day, 0) + points
            else:
                _spend(lots, -points)
            if min(lots, default=None) != current:
                if current is not None:
                    found[current] = (since, at)
                current, since = min(lots, default=None), at
        while current is not None:
            over = _midnight(current + (GRACE_DAYS + 1) * DAY)
            found[current] = (since, over)
            del lots[current]
            current, since = min(lots, default=None), over
        return found

    def _booked(self, bearer: Bearer) -> list[tuple[datetime, int]]:
        earned = [(came.at, came.cents // 100) for came in bearer.came if came.booked]
        return sorted([*earned, *((at, -PRICE) for at in bearer.taken)], key=lambda one: (one[0], -one[1]))

    def _calm(self, at: datetime) -> datetime:
        """A first word of what ends is said when the quiet hours are over."""
        local = at.astimezone(ZoneInfo(BERLIN))
        if time(8) <= local.time() < time(21):
            return at
        return self.wall(BERLIN).first(local.date() + DAY * (local.hour >= 21), time(8))


def _midnight(day: date) -> datetime:
    """In Berlin, of days too on which nobody read the wall yet."""
    return datetime.combine(day, MIDNIGHT, ZoneInfo(BERLIN)).astimezone(UTC)


def in_year(day: date, year: int) -> date:
    """29 February is 28 February in other years."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def months_later(day: date, months: int) -> date:
    """The same day, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + (day.day - 1) * DAY, following - DAY)


def _calendar(offer: str, bearer: Bearer, opens: datetime, closes: datetime, known: datetime | None = None) -> Window:
    begins = max(opens, bearer.made, known or opens)
    return Window(offer, bearer, opens, closes, begins, begins, closes)


def _newest(windows: list[Window]) -> Iterator[Window]:
    """Of several that are open the one that opened last counts."""
    for number, window in enumerate(windows):
        following = windows[number + 1].begins if number + 1 < len(windows) else NEVER
        yield replace(window, until=min(window.until, following))


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month


def _spend(lots: dict[date, int], points: int) -> None:
    for day in sorted(lots):
        part = min(lots[day], points)
        lots[day], points = lots[day] - part, points - part
        if not lots[day]:
            del lots[day]

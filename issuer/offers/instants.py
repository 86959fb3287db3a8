"""What a shop's clock shows, as instants in UTC: each local time is met once, even if the clock skips or repeats it."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from issuer.offers.hours import MIDNIGHT, Hours

DAY, WEEK, NOTHING = timedelta(days=1), timedelta(weeks=1), timedelta()


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock shows this time or a later one: of a time that is skipped, the gap's end."""
    told = datetime.combine(day, at)
    first, second = _told(told, zone, 0), _told(told, zone, 1)
    if first <= second:
        return first
    # In a gap Python reads fold 1 by the clock that comes after it, so that lies before the gap, and fold 0 after it.
    seconds = range(int((first - second).total_seconds()) + 1)
    return second + timedelta(seconds=bisect_left(seconds, True, key=lambda past: _shown(second, past, zone) >= told))


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins, which need not be midnight."""
    return instant(day, MIDNIGHT, zone)


def day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def day_after(opens: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The end of the local day so many days after the one on which something opens."""
    return _closing(day_of(opens, zone) + (days + 1) * DAY, MIDNIGHT, zone, opens, DAY)


def spans(hours: Hours, zone: ZoneInfo, start: datetime) -> Iterator[tuple[date, datetime, datetime]]:
    """First day, opening and closing, in order and without end: all that close after ``start``, and some before.

    Days on end of which each lasts until the next begins are one; do not ask for `always`.
    """
    day = day_of(start, zone) - 2 * DAY - (WEEK if _seamless(hours) else NOTHING)
    while True:
        if day.weekday() in hours.weekdays and not (_seamless(hours) and (day - DAY).weekday() in hours.weekdays):
            yield day, *_span(hours, day, zone)
        day += DAY


def is_open(hours: Hours, at: datetime, zone: ZoneInfo) -> bool:
    """Whether an instant lies in one of the `spans`."""
    until_then = takewhile(lambda span: span[1] <= at, () if always(hours) else spans(hours, zone, at))
    return always(hours) or any(at < closes for _, _, closes in until_then)


def always(hours: Hours) -> bool:
    return _seamless(hours) and len(hours.weekdays) == 7


def _seamless(hours: Hours) -> bool:
    """Whether each day lasts until the next begins."""
    return hours.start == hours.end


def _span(hours: Hours, first: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    last = first
    while _seamless(hours) and (last + DAY).weekday() in hours.weekdays:
        last += DAY
    if hours.end <= hours.start:
        last += DAY
    opens = instant(first, hours.start, zone)
    length = datetime.combine(last, hours.end) - datetime.combine(first, hours.start)
    return opens, _closing(last, hours.end, zone, opens, length)


def _closing(day: date, at: time, zone: ZoneInfo, opens: datetime, length: timedelta) -> datetime:
    """After the opening in any case: the second time the clock shows it; when a gap swallows all, its ``length``."""
    ends = (instant(day, at, zone), _told(datetime.combine(day, at), zone, 1), opens + length)
    return next(end for end in ends if end > opens)


def _told(told: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return told.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _shown(since: datetime, seconds: int, zone: ZoneInfo) -> datetime:
    return (since + timedelta(seconds=seconds)).astimezone(zone).replace(tzinfo=None)

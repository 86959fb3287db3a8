"""Whatever sets an offer off: between two looks nothing changes, and every window is met as somebody slow finds it."""

from calendar import isleap
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from issuer.offers.facts import Facts, Happened, Lapsing, Nearly, Reached, Turn, Waiting
from issuer.offers.offer import Offer
from issuer.offers.triggers import KINDS
from issuer.offers.turns import next_look, turn_of
from tests.issuer.turning import (
    CORNER,
    DAY,
    HOUR,
    MIDNIGHT,
    MINUTE,
    STATION,
    around,
    facts,
    forecast,
    hours,
    offer,
    visits,
    wall,
)

START = datetime(2026, 3, 10, tzinfo=UTC)
DAYS = 40
ZONES = ("Europe/Berlin", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu")
LATEST = {"nearly", "lapsing"}
"""What opens on the day on which one asks, as nobody knows since when it has been so."""

moments = st.integers(0, DAYS * 24 * 60).map(lambda minutes: START + minutes * MINUTE)
days = st.integers(0, DAYS).map(lambda number: (START + number * DAY).date())
lasting = st.integers(0, 9)
daytimes = st.sampled_from(["00:00", "02:00", "02:30", "07:00", "10:00", "22:00"])
dayparts = st.builds(hours, daytimes, daytimes, st.sets(st.integers(0, 6), min_size=1).map(tuple))
shops = st.sampled_from([[], [str(CORNER)], [str(STATION)], [str(CORNER), str(STATION)]])
TRIGGERS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "time": {"hours": dayparts, "locations": shops},
    "place": {"hours": st.none() | dayparts, "locations": shops, "stays": st.booleans()},
    "visit": {
        "nth": st.none() | st.integers(1, 6),
        "daypart": st.none() | dayparts,
        "locations": shops,
        "after_hours": st.integers(0, 90),
    },
    "birthday": {"days_before": st.integers(0, 9), "days_after": st.integers(0, 9)},
    "anniversary": {"days_before": st.integers(0, 9), "days_after": st.integers(0, 9)},
    "quiet": {"days": st.integers(1, 20)},
    "nearly": {"missing": st.integers(1, 5)},
    "unused": {"days": st.integers(1, 20)},
    "lapsing": {"days": st.integers(1, 20)},
    "tier": {"tier": st.sampled_from([None, "gold"])},
    "milestone": {"visits": st.integers(2, 6), "every": st.booleans()},
    "event": {"name": st.just("x")},
    "weather": {"at": st.sampled_from(["02:30", "15:00"]), "location": st.sampled_from([None, str(STATION)])},
}


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    kind = draw(st.sampled_from(KINDS))
    first, last = draw(st.none() | days), draw(st.none() | days)
    window = {"first": first, "last": last if first is None or last is None else max(first, last)}
    return offer(kind, window, draw(lasting), **draw(st.fixed_dictionaries(TRIGGERS[kind])))


@st.composite
def cards(draw: st.DrawFn) -> Facts:
    zone, station = draw(st.sampled_from(ZONES)), draw(st.sampled_from(ZONES))
    hot = draw(st.dictionaries(st.tuples(st.sampled_from([CORNER, STATION]), days), st.booleans(), max_size=20))
    fifteen = {
        (shop, datetime.combine(day, time(15), tzinfo=ZoneInfo(zone)).astimezone(UTC)): forecast("35" if met else "5")
        for (shop, day), met in hot.items()
    }
    came = visits(*sorted(draw(st.sets(moments, max_size=8))))
    return facts(
        around(zone, station, forecasts=fifteen),
        visits=came,
        visit_days=len({visit.at.astimezone(ZoneInfo(zone)).date() for visit in came}) + draw(st.integers(0, 3)),
        first_visit=START - 360 * DAY,
        birthday=draw(st.sampled_from([None, (2, 28), (2, 29), (3, 29), (4, 5)])),
        tier=draw(st.none() | st.builds(Reached, st.sampled_from(["gold", "silver"]), moments)),
        nearly=draw(st.sampled_from([(), (Nearly("stamps", 2, 1),)])),
        waiting=draw(st.builds(lambda at: (Waiting("p", at),), moments) | st.just(())),
        lapsing=draw(st.builds(lambda day: (Lapsing("points", day),), days) | st.just(())),
        happened=tuple(Happened("x", at, str(at)) for at in sorted(draw(st.sets(moments, max_size=5)))),
    )


def read(kind: str, turn: Turn | None) -> object:
    """What may not change while nothing happens."""
    return turn.key if turn and kind in LATEST else turn


@settings(max_examples=150, deadline=None)
@given(offers(), cards(), moments, st.lists(moments, max_size=5))
def test_between_two_looks_nothing_changes(what: Offer, card: Facts, since: datetime, others: list[datetime]) -> None:
    kind, now, found = what.trigger.kind, START - DAY, dict[str, object]()
    spans = list[tuple[datetime, datetime, object]]()
    while now < START + (DAYS + 9) * DAY:
        turn, later = turn_of(what, card, now, since), next_look(what, card, now, since)
        assert turn is None or (turn.holds(now) and turn.opens >= since)
        assert later is None or later > now
        if turn:
            assert found.setdefault(turn.key, read(kind, turn)) == read(kind, turn)
        end = later or now + 99 * DAY
        for moment in (now + (end - now) / 2, end - timedelta(microseconds=1)):
            assert read(kind, turn_of(what, card, moment, since)) == read(kind, turn)
            assert kind in LATEST or next_look(what, card, moment, since) == later
        spans.append((now, end, read(kind, turn)))
        now = end
    for moment in others:
        assert read(kind, turn_of(what, card, moment, since)) in [
            shown for opens, closes, shown in spans if opens <= moment < closes
        ]


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sets(st.integers(0, 20 * 24 * 60), min_size=1, max_size=6),
    st.integers(0, 50),
    lasting,
    st.none() | st.integers(1, 6),
    st.lists(st.integers(0, 30 * 24 * 60), min_size=1, max_size=10),
)
def test_a_visit_is_meant_from_its_hour_to_the_end_of_its_days(
    zone: str, came: set[int], after: int, lasts: int, nth: int | None, minutes: list[int]
) -> None:
    read, came_at = wall(zone, START - 2 * DAY, 50), [START + minute * MINUTE for minute in sorted(came)]
    day_of = [at.astimezone(ZoneInfo(zone)).date() for at in came_at]
    card = facts(around(zone), visits=visits(*came_at), visit_days=len(set(day_of)))
    windows = []
    for number, (at, day) in enumerate(zip(came_at, day_of, strict=True), 1):
        if nth in (None, len(set(day_of[:number]))) and (nth is None or day not in day_of[: number - 1]):
            opens = at + after * HOUR
            last = opens.astimezone(ZoneInfo(zone)).date() + lasts * DAY
            windows.append((str(nth or f"v{number}"), opens, read.first(last + DAY, MIDNIGHT)))
    what = offer("visit", lasts_days=lasts, after_hours=after, nth=nth)
    for moment in [START + minute * MINUTE for minute in minutes] + [edge for _, *edges in windows for edge in edges]:
        turn = turn_of(what, card, moment, START - DAY)
        open_now = [key for key, opens, closes in windows if opens <= moment < closes]
        assert (turn and turn.key) == (open_now[-1] if open_now else None)


def returns(born: tuple[int, int], day: date) -> bool:
    return (day.month, day.day) == born or (
        born == (2, 29) and (day.month, day.day) == (2, 28) and not isleap(day.year)
    )


@settings(max_examples=150, deadline=None)
@given(
    st.dates(date(2000, 1, 1), date(2000, 12, 31)),
    st.integers(0, 30),
    st.integers(0, 60),
    st.integers(0, 8 * 366 * 24 * 60),
    st.integers(-60, 60),
    st.sampled_from(ZONES),
)
def test_a_birthday_is_found_by_whoever_reads_the_calendar_day_by_day(
    day: date, before: int, after: int, minutes: int, near: int, zone: str
) -> None:
    born, now = (day.month, day.day), START + minutes * MINUTE
    close = now.replace(month=day.month, day=min(day.day, 28)) + near * DAY
    what, card = offer("birthday", days_before=before, days_after=after), facts(around(zone), birthday=born)
    for moment in (now, close):
        today = moment.astimezone(ZoneInfo(zone)).date()
        held = [some for back in range(-before, after + 1) if returns(born, some := today - back * DAY)]
        turn = turn_of(what, card, moment, START - 999 * DAY)
        assert (turn and turn.key) == (str(held[0].year) if held else None)

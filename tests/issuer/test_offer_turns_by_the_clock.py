"""Hours by a shop's clock: 09:00 stays 09:00, a skipped hour runs once, a doubled one once."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from issuer.offers.hours import EVERY_DAY, Hours
from issuer.offers.turns import FOREVER, next_look, still, turn_of, upcoming
from tests.issuer.turning import (
    CORNER,
    DAY,
    HOUR,
    LONG_AGO,
    MINUTE,
    STATION,
    around,
    at,
    facts,
    hours,
    offer,
    opened,
    seen,
    wall,
)

CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/Santiago", date(2026, 4, 5)),
    ("America/Santiago", date(2026, 9, 6)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 30)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Kathmandu", date(2025, 12, 31)),
]
"""Zones and days on which their clocks change; the last ones by most of a day, and not at all but for the year."""
DAYS = 24


def clock_times() -> st.SearchStrategy[time]:
    """Those around which clocks change more often than others."""
    around_changes = [time(hour, minute) for hour in (0, 1, 2, 3, 23) for minute in (0, 1, 15, 30, 59)]
    return st.sampled_from(around_changes) | st.times().map(lambda at: at.replace(second=0, microsecond=0))


@st.composite
def some_hours(draw: st.DrawFn) -> Hours:
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    start = draw(clock_times())
    return Hours(weekdays=tuple(days), start=start, end=draw(st.just(start) | clock_times()))


def told(text: str) -> list[tuple[datetime, datetime]]:
    """ "2026-03-29T01:00Z 2026-03-29T02:00Z, ..." """
    windows = [pair.split() for pair in text.split(", ")]
    return [(datetime.fromisoformat(opens), datetime.fromisoformat(closes)) for opens, closes in windows]


@pytest.mark.parametrize(
    ("start", "end", "day", "window"),
    [
        ("09:00", "17:00", "2026-03-28", "2026-03-28T08:00Z 2026-03-28T16:00Z"),
        ("09:00", "17:00", "2026-03-29", "2026-03-29T07:00Z 2026-03-29T15:00Z"),
        ("09:00", "17:00", "2026-10-25", "2026-10-25T08:00Z 2026-10-25T16:00Z"),
        ("02:00", "03:00", "2026-03-29", "2026-03-29T01:00Z 2026-03-29T02:00Z"),
        ("02:15", "02:45", "2026-03-29", "2026-03-29T01:00Z 2026-03-29T01:30Z"),
        ("01:30", "02:30", "2026-03-29", "2026-03-29T00:30Z 2026-03-29T01:00Z"),
        ("02:30", "04:00", "2026-03-29", "2026-03-29T01:00Z 2026-03-29T02:00Z"),
        ("02:00", "03:00", "2026-10-25", "2026-10-25T00:00Z 2026-10-25T02:00Z"),
        ("02:00", "02:30", "2026-10-25", "2026-10-25T00:00Z 2026-10-25T00:30Z"),
        ("02:30", "03:00", "2026-10-25", "2026-10-25T00:30Z 2026-10-25T02:00Z"),
        ("01:00", "02:30", "2026-10-25", "2026-10-24T23:00Z 2026-10-25T00:30Z"),
        ("22:00", "02:00", "2026-03-28", "2026-03-28T21:00Z 2026-03-29T01:00Z"),
        ("22:00", "02:30", "2026-10-24", "2026-10-24T20:00Z 2026-10-25T00:30Z"),
        ("22:00", "02:00", "2026-12-31", "2026-12-31T21:00Z 2027-01-01T01:00Z"),
        ("00:00", "00:00", "2026-03-29", "2026-03-28T23:00Z 2026-03-29T22:00Z"),
        ("00:00", "00:00", "2026-10-25", "2026-10-24T22:00Z 2026-10-25T23:00Z"),
        ("09:00", "09:00", "2026-03-28", "2026-03-28T08:00Z 2026-03-29T07:00Z"),
        ("23:59", "00:00", "2026-06-01", "2026-06-01T21:59Z 2026-06-01T22:00Z"),
    ],
)
def test_hours_run_once_whatever_the_clock_skips_or_repeats(start: str, end: str, day: str, window: str) -> None:
    only = date.fromisoformat(day)
    what = offer("time", hours=hours(start, end, (only.weekday(),)))
    begin = at(f"{day} 00:00") - 2 * DAY
    met = seen(what, facts(), begin, begin + 5 * DAY)
    assert [(turn.opens, turn.closes) for turn in met] == told(window)
    assert [turn.key for turn in met] == [day]


@pytest.mark.parametrize(("zone", "day"), [("Africa/Cairo", "2026-04-24"), ("America/Sao_Paulo", "2018-11-04")])
def test_a_day_that_has_no_midnight_begins_when_its_clock_does(zone: str, day: str) -> None:
    only = date.fromisoformat(day)
    what = offer("time", {"first": day, "last": day}, hours=hours("00:00", "00:30", (only.weekday(),)))
    (turn,) = seen(what, facts(around(zone)), at(f"{day} 12:00") - DAY, at(f"{day} 12:00") + DAY)
    assert (turn.opens, turn.closes) == (at(f"{day} 01:00", zone), at(f"{day} 01:30", zone))
    whole = seen(offer("time", {"first": day, "last": day}), facts(around(zone)), turn.opens - DAY, turn.opens + DAY)
    assert [(one.opens, one.closes) for one in whole] == [(at(f"{day} 01:00", zone), at(f"{day} 23:59", zone) + MINUTE)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CHANGES), some_hours(), st.integers(0, 40), st.integers(-3, 3))
def test_looking_only_when_told_to_finds_the_windows_that_a_clock_on_the_wall_shows(
    change: tuple[str, date], when: Hours, begin: int, offset: int
) -> None:
    zone, day = change
    midnight = datetime.combine(day, time(0), tzinfo=UTC)
    assume(not (when.start == when.end and when.weekdays == EVERY_DAY))
    expected = opened(wall(zone, midnight - DAYS / 2 * DAY, DAYS), when)
    start, end = midnight - begin * HOUR + offset * MINUTE, midnight + 3 * DAY
    found = seen(offer("time", hours=when.model_dump(mode="json")), facts(around(zone)), start, end)
    assert [(turn.key, turn.opens, turn.closes) for turn in found] == [
        (str(day), opens, closes) for day, opens, closes in expected if opens < end and closes > start
    ]
    told = upcoming(offer("time", hours=when.model_dump(mode="json")), around(zone), start, end, LONG_AGO)
    assert list(told) == found


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CHANGES), some_hours(), st.lists(st.integers(-3 * 1440, 3 * 1440), min_size=1, max_size=20))
def test_at_any_minute_the_turn_is_the_one_that_a_clock_on_the_wall_shows(
    change: tuple[str, date], when: Hours, minutes: list[int]
) -> None:
    zone, day = change
    midnight = datetime.combine(day, time(0), tzinfo=UTC)
    assume(not (when.start == when.end and when.weekdays == EVERY_DAY))
    windows = opened(wall(zone, midnight - DAYS / 2 * DAY, DAYS), when)
    what, card = offer("time", hours=when.model_dump(mode="json")), facts(around(zone))
    for minute in minutes:
        now = midnight + minute * MINUTE
        shown = [str(day) for day, opens, closes in windows if opens <= now < closes]
        turn, later = turn_of(what, card, now, LONG_AGO), next_look(what, card, now, LONG_AGO)
        assert (turn and turn.key) == (shown[-1] if shown else None)
        assert later == min(edge for _, *edges in windows for edge in edges if edge > now)


def test_days_on_end_are_one_turn_named_by_the_first_of_them() -> None:
    what = offer("time", hours=hours("00:00", "00:00", (0, 1, 2, 5, 6)))
    met = seen(what, facts(), at("2026-05-06 12:00"), at("2026-05-20 12:00"))
    assert [(turn.key, turn.opens, turn.closes) for turn in met] == [
        ("2026-05-02", at("2026-05-02 00:00"), at("2026-05-07 00:00")),
        ("2026-05-09", at("2026-05-09 00:00"), at("2026-05-14 00:00")),
        ("2026-05-16", at("2026-05-16 00:00"), at("2026-05-21 00:00")),
    ]


@pytest.mark.parametrize(
    "what",
    [
        offer("time"),
        offer("time", hours=hours("09:00", "09:00")),
        offer("place"),
        offer("place", stays=True, hours=hours("07:00", "10:00")),
    ],
)
def test_what_never_stops_is_one_turn_without_an_end_and_nothing_to_wait_for(what: object) -> None:
    live = at("2026-05-04 10:00")
    turn = turn_of(what, facts(), live + DAY, live)
    assert (turn.key, turn.opens, turn.closes) == ("always", live, FOREVER)
    assert next_look(what, facts(), live + DAY, live) is None
    assert turn_of(what, facts(), live - MINUTE, live) is None
    assert next_look(what, facts(), live - MINUTE, live) == live


@pytest.mark.parametrize(
    ("window", "met"),
    [
        (
            {"first": "2026-05-05", "last": "2026-05-05"},
            [("2026-05-04", "05 00:00", "05 02:00"), ("2026-05-05", "05 22:00", "06 00:00")],
        ),
        ({"first": "2026-05-06"}, [("2026-05-05", "06 00:00", "06 02:00"), ("2026-05-06", "06 22:00", "07 02:00")]),
        ({"last": "2026-05-03"}, []),
        ({"first": "2026-05-08"}, []),
    ],
)
def test_days_of_the_offer_cut_what_reaches_beyond_them(
    window: dict[str, str], met: list[tuple[str, str, str]]
) -> None:
    what = offer("time", window, hours=hours("22:00", "02:00"))
    found = seen(what, facts(), at("2026-05-04 03:00"), at("2026-05-07 12:00"))
    assert [(turn.key, turn.opens, turn.closes) for turn in found] == [
        (key, at(f"2026-05-{opens}"), at(f"2026-05-{closes}")) for key, opens, closes in met
    ]


def test_after_its_last_day_there_is_nothing_to_look_for() -> None:
    what = offer("time", {"last": "2026-05-05"}, hours=hours("07:00", "10:00"))
    assert next_look(what, facts(), at("2026-05-05 08:00"), LONG_AGO) == at("2026-05-05 10:00")
    assert next_look(what, facts(), at("2026-05-05 10:00"), LONG_AGO) is None
    assert next_look(offer("place", {"last": "2026-05-05"}), facts(), at("2026-05-05 10:00"), LONG_AGO) == at(
        "2026-05-06 00:00"
    )


def test_before_its_first_day_it_waits_for_that_day_however_far() -> None:
    what = offer("time", {"first": "2031-05-05"}, hours=hours("07:00", "10:00", (2,)))
    assert next_look(what, facts(), at("2026-05-05 08:00"), LONG_AGO) == at("2031-05-07 07:00")


@pytest.mark.parametrize("kind", ["time", "place"])
@pytest.mark.parametrize(
    ("locations", "zone", "location_id"),
    [
        ([STATION], "Europe/Lisbon", STATION),
        ([CORNER], "Europe/Berlin", CORNER),
        ([], "Europe/Berlin", None),
        ([CORNER, STATION], "Europe/Berlin", None),
    ],
)
def test_the_clock_is_that_of_the_one_shop_and_else_the_merchants(
    kind: str, locations: list[object], zone: str, location_id: object
) -> None:
    what = offer(kind, {"first": "2026-05-05"}, hours=hours("07:00", "10:00"), locations=locations)
    card = facts(around(station="Europe/Lisbon"))
    (turn,) = seen(what, card, at("2026-05-04 12:00"), at("2026-05-05 12:00"))
    assert (turn.opens, turn.closes) == (at("2026-05-05 07:00", zone), at("2026-05-05 10:00", zone))
    assert turn.location_id == location_id


def test_live_since_the_middle_of_a_window_it_is_open_from_then_on() -> None:
    what, live = offer("time", hours=hours("07:00", "10:00")), at("2026-05-05 08:30")
    (turn,) = seen(what, facts(), at("2026-05-05 06:00"), at("2026-05-05 12:00"), since=live)
    assert (turn.key, turn.opens, turn.closes) == ("2026-05-05", live, at("2026-05-05 10:00"))


@pytest.mark.parametrize(
    ("edited", "goes_on"),
    [
        (offer("time", hours=hours("07:00", "10:00")), True),
        (offer("time", hours=hours("06:00", "12:00")), True),
        (offer("time", hours=hours("07:00", "08:30")), False),
        (offer("time", {"last": "2026-05-04"}, hours=hours("07:00", "10:00")), False),
        (offer("time", {"first": "2026-05-06"}, hours=hours("07:00", "10:00")), False),
        (offer("time", hours=hours("07:00", "10:00", (0,))), False),
        (offer("time"), False),
    ],
)
def test_a_window_that_is_open_goes_on_as_the_offer_is_now(edited: object, goes_on: bool) -> None:
    turn = turn_of(offer("time", hours=hours("07:00", "10:00")), facts(), at("2026-05-05 08:00"), LONG_AGO)
    assert still(edited, facts(), turn.opens, turn.closes, turn.key, at("2026-05-05 09:00")) is goes_on
    assert not still(edited, facts(), turn.opens, turn.closes, turn.key, at("2026-05-05 10:00"))


def test_a_clock_that_was_set_back_ends_nothing() -> None:
    what = offer("time", hours=hours("07:00", "10:00"))
    turn = turn_of(what, facts(), at("2026-05-05 07:00"), LONG_AGO)
    assert still(what, facts(), turn.opens, turn.closes, turn.key, at("2026-05-05 06:58"))


@pytest.mark.parametrize("kind", ["birthday", "visit", "quiet", "nearly", "unused", "lapsing", "tier", "milestone"])
def test_what_depends_on_the_card_stands_in_no_calendar(kind: str) -> None:
    start = at("2026-05-05 08:00")
    assert list(upcoming(offer(kind), around(), start, start + 90 * DAY, LONG_AGO)) == []

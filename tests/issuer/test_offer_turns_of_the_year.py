"""Windows around days of the year, leap days included, and hours of fine weather."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from issuer.offers.offer import Offer
from issuer.offers.triggers import KINDS
from issuer.offers.turns import WINDOWS, next_look, turn_of
from tests.issuer.turning import (
    CORNER,
    DAY,
    HOUR,
    LIVE,
    STATION,
    around,
    at,
    facts,
    forecast,
    met,
    offer,
    seen,
)


def test_every_trigger_has_windows() -> None:
    assert set(WINDOWS) == set(KINDS)


@pytest.mark.parametrize(
    ("born", "trigger", "windows"),
    [
        ((5, 10), {"days_before": 0, "days_after": 0}, [("2026", "2026-05-10 00:00", "2026-05-11 00:00")]),
        ((5, 10), {"days_before": 3, "days_after": 6}, [("2026", "2026-05-07 00:00", "2026-05-17 00:00")]),
        ((5, 1), {"days_after": 6}, [("2026", "2026-05-04 08:00", "2026-05-08 00:00")]),
        ((4, 27), {"days_after": 6}, []),
        ((8, 10), {"days_before": 30}, []),
        (None, {}, []),
    ],
)
def test_a_birthday_is_a_window_around_the_local_day(
    born: tuple[int, int] | None, trigger: dict[str, int], windows: list[tuple[str, str, str]]
) -> None:
    assert met(offer("birthday", **trigger), facts(birthday=born)) == windows


@pytest.mark.parametrize(
    ("now", "key"),
    [
        ("2027-02-27 23:59", None),
        ("2027-02-28 00:00", "2027"),
        ("2027-02-28 23:59", "2027"),
        ("2027-03-01 00:00", None),
        ("2028-02-28 12:00", None),
        ("2028-02-29 12:00", "2028"),
        ("2028-03-01 00:00", None),
        ("2100-02-28 12:00", "2100"),
    ],
)
def test_a_leap_day_is_28_february_in_other_years(now: str, key: str | None) -> None:
    what = offer("birthday", days_after=0)
    turn = turn_of(what, facts(birthday=(2, 29)), at(now), LIVE)
    assert (turn and turn.key) == key


@pytest.mark.parametrize(
    ("born", "trigger", "now", "key"),
    [
        ((1, 2), {"days_before": 5}, "2026-12-28 00:00", "2027"),
        ((1, 2), {"days_before": 5}, "2026-12-27 23:59", None),
        ((1, 2), {"days_before": 5}, "2027-01-02 12:00", "2027"),
        ((12, 30), {"days_after": 6}, "2027-01-05 23:59", "2026"),
        ((12, 30), {"days_after": 6}, "2027-01-06 00:00", None),
        ((3, 1), {"days_before": 2}, "2028-02-28 00:00", "2028"),
        ((3, 1), {"days_before": 2}, "2027-02-27 00:00", "2027"),
    ],
)
def test_a_window_over_new_year_is_named_by_the_year_of_its_day(
    born: tuple[int, int], trigger: dict[str, int], now: str, key: str | None
) -> None:
    turn = turn_of(offer("birthday", **trigger), facts(birthday=born), at(now), LIVE)
    assert (turn and turn.key) == key


def test_a_birthday_in_zones_apart_is_another_instant() -> None:
    card = facts(around("Pacific/Auckland"), birthday=(5, 10))
    (turn,) = seen(offer("birthday", days_after=0), card, LIVE, LIVE + 30 * DAY)
    assert turn.opens == datetime(2026, 5, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first_visit", "windows"),
    [
        ("2025-05-10 15:00", [("2026", "2026-05-10 00:00", "2026-05-11 00:00")]),
        ("2024-02-29 15:00", []),
        ("2026-05-10 15:00", []),
        ("2025-05-10 00:30", [("2026", "2026-05-10 00:00", "2026-05-11 00:00")]),
        (None, []),
    ],
)
def test_the_first_visit_has_anniversaries_from_the_next_year_on(
    first_visit: str | None, windows: list[tuple[str, str, str]]
) -> None:
    card = facts(first_visit=at(first_visit) if first_visit else None)
    assert met(offer("anniversary", days_after=0), card) == windows


def test_whoever_came_first_on_a_leap_day_has_an_anniversary_every_year() -> None:
    card = facts(first_visit=at("2024-02-29 15:00"))
    found = seen(offer("anniversary", days_after=0), card, at("2024-01-01 00:00"), at("2028-12-31 00:00"))
    assert [turn.opens for turn in found] == [
        at(f"{day} 00:00") for day in ("2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29")
    ]


HOT = offer("weather", limit="28", at="15:00", until="18:00", location=str(CORNER))
THREE = at("2026-05-05 15:00")


@pytest.mark.parametrize(
    ("what", "told", "opens"),
    [
        (HOT, forecast("28.1"), True),
        (HOT, forecast("28"), False),
        (HOT, None, False),
        (offer("weather", limit="5", side="under", at="15:00"), forecast("4.9"), True),
        (offer("weather", limit="5", side="under", at="15:00"), forecast("5"), False),
        (offer("weather", measure="rain", limit="0", at="15:00"), forecast("-9", "0.1"), True),
        (offer("weather", measure="rain", limit="0", at="15:00"), forecast("30", "0"), False),
        (offer("weather", limit="28", at="15:30"), forecast("30"), True),
        (offer("weather", limit="28", at="16:00"), forecast("30"), False),
    ],
)
def test_the_weather_is_that_of_the_forecast_and_without_one_there_is_no_offer(
    what: Offer, told: object, opens: bool
) -> None:
    known = {(CORNER, THREE): told} if told else {}
    turn = turn_of(what, facts(around(forecasts=known)), at("2026-05-05 17:00"), LIVE)
    assert (turn is not None) is opens
    if turn:
        assert (turn.key, turn.closes) == (f"{CORNER}:2026-05-05", at("2026-05-05 18:00"))
        assert turn.location_id == CORNER


@pytest.mark.parametrize(
    ("now", "known", "later"),
    [
        ("05 12:00", {}, None),
        ("05 12:00", {"05": "30"}, "05 15:00"),
        ("05 15:00", {"05": "30"}, "05 18:00"),
        ("05 18:00", {"05": "30"}, None),
        ("05 12:00", {"05": "20"}, None),
        ("05 12:00", {"05": "20", "06": "20", "07": "30"}, "07 15:00"),
    ],
)
def test_only_a_day_whose_weather_is_known_to_fit_is_waited_for(
    now: str, known: dict[str, str], later: str | None
) -> None:
    forecasts = {(CORNER, at(f"2026-05-{day} 15:00")): forecast(degrees) for day, degrees in known.items()}
    look = next_look(HOT, facts(around(forecasts=forecasts)), at(f"2026-05-{now}"), LIVE)
    assert look == (at(f"2026-05-{later}") if later else None)


def test_the_weather_is_told_of_the_first_shop_on_the_map_unless_one_is_named() -> None:
    what, known = offer("weather", limit="28"), {(STATION, THREE): forecast("30")}
    here = around(forecasts=known)
    corner = replace(here.shops[CORNER], latitude=None)
    assert turn_of(what, facts(here), THREE, LIVE) is None
    assert turn_of(what, facts(replace(here, shops={**here.shops, CORNER: corner})), THREE, LIVE).location_id == STATION
    assert turn_of(what, facts(replace(here, shops={})), THREE, LIVE) is None
    assert next_look(what, facts(replace(here, shops={})), THREE, LIVE) is None


def test_the_hour_is_that_of_the_shops_own_clock() -> None:
    station, three = around(station="Asia/Kathmandu"), at("2026-05-05 15:00", "Asia/Kathmandu")
    known = {(STATION, three - timedelta(minutes=15)): forecast("30")}
    what = offer("weather", limit="28", location=str(STATION))
    (turn,) = seen(what, facts(replace(station, forecasts=known)), three - HOUR, three + HOUR)
    assert (turn.opens, turn.closes) == (three, three + 3 * HOUR)

"""The windows of an offer for one card: what sets it off, for how long, once, and what ends it before its time."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from issuer.offers.facts import Facts, Happened, Lapsing, Nearly, Reached, Visited, Waiting
from issuer.offers.offer import Offer
from issuer.offers.turns import still, turn_of
from tests.issuer.turning import (
    CORNER,
    DAY,
    HOUR,
    LIVE,
    MINUTE,
    STATION,
    around,
    at,
    facts,
    hours,
    met,
    offer,
    seen,
    visits,
)

NOON = at("2026-05-05 12:00")


@pytest.mark.parametrize(
    ("trigger", "keys"),
    [
        ({}, ["v2", "v3", "v4", "v5"]),
        ({"locations": [CORNER]}, ["v2", "v3", "v5"]),
        ({"locations": [STATION]}, ["v4"]),
        ({"daypart": hours("07:00", "10:00")}, ["v2", "v4"]),
        ({"daypart": hours("07:00", "10:00", (1,))}, ["v2"]),
        ({"daypart": hours("22:00", "02:00", (2,))}, ["v5"]),
        ({"daypart": hours("22:00", "02:00", (3,))}, []),
        ({"nth": 12}, ["12"]),
        ({"nth": 12, "locations": [CORNER]}, []),
        ({"nth": 11, "daypart": hours("11:00", "14:00")}, ["11"]),
        ({"nth": 11}, ["11"]),
        ({"nth": 13}, ["13"]),
        ({"nth": 10}, []),
        ({"nth": 14}, []),
        ({"nth": 1}, []),
    ],
)
def test_a_visit_counts_by_shop_daypart_and_number_of_days(trigger: dict[str, object], keys: list[str]) -> None:
    """One before the offer began, two on one day, one in the evening after another shop's, one past midnight."""
    came = [at(f"2026-05-{when}") for when in ("04 07:59", "05 09:00", "05 12:00", "06 09:59", "07 01:30")]
    where = [CORNER, CORNER, CORNER, STATION, CORNER]
    all_of_them = tuple(
        Visited(when, f"v{number}", shop) for number, (when, shop) in enumerate(zip(came, where, strict=True), 1)
    )
    assert [key for key, *_ in met(offer("visit", **trigger), facts(visits=all_of_them, visit_days=13))] == keys


@pytest.mark.parametrize(
    ("came", "after_hours", "lasts_days", "opens", "closes"),
    [
        ("2026-05-05 09:00", 0, 0, "2026-05-05 09:00", "2026-05-06 00:00"),
        ("2026-05-05 09:00", 0, 7, "2026-05-05 09:00", "2026-05-13 00:00"),
        ("2026-05-05 23:00", 2, 0, "2026-05-06 01:00", "2026-05-07 00:00"),
        ("2026-10-24 12:00", 24, 0, "2026-10-25 11:00", "2026-10-26 00:00"),
        ("2026-03-28 12:00", 24, 0, "2026-03-29 13:00", "2026-03-30 00:00"),
    ],
)
def test_so_many_hours_after_a_visit_pass_whatever_the_clock_does(
    came: str, after_hours: int, lasts_days: int, opens: str, closes: str
) -> None:
    what = offer("visit", lasts_days=lasts_days, after_hours=after_hours)
    when = datetime.fromisoformat(came).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    (turn,) = seen(what, facts(visits=visits(when)), at(came) - DAY, at(came) + 9 * DAY)
    assert (turn.opens, turn.closes) == (at(opens), at(closes))
    assert turn.location_id == CORNER


def test_the_days_end_by_the_clock_of_the_shop_that_was_visited() -> None:
    came = Visited(NOON, "v1", STATION)
    card = facts(around(station="America/New_York"), visits=(came,))
    (turn,) = seen(offer("visit", lasts_days=0), card, LIVE, NOON + DAY)
    assert turn.closes == at("2026-05-06 00:00", "America/New_York")


def test_who_comes_again_while_it_lasts_is_meant_again_from_then_on() -> None:
    what, card = offer("visit", lasts_days=7), facts(visits=visits(NOON, NOON + DAY))
    assert met(what, card) == [
        ("v1", "2026-05-05 12:00", "2026-05-13 00:00"),
        ("v2", "2026-05-06 12:00", "2026-05-14 00:00"),
    ]


@pytest.mark.parametrize(
    ("trigger", "visit_days", "keys"),
    [
        ({"visits": 10}, 13, []),
        ({"visits": 10}, 12, ["10"]),
        ({"visits": 10}, 11, ["10"]),
        ({"visits": 10, "every": True}, 11, ["10"]),
        ({"visits": 10, "every": True}, 31, ["30"]),
        ({"visits": 10}, 31, []),
        ({"visits": 2, "every": True}, 30, ["28", "30"]),
        ({"visits": 3}, 2, []),
    ],
)
def test_a_milestone_is_the_first_visit_of_the_day_that_makes_the_number_full(
    trigger: dict[str, object], visit_days: int, keys: list[str]
) -> None:
    """One day before the offer began, three days since, on the first of them twice."""
    came = visits(LIVE - HOUR, LIVE + DAY, LIVE + DAY + HOUR, LIVE + 2 * DAY, LIVE + 3 * DAY)
    card = facts(visits=came, visit_days=visit_days)
    found = met(offer("milestone", **trigger), card)
    assert [key for key, *_ in found] == keys
    assert all(opens[11:] == "08:00" for _, opens, _ in found)


@pytest.mark.parametrize(
    ("wanted", "reached", "keys"),
    [
        (None, Reached("gold", NOON), ["gold:2026-05-05"]),
        ("gold", Reached("gold", NOON), ["gold:2026-05-05"]),
        ("silver", Reached("gold", NOON), []),
        (None, Reached("gold", LIVE), []),
        (None, Reached("gold", LIVE - DAY), []),
        (None, None, []),
        (None, Reached("gold", at("2026-05-06 00:30")), ["gold:2026-05-06"]),
    ],
)
def test_a_tier_is_meant_that_was_reached_since(wanted: str | None, reached: Reached | None, keys: list[str]) -> None:
    assert [key for key, *_ in met(offer("tier", tier=wanted), facts(tier=reached))] == keys


def test_an_event_is_meant_by_its_name_and_since() -> None:
    told = (Happened("x", LIVE - DAY, "1"), Happened("y", NOON, "2"), Happened("x", NOON, "3"))
    assert met(offer("event", name="x", lasts_days=1), facts(happened=told)) == [
        ("3", "2026-05-05 12:00", "2026-05-07 00:00")
    ]


@pytest.mark.parametrize(
    ("last", "windows"),
    [
        ("2026-05-01 12:00", [("v1", "2026-05-31 12:00", "2026-06-08 00:00")]),
        ("2026-04-10 12:00", [("v1", "2026-05-10 12:00", "2026-05-18 00:00")]),
        ("2026-03-01 12:00", [("v1", "2026-05-04 08:00", "2026-05-12 00:00")]),
    ],
)
def test_whoever_stays_away_is_meant_then_or_when_the_offer_begins(
    last: str, windows: list[tuple[str, str, str]]
) -> None:
    assert met(offer("quiet", days=30), facts(visits=visits(at(last)))) == windows


def test_whoever_never_came_does_not_stay_away() -> None:
    assert met(offer("quiet", days=30), facts()) == []


def test_whoever_stays_away_when_the_offers_first_day_comes_is_meant_from_then_on() -> None:
    what = offer("quiet", {"first": "2026-05-20", "last": "2026-05-22"}, days=30)
    assert met(what, facts(visits=visits(at("2026-04-01 12:00")))) == [("v1", "2026-05-20 00:00", "2026-05-23 00:00")]


@pytest.mark.parametrize(
    ("since", "windows"),
    [
        ("2026-05-01 12:00", [("p1", "2026-05-15 12:00", "2026-05-23 00:00")]),
        ("2026-03-01 12:00", [("p1", "2026-05-04 08:00", "2026-05-12 00:00")]),
    ],
)
def test_a_reward_that_waits_is_meant_after_its_days(since: str, windows: list[tuple[str, str, str]]) -> None:
    assert met(offer("unused", days=14), facts(waiting=(Waiting("p1", at(since)),))) == windows


def test_of_two_rewards_that_wait_each_is_meant_at_its_own_time() -> None:
    waiting = (Waiting("p1", at("2026-05-01 12:00")), Waiting("p2", at("2026-05-03 12:00")))
    assert [key for key, *_ in met(offer("unused", days=14), facts(waiting=waiting))] == ["p1", "p2"]


@pytest.mark.parametrize(
    ("day", "lasts_days", "windows"),
    [
        (date(2026, 5, 25), 7, [("points:2026-05-25", "2026-05-11 00:00", "2026-05-19 00:00")]),
        (date(2026, 5, 25), 90, [("points:2026-05-25", "2026-05-11 00:00", "2026-05-26 00:00")]),
        (date(2026, 5, 6), 7, [("points:2026-05-06", "2026-05-04 08:00", "2026-05-07 00:00")]),
        (date(2026, 5, 3), 7, []),
    ],
)
def test_what_lapses_is_told_so_many_days_before_and_never_after(
    day: date, lasts_days: int, windows: list[tuple[str, str, str]]
) -> None:
    what = offer("lapsing", lasts_days=lasts_days, days=14)
    assert met(what, facts(lapsing=(Lapsing("points", day),))) == windows


def test_what_comes_to_the_card_shortly_before_it_lapses_is_told_all_the_same() -> None:
    card = facts(lapsing=(Lapsing("voucher:1", date(2026, 5, 25)),))
    turn = turn_of(offer("lapsing", lasts_days=2, days=14), card, at("2026-05-23 12:00"), LIVE)
    assert (turn.key, turn.closes) == ("voucher:1:2026-05-25", at("2026-05-26 00:00"))


@pytest.mark.parametrize(("missing", "found"), [(0, None), (1, "stamps:3"), (2, "stamps:3"), (3, None)])
def test_nearly_there_is_meant_once_in_a_round_from_the_day_on_which_one_asks(missing: int, found: str | None) -> None:
    what, card = offer("nearly", missing=2, lasts_days=6), facts(nearly=(Nearly("stamps", missing, 3),))
    turn = turn_of(what, card, NOON, LIVE)
    assert (turn and turn.key) == found
    if turn:
        assert (turn.opens, turn.closes) == (at("2026-05-05 00:00"), at("2026-05-12 00:00"))
        assert [key for key, *_ in met(what, card)] == [found]


@pytest.mark.parametrize(
    ("what", "state", "other"),
    [
        (offer("nearly", missing=2), {"nearly": (Nearly("stamps", 1, 3),)}, {"nearly": (Nearly("stamps", 10, 4),)}),
        (offer("nearly", missing=2), {"nearly": (Nearly("stamps", 1, 3),)}, {"nearly": (Nearly("stamps", 1, 4),)}),
        (offer("nearly", missing=2), {"nearly": (Nearly("stamps", 1, 3),)}, {"nearly": (Nearly("lunch", 1, 3),)}),
        (offer("unused", days=1), {"waiting": (Waiting("p1", LIVE - 9 * DAY),)}, {"waiting": ()}),
        (
            offer("lapsing"),
            {"lapsing": (Lapsing("points", date(2026, 5, 8)),)},
            {"lapsing": (Lapsing("points", date(2027, 5, 8)),)},
        ),
    ],
)
def test_what_is_shown_because_of_a_state_ends_with_it(
    what: Offer, state: dict[str, object], other: dict[str, object]
) -> None:
    turn = turn_of(what, facts(**state), NOON, LIVE)
    assert still(what, facts(**state), turn.opens, turn.closes, turn.key, NOON + HOUR)
    assert not still(what, facts(**other), turn.opens, turn.closes, turn.key, NOON + HOUR)
    assert not still(what, facts(**state), turn.opens, turn.closes, turn.key, turn.closes)


@pytest.mark.parametrize(
    ("what", "card"),
    [
        (offer("visit"), facts(visits=visits(NOON))),
        (offer("quiet", days=1), facts(visits=visits(LIVE))),
        (offer("birthday"), facts(birthday=(5, 5))),
        (offer("tier"), facts(tier=Reached("gold", NOON))),
        (offer("milestone", visits=3), facts(visits=visits(NOON), visit_days=3)),
        (offer("event", name="x"), facts(happened=(Happened("x", NOON, "1"),))),
    ],
)
def test_what_is_shown_because_of_something_that_happened_stays_whatever_becomes_of_it(
    what: Offer, card: Facts
) -> None:
    turn = turn_of(what, card, NOON, LIVE)
    assert still(what, facts(), turn.opens, turn.closes, turn.key, turn.closes - MINUTE)
    assert not still(what, facts(), turn.opens, turn.closes, turn.key, turn.closes)
    yesterday = what.model_copy(update={"window": offer("time", {"last": "2026-05-04"}).window})
    assert not still(yesterday, card, turn.opens, turn.closes, turn.key, NOON + HOUR)

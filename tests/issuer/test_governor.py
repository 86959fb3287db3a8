"""The gate for all that shows or sounds on a phone: never over a cap, never at night, never against somebody's wish."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from issuer.offers.content import Content, Texts
from issuer.offers.governor import (
    BIRTHDAY,
    EARNED,
    REST,
    Hold,
    Person,
    Show,
    Told,
    Verdict,
    Wait,
    Wants,
    judge,
    judge_all,
    quiet_end,
    rank,
    wants_of,
    weekly_of,
)
from issuer.offers.offer import Offer
from issuer.offers.policy import Policy

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 4, 11, tzinfo=UTC)
DAY, WEEK, HOUR = timedelta(days=1), timedelta(days=7), timedelta(hours=1)
LATER = NOON + timedelta(days=30)
MESSAGE = Wants(rank=REST, ambient=False, sounds=False, closes=LATER, zone="Europe/Berlin")
AMBIENT = replace(MESSAGE, ambient=True)
SOUNDING = replace(MESSAGE, sounds=True)
POLICY, LOUD = Policy(), Policy(sounds=True)
ALL, FEWER, NONE = Person("all"), Person("fewer"), Person("none")
QUIETLY = Show(loud=False)


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def told(*ago: timedelta, **more: Any) -> tuple[Told, ...]:
    return tuple(Told(NOON - one, more.get("loud", False), more.get("ambient", False)) for one in ago)


# Wishes.


@pytest.mark.parametrize("wants", [MESSAGE, AMBIENT, SOUNDING])
def test_who_wants_none_is_shown_nothing(wants: Wants) -> None:
    assert judge(wants, NONE, LOUD, NOON) == Hold("wish")


@pytest.mark.parametrize("wants", [MESSAGE, AMBIENT])
def test_what_needs_consent_comes_only_to_who_wants_all(wants: Wants) -> None:
    wants = replace(wants, needs_consent=True)
    assert judge(wants, FEWER, POLICY, NOON) == Hold("consent")
    assert judge(wants, ALL, POLICY, NOON) == QUIETLY


# Sound.


def test_what_may_sound_sounds_when_offer_merchant_and_customer_all_want_it() -> None:
    assert judge(SOUNDING, ALL, LOUD, NOON) == Show(loud=True)


@pytest.mark.parametrize(
    ("wants", "person", "policy"),
    [(MESSAGE, ALL, LOUD), (AMBIENT, ALL, LOUD), (SOUNDING, FEWER, LOUD), (SOUNDING, ALL, POLICY)],
    ids=["the offer does not", "it only lies there", "the customer does not", "the merchant does not"],
)
def test_what_one_of_them_does_not_want_to_sound_comes_in_silence(wants: Wants, person: Person, policy: Policy) -> None:
    assert judge(wants, person, policy, NOON) == QUIETLY


def test_a_second_one_in_a_day_comes_in_silence_so_that_the_till_keeps_its_notes() -> None:
    assert judge(SOUNDING, replace(ALL, told=told(23 * HOUR, loud=True)), LOUD, NOON) == QUIETLY
    assert judge(SOUNDING, replace(ALL, told=told(24 * HOUR, loud=True)), LOUD, NOON) == Show(loud=True)


# The week.


@pytest.mark.parametrize(("weekly", "wish", "most"), [(3, "all", 3), (3, "fewer", 2), (4, "fewer", 2), (1, "fewer", 1),
                                                      (0, "fewer", 0), (0, "all", 0), (3, "none", 0)])  # fmt: skip
def test_who_wants_fewer_gets_half_rounded_up(weekly: int, wish: Any, most: int) -> None:
    assert weekly_of(Policy(weekly=weekly), wish) == most


def test_a_full_week_holds_a_message_back_until_the_oldest_leaves_it() -> None:
    person = replace(ALL, told=told(DAY, 2 * DAY, 6 * DAY))
    assert judge(MESSAGE, person, POLICY, NOON) == Hold("weekly", again=NOON + DAY)
    assert judge(MESSAGE, person, POLICY, NOON + DAY) == QUIETLY


def test_after_a_cap_was_lowered_so_many_must_leave_that_there_is_room() -> None:
    person = replace(ALL, told=told(DAY, 2 * DAY, 3 * DAY, 6 * DAY))
    assert judge(MESSAGE, person, Policy(weekly=2), NOON) == Hold("weekly", again=NOON + 5 * DAY)


def test_a_cap_of_nothing_is_never_free_again() -> None:
    assert judge(MESSAGE, ALL, Policy(weekly=0), NOON) == Hold("weekly", again=None)


def test_who_is_held_beyond_its_end_is_not_looked_at_again() -> None:
    wants, person = replace(MESSAGE, closes=NOON + DAY), replace(ALL, told=told(DAY, 2 * DAY, 6 * DAY))
    assert judge(wants, person, POLICY, NOON) == Hold("weekly", again=None)


def test_what_only_lies_there_is_no_message_and_a_message_no_silent_change() -> None:
    person = replace(ALL, told=told(*(HOUR * one for one in range(1, 10)), ambient=True))
    assert judge(MESSAGE, person, POLICY, NOON) == QUIETLY
    person = replace(ALL, told=told(*(HOUR * one for one in range(1, 10))))
    assert judge(AMBIENT, person, POLICY, NOON) == QUIETLY


# The pause after a visit.


def test_whoever_was_just_here_is_left_in_peace() -> None:
    person = replace(ALL, last_visit=NOON - HOUR)
    assert judge(MESSAGE, person, POLICY, NOON) == Wait(NOON + 3 * HOUR, "paused")
    assert judge(MESSAGE, person, POLICY, NOON + 3 * HOUR) == QUIETLY


def test_what_the_visit_itself_brings_does_not_wait() -> None:
    wants = replace(MESSAGE, after_visit=True)
    assert judge(wants, replace(ALL, last_visit=NOON), POLICY, NOON) == QUIETLY


def test_what_only_lies_there_does_not_wait() -> None:
    assert judge(AMBIENT, replace(ALL, last_visit=NOON), POLICY, NOON) == QUIETLY


def test_a_pause_into_the_night_lasts_until_the_morning() -> None:
    evening = local("2026-03-04 18:00")
    waits = judge(MESSAGE, replace(ALL, last_visit=evening), POLICY, evening)
    assert waits == Wait(local("2026-03-05 08:00"), "quiet_hours")


def test_what_is_over_before_the_pause_is_does_not_come() -> None:
    wants = replace(MESSAGE, closes=NOON + 3 * HOUR)
    assert judge(wants, replace(ALL, last_visit=NOON - HOUR), POLICY, NOON) == Hold("paused")


# Quiet hours.


def test_a_message_waits_for_the_end_of_the_quiet_hours() -> None:
    assert judge(MESSAGE, ALL, POLICY, local("2026-03-04 23:00")) == Wait(local("2026-03-05 08:00"), "quiet_hours")
    assert judge(MESSAGE, ALL, POLICY, local("2026-03-05 08:00")) == QUIETLY


def test_a_message_that_is_over_by_then_does_not_come() -> None:
    wants = replace(MESSAGE, closes=local("2026-03-05 08:00"))
    assert judge(wants, ALL, POLICY, local("2026-03-04 23:00")) == Hold("quiet_hours")


def test_what_only_lies_there_comes_at_night_too() -> None:
    assert judge(AMBIENT, ALL, POLICY, local("2026-03-05 03:00")) == QUIETLY


def test_the_shops_clock_counts() -> None:
    at = local("2026-03-04 20:00")
    assert judge(MESSAGE, ALL, POLICY, at) == QUIETLY
    assert judge(replace(MESSAGE, zone="Asia/Tokyo"), ALL, POLICY, at) == Wait(local("2026-03-05 00:00"), "quiet_hours")


@pytest.mark.parametrize(
    ("begin", "end", "at", "over"),
    [
        (time(21), time(8), "2026-03-04 20:59", "2026-03-04 20:59"),
        (time(21), time(8), "2026-03-04 21:00", "2026-03-05 08:00"),
        (time(21), time(8), "2026-03-05 07:59", "2026-03-05 08:00"),
        (time(12), time(14), "2026-03-04 12:30", "2026-03-04 14:00"),
        (time(0), time(6), "2026-03-04 00:00", "2026-03-04 06:00"),
        (time(22), time(0), "2026-03-04 22:30", "2026-03-05 00:00"),
        (time(7), time(7), "2026-03-04 07:00", "2026-03-04 07:00"),
        (time(0), time(0), "2026-03-04 00:00", "2026-03-04 00:00"),
        (time(21), time(2, 30), "2026-03-28 23:00", "2026-03-29 03:00"),
        (time(2, 30), time(5), "2026-03-29 01:59", "2026-03-29 01:59"),
        (time(21), time(8), "2026-10-24 23:00", "2026-10-25 08:00"),
        (time(21), time(2, 30), "2026-10-24 23:00", "2026-10-25 02:30"),
    ],
    ids=str,
)
def test_quiet_hours_end_by_the_shops_clock(begin: time, end: time, at: str, over: str) -> None:
    policy = Policy(quiet_from=begin, quiet_until=end)
    assert quiet_end(policy, "Europe/Berlin", local(at)) == local(over)


def test_an_hour_that_the_clock_shows_twice_is_quiet_twice_when_it_is_quiet() -> None:
    policy = Policy(quiet_from=time(21), quiet_until=time(2, 30))
    again = local("2026-10-25 02:10", fold=1)
    assert quiet_end(policy, "Europe/Berlin", again) == local("2026-10-25 02:30", fold=1)


QUIET = some.builds(time, some.integers(0, 23), some.sampled_from([0, 30]))


ZONES = some.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
MINUTES = some.integers(0, 366 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))


@given(QUIET, QUIET, MINUTES, ZONES)
def test_the_end_of_the_quiet_hours_is_the_first_instant_that_is_not_quiet(
    begin: time, end: time, at: datetime, zone: str
) -> None:
    try:
        policy = Policy(quiet_from=begin, quiet_until=end)
    except ValidationError:
        return
    over = quiet_end(policy, zone, at)
    assert at <= over <= at + DAY
    assert quiet_end(policy, zone, over) == over
    if over > at:
        minute = over - timedelta(minutes=1)
        assert quiet_end(policy, zone, minute) == over


# Silent changes.


def test_a_day_of_silent_changes_holds_the_next_back_until_the_oldest_is_a_day_ago() -> None:
    person = replace(ALL, told=told(HOUR, 2 * HOUR, 5 * HOUR, 20 * HOUR, ambient=True))
    assert judge(AMBIENT, person, POLICY, NOON) == Hold("silent_budget", again=NOON + 4 * HOUR)
    assert judge(AMBIENT, person, POLICY, NOON + 4 * HOUR) == QUIETLY


def test_what_comes_at_once_changes_the_card_once() -> None:
    person = replace(ALL, told=told(HOUR, 2 * HOUR, 5 * HOUR, timedelta(0), timedelta(0), ambient=True))
    assert judge(AMBIENT, person, POLICY, NOON) == QUIETLY


def test_no_silent_changes_at_all_is_a_budget_too() -> None:
    assert judge(AMBIENT, ALL, Policy(silent_a_day=0), NOON) == Hold("silent_budget", again=None)


# Several at once.


def an_offer(kind: str, **more: Any) -> Offer:
    texts = Texts(card="Kuchen")
    given = {"nearly": {}, "event": {"name": "x"}}.get(kind, {})
    stored = {"name": "x", "trigger": {"kind": kind, **given}, "content": Content(de=texts, en=texts), **more}
    return Offer.model_validate(stored)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("nearly", EARNED), ("unused", EARNED), ("lapsing", EARNED), ("birthday", BIRTHDAY), ("anniversary", REST),
     ("quiet", REST), ("visit", REST), ("time", REST), ("weather", REST)],
)  # fmt: skip
def test_what_is_earned_or_ends_goes_before_a_birthday_and_that_before_the_rest(kind: str, expected: int) -> None:
    assert rank(an_offer(kind)) == expected


def test_an_offer_asks_by_what_sets_it_off_and_whom_it_is_for() -> None:
    assert wants_of(an_offer("time"), LATER, "UTC").ambient
    assert not wants_of(an_offer("time", sounds=True), LATER, "UTC").ambient
    assert wants_of(an_offer("quiet", audience={"consented": True}), LATER, "UTC").needs_consent
    after_visit = {one for one in ("visit", "tier", "milestone", "nearly", "quiet", "event")
                   if wants_of(an_offer(one), LATER, "UTC").after_visit}  # fmt: skip
    assert after_visit == {"visit", "tier", "milestone"}


def test_of_several_the_most_urgent_takes_the_room_and_the_others_are_outranked() -> None:
    wanted = [MESSAGE, replace(MESSAGE, rank=BIRTHDAY), replace(MESSAGE, rank=EARNED), AMBIENT]
    person = replace(ALL, told=told(DAY))
    outranked = Hold("outranked", again=NOON + 6 * DAY)
    assert judge_all(wanted, person, POLICY, NOON) == [outranked, QUIETLY, QUIETLY, QUIETLY]


def test_what_had_no_room_anyway_is_not_outranked() -> None:
    person = replace(ALL, told=told(DAY, DAY, DAY))
    assert (
        judge_all([MESSAGE, replace(MESSAGE, rank=EARNED)], person, POLICY, NOON)
        == [Hold("weekly", again=NOON + 6 * DAY)] * 2
    )


def test_of_two_that_may_sound_the_more_urgent_does() -> None:
    wanted = [SOUNDING, replace(SOUNDING, rank=EARNED)]
    assert judge_all(wanted, ALL, LOUD, NOON) == [QUIETLY, Show(loud=True)]


# Never over any cap.

WANTS = some.builds(
    replace,
    some.just(MESSAGE),
    rank=some.integers(0, 2),
    ambient=some.booleans(),
    sounds=some.booleans(),
    after_visit=some.booleans(),
    needs_consent=some.booleans(),
    closes=some.integers(1, 400).map(lambda hours: NOON + hours * HOUR),
)
LOOKS = some.lists(
    some.tuples(some.integers(-40, 60), some.lists(WANTS, max_size=4)), min_size=1, max_size=25
)  # fmt: skip
POLICIES = some.builds(
    Policy,
    weekly=some.integers(0, 5),
    pause_hours=some.integers(0, 48),
    silent_a_day=some.integers(0, 5),
    sounds=some.booleans(),
    quiet_from=some.sampled_from([time(20), time(21), time(23, 30)]),
    quiet_until=some.sampled_from([time(6), time(8), time(9, 30)]),
)
WISHES = some.sampled_from(["all", "fewer", "none"])


def _shown(person: Person, policy: Policy, looks: list[tuple[int, list[Wants]]]) -> list[tuple[Told, Wants]]:
    """What came, after looks so many hours apart; the clock may be set back."""
    shown, now = list[tuple[Told, Wants]](), NOON
    for hours, wanted in looks:
        now += hours * HOUR
        for wants, verdict in zip(wanted, judge_all(wanted, person, policy, now), strict=True):
            person = person.after(verdict, wants, now)
            if isinstance(verdict, Show):
                shown.append((Told(now, verdict.loud, wants.ambient), wants))
            _check(verdict, wants, now)
    return shown


def _check(verdict: Verdict, wants: Wants, now: datetime) -> None:
    if isinstance(verdict, Wait):
        assert now < verdict.until < wants.closes
    if isinstance(verdict, Hold) and verdict.again is not None:
        assert now < verdict.again < wants.closes


def _most(times: list[datetime], span: timedelta) -> int:
    """In any span that begins with one of them."""
    return max((sum(first <= at < first + span for at in times) for first in times), default=0)


@given(WISHES, POLICIES, LOOKS)
def test_no_cap_is_ever_passed_whatever_the_order_of_the_looks(
    wish: Any, policy: Policy, looks: list[tuple[int, list[Wants]]]
) -> None:
    shown = _shown(Person(wish), policy, looks)
    assert _most([one.at for one, _ in shown if not one.ambient], WEEK) <= weekly_of(policy, wish)
    assert _most(sorted({one.at for one, _ in shown if one.ambient}), DAY) <= policy.silent_a_day
    assert _most([one.at for one, _ in shown if one.loud], DAY) <= 1


@given(WISHES, POLICIES, LOOKS)
def test_nothing_sounds_and_no_message_comes_in_quiet_hours_or_against_a_wish(
    wish: Any, policy: Policy, looks: list[tuple[int, list[Wants]]]
) -> None:
    shown = _shown(Person(wish), policy, looks)
    assert wish != "none" or not shown
    for one, wants in shown:
        assert one.ambient or quiet_end(policy, "Europe/Berlin", one.at) == one.at
        assert not one.loud or (policy.sounds and wants.sounds and wish == "all" and not one.ambient)
        assert wish == "all" or not wants.needs_consent


@given(POLICIES, some.lists(some.integers(0, 300), min_size=1, max_size=10), some.integers(0, 200))
def test_no_message_comes_in_the_pause_after_a_visit(policy: Policy, hours: list[int], visit: int) -> None:
    person = replace(ALL, last_visit=NOON + visit * HOUR)
    for first, second in pairwise([0, *sorted(hours)]):
        now = NOON + max(first, second) * HOUR
        if isinstance(judge(MESSAGE, person, policy, now), Show):
            assert now >= NOON + visit * HOUR + policy.pause_hours * HOUR


# The settings.


@pytest.mark.parametrize(
    ("field", "value"),
    [("weekly", -1), ("weekly", 51), ("pause_hours", 169), ("silent_a_day", 25), ("lapsed_days", 6),
     ("quiet_until", time(8, 0, 5)), ("quiet_from", time(8, tzinfo=UTC)), ("unknown", 1)],
    ids=str,
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        Policy(**{field: value})


def test_quiet_hours_leave_some_of_the_day() -> None:
    assert Policy(quiet_from=time(18), quiet_until=time(12)).quiet_until == time(12)
    with pytest.raises(ValidationError, match="from 18:00 to 12:30 leaves too little of the day: 18 hours"):
        Policy(quiet_from=time(18), quiet_until=time(12, 30))

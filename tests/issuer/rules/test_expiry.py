"""When what was collected ends, and what ends first."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.rules.expiry import end_of, ending, months_after
from tests.issuer.rules.cases import (
    BERLIN,
    CASHBACK,
    COFFEE,
    ENGLISH,
    EXPIRY,
    GERMAN,
    POINTS,
    STAMPS,
    Document,
    part,
    refused,
    rules,
)

TODAY = date(2026, 11, 24)
YESTERDAY, TOMORROW, LATER = TODAY - timedelta(days=1), TODAY + timedelta(days=1), TODAY + timedelta(days=9)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 15), 1, date(2026, 2, 15)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
        (date(2026, 10, 31), 1, date(2026, 11, 30)),
        (date(2026, 3, 31), 60, date(2031, 3, 31)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int, then: date) -> None:
    assert months_after(day, months) == then


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)), st.integers(1, 60))
def test_months_later_is_in_the_right_month_and_never_after_the_same_day(day: date, months: int) -> None:
    then = months_after(day, months)
    assert (then.year - day.year) * 12 + then.month - day.month == months
    assert then.day == day.day or (then.day < day.day and (then + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 3, 28), "Europe/Berlin", "2026-03-29T00:00:00+01:00"),
        (date(2026, 3, 29), "Europe/Berlin", "2026-03-30T00:00:00+02:00"),
        (date(2026, 10, 25), "Europe/Berlin", "2026-10-26T00:00:00+01:00"),
        (date(2026, 12, 31), "America/New_York", "2027-01-01T00:00:00-05:00"),
    ],
)
def test_a_day_is_over_at_the_shops_midnight(day: date, zone: str, instant: str) -> None:
    assert end_of(day, zone).isoformat() == instant


def test_the_last_day_is_of_the_shops_calendar() -> None:
    assert part(EXPIRY).last_day(datetime(2026, 2, 28, 23, 59, tzinfo=BERLIN)) == date(2027, 2, 28)


@pytest.mark.parametrize(
    ("balance", "earned", "expected"),
    [
        (0, [], (0, None, 0)),
        (0, [(YESTERDAY, 5)], (0, None, 0)),
        (5, [(TODAY, 5)], (0, TODAY, 5)),
        (5, [(YESTERDAY, 5)], (5, None, 0)),
        (5, [(None, 9)], (0, None, 0)),
        (5, [(LATER, 3), (TOMORROW, 9)], (0, TOMORROW, 2)),
        (5, [(LATER, 3), (YESTERDAY, 9)], (2, LATER, 3)),
        (3, [(LATER, 3), (YESTERDAY, 9)], (0, LATER, 3)),
        (7, [(LATER, 2), (LATER, 3), (YESTERDAY, 9)], (2, LATER, 5)),
        (7, [(LATER, 2)], (5, LATER, 2)),
        (7, [], (7, None, 0)),
        (10, [(YESTERDAY, 5), (LATER, 10)], (5, LATER, 5)),
        (-3, [(LATER, 2)], (0, None, 0)),
    ],
)
def test_what_was_earned_first_is_spent_first_and_the_rest_ends_in_its_turn(
    balance: int, earned: list[tuple[date | None, int]], expected: tuple[int, date | None, int]
) -> None:
    assert ending(balance, earned, TODAY) == expected


days = st.one_of(st.none(), st.dates(TODAY - timedelta(days=5), TODAY + timedelta(days=5)))


@given(st.lists(st.tuples(days, st.integers(1, 6)), max_size=8), st.data())
def test_what_ends_is_what_single_stamps_in_a_row_would_say(
    lots: list[tuple[date | None, int]], data: st.DataObject
) -> None:
    """A plain model: every single stamp with its last day, oldest first; spending takes them from the front."""
    row = [last for last, amount in reversed(lots) for _ in range(amount)]
    spent = data.draw(st.integers(0, len(row)))
    left = row[spent:]
    over = [last for last in left if last is not None and last < TODAY]
    coming = [last for last in left if last is not None and last >= TODAY]
    following = min(coming, default=None)
    assert ending(len(left), lots, TODAY) == (len(over), following, coming.count(following) if following else 0)


@pytest.mark.parametrize(
    ("what", "units", "others"),
    [
        ("stamps", ["stamps", "stamps:lunch"], ["points", "credit", f"reward:{COFFEE}", "owed:stamps"]),
        ("points", ["points"], ["stamps", "points:rest", "owed:points", "credit"]),
        ("credit", ["credit"], ["credit:rest", "points", "prepaid"]),
        ("rewards", [f"reward:{COFFEE}"], ["stamps", "voucher:1", f"owed:reward:{COFFEE}"]),
    ],
)
def test_a_rule_ends_what_it_names_and_nothing_else(what: str, units: list[str], others: list[str]) -> None:
    rule = {one.what: one for one in _every_end()}[what]
    assert all(rule.covers(unit) for unit in units)
    assert not any(rule.covers(unit) for unit in others)


def _every_end() -> list[object]:
    ends = [{**EXPIRY, "what": what} for what in ("stamps", "points", "credit", "rewards")]
    return list(rules(STAMPS, POINTS, CASHBACK, *ends).parts[3:])


@pytest.mark.parametrize(
    ("change", "english", "german"),
    [
        (
            {},
            "Stamps: valid for 12 months from the day of earning",
            "Stempel: 12 Monate gültig ab dem Tag der Gutschrift",
        ),
        (
            {"what": "rewards", "months": 1},
            "Rewards: valid for 1 month from the day of earning",
            "Prämien: 1 Monat gültig ab dem Tag der Gutschrift",
        ),
        (
            {"since": "visit", "months": 6},
            "Stamps: valid for 6 months after the last visit",
            "Stempel: 6 Monate gültig nach dem letzten Besuch",
        ),
    ],
)
def test_an_end_says_itself_in_one_sentence(change: Document, english: str, german: str) -> None:
    rule = part({**EXPIRY, **change})
    assert (rule.sentence(ENGLISH), rule.sentence(GERMAN)) == (english, german)


@pytest.mark.parametrize(
    ("document", "about", "sentence"),
    [
        ({**EXPIRY, "months": 0}, "months", "“0” is too small: write at least 1."),
        ({**EXPIRY, "months": 61}, "months", "“61” is too large: write at most 60."),
        ({**EXPIRY, "warn_days": 0}, "warn_days", "“0” is too small: write at least 1."),
        ({**EXPIRY, "warn_days": 91}, "warn_days", "“91” is too large: write at most 90."),
        ({**EXPIRY, "grace_days": -1}, "grace_days", "“-1” is too small: write at least 0."),
        ({**EXPIRY, "since": "ever"}, "since", "“ever” is not possible here: choose one of earned, visit."),
        (
            {**EXPIRY, "what": "love"},
            "what",
            "“love” is not possible here: choose one of stamps, points, credit, rewards.",
        ),
        (
            {**EXPIRY, "what": "points"},
            "what",
            "“points” cannot end: the program has none. Take this rule away.",
        ),
        (
            {**EXPIRY, "what": "credit"},
            "what",
            "“credit” cannot end: the program has none. Take this rule away.",
        ),
    ],
)
def test_an_end_without_a_day_or_a_thing_is_refused(document: Document, about: str, sentence: str) -> None:
    assert refused(STAMPS, document) == (f"parts.1.{about}", sentence)


@pytest.mark.parametrize("what", ["stamps", "rewards"])
def test_what_a_program_does_not_have_cannot_end(what: str) -> None:
    sentence = f"“{what}” cannot end: the program has none. Take this rule away."
    assert refused(POINTS, {**EXPIRY, "what": what}) == ("parts.1.what", sentence)

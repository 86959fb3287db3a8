"""What is given without a purchase: for a friend, on a day, by the staff, for anything else."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.issuer.rules.cases import (
    BIRTHDAY,
    CAKE,
    CAUSES,
    COFFEE,
    ENGLISH,
    GERMAN,
    GOODWILL,
    REFERRAL,
    STAMPS,
    Document,
    bought,
    named,
    part,
    refused,
    rules,
)

CAKES = {"unit": "reward", "reward_id": str(CAKE)}


@pytest.mark.parametrize(
    ("born", "before", "after", "today", "found"),
    [
        ((5, 10), 0, 14, date(2026, 5, 9), None),
        ((5, 10), 0, 14, date(2026, 5, 10), date(2026, 5, 10)),
        ((5, 10), 0, 14, date(2026, 5, 24), date(2026, 5, 10)),
        ((5, 10), 0, 14, date(2026, 5, 25), None),
        ((5, 10), 7, 0, date(2026, 5, 3), date(2026, 5, 10)),
        ((5, 10), 7, 0, date(2026, 5, 2), None),
        ((12, 28), 0, 14, date(2027, 1, 11), date(2026, 12, 28)),
        ((12, 28), 0, 14, date(2027, 1, 12), None),
        ((1, 3), 7, 0, date(2026, 12, 27), date(2027, 1, 3)),
        ((1, 3), 7, 0, date(2026, 12, 26), None),
        ((2, 29), 0, 0, date(2028, 2, 29), date(2028, 2, 29)),
        ((2, 29), 0, 0, date(2028, 2, 28), None),
        ((2, 29), 0, 0, date(2027, 2, 28), date(2027, 2, 28)),
        ((2, 29), 0, 0, date(2027, 3, 1), None),
        ((2, 29), 0, 0, date(2100, 2, 28), date(2100, 2, 28)),
        ((2, 29), 0, 0, date(2000, 2, 29), date(2000, 2, 29)),
        ((1, 1), 0, 364, date(2026, 12, 31), date(2026, 1, 1)),
        ((1, 1), 0, 364, date(2027, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_birthday_gift_stands_open_for_its_window(
    born: tuple[int, int], before: int, after: int, today: date, found: date | None
) -> None:
    rule = part({**BIRTHDAY, "days_before": before, "days_after": after})
    assert rule.day_in_window(born, today) == found


@given(
    st.dates(date(2000, 1, 1), date(2100, 12, 31)),
    st.dates(date(2001, 1, 1), date(2099, 12, 31)),
    st.integers(0, 30),
    st.integers(0, 334),
)
def test_on_no_day_do_the_windows_of_two_years_overlap(born: date, today: date, before: int, after: int) -> None:
    rule = part({**BIRTHDAY, "days_before": before, "days_after": after})
    held = []
    for year in range(today.year - 2, today.year + 3):
        leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
        day = date(year, born.month, 28 if (born.month, born.day) == (2, 29) and not leap else born.day)
        held += [day] if day - timedelta(days=before) <= today <= day + timedelta(days=after) else []
    assert len(held) <= 1
    assert rule.day_in_window((born.month, born.day), today) == next(iter(held), None)


@pytest.mark.parametrize("visits", [2, 10_000])
def test_a_milestone_counts_visits_and_other_occasions_do_not(visits: int) -> None:
    milestone = {**BIRTHDAY, "occasion": "milestone", "visits": visits}
    assert rules(STAMPS, milestone).earned(bought(100))["visits"] == 1
    assert "visits" not in rules(STAMPS, BIRTHDAY).earned(bought(100))


def test_what_is_given_is_counted_among_the_rewards() -> None:
    friend = {**REFERRAL, "friend": CAKES}
    survey = {**CAUSES, "bonuses": [{"cause": "survey", "grant": CAKES}]}
    for document in (friend, BIRTHDAY, {**GOODWILL, "grant": CAKES}, survey):
        assert rules(STAMPS, document).reward_ids() == (COFFEE, CAKE)
    assert part(REFERRAL).reward_ids() == ()


def test_a_cause_brings_its_own_bonus_and_others_bring_none() -> None:
    rule = part(CAUSES)
    assert rule.bonus_for("survey").grant.amount == 1
    assert rule.bonus_for("survey").once
    assert rule.bonus_for("review") is None


@pytest.mark.parametrize(
    ("document", "english", "german"),
    [
        (
            REFERRAL,
            "Bring a friend: with their first purchase you get 2 stamps, and they get 1 stamp",
            "Bring eine Freundin oder einen Freund mit: "
            "Beim ersten Einkauf bekommst du 2 Stempel und dein Gast 1 Stempel",
        ),
        (BIRTHDAY, "On your birthday: Cake", "Zum Geburtstag: Kuchen"),
        ({**BIRTHDAY, "occasion": "welcome"}, "For joining: Cake", "Zur Begrüßung: Kuchen"),
        (
            {**BIRTHDAY, "occasion": "anniversary"},
            "On the anniversary of your card: Cake",
            "Zum Jahrestag deiner Karte: Kuchen",
        ),
        (
            {**BIRTHDAY, "occasion": "milestone", "visits": 1000},
            "On your visit number 1,000: Cake",
            "Zu deinem 1.000. Besuch: Kuchen",
        ),
        (
            GOODWILL,
            "Staff may give 1 stamp, up to 10 times a week",
            "Das Team darf verschenken: 1 Stempel, bis zu 10 Mal in der Woche",
        ),
        (
            {**GOODWILL, "a_week": 1},
            "Staff may give 1 stamp, up to 1 time a week",
            "Das Team darf verschenken: 1 Stempel, bis zu 1 Mal in der Woche",
        ),
        (
            {
                "kind": "causes",
                "bonuses": [
                    {"cause": "signup", "grant": {"amount": 2}},
                    {"cause": "survey", "grant": {}},
                    {"cause": "review", "grant": {}},
                    {"cause": "event", "grant": {"amount": 3}, "names": named("Summer party", "Sommerfest")},
                ],
            },
            "2 stamps for signing up; 1 stamp for a survey; 1 stamp for a review; Summer party: 3 stamps",
            "2 Stempel für die Anmeldung; 1 Stempel für eine Umfrage; 1 Stempel für eine Bewertung; "
            "Sommerfest: 3 Stempel",
        ),
        (
            {"kind": "causes", "bonuses": [{"cause": "event", "grant": {}}]},
            "1 stamp for coming to an event",
            "1 Stempel für den Besuch einer Veranstaltung",
        ),
    ],
)
def test_gifts_say_themselves_in_one_sentence(document: Document, english: str, german: str) -> None:
    rule = part(document)
    assert (rule.sentence(ENGLISH), rule.sentence(GERMAN)) == (english, german)


OVERLAP = "A window of 365 days reaches into the next year's: leave at most 364 in all."


@pytest.mark.parametrize(
    ("document", "about", "sentence"),
    [
        ({**BIRTHDAY, "occasion": "milestone"}, "visits", "A milestone is a visit's number: say which."),
        (
            {**BIRTHDAY, "visits": 10},
            "visits",
            "Only a milestone is a visit's number: take “10” away, or choose the milestone.",
        ),
        ({**BIRTHDAY, "occasion": "milestone", "visits": 1}, "visits", "“1” is too small: write at least 2."),
        ({**BIRTHDAY, "days_before": 31}, "days_before", "“31” is too large: write at most 30."),
        ({**BIRTHDAY, "days_after": 366}, "days_after", "“366” is too large: write at most 365."),
        ({**BIRTHDAY, "days_before": 1, "days_after": 364}, "days_after", OVERLAP),
        ({**BIRTHDAY, "occasion": "anniversary", "days_after": 365}, "days_after", OVERLAP),
        (
            {**BIRTHDAY, "occasion": "easter"},
            "occasion",
            "“easter” is not possible here: choose one of welcome, birthday, anniversary, milestone.",
        ),
        (
            {**BIRTHDAY, "key": "Geburtstag"},
            "key",
            "“Geburtstag” is not a key: write up to 20 small letters, digits and _, a letter first.",
        ),
        ({**GOODWILL, "a_week": 0}, "a_week", "“0” is too small: write at least 1."),
        ({**GOODWILL, "a_week": 1001}, "a_week", "“1001” is too large: write at most 1000."),
        ({**CAUSES, "bonuses": []}, "bonuses", "This list is too short: write at least 1."),
        (
            {**CAUSES, "bonuses": CAUSES["bonuses"] * 2},
            "bonuses",
            "A cause stands in the list twice: name each cause once.",
        ),
        (
            {**CAUSES, "bonuses": [{"cause": "love", "grant": {}}]},
            "bonuses.0.cause",
            "“love” is not possible here: choose one of signup, survey, review, event.",
        ),
        ({"kind": "referral", "friend": {}}, "referrer", "This is missing: fill it in."),
    ],
)
def test_a_gift_that_could_not_be_given_is_refused(document: Document, about: str, sentence: str) -> None:
    assert refused(STAMPS, document) == (f"parts.1.{about}", sentence)


def test_a_welcome_gift_may_stand_open_for_a_whole_year() -> None:
    assert part({**BIRTHDAY, "occasion": "welcome", "days_after": 365}).days_after == 365

"""Silver and Gold: reached at once, lost only at a window's end."""

from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.rules.movement import after
from issuer.rules.settling import granted
from tests.issuer.rules.cases import (
    BERLIN,
    CAKE,
    ENGLISH,
    GERMAN,
    GOLD,
    POINTS,
    SILVER,
    STAMPS,
    TIERS,
    Document,
    bought,
    by_hand,
    part,
    refused,
    rules,
)

PLATINUM: Document = {**GOLD, "key": "platinum", "threshold": 90_000}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("window", "moment", "first"),
    [
        ("month", "2028-02-29 23:59", "2028-02-01"),
        ("month", "2026-03-01 00:00", "2026-03-01"),
        ("quarter", "2026-03-31 23:59", "2026-01-01"),
        ("quarter", "2026-04-01 00:00", "2026-04-01"),
        ("quarter", "2026-12-31 23:59", "2026-10-01"),
        ("half", "2026-06-30 23:59", "2026-01-01"),
        ("half", "2026-07-01 00:00", "2026-07-01"),
        ("year", "2028-02-29 12:00", "2028-01-01"),
        ("year", "2026-12-31 23:59", "2026-01-01"),
        ("year", "2027-01-01 00:00", "2027-01-01"),
    ],
)
def test_a_window_is_a_stretch_of_the_shops_calendar(window: str, moment: str, first: str) -> None:
    assert part({**TIERS, "window": window}).unit(at(moment)) == f"tier:spend:{first}"


@pytest.mark.parametrize(
    ("progress", "tier"),
    [(0, None), (9_999, None), (10_000, "silver"), (49_999, "silver"), (50_000, "gold"), (10**9, "gold")],
)
def test_a_tier_is_reached_at_once_when_its_threshold_is(progress: int, tier: str | None) -> None:
    standing = part(TIERS).standing({"tier:spend:2026-01-01": progress}, at("2026-05-05 12:00"))
    assert standing.tier == tier
    assert (standing.until is None) is (tier is None)


@pytest.mark.parametrize(
    ("window", "this", "last", "until_now_reached", "until_kept"),
    [
        ("month", "2026-12-01", "2026-11-01", "2027-02-01", "2027-01-01"),
        ("quarter", "2026-10-01", "2026-07-01", "2027-04-01", "2027-01-01"),
        ("half", "2026-07-01", "2026-01-01", "2027-07-01", "2027-01-01"),
        ("year", "2026-01-01", "2025-01-01", "2028-01-01", "2027-01-01"),
    ],
)
def test_a_tier_holds_to_the_end_of_the_next_window_and_falls_only_there(
    window: str, this: str, last: str, until_now_reached: str, until_kept: str
) -> None:
    rule, now = part({**TIERS, "window": window}), at("2026-12-31 23:59")
    reached = rule.standing({f"tier:spend:{this}": 50_000}, now)
    assert (reached.tier, reached.until) == ("gold", at(until_now_reached))
    kept = rule.standing({f"tier:spend:{last}": 50_000, f"tier:spend:{this}": 10_000}, now)
    assert (kept.tier, kept.until) == ("gold", at(until_kept))
    fallen = rule.standing({f"tier:spend:{last}": 50_000, f"tier:spend:{this}": 10_000}, at(until_kept))
    assert fallen.tier == "silver"
    nothing = rule.standing({f"tier:spend:{last}": 50_000}, at(until_kept))
    assert (nothing.tier, nothing.until) == (None, None)


def test_a_tier_reached_again_holds_one_window_longer() -> None:
    both = {"tier:spend:2025-01-01": 50_000, "tier:spend:2026-01-01": 50_000}
    assert part(TIERS).standing(both, at("2026-05-05 12:00")).until == at("2028-01-01 00:00")


def test_a_higher_tier_of_this_window_beats_the_last_ones() -> None:
    both = {"tier:spend:2025-01-01": 10_000, "tier:spend:2026-01-01": 50_000}
    assert part(TIERS).standing(both, at("2026-05-05 12:00")).tier == "gold"


def test_what_was_reached_two_windows_ago_counts_no_more() -> None:
    assert part(TIERS).standing({"tier:spend:2024-01-01": 50_000}, at("2026-01-01 00:00")).tier is None


def test_the_end_of_a_window_is_the_shops_own_midnight_in_summer_and_winter() -> None:
    rule = part({**TIERS, "window": "quarter"})
    summer = rule.standing({"tier:spend:2026-01-01": 10_000}, at("2026-05-05 12:00")).until
    winter = rule.standing({"tier:spend:2026-07-01": 10_000}, at("2026-11-05 12:00")).until
    assert summer is not None
    assert summer.isoformat() == "2026-07-01T00:00:00+02:00"
    assert winter is not None
    assert winter.isoformat() == "2027-01-01T00:00:00+01:00"


@given(
    st.dates(date(2000, 1, 1), date(2100, 12, 31)),
    st.sampled_from(["month", "quarter", "half", "year"]),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
)
def test_on_no_day_inside_a_window_does_a_tier_fall(day: date, window: str, last: int, this: int) -> None:
    rule = part({**TIERS, "window": window})
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN)
    tomorrow = noon + timedelta(days=1)
    begun, before = rule.unit(noon), rule.unit(noon.replace(day=1) - timedelta(days=200 if window == "year" else 1))
    balances = {before: last, begun: this} if before != begun else {begun: this}
    today, next_day = rule.standing(balances, noon), rule.standing(balances, tomorrow)
    if rule.unit(tomorrow) == begun:
        assert rule.rank(next_day.tier) >= rule.rank(today.tier)
    elif today.until is not None and today.until > tomorrow:
        assert next_day.tier is not None


@pytest.mark.parametrize(
    ("by", "sale", "counted"),
    [
        ("spend", bought(1999), 1999),
        ("spend", bought(None), None),
        ("spend", by_hand(3), None),
        ("visits", bought(1999), 1),
        ("visits", by_hand(3), 1),
        ("points", bought(1999), Fraction(1999, 100)),
        ("points", bought(50), Fraction(1, 2)),
        ("points", bought(None), None),
    ],
)
def test_progress_is_what_is_spent_or_a_visit_or_the_points(by: str, sale: object, counted: Fraction | None) -> None:
    earned = rules(POINTS, {**TIERS, "by": by}).earned(sale)  # type: ignore[arg-type]
    assert earned.get(f"tier:{by}:2026-01-01") == counted


def test_half_points_add_up_to_progress_too() -> None:
    program, balances = rules(POINTS, {**TIERS, "by": "points"}), dict[str, int]()
    for _ in range(3):
        balances = after(balances, granted(program.earned(bought(50)), balances, "purchase"))
    assert (balances["points"], balances["tier:points:2026-01-01"]) == (1, 1)


def test_cents_are_not_taken_for_visits_once_the_shop_counts_those() -> None:
    spent = {"tier:spend:2026-01-01": 50_000}
    assert part({**TIERS, "by": "visits"}).standing(spent, at("2026-05-05 12:00")).tier is None


@pytest.mark.parametrize(
    ("progress", "key", "missing"),
    [(0, "silver", 10_000), (9_999, "silver", 1), (10_000, "silver", 0), (60_000, "gold", 0), (0, "platinum", 0)],
)
def test_what_is_missing_is_said_and_never_below_nothing(progress: int, key: str, missing: int) -> None:
    balances = {"tier:spend:2026-01-01": progress}
    assert part(TIERS).missing(balances, at("2026-05-05 12:00"), key) == missing


def test_tiers_rank_from_none_to_the_highest_and_bring_their_rewards() -> None:
    rule = part({**TIERS, "tiers": [SILVER, {**GOLD, "reward_id": str(CAKE)}]})
    assert [rule.rank(key) for key in (None, "nobody", "silver", "gold")] == [0, 0, 1, 2]
    assert rule.reward_ids() == (CAKE,)
    assert rule.named("nobody") is None


@pytest.mark.parametrize(
    ("by", "amount", "english", "german"),
    [
        ("spend", 5000, "€50.00", "50,00\u00a0€"),
        ("visits", 1, "1 visit", "1 Besuch"),
        ("visits", 3, "3 visits", "3 Besuche"),
        ("points", 1200, "1,200 points", "1.200 Punkte"),
        ("points", 1, "1 point", "1 Punkt"),
    ],
)
def test_progress_is_said_in_its_own_measure(by: str, amount: int, english: str, german: str) -> None:
    rule = part({**TIERS, "by": by}) if by != "points" else rules(POINTS, {**TIERS, "by": by}).parts[1]
    assert (rule.amount(amount, ENGLISH), rule.amount(amount, GERMAN)) == (english, german)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("window", "english", "german"),
    [
        ("month", "in a calendar month", "in einem Kalendermonat"),
        ("quarter", "in a quarter", "in einem Quartal"),
        ("half", "in half a year", "in einem Halbjahr"),
        ("year", "in a calendar year", "in einem Kalenderjahr"),
    ],
)
def test_tiers_say_themselves_in_one_sentence(window: str, english: str, german: str) -> None:
    tiers = [SILVER, {**GOLD, "factor": "1.50", "reward_id": str(CAKE)}]
    rule = rules(POINTS, {**TIERS, "window": window, "tiers": tiers}).parts[1]
    assert rule.sentence(ENGLISH) == (
        f"Tiers by what is reached {english}: Silver from €100.00, Gold from €500.00 (1.5 × as fast, Cake)"
    )
    assert rule.sentence(GERMAN) == (
        f"Stufen nach dem, was du {german} erreichst: "
        "Silber ab 100,00\u00a0€, Gold ab 500,00\u00a0€ (1,5 × so schnell, Kuchen)"
    )


UNORDERED = "A tier does not need more than the one before it: put the tiers in order, lowest first."


@pytest.mark.parametrize(
    ("change", "about", "sentence"),
    [
        ({"tiers": []}, ".tiers", "This list is too short: write at least 1."),
        ({"tiers": [SILVER] * 6}, ".tiers", "This list is too long: write at most 5."),
        ({"tiers": [GOLD, SILVER]}, ".tiers", UNORDERED),
        ({"tiers": [SILVER, {**GOLD, "threshold": 10_000}]}, ".tiers", UNORDERED),
        ({"tiers": [SILVER, {**GOLD, "key": "silver"}]}, ".tiers", "Two tiers have the same key: give each its own."),
        ({"tiers": [{**SILVER, "threshold": 0}]}, ".tiers.0.threshold", "“0” is too small: write at least 1."),
        ({"tiers": [{**SILVER, "factor": "0.9"}]}, ".tiers.0.factor", "“0.9” is too small: write at least 1."),
        ({"window": "week"}, ".window", "“week” is not possible here: choose one of month, quarter, half, year."),
        ({"by": "love"}, ".by", "“love” is not possible here: choose one of points, spend, visits."),
        ({"announce_days": 0}, ".announce_days", "“0” is too small: write at least 1."),
    ],
)
def test_tiers_that_nobody_could_climb_are_refused(change: Document, about: str, sentence: str) -> None:
    assert refused(STAMPS, {**TIERS, **change}) == (f"parts.1{about}", sentence)


def test_more_tiers_than_two_stand_in_order() -> None:
    assert part({**TIERS, "tiers": [SILVER, GOLD, PLATINUM]}).rank("platinum") == 3

"""Points for what is paid: one euro, one point; nothing of a cent is ever lost."""

from datetime import datetime
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.rules import Rules
from issuer.rules.movement import WHOLE, Movement, after
from issuer.rules.settling import granted
from tests.issuer.rules.cases import (
    BERLIN,
    CAKE,
    COFFEE,
    ENGLISH,
    GERMAN,
    GOLD,
    POINTS,
    SILVER,
    TIERS,
    Document,
    bought,
    by_hand,
    named,
    part,
    refused,
    rules,
)

DOUBLE: Document = {"factor": "2", "days": [2], "begin": "14:00", "until": "17:00"}
PRICES = [{"reward_id": str(COFFEE), "price": 80}, {"reward_id": str(CAKE), "price": 1200}]


def booked(*purchases: tuple[Rules, int], tier: str | None = None) -> dict[str, int]:
    """The balances after purchases, each under its own rules."""
    balances = dict[str, int]()
    for program, total in purchases:
        amounts = program.earned(bought(total, tier=tier))
        balances = after(balances, granted(amounts, balances, "purchase"))
    return balances


@pytest.mark.parametrize(
    ("change", "totals", "points"),
    [
        ({}, [100], 1),
        ({}, [99], 0),
        ({}, [99, 1], 1),
        ({}, [1240], 12),
        ({}, [1250, 1250], 25),
        ({}, [50] * 7, 3),
        ({"per_cents": 5000}, [3000, 2000], 1),
        ({"per_cents": 5000}, [3000, 1999], 0),
        ({"per_cents": 300}, [100, 100, 100], 1),
        ({"points": 7, "per_cents": 1701}, [1701], 7),
        ({"points": 7, "per_cents": 1701}, [243] * 7, 7),
        ({"points": 7, "per_cents": 1701}, [242], 0),
        ({"points": 10, "per_cents": 1}, [1], 10),
        ({"per_cents": 99_991}, [1] * 99, 0),
    ],
)
def test_points_come_per_euro_and_remainders_are_carried(change: Document, totals: list[int], points: int) -> None:
    program = rules({**POINTS, **change})
    assert booked(*((program, total) for total in totals)).get("points", 0) == points


def test_thirty_and_twenty_euros_with_a_star_per_fifty_give_a_star_and_nothing_over() -> None:
    stars = rules({**POINTS, "per_cents": 5000, "names": named("Stars", "Sterne")})
    assert booked((stars, 3000), (stars, 2000)) == {"points": 1, "points:rest": 0}


@pytest.mark.parametrize("sale", [by_hand(3), bought(None), bought(0)])
def test_without_an_amount_there_are_no_points(sale: Any) -> None:
    assert rules(POINTS).earned(sale) == {}


rates = st.tuples(st.integers(1, 1000), st.integers(1, 100_000), st.sampled_from(["1", "1.37", "2", "9.99"]))
totals = st.integers(1, 1_000_000)


@given(st.lists(st.tuples(rates, st.lists(totals, min_size=1, max_size=10)), min_size=1, max_size=4))
def test_no_remainder_is_lost_whatever_is_paid_at_whatever_rates(turns: list[Any]) -> None:
    purchases, exact = [], Fraction()
    for (points, per_cents, factor), paid in turns:
        tiers = {**TIERS, "tiers": [{**SILVER, "factor": factor}]}
        program = rules({**POINTS, "points": points, "per_cents": per_cents}, tiers)
        purchases += [(program, total) for total in paid]
        exact += sum(Fraction(total * points, per_cents) * Fraction(factor) for total in paid)
    found = booked(*purchases, tier="silver")
    assert found.get("points", 0) == floor(exact)
    assert 0 <= found.get("points:rest", 0) < WHOLE


@pytest.mark.parametrize("per_cents", [3, 7, 1701, 9973, 99_989, 99_991, 100_000])
def test_cent_by_cent_comes_out_at_the_same_cent_as_all_at_once(per_cents: int) -> None:
    program, balances = rules({**POINTS, "per_cents": per_cents}), dict[str, int]()
    (cent,) = granted(program.earned(bought(1)), {}, "purchase")
    before = {"points:rest": cent.amount * (per_cents - 2)}
    balances = after(before, granted(program.earned(bought(1)), before, "purchase"))
    assert balances.get("points", 0) == 0
    balances = after(balances, granted(program.earned(bought(1)), balances, "purchase"))
    assert balances["points"] == 1


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("moment", "points"),
    [
        ("2026-11-24 13:59:59.999999", 10),
        ("2026-11-24 14:00", 20),
        ("2026-11-24 16:59:59.999999", 20),
        ("2026-11-24 17:00", 10),
        ("2026-11-23 15:00", 10),
        ("2026-11-25 15:00", 10),
        ("2026-03-31 14:00", 20),
        ("2026-10-27 16:59", 20),
    ],
)
def test_double_points_on_tuesday_from_two_to_five(moment: str, points: int) -> None:
    program = rules({**POINTS, "happy_hours": [DOUBLE]})
    assert program.earned(bought(1000, local(moment))) == {"points": points}


@pytest.mark.parametrize(
    ("moment", "points"),
    [
        ("2026-03-29 01:59", 10),
        ("2026-03-29 03:00", 20),
        ("2026-10-25 01:59", 10),
        ("2026-10-25 02:30", 20),
        ("2026-10-25 03:59", 20),
        ("2026-10-25 04:00", 10),
    ],
)
def test_on_the_days_when_clocks_change_the_clock_on_the_wall_counts(moment: str, points: int) -> None:
    early = {"factor": 2, "days": [7], "begin": "02:00", "until": "04:00"}
    program = rules({**POINTS, "happy_hours": [early]})
    assert program.earned(bought(1000, local(moment))) == {"points": points}
    assert program.earned(bought(1000, local(moment).replace(fold=1))) == {"points": points}


@pytest.mark.parametrize("moment", ["2026-11-24 00:00", "2026-11-24 23:59:59.999999"])
def test_a_day_without_hours_is_the_whole_day(moment: str) -> None:
    program = rules({**POINTS, "happy_hours": [{"factor": "1.5", "days": [2]}]})
    assert program.earned(bought(1000, local(moment))) == {"points": 15}


def test_of_two_happy_hours_the_better_one_holds_and_they_do_not_add_up() -> None:
    program = rules({**POINTS, "happy_hours": [DOUBLE, {"factor": "3", "days": [2]}]})
    assert program.earned(bought(1000, local("2026-11-24 15:00"))) == {"points": 30}


@pytest.mark.parametrize(("tier", "points"), [(None, 20), ("silver", 20), ("gold", 30), ("platinum", 20)])
def test_a_tier_makes_points_faster_on_top_of_a_happy_hour(tier: str | None, points: int) -> None:
    tiers = {**TIERS, "by": "visits", "tiers": [SILVER, {**GOLD, "factor": "1.5"}]}
    program = rules({**POINTS, "happy_hours": [DOUBLE]}, tiers)
    assert program.earned(bought(1000, local("2026-11-24 15:00"), tier=tier))["points"] == points


@pytest.mark.parametrize(("points", "cents"), [(0, 0), (99, 99), (100, 100), (1, 1), (250, 250)])
def test_a_hundred_points_are_one_euro(points: int, cents: int) -> None:
    assert part({**POINTS, "value_points": 100, "value_cents": 100}).worth(points) == cents


def test_a_part_of_a_cent_is_not_shown_and_without_a_value_none_is() -> None:
    assert part({**POINTS, "value_points": 1000, "value_cents": 1}).worth(1999) == 1
    assert part(POINTS).worth(100) is None


def test_each_reward_has_its_price_and_others_have_none() -> None:
    rule = part({**POINTS, "prices": PRICES})
    assert rule.price_of(COFFEE).price == 80
    assert rule.reward_ids() == (COFFEE, CAKE)
    assert part(POINTS).price_of(COFFEE) is None


def test_a_new_card_may_begin_with_points() -> None:
    assert rules({**POINTS, "bonus": 50}).start() == (Movement("points", 50, "issued", "bonus"),)
    assert rules(POINTS).start() == ()


def test_points_are_called_what_the_shop_calls_them() -> None:
    assert [part(POINTS).name(language) for language in ("en", "de")] == ["Points", "Punkte"]
    rule = part({**POINTS, "names": named("Stars", "Sterne")})
    assert [rule.name(language) for language in ("en", "de")] == ["Stars", "Sterne"]


@pytest.mark.parametrize(
    ("change", "english", "german"),
    [
        ({}, "1 point per €1.00", "1 Punkt je 1,00\u00a0€"),
        ({"points": 7, "per_cents": 1701}, "7 points per €17.01", "7 Punkte je 17,01\u00a0€"),
        (
            {"value_points": 100, "value_cents": 100},
            "1 point per €1.00; 100 points = €1.00",
            "1 Punkt je 1,00\u00a0€; 100 Punkte = 1,00\u00a0€",
        ),
        (
            {"per_cents": 5000, "names": named("Stars", "Sterne"), "value_points": 1, "value_cents": 500},
            "1 × Stars per €50.00; 1 × Stars = €5.00",
            "1 × Sterne je 50,00\u00a0€; 1 × Sterne = 5,00\u00a0€",
        ),
        (
            {"prices": PRICES, "bonus": 1},
            "1 point per €1.00; to choose from: Coffee (80), Cake (1,200); 1 point to begin with",
            "1 Punkt je 1,00\u00a0€; zur Wahl: Kaffee (80), Kuchen (1.200); 1 Punkt zum Start",
        ),
        (
            {"happy_hours": [DOUBLE, {"factor": "1.50", "days": [7, 6]}, {"factor": 3, "days": [1], "begin": "18:00"}]},
            "1 point per €1.00; 2 × points on Tuesday, 14:00 to 17:00; 1.5 × points on Saturday, Sunday; "
            "3 × points on Monday, 18:00 to 24:00",
            "1 Punkt je 1,00\u00a0€; 2 × Punkte am Dienstag, 14:00 bis 17:00 Uhr; 1,5 × Punkte am Samstag, Sonntag; "
            "3 × Punkte am Montag, 18:00 bis 24:00 Uhr",
        ),
    ],
)
def test_points_say_themselves_in_one_sentence(change: Document, english: str, german: str) -> None:
    rule = part({**POINTS, **change})
    assert (rule.sentence(ENGLISH), rule.sentence(GERMAN)) == (english, german)


@pytest.mark.parametrize(
    ("change", "about", "sentence"),
    [
        ({"points": 0}, "points", "“0” is too small: write at least 1."),
        ({"points": 1001}, "points", "“1001” is too large: write at most 1000."),
        ({"per_cents": 0}, "per_cents", "“0” is too small: write at least 1."),
        ({"per_cents": 100_001}, "per_cents", "“100001” is too large: write at most 100000."),
        (
            {"value_points": 100},
            "value_cents",
            "A value needs both sides, points and money: fill in both, or leave both empty.",
        ),
        (
            {"value_cents": 100},
            "value_points",
            "A value needs both sides, points and money: fill in both, or leave both empty.",
        ),
        (
            {"prices": [PRICES[0], PRICES[0]]},
            "prices",
            "A reward stands in the list twice: give each reward one price.",
        ),
        ({"prices": [{**PRICES[0], "price": 0}]}, "prices.0.price", "“0” is too small: write at least 1."),
        ({"prices": PRICES * 11}, "prices", "This list is too long: write at most 20."),
        ({"bonus": -1}, "bonus", "“-1” is too small: write at least 0."),
        ({"points": [1]}, "points", "“…” is not a whole number: write digits only."),
    ],
)
def test_points_that_nobody_could_reckon_are_refused(change: Document, about: str, sentence: str) -> None:
    assert refused({**POINTS, **change}) == (f"parts.0.{about}", sentence)


@pytest.mark.parametrize(
    ("change", "about", "sentence"),
    [
        ({"factor": 1}, "factor", "“1” is too small: write more than 1."),
        ({"factor": "10.01"}, "factor", "“10.01” is too large: write at most 10."),
        ({"factor": "1.375"}, "factor", "“1.375” has too many digits after the point: write at most 2."),
        ({"factor": "1,5"}, "factor", "“1,5” is not a number: write one like 1.5."),
        ({"factor": "NaN"}, "factor", "“NaN” is not a number: write one like 1.5."),
        ({"days": []}, "days", "This list is too short: write at least 1."),
        ({"days": [0]}, "days.0", "“0” is too small: write at least 1."),
        ({"days": [8]}, "days.0", "“8” is too large: write at most 7."),
        ({"days": [2, 2]}, "days", "A day is named twice: name each day once."),
        ({"begin": "25:00"}, "begin", "“25:00” is not a time: write hours and minutes, like 14:00."),
        ({"until": "24:00"}, "until", "“24:00” is not a time: write hours and minutes, like 14:00."),
        (
            {"begin": "14:00Z"},
            "begin",
            "“14:00:00+00:00” is not a time of the shop's clock: write hours and minutes, like 14:00.",
        ),
        (
            {"until": "17:00:30"},
            "until",
            "“17:00:30” is not a time of the shop's clock: write hours and minutes, like 14:00.",
        ),
        (
            {"until": "14:00"},
            "until",
            "14:00 is not after 14:00: end later on the same day, or leave the end empty for midnight.",
        ),
        (
            {"until": "02:00"},
            "until",
            "02:00 is not after 14:00: end later on the same day, or leave the end empty for midnight.",
        ),
    ],
)
def test_a_happy_hour_that_no_clock_shows_is_refused(change: Document, about: str, sentence: str) -> None:
    document = {**POINTS, "happy_hours": [{**DOUBLE, **change}]}
    assert refused(document) == (f"parts.0.happy_hours.0.{about}", sentence)

"""Debts first, then remainders, then rounds; and what is owed is paid before it can be handed over."""

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.rules.movement import WHOLE, Movement, after
from issuer.rules.points import MOST_PER_CENTS
from issuer.rules.settling import granted, parts_of, settled, taken
from tests.issuer.rules.cases import COFFEE, LUNCH, STAMPS, part, rules

COUNTERS = [part(STAMPS), rules(STAMPS, LUNCH).parts[1]]
CUP, DEBT = f"reward:{COFFEE}", f"owed:reward:{COFFEE}"


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ({}, {}),
        ({"stamps": 9, "stamps:lunch": 4}, {"stamps": 9, "stamps:lunch": 4}),
        ({"stamps": 10}, {"stamps": 0, CUP: 1}),
        ({"stamps": 12, "stamps:lunch": 11}, {"stamps": 2, "stamps:lunch": 1, CUP: 3}),
        ({"stamps": 10, "owed:stamps": 1}, {"stamps": 9, "owed:stamps": 0}),
        ({"stamps": 3, "owed:stamps": 5}, {"stamps": 0, "owed:stamps": 2}),
        ({"stamps": 0, "owed:stamps": 5}, {"stamps": 0, "owed:stamps": 5}),
        ({"stamps": 8, "owed:stamps:lunch": 5}, {"stamps": 8, "owed:stamps:lunch": 5}),
        ({CUP: 2, DEBT: 1}, {CUP: 1, DEBT: 0}),
        ({"stamps": 10, DEBT: 1}, {"stamps": 0, CUP: 0, DEBT: 0}),
        ({"stamps": 20, DEBT: 1}, {"stamps": 0, CUP: 1, DEBT: 0}),
        ({"stamps": 10, DEBT: 3}, {"stamps": 0, CUP: 0, DEBT: 2}),
        ({"points": 5, "points:rest": -1}, {"points": 4, "points:rest": WHOLE - 1}),
        ({"points": 0, "points:rest": -1}, {"points": 0, "points:rest": WHOLE - 1, "owed:points": 1}),
        ({"points": 0, "points:rest": WHOLE}, {"points": 1, "points:rest": 0}),
        ({"points": 0, "points:rest": WHOLE - 1}, {"points": 0, "points:rest": WHOLE - 1}),
        ({"points:rest": WHOLE, "owed:points": 1}, {"points": 0, "points:rest": 0, "owed:points": 0}),
        ({"credit": 3, "owed:credit": 2}, {"credit": 1, "owed:credit": 0}),
        ({"credit": 1, "credit:rest": -3 * WHOLE}, {"credit": 0, "credit:rest": 0, "owed:credit": 2}),
        (
            {"tier:points:2026-01-01": 1, "tier:points:2026-01-01:rest": -1},
            {"tier:points:2026-01-01": 0, "tier:points:2026-01-01:rest": WHOLE - 1},
        ),
    ],
)
def test_what_follows_from_balances_as_they_are(before: Mapping[str, int], then: Mapping[str, int]) -> None:
    assert after(before, settled(COUNTERS, before)) == then


def test_nothing_follows_twice() -> None:
    before = {"stamps": 25, DEBT: 1, "points": 2, "points:rest": -1, "owed:points": 1}
    once = after(before, settled(COUNTERS, before))
    assert settled(COUNTERS, once) == ()


amounts = st.integers(0, 60)


@given(
    st.dictionaries(st.sampled_from(["stamps", "stamps:lunch", "points", "credit", CUP]), amounts, min_size=1),
    st.dictionaries(st.sampled_from(["stamps", "stamps:lunch", "points", "credit", CUP]), amounts),
    st.dictionaries(st.sampled_from(["points", "credit"]), st.integers(-2 * WHOLE, 2 * WHOLE)),
)
def test_settling_leaves_nothing_below_zero_nothing_payable_and_no_full_round(
    own: dict[str, int], owed: dict[str, int], rests: dict[str, int]
) -> None:
    before = own | {f"owed:{unit}": debt for unit, debt in owed.items()}
    before |= {f"{unit}:rest": rest for unit, rest in rests.items()}
    now = after(before, settled(COUNTERS, before))
    assert min(now.values()) >= 0
    assert now.get("stamps", 0) < 10
    assert now.get("stamps:lunch", 0) < 5
    assert all(rest < WHOLE for unit, rest in now.items() if unit.endswith(":rest"))
    for unit in (*own, *owed):
        assert not (now.get(unit, 0) and now.get(f"owed:{unit}", 0)), unit
    for unit in ("points", "credit"):
        assert _worth(now, unit) == _worth(before, unit)


def _worth(balances: Mapping[str, int], unit: str) -> int:
    whole = balances.get(unit, 0) - balances.get(f"owed:{unit}", 0)
    return whole * WHOLE + balances.get(f"{unit}:rest", 0)


@pytest.mark.parametrize(
    ("amount", "rest", "lines"),
    [
        (Fraction(3), 0, [("points", 3)]),
        (Fraction(0), 0, []),
        (Fraction(1, 2), 0, [("points:rest", WHOLE // 2)]),
        (Fraction(1, 2), WHOLE // 2, [("points", 1), ("points:rest", -WHOLE // 2)]),
        (Fraction(5, 2), WHOLE // 2, [("points", 3), ("points:rest", -WHOLE // 2)]),
        (Fraction(1, 17), 0, [("points:rest", WHOLE // 17 + 1)]),
    ],
)
def test_wholes_are_given_and_parts_are_carried(amount: Fraction, rest: int, lines: list[tuple[str, int]]) -> None:
    given = granted({"points": amount}, {"points:rest": rest}, "purchase")
    assert given == tuple(Movement(unit, moved, "issued", "purchase") for unit, moved in lines)


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 9, 16, 100, 1000, 10_000, 100_000])
def test_usual_rates_are_exact_to_the_last_part(parts: int) -> None:
    assert parts_of(Fraction(1, parts)) * parts == WHOLE


def test_millions_of_purchases_at_the_oddest_rate_are_not_a_point_too_early_and_fit_the_database() -> None:
    """Each purchase is rounded up by less than a part; sums that are no whole miss one by at least this share of it."""
    hundredths_of_a_happy_hour_and_of_a_tier = 100 * 100
    assert 7_000_000 * MOST_PER_CENTS * hundredths_of_a_happy_hour_and_of_a_tier < WHOLE
    assert 1000 * WHOLE < 2**63


@pytest.mark.parametrize(
    ("amount", "balance", "lines"),
    [
        (3, 5, [("points", -3)]),
        (5, 5, [("points", -5)]),
        (7, 5, [("points", -5), ("owed:points", 2)]),
        (7, 0, [("owed:points", 7)]),
        (0, 5, []),
    ],
)
def test_what_is_taken_back_goes_to_zero_and_the_rest_is_owed(
    amount: int, balance: int, lines: list[tuple[str, int]]
) -> None:
    assert [(line.unit, line.amount) for line in taken("points", amount, balance, "refund")] == lines


def test_what_nobody_sees_is_never_owed() -> None:
    assert list(taken("visits", 2, 0, "refund")) == []

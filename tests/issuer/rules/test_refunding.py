"""What a refund takes: the difference to what should stay, exactly, however it is cut into parts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.rules import Rules
from issuer.rules.movement import WHOLE, Movement, after, is_owed
from issuer.rules.part import Item, Sale
from issuer.rules.refunding import (
    Round,
    fallen_back,
    in_parts,
    presents_left,
    staying,
    taken_parts,
    too_much,
    undone_rounds,
)
from issuer.rules.settling import granted, settled

REWARD = UUID(int=1)
STAMPS = {"kind": "stamps", "stamps_needed": 10, "reward_id": REWARD}
LOCAL = datetime(2026, 3, 1, 10, tzinfo=UTC)
TEA = Item("tea", "Tea", 3, 3_00)


def rules(*parts: dict[str, object]) -> Rules:
    return Rules.model_validate({"parts": parts})


def whole(parts: Mapping[str, int]) -> dict[str, Fraction]:
    return {unit: Fraction(amount, WHOLE) for unit, amount in parts.items()}


@pytest.mark.parametrize(
    ("rule", "cents", "share", "stays"),
    [
        (STAMPS, 0, Fraction(0), {"stamps": 1}),
        (STAMPS | {"earn": "item"}, 5_00, Fraction(5, 9), {"stamps": 2}),
        (STAMPS | {"earn": "item"}, 6_00, Fraction(6, 9), {"stamps": 2}),
        (STAMPS | {"earn": "item"}, 1, Fraction(1, 900), {"stamps": 1}),
        (STAMPS | {"earn": "amount", "amount": 5_00}, 5_00, Fraction(5, 9), {"stamps": 1}),
        (STAMPS | {"earn": "amount", "amount": 5_00}, 4_99, Fraction(499, 900), {}),
        ({"kind": "points"}, 2_50, Fraction(1, 2), {"points": Fraction(5, 2)}),
        ({"kind": "cashback", "percent": "10"}, 25, Fraction(1, 2), {"credit": Fraction(5, 2)}),
        ({"kind": "discount", "by": "spend", "steps": [{"percent": "5"}]}, 2_50, Fraction(1, 2), {"spend": 250}),
    ],
)
def test_what_stays_goes_by_the_kind(rule: dict[str, object], cents: int, share: Fraction, stays: object) -> None:
    sale = Sale(LOCAL, total=cents, items=(TEA,))
    assert whole(staying(rules(rule), sale, share)) == stays


@pytest.mark.parametrize(
    ("share", "stays"),
    [(Fraction(1), 10), (Fraction(99, 100), 9), (Fraction(9, 10), 9), (Fraction(1, 10), 1), (Fraction(1, 8000), 0)],
)
def test_visits_bought_in_advance_stay_as_far_as_the_money_pays_for_them_in_whole(share: Fraction, stays: int) -> None:
    prepaid = rules({"kind": "prepaid", "names": {"de": "A", "en": "A"}, "visits": 10, "price": 80_00})
    assert whole(staying(prepaid, Sale(LOCAL, total=1), share)) == {"prepaid": stays}


def test_what_is_owed_counts_as_taken() -> None:
    assert in_parts([("points", 5), ("points:rest", 7), ("points", -2), ("owed:points", 1)]) == {
        "points": 2 * WHOLE + 7
    }


def test_nothing_is_taken_where_more_should_stay_than_there_is() -> None:
    assert too_much({"stamps": WHOLE, "points": 5}, {"stamps": 2 * WHOLE}, {}) == {"points": 5}


@pytest.mark.parametrize(
    ("ended", "stays", "goes"),
    [(0, 0, 10), (4, 0, 6), (10, 0, 0), (11, 0, 0), (4, 5, 1), (6, 5, 0)],
)
def test_what_ended_is_gone_of_what_a_purchase_earned_before_anything_is_taken(
    ended: int, stays: int, goes: int
) -> None:
    found = too_much({"points": 10 * WHOLE}, {"points": stays * WHOLE}, {"points": ended})
    assert found == ({"points": goes * WHOLE} if goes else {})


@pytest.mark.parametrize(("ended", "left"), [(0, 3), (5, 3), (6, 2), (8, 0), (9, 0)])
def test_of_presents_what_ended_beyond_what_was_earned_is_gone(ended: int, left: int) -> None:
    found = presents_left({"stamps": 3}, {"stamps": 5 * WHOLE}, {"stamps": ended})
    assert found == ({"stamps": left} if left else {})


@pytest.mark.parametrize(
    ("balance", "rest", "parts", "lines"),
    [
        (5, 0, 2 * WHOLE, [("points", -2)]),
        (5, 3, 3, [("points:rest", -3)]),
        (5, 0, 1, [("points", -1), ("points:rest", WHOLE - 1)]),
        (0, 0, 1, [("owed:points", 1), ("points:rest", WHOLE - 1)]),
        (1, 0, 3 * WHOLE, [("points", -1), ("owed:points", 2)]),
        (5, 3, 0, []),
    ],
)
def test_a_remainder_goes_first_then_the_balance_then_it_is_owed(
    balance: int, rest: int, parts: int, lines: list[tuple[str, int]]
) -> None:
    found = taken_parts({"points": parts}, {"points": balance, "points:rest": rest}, "refund")
    assert [(line.unit, line.amount) for line in found] == lines


TWO = Round("stamps", 10, "reward:r", 1, 2)


@pytest.mark.parametrize(
    ("missing", "stamps", "rewards", "times"),
    [(1, 0, 1, 1), (1, 1, 1, 0), (10, 0, 2, 1), (11, 0, 2, 2), (21, 0, 9, 2), (1, 0, 0, 0), (0, 0, 1, 0)],
)
def test_as_many_rounds_fall_back_as_stamps_are_missing_and_rewards_are_there(
    missing: int, stamps: int, rewards: int, times: int
) -> None:
    there = {"stamps": stamps, "reward:r": rewards}
    found = list(undone_rounds([TWO], {"stamps": missing * WHOLE}, there))
    assert [number for _, number in found] == ([times] if times else [])


def test_one_reward_is_given_back_for_one_round_only() -> None:
    lunch = Round("stamps:lunch", 5, "reward:r", 1, 1)
    parts = {"stamps": WHOLE, "stamps:lunch": WHOLE}
    assert [one for one, _ in undone_rounds([TWO, lunch], parts, {"reward:r": 1})] == [TWO]


def test_a_round_that_falls_back_gives_its_stamps_for_what_it_brought() -> None:
    assert list(fallen_back(TWO, 2, "refund")) == [
        Movement("stamps", 20, "exchanged", "refund"),
        Movement("reward:r", -2, "issued", "refund"),
    ]


@given(
    points=st.integers(1, 1000),
    per_cents=st.integers(1, 10_000),
    others=st.lists(st.integers(0, 500_00), max_size=3),
    parts=st.lists(st.integers(1, 100_00), min_size=1, max_size=6),
    spent=st.integers(0, 10_000),
)
def test_a_purchase_refunded_in_whatever_parts_leaves_what_was_there_without_it(
    points: int, per_cents: int, others: list[int], parts: list[int], spent: int
) -> None:
    rule = rules({"kind": "points", "points": points, "per_cents": per_cents})

    def earn(balances: dict[str, int], total: int) -> tuple[dict[str, int], list[tuple[str, int]]]:
        lines = granted(rule.earned(Sale(LOCAL, total=total)), balances, "purchase")
        return after(balances, lines), [(line.unit, line.amount) for line in lines]

    without: dict[str, int] = {}
    for other in others:
        without, _ = earn(without, other)
    here, booked = earn(without, sum(parts))
    used = min(spent, here.get("points", 0))
    here, without = (
        here | {"points": here.get("points", 0) - used},
        without | {"points": without.get("points", 0) - used},
    )
    left = sum(parts)
    for part in parts:
        left -= part
        stay = staying(rule, Sale(LOCAL, total=left), Fraction(left, sum(parts)))
        lines = list(taken_parts(too_much(in_parts(booked), stay, {}), here, "refund"))
        booked += [(line.unit, line.amount) for line in lines]
        here = after(here, lines)
        assert min(here.values(), default=0) >= 0
    here = after(here, settled((), here))
    assert in_parts(here.items()).get("points", 0) == in_parts(without.items()).get("points", 0)
    assert not (any(amount for unit, amount in here.items() if is_owed(unit)) and here["points"])

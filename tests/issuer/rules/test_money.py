"""Percent back, and percent off."""

from decimal import Decimal

import pytest

from issuer.rules.movement import after
from issuer.rules.settling import granted
from tests.issuer.rules.cases import (
    CASHBACK,
    DISCOUNT,
    ENGLISH,
    GERMAN,
    GOLD,
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

STEPS = [{"from_cents": 1000, "percent": "5"}, {"from_cents": 5000, "percent": "10"}]


@pytest.mark.parametrize(
    ("percent", "totals", "credit"),
    [
        ("5", [10_000], 500),
        ("5", [19], 0),
        ("5", [19, 1], 1),
        ("0.01", [1] * 9_999, 0),
        ("0.01", [1] * 10_000, 1),
        ("33.33", [100, 100, 100], 99),
        ("50", [1, 1], 1),
    ],
)
def test_a_share_of_what_is_paid_comes_back_and_parts_of_a_cent_are_carried(
    percent: str, totals: list[int], credit: int
) -> None:
    program, balances = rules({**CASHBACK, "percent": percent}), dict[str, int]()
    for total in totals:
        balances = after(balances, granted(program.earned(bought(total)), balances, "purchase"))
    assert balances.get("credit", 0) == credit


def test_a_tier_brings_credit_faster_too() -> None:
    program = rules(CASHBACK, {**TIERS, "tiers": [SILVER, {**GOLD, "factor": "2"}]})
    assert program.earned(bought(1000, tier="gold"))["credit"] == 100
    assert program.earned(bought(1000, tier="silver"))["credit"] == 50


def test_stamps_by_hand_and_a_visit_without_an_amount_bring_no_credit() -> None:
    assert rules(CASHBACK).earned(by_hand(1)) == {}
    assert rules(CASHBACK).earned(bought(None)) == {}


@pytest.mark.parametrize(
    ("percent", "total", "left"),
    [
        ("15", 4000, 3400),
        ("15", 0, 0),
        ("100", 4000, 0),
        ("12.5", 4, 3),
        ("12.5", 3, 3),
        ("10", 5, 4),
        ("10", 4, 4),
        ("0.01", 4999, 4999),
        ("0.01", 5000, 4999),
    ],
)
def test_fifteen_percent_off_forty_euros_leave_thirty_four(percent: str, total: int, left: int) -> None:
    program = rules({**DISCOUNT, "steps": [{"percent": percent}]})
    assert total - program.off(total, 0) == left


@pytest.mark.parametrize(("total", "off"), [(999, 0), (1000, 50), (4999, 250), (5000, 500), (100_000, 10_000)])
def test_a_step_takes_off_the_whole_order_from_its_sum_on(total: int, off: int) -> None:
    assert rules({**DISCOUNT, "steps": STEPS}).off(total, 1_000_000) == off


@pytest.mark.parametrize(("spent", "off"), [(0, 0), (999, 0), (1000, 500), (4999, 500), (5000, 1000)])
def test_steps_by_what_was_spent_look_at_what_came_before_the_order(spent: int, off: int) -> None:
    assert rules({**DISCOUNT, "by": "spend", "steps": STEPS}).off(10_000, spent) == off


def test_only_steps_by_what_was_spent_count_it() -> None:
    assert rules({**DISCOUNT, "by": "spend"}).earned(bought(4000)) == {"spend": 4000}
    assert rules({**DISCOUNT, "by": "spend"}).earned(by_hand(1)) == {}
    assert rules(DISCOUNT).earned(bought(4000)) == {}


def test_a_program_without_a_discount_takes_nothing_off() -> None:
    assert rules(STAMPS).off(4000, 0) == 0
    assert part({**DISCOUNT, "steps": STEPS}).percent(999, 0) == Decimal(0)


@pytest.mark.parametrize(
    ("document", "english", "german"),
    [
        (
            CASHBACK,
            "5% of each purchase comes back as credit",
            "5\u00a0% von jedem Einkauf bekommst du als Guthaben zurück",
        ),
        (
            {**CASHBACK, "percent": "2.50"},
            "2.5% of each purchase comes back as credit",
            "2,5\u00a0% von jedem Einkauf bekommst du als Guthaben zurück",
        ),
        (DISCOUNT, "15% off each order", "15\u00a0% Rabatt auf jeden Einkauf"),
        ({**DISCOUNT, "by": "spend"}, "15% off each order", "15\u00a0% Rabatt auf jeden Einkauf"),
        (
            {**DISCOUNT, "steps": STEPS},
            "Discount on each order: 5% from €10.00, 10% from €50.00",
            "Rabatt auf jeden Einkauf: 5\u00a0% ab 10,00\u00a0€, 10\u00a0% ab 50,00\u00a0€",
        ),
        (
            {**DISCOUNT, "by": "spend", "steps": [{"percent": 3}, *STEPS]},
            "Discount by what was spent here so far: 3%, 5% from €10.00, 10% from €50.00",
            "Rabatt nach dem, was du hier bisher ausgegeben hast: 3\u00a0%, "
            "5\u00a0% ab 10,00\u00a0€, 10\u00a0% ab 50,00\u00a0€",
        ),
    ],
)
def test_percents_say_themselves_in_one_sentence(document: Document, english: str, german: str) -> None:
    rule = part(document)
    assert (rule.sentence(ENGLISH), rule.sentence(GERMAN)) == (english, german)


@pytest.mark.parametrize(
    ("percent", "sentence"),
    [
        ("0", "“0” is too small: write more than 0."),
        ("-5", "“-5” is too small: write more than 0."),
        ("50.01", "“50.01” is too large: write at most 50."),
        ("1e400", "“1e400” is too large: write at most 50."),
        ("0.001", "“0.001” has too many digits after the point: write at most 2."),
        ("5 %", "“5 %” is not a number: write one like 1.5."),
        ("Infinity", "“Infinity” is not a number: write one like 1.5."),
        (True, "“True” is not a number: write one like 1.5."),
        ("", "This is missing: fill it in."),
    ],
)
def test_cashback_that_no_shop_can_give_is_refused(percent: object, sentence: str) -> None:
    assert refused({**CASHBACK, "percent": percent}) == ("parts.0.percent", sentence)


@pytest.mark.parametrize(
    ("steps", "about", "sentence"),
    [
        ([], "steps", "This list is too short: write at least 1."),
        ([{"percent": 1}] * 11, "steps", "This list is too long: write at most 10."),
        ([{"percent": "100.01"}], "steps.0.percent", "“100.01” is too large: write at most 100."),
        ([{"from_cents": -1, "percent": 1}], "steps.0.from_cents", "“-1” is too small: write at least 0."),
        (
            STEPS[::-1],
            "steps",
            "A step does not begin at more than the one before it: put the steps in order, smallest first.",
        ),
        (
            [STEPS[0], {**STEPS[1], "from_cents": 1000}],
            "steps",
            "A step does not begin at more than the one before it: put the steps in order, smallest first.",
        ),
        (
            [STEPS[0], {**STEPS[1], "percent": "4"}],
            "steps",
            "A step does not take off more than the one before it: whoever buys more must not get less.",
        ),
        (
            [STEPS[0], {**STEPS[1], "percent": "5.00"}],
            "steps",
            "A step does not take off more than the one before it: whoever buys more must not get less.",
        ),
    ],
)
def test_steps_that_do_not_rise_are_refused(steps: list[Document], about: str, sentence: str) -> None:
    assert refused({**DISCOUNT, "steps": steps}) == (f"parts.0.{about}", sentence)

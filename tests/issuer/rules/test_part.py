"""Names, presents and shares: what all kinds of rule are made of."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.rules.movement import Movement
from issuer.rules.part import Grant, Names, percent_of
from tests.issuer.rules.cases import COFFEE, ENGLISH, GERMAN, Document, objection_to

CUP: Document = {"unit": "reward", "reward_id": str(COFFEE)}
UNPRINTABLE = "This holds characters that cannot be printed: type it anew."


@pytest.mark.parametrize(
    ("document", "unit", "english", "german"),
    [
        ({}, "stamps", "1 stamp", "1 Stempel"),
        ({"amount": 2}, "stamps", "2 stamps", "2 Stempel"),
        ({"counter": "lunch"}, "stamps:lunch", "1 stamp", "1 Stempel"),
        ({"unit": "points", "amount": 1}, "points", "1 point", "1 Punkt"),
        ({"unit": "points", "amount": 1500}, "points", "1,500 points", "1.500 Punkte"),
        ({"unit": "credit", "amount": 250}, "credit", "€2.50 of credit", "2,50\u00a0€ Guthaben"),
        (CUP, f"reward:{COFFEE}", "Coffee", "Kaffee"),
        ({**CUP, "amount": 2}, f"reward:{COFFEE}", "2 × Coffee", "2 × Kaffee"),
    ],
)
def test_a_present_is_stamps_points_credit_or_a_reward(
    document: Document, unit: str, english: str, german: str
) -> None:
    grant = Grant.model_validate(document)
    assert (grant.said(ENGLISH), grant.said(GERMAN)) == (english, german)
    assert grant.movement() == Movement(unit, grant.amount, "issued", "bonus")
    assert grant.movement("goodwill").cause == "goodwill"


@pytest.mark.parametrize(
    ("document", "about", "sentence"),
    [
        ({"unit": "reward"}, "reward_id", "A reward is given: say which one."),
        (
            {"reward_id": str(COFFEE)},
            "reward_id",
            "No reward is given here: take the reward away, or give a reward.",
        ),
        (
            {"unit": "points", "counter": "lunch"},
            "counter",
            "Only stamps have a counter: take “lunch” away, or give stamps.",
        ),
        ({**CUP, "counter": "lunch"}, "counter", "Only stamps have a counter: take “lunch” away, or give stamps."),
        ({"amount": 101}, "amount", "“101” is more than can be given at once: write at most 100."),
        ({**CUP, "amount": 101}, "amount", "“101” is more than can be given at once: write at most 100."),
        ({"amount": 0}, "amount", "“0” is too small: write at least 1."),
        ({"amount": -1}, "amount", "“-1” is too small: write at least 1."),
        ({"unit": "credit", "amount": 100_001}, "amount", "“100001” is too large: write at most 100000."),
        (
            {"unit": "money"},
            "unit",
            "“money” is not possible here: choose one of stamps, points, credit, reward.",
        ),
        ({"cents": 5}, "cents", "There is no field “cents” here: take it away."),
    ],
)
def test_a_present_that_is_none_is_refused(document: Document, about: str, sentence: str) -> None:
    assert objection_to(Grant, document) == (about, sentence)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("Kaffee", "Kaffee"), ("  Kaffee \t und\nKuchen ", "Kaffee und Kuchen"), ("👩‍🍳", "👩‍🍳"), ("ÄÖ", "ÄÖ")],
)
def test_a_name_is_one_line(typed: str, name: str) -> None:
    assert Names(de=typed, en="x").in_("de") == name


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "This is empty: write what it is called."),
        (" \n ", "This is empty: write what it is called."),
        ("x" * 61, f"“{'x' * 40}” is too long: write at most 60 characters."),
        ("a\x00b", UNPRINTABLE),
        ("a\x1bb", UNPRINTABLE),
        ("\u202eeeffoc", UNPRINTABLE),
        ("\ue000", UNPRINTABLE),
        ("\ud800", UNPRINTABLE),
        (5, "“5” is not a text: write one."),
        (None, "This is missing: fill it in."),
    ],
)
def test_a_name_that_cannot_be_shown_is_refused(typed: object, sentence: str) -> None:
    assert objection_to(Names, {"de": typed, "en": "x"}) == ("de", sentence)


@given(st.integers(0, 10**9), st.decimals(0, 100, places=2))
def test_a_share_is_rounded_to_the_nearest_cent_halves_up(total: int, percent: Decimal) -> None:
    exact = Fraction(total) * Fraction(percent) / 100
    assert exact - Fraction(1, 2) < percent_of(total, percent) <= exact + Fraction(1, 2)

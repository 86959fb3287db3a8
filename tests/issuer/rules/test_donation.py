"""Ten stamps become three euros for the animal shelter."""

import pytest

from issuer.rules.movement import Movement
from issuer.rules.settling import settled
from tests.issuer.rules.cases import DONATION, ENGLISH, GERMAN, Document, by_hand, part, refused, rules


@pytest.mark.parametrize(("stamps", "rounds"), [(9, 0), (10, 1), (19, 1), (25, 2)])
def test_a_full_round_becomes_money_for_somebody_who_needs_it_more(stamps: int, rounds: int) -> None:
    lines = settled([part(DONATION)], {"stamps": stamps})
    given = (
        Movement("stamps", -10 * rounds, "exchanged", "round"),
        Movement("donated", 300 * rounds, "issued", "round"),
    )
    assert lines == (given if rounds else ())


def test_a_round_that_was_given_leaves_an_empty_grid() -> None:
    rule = part(DONATION)
    assert rule.shown({"stamps": 0, "donated": 300}) == 0
    assert rule.shown({"stamps": 4}) == 4
    assert rules(DONATION).grid == rule
    assert rules(DONATION).earned(by_hand(2)) == {"stamps": 2}


def test_a_donation_says_itself_in_one_sentence() -> None:
    rule = part({**DONATION, "bonus": 1})
    assert rule.sentence(ENGLISH) == "10 stamps become a donation of €3.00: Animal shelter; 1 stamp is there already"
    assert rule.sentence(GERMAN) == "Aus 10 Stempeln wird eine Spende von 3,00\u00a0€: Tierheim; 1 Stempel ist schon da"


@pytest.mark.parametrize(
    ("change", "about", "sentence"),
    [
        ({"cents": 0}, "cents", "“0” is too small: write at least 1."),
        ({"cents": None}, "cents", "This is missing: fill it in."),
        ({"to": None}, "to", "This is missing: fill it in."),
        ({"to": "Tierheim"}, "to", "Fields with names belong here, and “Tierheim” has none."),
        ({"stamps_needed": 1}, "stamps_needed", "“1” is too small: write at least 2."),
        ({"reward_id": "x"}, "reward_id", "There is no field “reward_id” here: take it away."),
        (
            {"bonus": 10},
            "bonus",
            "A new card cannot begin with 10 of 10 stamps: leave at least one to collect.",
        ),
    ],
)
def test_a_donation_to_nobody_is_refused(change: Document, about: str, sentence: str) -> None:
    assert refused({**DONATION, **change}) == (f"parts.0.{about}", sentence)

"""What a voucher is worth, and the one that each new card gets."""

import pytest

from issuer.rules.vouchers import Worth
from tests.issuer.rules.cases import (
    ENGLISH,
    GERMAN,
    VOUCHER,
    Document,
    bought,
    named,
    objection_to,
    part,
    refused,
    rules,
)

CAKE = {"thing": named("a slice of cake", "ein Stück Kuchen")}
ONE_OF_THREE = "A voucher is worth one of three: a share, an amount or a thing. Fill in exactly one of them."


@pytest.mark.parametrize(
    ("worth", "total", "off"),
    [
        ({"percent": "15"}, 4000, 600),
        ({"percent": "100"}, 4000, 4000),
        ({"percent": "15"}, 0, 0),
        ({"cents": 500}, 4000, 500),
        ({"cents": 500}, 500, 500),
        ({"cents": 500}, 499, 499),
        ({"cents": 500}, 0, 0),
        (CAKE, 4000, 0),
    ],
)
def test_a_voucher_takes_off_a_share_or_an_amount_and_never_more_than_it_costs(
    worth: Document, total: int, off: int
) -> None:
    assert Worth.model_validate(worth).off(total) == off


@pytest.mark.parametrize(
    ("worth", "about", "sentence"),
    [
        ({}, "", ONE_OF_THREE),
        ({"percent": 5, "cents": 5}, "", ONE_OF_THREE),
        ({"cents": 5, **CAKE}, "", ONE_OF_THREE),
        ({"percent": "0"}, "percent", "“0” is too small: write more than 0."),
        ({"percent": "101"}, "percent", "“101” is too large: write at most 100."),
        ({"cents": 0}, "cents", "“0” is too small: write at least 1."),
        ({"cents": 10_000_001}, "cents", "“10000001” is too large: write at most 10000000."),
        ({"thing": {"de": "Kuchen"}}, "thing.en", "This is missing: fill it in."),
    ],
)
def test_a_voucher_that_is_worth_nothing_or_two_things_is_refused(worth: Document, about: str, sentence: str) -> None:
    assert objection_to(Worth, worth) == (about, sentence)


@pytest.mark.parametrize(
    ("change", "english", "german"),
    [
        ({}, "Welcome: 15% off", "Willkommen: 15\u00a0% Rabatt"),
        ({"worth": {"cents": 500}}, "Welcome: €5.00 off", "Willkommen: 5,00\u00a0€ Rabatt"),
        ({"worth": CAKE}, "Welcome: a slice of cake", "Willkommen: ein Stück Kuchen"),
        (
            {"uses": 3, "valid_days": 30},
            "Welcome: 15% off; can be used 3 times; valid for 30 days",
            "Willkommen: 15\u00a0% Rabatt; 3 Mal einlösbar; 30 Tage gültig",
        ),
        ({"valid_days": 1}, "Welcome: 15% off; valid for 1 day", "Willkommen: 15\u00a0% Rabatt; 1 Tag gültig"),
    ],
)
def test_a_voucher_says_itself_in_one_sentence(change: Document, english: str, german: str) -> None:
    rule = part({**VOUCHER, **change})
    assert (rule.sentence(ENGLISH), rule.sentence(GERMAN)) == (english, german)


@pytest.mark.parametrize(
    ("change", "about", "sentence"),
    [
        ({"uses": 0}, "uses", "“0” is too small: write at least 1."),
        ({"uses": 101}, "uses", "“101” is too large: write at most 100."),
        ({"valid_days": 0}, "valid_days", "“0” is too small: write at least 1."),
        ({"valid_days": 1101}, "valid_days", "“1101” is too large: write at most 1100."),
        ({"worth": {}}, "worth", ONE_OF_THREE),
        ({"worth": "15 %"}, "worth", "Fields with names belong here, and “15 %” has none."),
        ({"names": None}, "names", "This is missing: fill it in."),
    ],
)
def test_a_voucher_program_that_gives_nothing_is_refused(change: Document, about: str, sentence: str) -> None:
    assert refused({**VOUCHER, **change}) == (f"parts.0.{about}", sentence)


def test_a_voucher_earns_nothing_by_itself() -> None:
    assert rules(VOUCHER).earned(bought(4000)) == {}
    assert rules(VOUCHER).start() == ()

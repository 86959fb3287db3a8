"""Numbers, amounts and counts as people write them in either language."""

from decimal import Decimal
from uuid import uuid4

import pytest

from issuer.rules.wording import Wording
from tests.issuer.rules.cases import COFFEE, ENGLISH, GERMAN


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (0, "0", "0"),
        (1500, "1,500", "1.500"),
        (Decimal("1.50"), "1.5", "1,5"),
        (Decimal(10), "10", "10"),
        (Decimal("2E+1"), "20", "20"),
        (Decimal("0.01"), "0.01", "0,01"),
    ],
)
def test_a_number_has_no_zeros_that_say_nothing(value: int | Decimal, english: str, german: str) -> None:
    assert (ENGLISH.number(value), GERMAN.number(value)) == (english, german)


@pytest.mark.parametrize(
    ("cents", "currency", "english", "german"),
    [
        (100, "EUR", "€1.00", "1,00\u00a0€"),
        (5, "EUR", "€0.05", "0,05\u00a0€"),
        (0, "EUR", "€0.00", "0,00\u00a0€"),
        (123_456_789, "EUR", "€1,234,567.89", "1.234.567,89\u00a0€"),
        (1250, "CHF", "CHF12.50", "12,50\u00a0CHF"),
    ],
)
def test_money_is_written_in_the_shops_currency(cents: int, currency: str, english: str, german: str) -> None:
    said = [Wording(language, currency=currency).money(cents) for language in ("en", "de")]
    assert said == [english, german]


@pytest.mark.parametrize(
    ("number", "ordinal"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (22, "22nd"),
        (31, "31st"),
    ],
)
def test_an_ordinal_ends_as_it_is_spoken(number: int, ordinal: str) -> None:
    assert ENGLISH.ordinal(number) == ordinal
    assert GERMAN.ordinal(number) == f"{number}."


def test_a_per_cent_sign_in_a_name_is_only_text() -> None:
    words = Wording("en", {COFFEE: {"en": "100% fruit %(needed)s"}})
    assert words.say("%(needed)s: %(reward)s", needed=1, reward=words.reward(COFFEE)) == "1: 100% fruit %(needed)s"


def test_a_reward_without_a_name_is_an_error_and_not_an_empty_word() -> None:
    with pytest.raises(KeyError):
        ENGLISH.reward(uuid4())

"""Ten visits bought in advance."""

import pytest

from tests.issuer.rules.cases import ENGLISH, GERMAN, PREPAID, Document, bought, part, refused, rules


@pytest.mark.parametrize(
    ("change", "english", "german"),
    [
        ({}, "10 × Sauna for €90.00", "10 × Sauna für 90,00\u00a0€"),
        (
            {"valid_months": 1},
            "10 × Sauna for €90.00; valid for 1 month",
            "10 × Sauna für 90,00\u00a0€; 1 Monat gültig",
        ),
        (
            {"visits": 5, "valid_months": 24},
            "5 × Sauna for €90.00; valid for 24 months",
            "5 × Sauna für 90,00\u00a0€; 24 Monate gültig",
        ),
    ],
)
def test_prepaid_visits_say_themselves_in_one_sentence(change: Document, english: str, german: str) -> None:
    rule = part({**PREPAID, **change})
    assert (rule.sentence(ENGLISH), rule.sentence(GERMAN)) == (english, german)


@pytest.mark.parametrize(
    ("change", "about", "sentence"),
    [
        ({"visits": 1}, "visits", "“1” is too small: write at least 2."),
        ({"visits": 201}, "visits", "“201” is too large: write at most 200."),
        ({"price": 0}, "price", "“0” is too small: write at least 1."),
        ({"price": 10_000_001}, "price", "“10000001” is too large: write at most 10000000."),
        ({"price": "90,00"}, "price", "“90,00” is not a whole number: write digits only."),
        ({"valid_months": 0}, "valid_months", "“0” is too small: write at least 1."),
        ({"valid_months": 61}, "valid_months", "“61” is too large: write at most 60."),
        ({"names": {}}, "names.de", "This is missing: fill it in."),
    ],
)
def test_visits_that_nobody_could_buy_are_refused(change: Document, about: str, sentence: str) -> None:
    document = {**PREPAID, **change}
    if about == "names.de":
        document["names"] = {"en": "Sauna"}
    assert refused(document) == (f"parts.0.{about}", sentence)


def test_a_purchase_beside_them_earns_nothing() -> None:
    assert rules(PREPAID).earned(bought(4000)) == {}

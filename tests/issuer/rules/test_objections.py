"""Whatever is typed into a rule is taken, or refused by a whole sentence in the reader's language."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from issuer.objections import OTHER, SENTENCES, objections, shown
from issuer.rules import Rules
from tests.issuer.rules.cases import (
    ADDED_ONES,
    BIRTHDAY,
    CAKE,
    CAUSES,
    GOLD,
    MAIN_ONES,
    POINTS,
    SILVER,
    STAMPS,
    TIERS,
    VOUCHER,
    Document,
    named,
)

HOSTILE: list[object] = [
    *(
        None,
        "",
        " ",
        "x",
        "-1",
        "1,5",
        "1.234",
        "NaN",
        "1e400",
        "24:00",
        "a\x00",
        "\ud800",
        "\u202e",
        "x" * 500,
        "%(value)s %",
    ),
    *(
        True,
        0,
        -1,
        2,
        10**30,
        10**4000,
        1.5,
        float("nan"),
        float("inf"),
        [],
        [None],
        ["x"] * 300,
        {},
        {"de": 1},
        object(),
    ),
]
ONLY_OF_OFFERS = {"date_type", "date_from_datetime_parsing", "date_from_datetime_inexact"}
FULL: list[Document] = [
    *MAIN_ONES,
    *ADDED_ONES,
    {
        **POINTS,
        "names": named("Stars", "Sterne"),
        "prices": [{"reward_id": str(CAKE), "price": 80, "tier": "gold"}],
        "happy_hours": [{"factor": "1.37", "days": [2], "begin": "14:00", "until": "17:00"}],
    },
    {**STAMPS, "names": None, "amount": None, "items": ["a"], "bonus": 1, "next_free": False, "counter": ""},
    {**TIERS, "tiers": [SILVER, {**GOLD, "factor": "1.5", "reward_id": str(CAKE)}], "announce_days": 30},
    {**VOUCHER, "worth": {"thing": named("Cake", "Kuchen")}, "valid_days": 5, "uses": 2},
    {**BIRTHDAY, "visits": None, "days_before": 1, "days_after": 1},
    {
        **CAUSES,
        "bonuses": [{"cause": "event", "grant": {"unit": "stamps", "counter": ""}, "names": None, "once": True}],
    },
]


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


def _with(document: Document, path: tuple[Any, ...], value: object) -> Any:
    changed = copy.deepcopy({"parts": [document]})
    holder: Any = changed
    for key in ("parts", 0, *path)[:-1]:
        holder = holder[key]
    holder[("parts", 0, *path)[-1]] = value
    return changed


@pytest.mark.parametrize("document", FULL, ids=lambda one: one["kind"])
def test_nothing_that_is_typed_is_more_than_refused_by_whole_sentences(document: Document) -> None:
    refused = 0
    for path in places(document):
        for value in HOSTILE:
            try:
                Rules.model_validate(_with(document, path, value))
            except ValidationError as error:
                refused += 1
                _check(error, document["kind"])
    assert refused > 20


def _check(error: ValidationError, kind: str) -> None:
    found = objections(error)
    assert found
    for objection in found:
        english, german = objection.sentence("en"), objection.sentence("de")
        assert english.endswith(".")
        assert german.endswith(".")
        assert english != german
        assert "%(" not in objection.message % {**objection.values, "value": ""}
        assert objection.message != OTHER, error.errors()
        assert "\x00" not in english
        # A kind after the number would be pydantic's word; these are fields of theirs as well.
        assert objection.about.split(".")[2:3] != [kind] or kind in ("points", "tiers", "occasion")


def test_each_wrong_value_is_named_once() -> None:
    document = {**POINTS, "points": "many", "bonus": -1, "luck": 7}
    with pytest.raises(ValidationError) as caught:
        Rules.model_validate({"parts": [document]})
    assert [(one.about, one.sentence("de")) for one in objections(caught.value)] == [
        ("parts.0.points", "„many“ ist keine ganze Zahl: Schreiben Sie nur Ziffern."),
        ("parts.0.bonus", "„-1“ ist zu klein: Schreiben Sie mindestens 0."),
        ("parts.0.luck", "Ein Feld „luck“ gibt es hier nicht: Nehmen Sie es weg."),
    ]


def test_the_api_says_the_same_sentence_as_the_form() -> None:
    with pytest.raises(ValidationError) as caught:
        Rules.model_validate({"parts": [{**STAMPS, "bonus": 10}]})
    item, (objection,) = caught.value.errors()[0], objections(caught.value)
    assert item["type"] == "bonus_too_much"
    assert f"{item['msg']}." == objection.sentence("en")
    assert objection.sentence("de") == (
        "Eine neue Karte kann nicht mit 10 von 10 Stempeln beginnen: Lassen Sie mindestens einen zu sammeln."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("  a \n b ", "a b"),
        ("x" * 100, "x" * 40),
        ("a\x00\u202eb", "ab"),
        (10**4000, "…"),
        ([1], "…"),
        ({}, "…"),
        (12, "12"),
    ],
)
def test_what_was_typed_is_repeated_as_far_as_it_can_be_read(value: object, text: str) -> None:
    assert shown(value) == text


def test_no_sentence_is_kept_for_what_no_rule_can_say() -> None:
    said = set[str]()
    for document in FULL:
        for path in places(document):
            for value in HOSTILE:
                try:
                    Rules.model_validate(_with(document, path, value))
                except ValidationError as error:
                    said |= {item["type"] for item in error.errors(include_input=False)}
    known = {"missing", "extra_forbidden", "less_than", "int_parsing_size"} | ONLY_OF_OFFERS
    assert set(SENTENCES) - said - known == set()

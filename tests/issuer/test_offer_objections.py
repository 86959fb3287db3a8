"""Whatever is typed into an offer is taken, or refused by a whole sentence in the reader's language."""

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from issuer.objections import OTHER, objections
from issuer.offers.offer import Offer
from issuer.offers.triggers import KINDS
from issuer.web.api.offer_examples import OFFERS
from tests.issuer.rules.test_objections import HOSTILE, ONLY_OF_OFFERS, places

TIMES: list[object] = ["2026-01-01T10:00:00", "2026-13-01", "07:00Z", "07:00:30", "0001-01-01", 86400, 86400.5]
SHOP = "0190c2f4-6a1e-7c3b-9d20-3f5b8a7e1c44"
CONTENT = {"de": {"card": "Hallo"}, "en": {"card": "Hello"}}
FULL: dict[str, dict[str, Any]] = {kind: body for kind, (_, body) in OFFERS.items()} | {
    "everything": {
        "name": "Everything",
        "trigger": {"kind": "visit", "nth": 2, "daypart": {"start": "11:00", "end": "14:00"}, "locations": [SHOP]},
        "audience": {
            "programs": [SHOP],
            "tiers": ["gold"],
            "locations": [SHOP],
            "recency": {"least": 2, "most": 4},
            "money": {"most": 1},
        },
        "content": CONTENT,
        "window": {"first": "2026-12-01", "last": "2026-12-24"},
        "limits": {"cards": 40, "per_person": 1, "value": 4000},
        "trial": {"hold_out": 10, "other": CONTENT},
    }
}


def _with(document: dict[str, Any], path: tuple[Any, ...], value: object) -> Any:
    changed = copy.deepcopy({"offer": document})
    holder: Any = changed
    for key in ("offer", *path)[:-1]:
        holder = holder[key]
    holder[("offer", *path)[-1]] = value
    return changed["offer"]


@pytest.mark.parametrize("kind", FULL)
def test_nothing_that_is_typed_into_an_offer_is_more_than_refused_by_whole_sentences(kind: str) -> None:
    stored, refused = Offer.model_validate(FULL[kind]).stored(), 0
    for path in places(stored):
        for value in (*HOSTILE, *TIMES):
            try:
                Offer.model_validate(_with(stored, path, value))
            except ValidationError as error:
                refused += 1
                _check(error, path)
    assert refused > 200


def _check(error: ValidationError, path: tuple[Any, ...]) -> None:
    found = objections(error)
    assert found
    for objection in found:
        english, german = objection.sentence("en"), objection.sentence("de")
        assert english.endswith(".")
        assert english != german
        assert objection.message != OTHER, error.errors()
        assert "\x00" not in english
        # The field that was typed into, one inside of it, or the one beside it with which it does not go together.
        assert objection.about.split(".")[: max(0, len(path) - 1)] == [str(step) for step in path[:-1]]
        assert not set(objection.about.split(".")[1:2]) & (set(KINDS) - {"tier"})


def test_what_only_offers_say_is_said_by_some_offer() -> None:
    said = set[str]()
    for value in (*HOSTILE, *TIMES):
        try:
            Offer.model_validate(_with(FULL["everything"], ("window", "first"), value))
        except ValidationError as error:
            said |= {item["type"] for item in error.errors(include_input=False)}
    assert said >= ONLY_OF_OFFERS

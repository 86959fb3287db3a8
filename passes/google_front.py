"""What a phone cuts off a Google card: told before it is published, since Google takes it without a word.

The numbers are those that Google recommends "to ensure full string is displayed on smaller screens" ("REST
Resource: loyaltyclass", "… loyaltyobject"); what a single phone shows depends on its width and its letters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from passes.fitting import shortened

RECOMMENDED = {
    "issuerName": 20,
    "programName": 20,
    "accountId": 20,
    "accountName": 20,
    "accountIdLabel": 15,
    "accountNameLabel": 15,
    "rewardsTier": 7,
    "rewardsTierLabel": 9,
    "title": 60,
    "shortTitle": 20,
    "provider": 12,
    "homepageUri.description": 20,
    "loyaltyPoints.label": 9,
    "loyaltyPoints.balance.string": 7,
    "secondaryLoyaltyPoints.label": 9,
    "secondaryLoyaltyPoints.balance.string": 7,
    "textModulesData.header": 35,
    "textModulesData.body": 500,
    "linksModuleData.uris.description": 20,
}
"""Characters that surely fit, by place in the body."""


@dataclass(frozen=True)
class Cut:
    """A text too long for its place ("programName"), whole and as shown; `language` is None where all read the same."""

    place: str
    language: str | None
    text: str
    shown: str


def cuts(body: Mapping[str, Any]) -> tuple[Cut, ...]:
    """The texts of a class or an object that a small phone cuts off, in the order of the body."""
    found = (
        Cut(place, language, text, shortened(text, RECOMMENDED.get(place, len(text))))
        for place, language, text in _texts(body, "")
    )
    return tuple(cut for cut in found if cut.shown != cut.text)


def _texts(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, str | None, str]]:
    """(place, language, text) of every text; one that has a twin by language is told by the twin."""
    for key, value in node.items():
        if key.startswith("localized"):
            place = f"{path}{key[9].lower()}{key[10:]}"
            for said in (value["defaultValue"], *value.get("translatedValues", ())):
                yield place, said["language"], said["value"]
        elif isinstance(value, str):
            if f"localized{key[0].upper()}{key[1:]}" not in node:
                yield f"{path}{key}", None, value
        else:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, Mapping):
                    yield from _texts(child, f"{path}{key}.")

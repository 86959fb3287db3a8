"""A design as Google Wallet will show it, drawn from the very class and object that will be sent."""

from collections.abc import Iterator
from typing import Any

from issuer.cards import CardView
from issuer.google_passes import sample_bodies
from issuer.refusals import N_
from issuer.web.console.promise import Promise
from issuer.web.wording import said
from passes.contrast import contrast
from passes.face import Face
from passes.google_front import cuts

_INKS = {"white": "#ffffff", "black": "#000000"}
PLACES = {
    "issuerName": N_("The shop's name"),
    "programName": N_("The name of the program"),
    "loyaltyPoints.balance.string": N_("The balance"),
    "loyaltyPoints.label": N_("The word above the balance"),
    "secondaryLoyaltyPoints.label": N_("The word above the rewards"),
}


def google_bodies(face: Face, shown: CardView, promise: Promise) -> tuple[dict[str, Any], dict[str, Any]]:
    """The class and the object of a card."""
    return sample_bodies((face,), shown, promise.plan.names)


def google_shown(bodies: tuple[dict[str, Any], dict[str, Any]], face: Face, language: str) -> dict[str, Any]:
    """What stands where on an Android phone."""
    loyalty, card = bodies
    first, both = len(face.secondary), len(face.secondary + face.auxiliary)
    texts = [
        {"label": _text(text, "header", language), "value": _text(text, "body", language)}
        for text in card.get("textModulesData", ())
    ]
    return {
        "issuer": _text(loyalty, "issuerName", language),
        "title": _text(loyalty, "programName", language),
        "points": [
            {"label": _text(card[key], "label", language), "value": card[key]["balance"]["string"]}
            for key in ("loyaltyPoints", "secondaryLoyaltyPoints")
            if key in card
        ],
        "rows": [row for row in (texts[:first], texts[first:both]) if row],
        "texts": texts,
    }


def google_ink(background: str) -> str:
    """ "white" or "black", whichever reads better: Google writes in one of them and takes no other colour."""
    return max(("white", "black"), key=lambda ink: contrast(_INKS[ink], background))


def google_warnings(bodies: tuple[dict[str, Any], dict[str, Any]], language: str) -> Iterator[str]:
    """A sentence for each text that a small Android phone cuts off."""
    sentence = said(N_("%(place)s is cut on small Android phones: “%(shown)s”."))
    for body in bodies:
        for cut in cuts(body):
            if cut.place in PLACES and cut.language in (None, language):
                yield sentence % {"place": said(PLACES[cut.place]), "shown": cut.shown}


def _text(body: dict[str, Any], key: str, language: str) -> str:
    """The text a phone of this language shows."""
    localized = body.get(f"localized{key[0].upper()}{key[1:]}")
    if localized is None:
        return str(body.get(key, ""))
    every = [localized["defaultValue"], *localized.get("translatedValues", ())]
    return str(next((one["value"] for one in every if one["language"] == language), every[0]["value"]))

"""What Apple advises against in what an iPhone says near a shop: orders, and the shop's own name.

Wallet shows such texts all the same, so this is said while an offer is made and refused nowhere. Source: Apple,
"Showing a Pass on the Lock Screen", "Creating the Source for a Pass", relevantText.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from issuer.offers.content import Content
from issuer.offers.offer import Offer
from issuer.offers.triggers import PlaceTrigger
from issuer.refusals import N_

Language = Literal["de", "en"]
ORDERS: Mapping[Language, str] = {
    "de": (
        " komm kommt kommen hol hole holt besuch besuche besucht zeig zeige zeigt probier probiere probiert nutz nutze "
        "nutzt sicher sichere sichert kauf kaufe kauft bestell bestelle bestellt schau schaut lös löse löst spar spare "
        "spart gönn gönne gönnt nimm nehmt tritt greif greift trink trinkt iss esst "
    ),
    "en": (
        " come get redeem visit buy grab try show use order pick claim save collect drop stop stroll enjoy hurry take "
        "treat bring eat drink "
    ),
}
"""Words between blanks, that begin a text or a sentence in it; in the middle most of them are no orders."""
SHORTEST_NAME = 3
_SENTENCE = re.compile(r"[.!?:;,–—-]\s+|\n")
_POLITE = re.compile(r"^(?:bitte|please|jetzt|now|gleich|just|einfach|heute|today|and|und)\s+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")

ORDER = N_(
    "Near the shop the phone says “%(text)s”. Apple asks for where or what something is, without orders like "
    "“%(word)s”: say what there is."
)
NAMED = N_(
    "Near the shop the phone says “%(text)s”. Wallet writes “%(shop)s” above it anyway: "
    "the text can do without the name."
)


@dataclass(frozen=True)
class Advice:
    """``message``: English, with ``values`` to fill in; one sentence or two that name the text and the remedy."""

    message: str
    values: Mapping[str, str]


def advice(offer: Offer, shop_name: str) -> list[Advice]:
    """What could be better about the texts near shops; nothing for an offer that is not said there."""
    if not isinstance(offer.trigger, PlaceTrigger):
        return []
    contents = [offer.content, *([offer.trial.other] if offer.trial.other else [])]
    found = [one for content in contents for one in _of(content, shop_name)]
    return [one for number, one in enumerate(found) if one not in found[:number]]


def _of(content: Content, shop_name: str) -> Iterator[Advice]:
    languages: tuple[Language, ...] = ("de", "en")
    for language in languages:
        text = content.in_(language).near
        word = order_in(text, language)
        if word:
            yield Advice(ORDER, {"text": text, "word": word})
        name = shop_name.strip()
        if len(name) >= SHORTEST_NAME and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
            yield Advice(NAMED, {"text": text, "shop": name})


def order_in(text: str, language: Language) -> str | None:
    """The first word that tells somebody to do something, as it stands there."""
    for part in _SENTENCE.split(text):
        sentence = part.strip()
        while (rest := _POLITE.sub("", sentence)) != sentence:
            sentence = rest
        found = _WORD.match(sentence)
        if found and f" {found[0].lower()} " in ORDERS[language]:
            return found[0]
    return None

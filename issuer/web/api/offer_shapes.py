"""Offers as the API writes them."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.cards import CardView
from issuer.language import LANGUAGES
from issuer.offer_checks import warnings
from issuer.offer_names import named_of
from issuer.offer_preview import Preview
from issuer.offer_results import Results
from issuer.offering import OfferView
from issuer.offers.named import Named
from issuer.offers.sentence import sentence
from issuer.rules.wording import Wording
from issuer.schema import Merchant
from issuer.web.api import shapes
from issuer.web.api.shapes import instant


class Teller:
    """Writes the offers of one answer, knowing what the merchant's shops, programs and tiers are called."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def _named(self) -> Named:
        return named_of(self.session)

    @cached_property
    def _words(self) -> list[Wording]:
        currency = self.session.scalars(select(Merchant.currency)).one()
        return [Wording(language, currency=currency) for language in LANGUAGES]

    def shape(self, shown: OfferView) -> dict[str, Any]:
        row, offer = shown.row, shown.valid
        objections = warnings(self.session, offer)
        return {
            "id": str(row.id),
            "state": row.state,
            "version": row.version,
            "unpublished": row.version > 0 and row.draft is not None,
            "sentence": {words.language: sentence(offer, words, self._named) for words in self._words},
            "warnings": [{"field": one.about, "message": one.sentence("en")} for one in objections],
            "reached": row.reached,
            "created_at": instant(row.created_at),
            "live_at": instant(row.live_at),
            "ended_at": instant(row.ended_at),
            "unlocks": None,
            **offer.stored(),
        }


def preview(seen: Preview, sample: Sequence[CardView]) -> dict[str, Any]:
    return {
        "reach": seen.reach,
        "held_back": _held_back(seen.held_back),
        "sample": [shapes.card(one) for one in sample],
        "cards": seen.cards,
        "looked_at": seen.looked_at,
    }


def results(found: Results) -> dict[str, Any]:
    return {
        "arms": [asdict(arm) for arm in found.arms],
        "differences": [
            {"what": one.what, "arms": list(one.arms), **asdict(one.estimate)} for one in found.differences
        ],
        "held_back": _held_back(found.held_back),
    }


def _held_back(counted: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"reason": reason, "count": count} for reason, count in counted]

"""A card of nobody's that shows an offer, as a phone will."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.cards import CardView
from issuer.issuing import dressed, look_of
from issuer.language import LANGUAGES
from issuer.offers.offer import Offer
from issuer.offers.shown import ShownOffer
from issuer.offers.triggers import NearlyTrigger, PlaceTrigger
from issuer.offers.turns import FOREVER
from issuer.programs import ProgramView, program_views
from issuer.sample import NOBODY, plan_of, sample_card, staged
from issuer.schema import Location, Merchant
from issuer.web.context import house
from issuer.web.faces import sample_front
from issuer.web.wording import spoken

MOST = 200


def sample_cards(session: Session, merchant: Merchant, offer: Offer, now: datetime) -> list[dict[str, Any]]:
    """A card in each language, the page's first: its front, what it says of the offer, what a phone says nearby."""
    program = _program(session, offer)
    if program is None:
        return []
    languages = sorted(LANGUAGES, key=lambda one: one != spoken())
    shop = session.scalar(select(Location).where(Location.latitude.is_not(None)).order_by(Location.created_at).limit(1))
    place = shop.name if shop and isinstance(offer.trigger, PlaceTrigger) else None
    return [_sample(session, merchant, program, offer, now, language, place) for language in languages]


def _program(session: Session, offer: Offer) -> ProgramView | None:
    meant = set[UUID](offer.audience.programs)
    views = program_views(session, limit=MOST)
    return next((view for view in views if not meant or view.program.id in meant), None)


def _sample(
    session: Session,
    merchant: Merchant,
    program: ProgramView,
    offer: Offer,
    now: datetime,
    language: str,
    place: str | None,
) -> dict[str, Any]:
    offers = (ShownOffer(NOBODY, 0, "", "a", offer, now, FOREVER, now),)
    shown = replace(_meant(merchant, program, offer, language), offers=offers)
    face = dressed(shown, merchant, look_of(session, program.program.id), house().settings.public_url)
    row = (*face.secondary, *face.auxiliary)
    text = offer.content.in_(language)
    return {
        "language": language,
        "card": sample_front(session, program, merchant, shown),
        "row": [(line.label, line.value) for line in row],
        "cut": next((line.value for line in row if line.key == "offer" and line.value != text.card), None),
        "place": place,
        "near": text.near,
    }


def _meant(merchant: Merchant, program: ProgramView, offer: Offer, language: str) -> CardView:
    """About half full; for an offer to those who are nearly there, as many stamps short as it says."""
    plan = plan_of(program)
    half, grid = staged(merchant, plan, "half", language), plan.rules.grid
    if not isinstance(offer.trigger, NearlyTrigger) or grid is None:
        return half
    there = max(0, grid.stamps_needed - offer.trigger.missing)
    return sample_card(merchant, plan, {**half.balances, grid.unit: there}, language, half.tier)

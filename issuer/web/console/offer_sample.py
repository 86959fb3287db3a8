"""A card of nobody's that shows an offer, as an iPhone will."""

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from flask import Response, abort, g, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.brands import once_worn_by, worn_by
from issuer.cards import CardView
from issuer.database import transaction
from issuer.issuing import Look, dressed, look_from
from issuer.language import LANGUAGES
from issuer.offer_lines import KEY
from issuer.offers.offer import Offer
from issuer.offers.shown import ShownOffer
from issuer.offers.triggers import NearlyTrigger, PlaceTrigger
from issuer.offers.turns import FOREVER
from issuer.program_keeping import own_view
from issuer.programs import ProgramView, program_views
from issuer.refusals import N_
from issuer.rules.wording import Wording
from issuer.sample import NOBODY, SHORT_CODE, plan_of, sample_card, staged
from issuer.schema import Location, Merchant
from issuer.sorts import sort_of
from issuer.web import pictures
from issuer.web.console.drawings import kept_privately
from issuer.web.console.frame import blueprint, path_id
from issuer.web.console.offer_asked import keepers
from issuer.web.console.previews import iphone_front
from issuer.web.context import house
from issuer.web.wording import said, spoken
from passes.apple import own_picture
from passes.face import Face, StampLook, Stamps

MOST = 200
NEAR = N_("Near %(shop)s")
CUT = N_("On the front there is room for “%(text)s”; all of it stands on the back.")
NO_ROOM = N_("On the front there is no room for it; it stands on the back.")


class _Worn(NamedTuple):
    """A program with the look that its cards have now, and the number of that."""

    program: ProgramView
    look: Look
    number: int


def sample_cards(session: Session, merchant: Merchant, offer: Offer, now: datetime) -> dict[str, Any]:
    """``samples``: a card in each language, the page's first; with what the pages of previews have around them."""
    program = _program(session, offer)
    if program is None:
        return {"samples": []}
    worn = _worn(session, program)
    shop = session.scalar(select(Location).where(Location.latitude.is_not(None)).order_by(Location.created_at).limit(1))
    place = shop.name if shop and isinstance(offer.trigger, PlaceTrigger) else None
    urls = pictures.urls(program.program.slug, worn.number)
    languages = sorted(LANGUAGES, key=lambda one: one != spoken())
    return {
        "samples": [_sample(merchant, worn, offer, now, language, place) for language in languages],
        "brand_css_url": urls["brand_css_url"],
        "card_preview": {
            "logo_url": urls["logo_url"],
            "qr_url": url_for("console.sample_qr"),
            "short_code": SHORT_CODE,
        },
    }


def cut_fronts(session: Session, merchant: Merchant, offer: Offer, now: datetime) -> dict[str, str]:
    """By language, what an iPhone's front does not say of the text. Offers near shops are said there instead."""
    program = _program(session, offer)
    if program is None or isinstance(offer.trigger, PlaceTrigger):
        return {}
    worn = _worn(session, program)
    faces = {language: _dressed(merchant, worn, offer, now, language)[1] for language in LANGUAGES}
    cuts = {language: _cut(face, offer.content.in_(language).card) for language, face in faces.items()}
    return {language: sentence for language, sentence in cuts.items() if sentence}


def _worn(session: Session, program: ProgramView) -> _Worn:
    version = worn_by(session, program.program.id)
    return _Worn(program, look_from(session, version), version.number)


@blueprint.get("/offers/samples/<program_id>/<int:number>/<int:stamps>.png")
@keepers
def offer_strip(program_id: str, number: int, stamps: int) -> Response:
    """The picture of a card with so many stamps, in a look that the program's cards had once."""
    with transaction(house().engine, g.merchant_id) as session:
        merchant, view = session.get_one(Merchant, g.merchant_id), own_view(session, path_id(program_id))
        version = once_worn_by(session, view.program.id, number)
        if version is None:
            abort(404)
        look, shown = look_from(session, version), staged(merchant, plan_of(view), "half", spoken())
    art = StampLook(look.design.colours, look.stamp, look.design.shape)
    drawn = Stamps(shown.needed, min(stamps, shown.needed)) if shown.needed else None
    return kept_privately(own_picture(art, drawn, 2, sort_of(shown)))


def _program(session: Session, offer: Offer) -> ProgramView | None:
    meant = set[UUID](offer.audience.programs)
    views = program_views(session, limit=MOST)
    return next((view for view in views if not meant or view.program.id in meant), None)


def _sample(
    merchant: Merchant, worn: _Worn, offer: Offer, now: datetime, language: str, place: str | None
) -> dict[str, Any]:
    (shown, face), text = _dressed(merchant, worn, offer, now, language), offer.content.in_(language)
    named: dict[str, Any] = {"program_id": worn.program.program.id, "number": worn.number, "stamps": shown.shown or 0}
    return {
        "language": language,
        "face": iphone_front(face)
        | {"card": {"logo_text": face.logo_text}, "strip_url": url_for("console.offer_strip", **named)},
        "back": [line for line in face.back if line.key.startswith(KEY)],
        "cut": None if isinstance(offer.trigger, PlaceTrigger) else _cut(face, text.card),
        "near_label": Wording(language).say(NEAR, shop=place) if place else None,
        "near": text.near,
    }


def _dressed(merchant: Merchant, worn: _Worn, offer: Offer, now: datetime, language: str) -> tuple[CardView, Face]:
    offers = (ShownOffer(NOBODY, 0, "", "a", offer, now, FOREVER, now),)
    shown = replace(_meant(merchant, worn.program, offer, language), offers=offers)
    return shown, dressed(shown, merchant, worn.look, house().settings.public_url)


def _cut(face: Face, text: str) -> str | None:
    """What of the offer the front of an iPhone does not say, in a sentence; ``None``: all of it is there."""
    front = next((str(line.value) for line in (*face.secondary, *face.auxiliary) if line.key == KEY), None)
    if front is None:
        return said(NO_ROOM)
    return said(CUT) % {"text": front} if front != text else None


def _meant(merchant: Merchant, program: ProgramView, offer: Offer, language: str) -> CardView:
    """About half full; for an offer to those who are nearly there, as many stamps short as it says."""
    plan = plan_of(program)
    half, grid = staged(merchant, plan, "half", language), plan.rules.grid
    if not isinstance(offer.trigger, NearlyTrigger) or grid is None:
        return half
    there = max(0, grid.stamps_needed - offer.trigger.missing)
    return sample_card(merchant, plan, {**half.balances, grid.unit: there}, language, half.tier)

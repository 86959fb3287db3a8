"""What an offer brought, what will happen, and who was held back: pages to read."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from flask import g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import forecasts, offer_preview, offer_results
from issuer.card_facts import around_of
from issuer.database import transaction
from issuer.editing import Objection
from issuer.offer_bearing import NOWHERE, borne
from issuer.offer_birthdays import birthdays_told
from issuer.offer_checks import warnings
from issuer.offer_names import named_of
from issuer.offer_preview import DryRun, Preview
from issuer.offer_results import Arm, Difference, Held
from issuer.offering import OfferView
from issuer.offers.advice import advice
from issuer.offers.offer import Offer
from issuer.offers.triggers import BirthdayTrigger
from issuer.offers.turns import upcoming
from issuer.refusals import N_
from issuer.rules.wording import Wording
from issuer.schema import Merchant
from issuer.web.console import offer_words
from issuer.web.console.frame import blueprint, frame
from issuer.web.console.offer_asked import founded, keepers, own_offer
from issuer.web.console.offer_calendar import day_name
from issuer.web.console.offer_sample import sample_cards
from issuer.web.context import house, now, parsed_id
from issuer.web.paging import after_of, token_of
from issuer.web.wording import said, spoken, when

HELD_AT_ONCE = 50
LOOKED_AHEAD = timedelta(days=31)
ARMS = {"a": N_("Shown the offer"), "b": N_("Shown the second text"), "out": N_("Shown nothing, to compare")}
COMPARED = {
    ("visited", True): N_("Of 100 cards %(points)s more came than without the offer (%(low)s to %(high)s)."),
    ("visited", False): N_("Of 100 cards %(points)s more came for the first text (%(low)s to %(high)s)."),
    ("redeemed", False): N_("Of 100 cards %(points)s more redeemed the first text (%(low)s to %(high)s)."),
}
BEGINS = N_("It begins next on %(when)s.")
BEGINS_IF = N_("It begins next on %(when)s, %(if)s.")
MOST = N_("Most on %(day)s: %(count)s.")
NOBODY = N_("In the last 30 days it would have been shown on no card.")
NO_FORECASTS = N_("What was forecast in the last 30 days is not known here, so nothing can be said of weather.")
UNCLEAR = N_("Too few cards to tell that from chance.")
CELLS = {
    "reached": N_("reached"),
    "fetched": N_("fetched by phones"),
    "visited": N_("visited"),
    "redeemed": N_("redeemed"),
}


@blueprint.get("/offers/<offer_id>/review", endpoint="review_offer")
@keepers
def show_review(offer_id: str) -> Response:
    """What will happen, said before it does."""
    return review(offer_id)


def review(offer_id: str, objection: Objection | None = None) -> Response:
    """Who would get it now, who not and why, how it looks, and what it would have done."""
    with transaction(house().engine, g.merchant_id) as session:
        around, view, named = founded(session), own_offer(session, offer_id), named_of(session)
        merchant, meant = around["merchant"], view.newest
        asked = (session, house().keys, meant, merchant.id, now())
        counted = offer_preview.audience_count(session, house().keys, meant.audience, merchant.id, now())
        page = render_template(
            "console/offers/review.html",
            offer=offer_words.row(view, named, merchant) | {"name": meant.name},
            read_back={"sentences": offer_words.sentences(meant, named, merchant)},
            revision=view.row.revision,
            objection=objection.sentence(spoken()) if objection else None,
            warnings=[said(one.message) % one.values for one in advice(meant, merchant.name)]
            + [one.sentence(spoken()) for one in warnings(session, meant)],
            meant=offer_words.audience_said(counted),
            birthdays=birthdays(session, meant, counted),
            begins=_begins(session, meant, merchant),
            preview=offer_words.preview_words(offer_preview.preview(*asked, offer_id=view.row.id)),
            **sample_cards(session, merchant, meant, now()),
            tried=tried_out(offer_preview.dry_run(*asked), meant.trigger.kind),
            running=view.row.state == "live",
            **around,
        )
    return make_response(page, 409 if objection else 200)


@blueprint.get("/offers/<offer_id>")
@keepers
def offer(offer_id: str) -> str:
    """What it says, how it stands and what it brought."""
    with transaction(house().engine, g.merchant_id) as session:
        view, around = own_offer(session, offer_id), frame(session)
        merchant = around["merchant"]
        found = offer_results.results(session, view.row.id, now())
        return render_template(
            "console/offers/offer.html",
            offer=offer_words.row(view, named_of(session), merchant),
            since=_since(view, merchant),
            begins=_begins(session, view.valid, merchant) if view.row.state == "live" else None,
            **_weather(session, view, merchant),
            **_standing(session, view),
            arms=[_arm(one) for one in found.arms],
            differences=[_difference(one) for one in found.differences],
            held=offer_words.reasons(found.held_back),
            **around,
        )


@blueprint.get("/offers/held")
@keepers
def held_back() -> str:
    """Who was held back and why, of one offer or of all."""
    meant, after = parsed_id(request.args.get("offer", "")), after_of(request.args.get("after"))
    with transaction(house().engine, g.merchant_id) as session:
        around = frame(session)
        shown = offer_results.held_back(session, meant, HELD_AT_ONCE, after)
        last = (shown[-1].at, shown[-1].card_id) if shown else None
        more = token_of(*last) if last and offer_results.held_back(session, meant, 1, last) else None
    zone = around["merchant"].zone
    return render_template(
        "console/offers/held.html",
        rows=[_held(one, zone) for one in shown],
        next_url=url_for("console.held_back", offer=meant, after=more) if more else None,
        rules_url=url_for("console.offer_rules"),
        **around,
    )


def _begins(session: Session, offer: Offer, merchant: Merchant) -> str | None:
    """When its next window opens, of an offer with hours of its own; of weather, if that is met."""
    around, at = around_of(session, merchant.id, now()), now()
    ahead = upcoming(offer, around, at, at + LOOKED_AHEAD, at)
    found = next((turn for turn in ahead if turn.opens > at), None)
    if found is None:
        return None
    values, only_if = {"when": when(found.opens, merchant.zone)}, offer_words.only_if(offer.trigger)
    return said(BEGINS_IF) % (values | {"if": only_if}) if only_if else said(BEGINS) % values


def birthdays(session: Session, offer: Offer, counted: Preview) -> str | None:
    """Of an offer for birthdays, how many cards have one that is known."""
    if not isinstance(offer.trigger, BirthdayTrigger):
        return None
    return offer_words.birthdays_said(birthdays_told(session), counted.cards)


def tried_out(found: DryRun, kind: str) -> dict[str, Any]:
    """The past month in one sentence, and a bar for each day."""
    words = Wording(spoken())
    best = max(found.days, key=lambda day: day.shown)
    held: dict[str, int] = {}
    for day in found.days:
        for reason, count in day.held:
            held[reason] = held.get(reason, 0) + count
    return {
        "said": _tried(found, kind, words),
        "about": words.number(found.looked_at) if found.about else "",
        "days": [
            {
                "day": _day(day.day),
                "count": day.shown,
                "height": _height(day.shown, best.shown),
                "is_most": day is best,
            }
            for day in found.days
        ]
        if best.shown
        else [],
        "first": day_name(found.days[0].day),
        "last": day_name(found.days[-1].day),
        "most": words.say(MOST, day=_day(best.day), count=words.number(best.shown)),
        "held_back": offer_words.reasons(sorted(held.items(), key=lambda pair: -pair[1])),
    }


def _tried(found: DryRun, kind: str, words: Wording) -> str:
    if found.shown:
        return words.plural(
            "On all cards together it would have been shown %(num)s time in the last 30 days.",
            "On all cards together it would have been shown %(num)s times in the last 30 days.",
            found.shown,
        )
    text = NO_FORECASTS if kind == "weather" else NOBODY
    return said(text)


def _height(count: int, most: int) -> int:
    return max(1, round(40 * count / most)) if count else 0


def _since(view: OfferView, merchant: Merchant) -> str | None:
    row = view.row
    if row.state == "ended":
        return said("ended %(when)s") % {"when": when(row.ended_at, merchant.zone)}
    return said("since %(when)s") % {"when": when(row.live_at, merchant.zone)} if row.live_at else None


def _weather(session: Session, view: OfferView, merchant: Merchant) -> dict[str, str | None]:
    """Why a weather offer stays silent, and what the forecast of today means for it."""
    if view.row.state != "live":
        return {}
    asked = (session, view.valid, merchant.id, Wording(spoken(), currency=merchant.currency), now())
    return {"trouble": forecasts.trouble(*asked), "foretold": forecasts.foretelling(*asked)}


def _standing(session: Session, view: OfferView) -> dict[str, str]:
    """What goes with the offer when it is ended, in numbers."""
    found, words = borne(session, [view.row.id], now()).get(view.row.id, NOWHERE), Wording(spoken())
    if not found.cards:
        return {"on_cards": said(N_("No card shows it at the moment."))}
    on = words.plural("%(num)s card shows it now.", "%(num)s cards show it now.", found.cards)
    gone = words.plural("%(num)s unused voucher is lost.", "%(num)s unused vouchers are lost.", found.vouchers)
    return {"on_cards": f"{on} {gone}" if found.vouchers else on}


def _arm(one: Arm) -> dict[str, Any]:
    words = Wording(spoken())
    return {
        "arm": one.arm,
        "name": said(ARMS[one.arm]),
        "cells": [(name, said(label), words.number(getattr(one, name))) for name, label in CELLS.items()],
    }


def _difference(one: Difference) -> str:
    """ "12 points more of them came than of those who were shown nothing; by chance it may be 3 to 21"."""
    words, estimate = Wording(spoken()), one.estimate
    values = {
        "points": words.number(Decimal(round(100 * estimate.value))),
        "low": words.number(Decimal(round(100 * estimate.low))),
        "high": words.number(Decimal(round(100 * estimate.high))),
    }
    text = said(COMPARED[(one.what, "out" in one.arms)]) % values
    return text if estimate.clear else f"{text} {said(UNCLEAR)}"


def _day(day: date) -> str:
    return str(format_date(day, "EEEE, d. MMMM" if spoken() == "de" else "EEEE, d MMMM", locale=spoken()))


def _held(one: Held, zone: str) -> dict[str, Any]:
    return {
        "reason": one.reason,
        "sentence": offer_words.reason_said(one.reason),
        "card": one.short_code,
        "customer": one.customer_name,
        "card_url": url_for("console.card", card_id=one.card_id),
        "offer": one.offer_name,
        "offer_url": url_for("console.offer", offer_id=one.offer_id),
        "when": when(one.at, zone),
    }

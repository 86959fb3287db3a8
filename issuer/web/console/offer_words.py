"""Offers in the words of the console."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for

from issuer.language import LANGUAGES
from issuer.offer_preview import Preview
from issuer.offering import OfferView
from issuer.offers.named import Named
from issuer.offers.offer import Offer
from issuer.offers.sayings import HELD_BACK, KINDS, STATES
from issuer.offers.sentence import sentence
from issuer.offers.triggers import Trigger, WeatherTrigger
from issuer.refusals import N_
from issuer.rules.wording import Wording
from issuer.schema import Merchant
from issuer.web.console.offer_layout import Owned
from issuer.web.context import now
from issuer.web.wording import said, spoken

OUT, HAD = N_("Shown nothing, to compare."), N_("Had it this time already.")
CAN = N_("%(some)s of %(all)s can get it")
ABOUT = N_("About %(some)s of %(all)s can get it")
BIRTHDAYS = N_("Birthday known: %(some)s of %(all)s")
ONLY_IF = {
    ("temperature", "over"): N_("only if it gets that warm"),
    ("temperature", "under"): N_("only if it gets that cold"),
    ("rain", "over"): N_("only if it gets that wet"),
    ("rain", "under"): N_("only if it stays that dry"),
}


def sentences(offer: Offer, named: Named, merchant: Merchant) -> list[dict[str, str]]:
    """The offer read back, the language of the page first."""
    languages = sorted(LANGUAGES, key=lambda one: one != spoken())
    return [
        {"language": one, "sentence": sentence(offer, Wording(one, currency=merchant.currency), named)}
        for one in languages
    ]


def owned(named: Named) -> Owned:
    """What a form offers to choose from, in the language of the page."""
    language = spoken()
    return Owned(
        shops=named.shops,
        programs={key: names[language] for key, names in named.programs.items()},
        tiers={key: names[language] for key, names in named.tiers.items()},
    )


def row(view: OfferView, named: Named, merchant: Merchant) -> dict[str, Any]:
    """An offer as lists and its own page show it."""
    told, state = sentences(view.valid, named, merchant), _state(view, merchant)
    words = Wording(spoken(), currency=merchant.currency)
    return {
        "id": view.row.id,
        "name": view.newest.name,
        "kind": said(KINDS[view.valid.trigger.kind]),
        "state": view.row.state,
        "looks": state,
        "state_said": said(STATES[state]),
        "drafted": view.row.draft is not None and view.row.version > 0,
        "sentences": told,
        "sentence": told[0]["sentence"],
        "reached": view.row.reached,
        "reached_said": words.plural("was shown on %(num)s card", "was shown on %(num)s cards", view.row.reached),
        "url": url_for("console.offer", offer_id=view.row.id),
    }


def _state(view: OfferView, merchant: Merchant) -> str:
    """What runs and whose last day has passed looks as if it had been ended, though it can be given more days."""
    last, today = view.valid.window.last, now().astimezone(ZoneInfo(merchant.zone)).date()
    return "ended" if view.row.state == "live" and last is not None and last < today else view.row.state


def preview_words(found: Preview) -> dict[str, Any]:
    """Numbers as people read them, and why somebody is held back; together they are all the cards."""
    words = Wording(spoken())
    held = sum(count for _, count in found.held_back)
    others = [(text, count) for text, count in ((OUT, found.out), (HAD, found.had)) if count]
    waiting = max(0, found.cards - found.reach - held - found.out - found.had)
    return {
        "reach": found.reach,
        "reach_said": words.number(found.reach),
        "held_said": words.number(held),
        "waiting_said": words.number(waiting),
        "others": [{"sentence": said(text), "count": words.number(count)} for text, count in others],
        "looked_at_said": words.number(found.looked_at),
        "about": found.about,
        "held_back": reasons(found.held_back),
    }


def reasons(counted: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    words = Wording(spoken())
    return [
        {"reason": reason, "sentence": reason_said(reason), "count": words.number(count)} for reason, count in counted
    ]


def reason_said(reason: str) -> str:
    return said(HELD_BACK[reason]) if reason in HELD_BACK else reason


def audience_said(found: Preview) -> str:
    """ "212 of 2,000 cards can get it"."""
    return said(ABOUT if found.about else CAN) % _part(found.reach, found.cards)


def birthdays_said(told: int, cards: int) -> str:
    """ "Birthday known: 212 of 2,000 cards"."""
    return said(BIRTHDAYS) % _part(told, cards)


def _part(some: int, cards: int) -> dict[str, str]:
    words = Wording(spoken())
    return {"some": words.number(some), "all": words.plural("%(num)s card", "%(num)s cards", cards)}


def sentence_said(offer: Offer, named: Named, merchant: Merchant) -> str:
    """In the language of the page."""
    return sentences(offer, named, merchant)[0]["sentence"]


def only_if(trigger: Trigger) -> str | None:
    """What an offer by weather waits for: "only if it gets that warm"."""
    return said(ONLY_IF[(trigger.measure, trigger.side)]) if isinstance(trigger, WeatherTrigger) else None

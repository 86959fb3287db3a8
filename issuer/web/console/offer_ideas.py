"""What a new offer may begin with: an idea to change, or the plain form of a trigger."""

from collections.abc import Mapping
from datetime import time
from decimal import Decimal

from werkzeug.datastructures import MultiDict

from issuer.language import translator
from issuer.offers.content import Content, OnlyWords, Texts, VoucherOffer
from issuer.offers.hours import Hours
from issuer.offers.offer import Limits, Offer
from issuer.offers.triggers import (
    BirthdayTrigger,
    NearlyTrigger,
    PlaceTrigger,
    QuietTrigger,
    WeatherTrigger,
)
from issuer.refusals import N_
from issuer.rules.part import Names
from issuer.rules.vouchers import Worth
from issuer.web.console.offer_forms import filled

WORKDAYS = (0, 1, 2, 3, 4)
IDEAS: Mapping[str, str] = {
    "birthday": N_("Birthday week: a slice of cake"),
    "morning": N_("Near the shop between 7 and 10: coffee and croissant"),
    "comeback": N_("Not seen for 30 days: 15% and a hello"),
    "nearly": N_("One stamp missing: come by this week"),
    "heat": N_("Over 28 degrees at three: iced coffee for less, 40 cards"),
}


def idea(key: str, language: str) -> Offer:
    """Called in this language, said in both.

    :raises KeyError: there is no such idea
    """
    made = MAKERS[key]()
    return made.model_copy(update={"name": translator(language).gettext(IDEAS[key])})


def begun(kind: str, language: str) -> MultiDict[str, str]:
    """The form of a trigger with what is usual, and no text yet."""
    given = {"name": "x"} if kind == "event" else {}
    content = {"de": {"card": "x"}, "en": {"card": "x"}}
    offer = Offer.model_validate({"name": "x", "trigger": {"kind": kind, **given}, "content": content})
    form = filled(offer, language)
    for name in ("name", "content.card.de", "content.card.en", "trigger.name"):
        form.pop(name, None)
    return form


def _said(card: str) -> Content:
    return Content(de=Texts(card=translator("de").gettext(card)), en=Texts(card=translator("en").gettext(card)))


def _names(text: str) -> Names:
    return Names(de=translator("de").gettext(text), en=translator("en").gettext(text))


def _birthday() -> Offer:
    cake = N_("Cake for your birthday")
    return Offer(
        name="birthday",
        trigger=BirthdayTrigger(days_before=0, days_after=6),
        content=_said(cake),
        unlocks=VoucherOffer(names=_names(cake), worth=Worth(thing=_names(N_("A slice of cake")))),
    )


def _morning() -> Offer:
    return Offer(
        name="morning",
        trigger=PlaceTrigger(hours=Hours(weekdays=WORKDAYS, start=time(7), end=time(10))),
        content=_said(N_("Coffee and croissant €3.90, 7 to 10")),
    )


def _comeback() -> Offer:
    hello = N_("15% off: good to see you")
    return Offer(
        name="comeback",
        trigger=QuietTrigger(days=30),
        content=_said(hello),
        unlocks=VoucherOffer(names=_names(hello), worth=Worth(percent=Decimal(15))),
        lasts_days=14,
        limits=Limits(rest_days=90),
    )


def _nearly() -> Offer:
    return Offer(
        name="nearly",
        trigger=NearlyTrigger(missing=1),
        content=_said(N_("One stamp to go this week")),
        unlocks=OnlyWords(),
    )


def _heat() -> Offer:
    return Offer(
        name="heat",
        trigger=WeatherTrigger(limit=Decimal(28), at=time(15), until=time(18)),
        content=_said(N_("Iced coffee €1 off")),
        unlocks=VoucherOffer(names=_names(N_("Iced coffee €1 off")), worth=Worth(cents=100)),
        limits=Limits(cards=40, each_time=True),
    )


MAKERS = {"birthday": _birthday, "morning": _morning, "comeback": _comeback, "nearly": _nearly, "heat": _heat}

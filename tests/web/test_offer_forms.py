"""The form of an offer: what it shows is what it reads, and each value that cannot be used is said at its field."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from issuer.offers.content import VoucherOffer
from issuer.offers.offer import Offer
from issuer.offers.triggers import KINDS
from issuer.web.api.offer_examples import OFFERS
from issuer.web.console.offer_fields import TRIGGER_FIELDS, fields_of
from issuer.web.console.offer_forms import Typed, filled, read
from issuer.web.console.offer_ideas import IDEAS, begun, idea

TEXTS = {"de": {"card": "Eiskaffee", "message": "Heute: %@"}, "en": {"card": "Iced coffee"}}
SHOP = "6f0e0f2e-8b1f-4b1e-9d53-0e8d6d0c2f01"
TRIGGERS: tuple[dict[str, Any], ...] = (
    {"kind": "time", "hours": {"weekdays": [5, 6], "start": "22:00", "end": "02:00"}, "locations": [SHOP]},
    {"kind": "place", "hours": {"start": "07:00", "end": "10:00"}, "stays": True},
    {"kind": "place"},
    {"kind": "visit", "nth": 2, "daypart": {"weekdays": [0]}, "after_hours": 48},
    {"kind": "birthday", "days_before": 3, "days_after": 0},
    {"kind": "anniversary"},
    {"kind": "quiet", "days": 30},
    {"kind": "nearly", "missing": 2},
    {"kind": "unused"},
    {"kind": "lapsing", "days": 7},
    {"kind": "tier", "tier": "gold"},
    {"kind": "milestone", "visits": 100, "every": True},
    {"kind": "event", "name": "repair.done"},
    {"kind": "weather", "measure": "rain", "side": "under", "limit": "0.5", "at": "12:00", "until": "14:30"},
)
VOUCHER = {"kind": "voucher", "names": {"de": "Eiskaffee", "en": "Iced coffee"}}
FURTHER: tuple[dict[str, Any], ...] = (
    {"unlocks": {"kind": "multiplier", "factor": "2.5"}},
    {"unlocks": VOUCHER | {"worth": {"cents": 150}, "uses": 3}},
    {"unlocks": VOUCHER | {"worth": {"percent": "12.5"}}},
    {"unlocks": {"kind": "words"}},
    {"audience": {"segments": ["new", "lapsed"], "languages": ["de"], "recency": {"least": 4}, "consented": True}},
    {"window": {"first": "2026-12-01", "last": "2026-12-24"}},
    {"limits": {"cards": 40, "each_time": True, "per_person": 2, "rest_days": 30, "value": 5000}},
    {"trial": {"hold_out": 10}, "sounds": True},
)  # fmt: skip


def offer_of(**given: Any) -> Offer:
    return Offer.model_validate({"name": "Sommer", "trigger": {"kind": "quiet"}, "content": TEXTS} | given)


def typed(kind: str = "quiet", **fields: str) -> Typed:
    usual = {"name": "Sommer", "content.card.de": "Eiskaffee", "unlock": "none", "trigger.days": "30"}
    return read(MultiDict(usual | {name.replace("__", "."): text for name, text in fields.items()}), kind)


def said(found: Typed) -> dict[str, str]:
    return {one.about: one.sentence("en") for one in found.wrong}


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda one: str(one["kind"]))
def test_every_trigger_is_read_as_it_was_shown(trigger: dict[str, Any], language: str) -> None:
    offer = offer_of(trigger=trigger)
    assert read(filled(offer, language), offer.trigger.kind).offer == offer


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("further", FURTHER, ids="-".join)
def test_everything_else_is_read_as_it_was_shown(further: dict[str, Any], language: str) -> None:
    offer = offer_of(**further)
    assert read(filled(offer, language), "quiet").offer == offer


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("key", IDEAS)
def test_every_idea_can_be_saved_as_it_is(key: str, language: str) -> None:
    offer = idea(key, language)
    assert read(filled(offer, language), offer.trigger.kind).offer == offer


@pytest.mark.parametrize("kind", OFFERS)
def test_what_another_system_said_stays_where_nothing_is_changed(kind: str) -> None:
    offer = Offer.model_validate(OFFERS[kind][1])
    assert read(filled(offer, "en"), kind, offer).offer == offer


def test_what_another_system_said_of_both_halves_stays_beside_what_is_changed() -> None:
    other = {"de": {"card": "Tee", "message": "Heiß: %@"}, "en": {"card": "Tea", "back": "One each."}}
    before = offer_of(content=TEXTS, trial={"other": other})
    form = filled(before, "en")
    form["content.message.en"], form["trial.other.card.en"] = "Now: %@", "Green tea"
    offer = read(form, "quiet", before).offer
    assert offer is not None
    assert offer.trial.other is not None
    assert (offer.trial.other.de.message, offer.trial.other.en.back) == ("Heiß: %@", "One each.")
    assert (offer.trial.other.en.card, offer.trial.other.en.message) == ("Green tea", "Now: %@")


@pytest.mark.parametrize(("worth", "name"), [("1,50", "Hitzefrei"), ("2,00", "Eiskaffee")])
def test_a_voucher_keeps_its_name_as_long_as_it_is_the_same(worth: str, name: str) -> None:
    names = {"de": "Hitzefrei", "en": "Too hot"}
    before = offer_of(unlocks=VOUCHER | {"names": names, "worth": {"cents": 150}})
    form = filled(before, "de")
    form["unlock.cents"], form["content.card.de"] = worth, "Eiskaffee"
    offer = read(form, "quiet", before).offer
    assert offer is not None
    assert isinstance(offer.unlocks, VoucherOffer)
    assert offer.unlocks.names.de == name


def test_no_day_is_no_other_way_to_say_every_day() -> None:
    form = filled(offer_of(trigger={"kind": "place", "hours": {"start": "07:00", "end": "10:00"}}), "en")
    form.poplist("trigger.hours.weekdays")
    assert said(read(form, "place")) == {"trigger.hours.weekdays": "No day is chosen: choose at least one."}


def test_a_voucher_that_is_never_used_is_refused() -> None:
    assert set(said(typed(unlock="cents", unlock__cents="1,50", unlock__uses="0"))) == {"unlock.uses"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_form_of_a_trigger_lacks_only_its_words(kind: str) -> None:
    assert set(TRIGGER_FIELDS) == set(KINDS)
    form = begun(kind, "en")
    form["content.card.de"], form["trigger.name"] = "Eiskaffee", "repair.done"
    found = read(form, kind)
    assert found.offer is not None, said(found)
    assert found.offer.trigger.kind == kind


def test_one_language_is_enough_and_speaks_for_the_other() -> None:
    offer = typed().offer
    assert offer is not None
    assert offer.content.en.card == "Eiskaffee"


def test_an_offer_without_a_name_is_called_what_stands_on_the_card() -> None:
    offer = typed(name="").offer
    assert offer is not None
    assert offer.name == "Eiskaffee"


def test_a_voucher_is_called_what_stands_on_the_card() -> None:
    offer = typed(unlock="cents", unlock__cents="1,50").offer
    assert offer is not None
    assert isinstance(offer.unlocks, VoucherOffer)
    assert (offer.unlocks.names.de, offer.unlocks.worth.cents) == ("Eiskaffee", 150)


def test_every_day_and_no_time_are_no_hours_at_all() -> None:
    form = MultiDict([("content.card.de", "Eiskaffee"), *(("trigger.hours.weekdays", str(day)) for day in range(7))])
    offer = read(form, "place").offer
    assert offer is not None
    assert getattr(offer.trigger, "hours", "?") is None


def test_a_whole_day_has_no_times_in_the_form() -> None:
    form = filled(offer_of(trigger={"kind": "time", "hours": {"weekdays": [6]}}), "en")
    assert form.getlist("trigger.hours.weekdays") == ["6"]
    assert not {"trigger.hours.start", "trigger.hours.end"} & set(form)


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("content.place", ["place"]),
        ("lasts_days", ["event", "lapsing", "milestone", "nearly", "quiet", "tier", "unused", "visit"]),
    ],
)
def test_what_has_no_effect_is_not_asked(path: str, kinds: list[str]) -> None:
    assert sorted(kind for kind in KINDS if path in {one.path for one in fields_of(kind)}) == kinds


def test_without_text_and_name_only_the_text_is_missing() -> None:
    assert list(said(typed(name="", content__card__de=""))) == ["content.card"]


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"content__card__de": "", "unlock": "percent", "unlock__percent": "15"}, "content.card"),
        ({"content__card__de": "x" * 61, "unlock": "words"}, "content.card.de"),
        ({"content__card__de": "x" * 61, "unlock": "cents", "unlock__cents": "1"}, "content.card.de"),
        ({"unlock": "percent", "unlock__percent": ""}, "unlock.percent"),
        ({"unlock": "percent", "unlock__percent": "150"}, "unlock.percent"),
        ({"unlock": "cents", "unlock__cents": "0"}, "unlock.cents"),
        ({"unlock": "multiplier", "unlock__factor": ""}, "unlock.factor"),
        ({"unlock": "multiplier", "unlock__factor": "20"}, "unlock.factor"),
        ({"unlock": "thing"}, "unlock.thing"),
        ({"unlock": "thing", "unlock__thing__en": "x" * 61}, "unlock.thing.en"),
        ({"unlock": "percent", "unlock__percent": "5", "unlock__uses": "900"}, "unlock.uses"),
        ({"trial__other__card__en": "x" * 41}, "trial.other.card.en"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_each_mistake_is_said_once_and_at_a_field_that_is_on_the_page(fields: dict[str, str], about: str) -> None:
    found = typed(**fields)
    assert [one.about for one in found.wrong] == [about]
    assert any(f"{about}.".startswith(f"{one.path}.") and one.path != "unlock" for one in fields_of("quiet"))


@pytest.mark.parametrize(
    ("fields", "about", "sentence"),
    [
        ({"trigger__days": "soon"}, "trigger.days", "“soon” is not a whole number: write digits only."),
        ({"trigger__days": ""}, "trigger.days", "This is missing: fill it in."),
        ({"trigger__days": "0"}, "trigger.days", "“0” is too small: write at least 1."),
        ({"window__first": "24.12."}, "window.first", "“24.12.” is not a day: write it like 2026-12-24."),
        ({"limits__cards": "-3"}, "limits.cards", "“-3” is not a whole number: write digits only."),
        ({"unlock": "cents", "unlock__cents": "much"}, "unlock.cents", "“much” is not an amount: write one like 4.50."),
        ({"unlock": "percent", "unlock__percent": ""}, "unlock.percent", "This is missing: fill it in."),
        (
            {"audience__segments": "rich"},
            "audience.segments",
            "“rich” is not possible here: choose one of new, regular, lapsed.",
        ),
        ({"trial__hold_out": "90"}, "trial.hold_out", "“90” is too large: write at most 50."),
    ],
    ids=lambda one: one if isinstance(one, str) and "." in one and " " not in one else "",
)  # fmt: skip
def test_what_cannot_be_used_is_said_at_its_field(fields: dict[str, str], about: str, sentence: str) -> None:
    found = typed(**fields)
    assert found.offer is None
    assert said(found)[about] == sentence


def test_a_text_too_long_for_the_card_is_said_in_its_language() -> None:
    assert list(said(typed(content__card__de="x" * 41))) == ["content.card.de"]
    assert list(said(typed(content__card__de="", content__card__en="x" * 41))) == ["content.card.en"]
    assert list(said(typed(content__card__de="x", content__card__en="y" * 41))) == ["content.card.en"]


def test_the_second_of_two_days_lies_behind_the_first() -> None:
    found = typed(window__first="2026-12-24", window__last="2026-12-01")
    assert said(found)["window.last"].startswith("The last day 2026-12-01 lies before the first")


def test_hours_that_end_before_they_begin_are_said_of_the_weather() -> None:
    form = filled(idea("heat", "de"), "en")
    form["trigger.until"] = "14:00"
    assert "let it end later on the same day" in said(read(form, "weather"))["trigger.until"]

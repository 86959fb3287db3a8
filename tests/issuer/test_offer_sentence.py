"""An offer reads back as one sentence in each language, and two that differ read differently."""

from collections.abc import Iterator, Mapping
from datetime import time
from itertools import combinations
from typing import Any, get_args, get_origin
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from issuer import limiting
from issuer.language import LANGUAGES
from issuer.offers import governor
from issuer.offers.hours import Hours
from issuer.offers.hours_said import hours_said
from issuer.offers.named import Named
from issuer.offers.offer import Offer
from issuer.offers.sayings import EXPLAINED, HELD_BACK, KINDS, STATES
from issuer.offers.sentence import sentence
from issuer.offers.triggers import KINDS as ALL_KINDS
from issuer.offers.triggers import WeatherTrigger
from issuer.offers.triggers_said import trigger_said
from issuer.rules.wording import Wording

GERMAN, ENGLISH = Wording("de"), Wording("en")
MITTE, NORD, STAMPS, POINTS = (UUID(int=number) for number in range(1, 5))
NAMED = Named(
    shops={MITTE: "Mitte", NORD: "Nord"},
    programs={STAMPS: {"de": "Stempelkarte", "en": "Stamp card"}, POINTS: {"de": "Punkte", "en": "Points"}},
    tiers={"gold": {"de": "Gold", "en": "Gold"}, "silver": {"de": "Silber", "en": "Silver"}},
)
MORNING = {"weekdays": [0, 1, 2, 3, 4], "start": "07:00", "end": "10:00"}
VOUCHER = {"kind": "voucher", "names": {"de": "Hallo", "en": "Hello"}, "worth": {"percent": "15"}}
DOUBLE = {"kind": "multiplier"}
TEA = {"de": "Tee", "en": "Tea"}
OTHER = {"de": {"card": "Anders"}, "en": {"card": "Different"}}
Tree = dict[str, Any]


def offer(kind: str, card: str = "Kaffee 3,90", **more: Any) -> Offer:
    content = {language: {"card": card} for language in LANGUAGES}
    trigger = {"kind": kind, **({"name": "order.paid"} if kind == "event" else {}), **more.pop("trigger", {})}
    return Offer.model_validate({"name": "Mine", "trigger": trigger, "content": content, **more})


def said(one: Offer, words: Wording = ENGLISH) -> str:
    return sentence(one, words, NAMED)


FIVE = [
    (
        offer("birthday", "A slice of cake"),
        "From the birthday to 6 days after it: “A slice of cake”.",
        "Vom Geburtstag bis 6 Tage danach: „A slice of cake“.",
    ),
    (
        offer("place", "Coffee and croissant 3.90", trigger={"hours": MORNING, "locations": [str(MITTE)]}),
        "Near Mitte, Monday to Friday from 7:00 to 10:00: “Coffee and croissant 3.90”.",
        "In der Nähe von Mitte, Montag bis Freitag von 7:00 bis 10:00 Uhr: „Coffee and croissant 3.90“.",
    ),
    (
        offer("quiet", "Hello again", unlocks=VOUCHER),
        "Not seen for 30 days: “Hello again”, with the voucher “Hello”: 15% off, for 7 days.",
        "Wer 30 Tage nicht da war: „Hello again“, dazu der Gutschein „Hallo“: 15\N{NO-BREAK SPACE}% Rabatt,"
        " 7 Tage lang.",
    ),
    (
        offer("nearly", "Come by this week"),
        "1 stamp short of a reward: “Come by this week”, for 7 days at most.",
        "Wem 1 Stempel zu einer Prämie fehlt: „Come by this week“, höchstens 7 Tage lang.",
    ),
    (
        offer("weather", "Iced coffee €1 less", limits={"cards": 40}),
        "From 15:00 to 18:00, if more than 28 °C are forecast for 15:00: “Iced coffee €1 less”; 40 cards at most.",
        "Von 15:00 bis 18:00 Uhr, wenn für 15:00 Uhr mehr als 28 °C vorhergesagt sind: „Iced coffee €1 less“;"
        " höchstens 40 Karten.",
    ),
]


@pytest.mark.parametrize(("one", "english", "german"), FIVE, ids=[one.trigger.kind for one, _, _ in FIVE])
def test_what_merchants_ask_for_reads_back_as_they_said_it(one: Offer, english: str, german: str) -> None:
    assert (said(one), said(one, GERMAN)) == (english, german)


# What each field may be; every pair must read differently.
BASES: Mapping[str, Tree] = {kind: offer(kind, unlocks=VOUCHER).stored() for kind in ALL_KINDS} | {
    "place": offer("place", trigger={"hours": MORNING}).stored(),
    "time": offer("time", unlocks=DOUBLE).stored(),
}
NUMBERS: list[object] = [1, 2, 5]
SHOPS: list[object] = [[], [str(MITTE)], [str(NORD)], [str(MITTE), str(NORD)]]
HOURS: list[object] = [
    {},
    MORNING,
    MORNING | {"weekdays": [0]},
    MORNING | {"start": "07:30"},
    MORNING | {"end": "06:00"},
]
TEXT: list[object] = ["Tee 2,50", "Kaffee 3,90", "Kaffee 3,9"]
FIFTHS: list[object] = [None, {"least": 1, "most": 1}, {"least": 1, "most": 2}, {"least": 2, "most": 2}, {}]
TRIGGERS: Mapping[str, Mapping[str, list[object]]] = {
    "time": {"hours": HOURS, "locations": SHOPS},
    "place": {"hours": [None, *HOURS], "locations": SHOPS, "stays": [True, False]},
    "visit": {"nth": [None, *NUMBERS], "daypart": [None, *HOURS], "locations": SHOPS, "after_hours": [0, *NUMBERS]},
    "birthday": {"days_before": [0, *NUMBERS], "days_after": [0, *NUMBERS]},
    "anniversary": {"days_before": [0, *NUMBERS], "days_after": [0, *NUMBERS]},
    "quiet": {"days": NUMBERS},
    "nearly": {"missing": NUMBERS},
    "unused": {"days": NUMBERS},
    "lapsing": {"days": NUMBERS},
    "tier": {"tier": [None, "gold", "silver", "gone"]},
    "milestone": {"visits": [2, 10, 100], "every": [True, False]},
    "event": {"name": ["order.paid", "order_paid"]},
    "weather": {
        "measure": ["temperature", "rain"],
        "side": ["over", "under"],
        "limit": ["28", "28.5", "-28"],
        "at": ["15:00", "14:30"],
        "until": ["18:00", "18:30"],
        "location": [None, str(MITTE), str(NORD)],
    },
}
OF_ALL: Mapping[str, list[object]] = {
    "audience.programs": [[], [str(STAMPS)], [str(POINTS)], [str(STAMPS), str(POINTS)]],
    "audience.segments": [[], ["new"], ["regular"], ["lapsed"], ["new", "lapsed"]],
    "audience.tiers": [[], ["gold"], ["silver"], ["gold", "silver"]],
    "audience.locations": SHOPS,
    "audience.languages": [[], ["de"], ["en"], ["de", "en"]],
    "audience.recency": FIFTHS,
    "audience.frequency": FIFTHS,
    "audience.money": FIFTHS,
    "audience.consented": [True, False],
    "content.*.card": TEXT,
    "content.*.message": ["", "Neu: %@", "%@!"],
    "content.*.place": ["", "Um die Ecke", "Nebenan"],
    "unlocks": [None, VOUCHER, {"kind": "words"}, DOUBLE, DOUBLE | {"factor": "1.5"}],
    "window.first": [None, "2026-06-01", "2026-06-02"],
    "window.last": [None, "2026-08-31", "2027-08-31"],
    "limits.cards": [None, *NUMBERS],
    "limits.per_person": [None, *NUMBERS],
    "limits.rest_days": [0, *NUMBERS],
    "limits.value": [None, 100, 101, 100_00],
    "trial.hold_out": [0, 1, 10],
    "trial.other": [None, OTHER, {"de": {"card": "Drittes"}, "en": {"card": "A third"}}],
    "sounds": [True, False],
}
OF_SOME: Mapping[str, tuple[str, list[object]]] = {
    "lasts_days": ("visit", [0, *NUMBERS]),
    "limits.each_time": ("visit", [True, False]),
    "unlocks.names.*": ("visit", ["Hallo", "Servus"]),
    "unlocks.worth": (
        "visit",
        [{"percent": "15"}, {"percent": "1.5"}, {"cents": 150}, {"thing": {"de": "Tee", "en": "Tea"}}],
    ),
    "unlocks.uses": ("visit", NUMBERS),
    "trial.other.*.card": ("visit", TEXT),
    "trial.other.*.message": ("visit", ["", "Neu: %@", "%@!"]),
    "trial.other.*.place": ("visit", ["", "Um die Ecke", "Nebenan"]),
}
# The merchant's own word and the small print. What a phone says is said of an offer that may sound.
UNSAID = {"name", "content.*.back", "trial.other.*.back"}
NEEDED: Tree = {"trial": {"other": OTHER}, "limits": {"cards": 40}}


def _put(tree: Tree, path: str, value: object) -> Tree:
    head, _, rest = path.partition(".")
    heads = LANGUAGES if head == "*" else (head,)
    return tree | {one: _put(tree.get(one) or {}, rest, value) if rest else value for one in heads}


def _cases() -> Iterator[tuple[str, str, list[object]]]:
    for kind in ALL_KINDS:
        yield from ((kind, f"trigger.{name}", values) for name, values in TRIGGERS[kind].items())
        yield from ((kind, path, values) for path, values in OF_ALL.items())
    yield from ((kind, path, values) for path, (kind, values) in OF_SOME.items())


@pytest.mark.parametrize(("kind", "path", "values"), [pytest.param(*case, id="-".join(case[:2])) for case in _cases()])
def test_two_offers_that_differ_in_one_thing_read_differently(kind: str, path: str, values: list[object]) -> None:
    base = {**BASES[kind], **NEEDED} if path in OF_SOME else BASES[kind]
    base = base | {"sounds": True} if path.endswith(".message") else base
    made = [Offer.model_validate(_put(base, path, value)) for value in values]
    for words in (GERMAN, ENGLISH):
        assert len({said(one, words) for one in made}) == len(made), [said(one, words) for one in made]


def _fields(model: type[BaseModel], path: str) -> Iterator[str]:
    """Paths of all fields below, a language as a star; a value that is one or another counts as one field."""
    for name, field in model.model_fields.items():
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if _is_model(one)]
        below = path + ("*" if name in LANGUAGES else name)
        if len(inner) == 1 and not {"kind"} & set(inner[0].model_fields) and name not in WHOLE:
            yield from _fields(inner[0], f"{below}.")
        elif name != "kind":
            yield below


WHOLE = {"hours", "daypart", "recency", "frequency", "money", "worth"}


def _is_model(one: object) -> bool:
    return get_origin(one) is None and isinstance(one, type) and issubclass(one, BaseModel)


def test_every_field_of_an_offer_is_said_or_known_to_be_left_out() -> None:
    tried = {path for _, path, _ in _cases() if not path.startswith("trigger.")}
    tried = {path for path in tried if not path.startswith("unlocks.")} - {"trial.other"}
    assert set(_fields(Offer, "")) - {"trigger"} == tried | UNSAID


def test_every_field_of_every_trigger_and_gift_is_said() -> None:
    found = {kind: type(offer(kind).trigger) for kind in ALL_KINDS}
    for kind, trigger in found.items():
        assert set(_fields(trigger, "")) == set(TRIGGERS[kind])
    voucher = offer("visit", unlocks=VOUCHER).unlocks
    assert voucher is not None
    assert {f"unlocks.{path}" for path in _fields(type(voucher), "")} == {
        p for p in OF_SOME if p.startswith("unlocks.")
    }


@pytest.mark.parametrize("path", sorted(UNSAID - {"trial.other.*.back"}))
def test_what_no_customer_sees_at_once_is_not_said(path: str) -> None:
    assert said(Offer.model_validate(_put(BASES["visit"], path, "Something else"))) == said(
        Offer.model_validate(BASES["visit"])
    )


@pytest.mark.parametrize("words", [GERMAN, ENGLISH], ids=LANGUAGES)
def test_the_other_language_is_not_said(words: Wording) -> None:
    other = next(language for language in LANGUAGES if language != words.language)
    changed = Offer.model_validate(_put(BASES["visit"], f"content.{other}.card", "Something else"))
    assert said(changed, words) == said(Offer.model_validate(BASES["visit"]), words)


@pytest.mark.parametrize("kind", ["time", "place", "weather", "birthday", "anniversary"])
def test_how_long_it_lasts_is_said_once_where_the_trigger_says_it_already(kind: str) -> None:
    assert said(offer(kind, lasts_days=3)) == said(offer(kind, lasts_days=30))


def test_a_limit_each_time_without_a_limit_is_no_limit() -> None:
    assert said(offer("visit", limits={"each_time": True})) == said(offer("visit"))


CLOCK = st.builds(time, st.integers(0, 23), st.integers(0, 59))
WEEK = st.builds(Hours, weekdays=st.sets(st.integers(0, 6), min_size=1).map(tuple), start=CLOCK, end=CLOCK)
LIMITS = st.decimals(-60, 200, places=1)


@given(WEEK, WEEK)
def test_other_hours_are_said_otherwise(one: Hours, other: Hours) -> None:
    for words in (GERMAN, ENGLISH):
        assert (hours_said(one, words) == hours_said(other, words)) == (one == other)


@given(LIMITS, LIMITS)
def test_another_limit_of_the_weather_is_said_otherwise(one: object, other: object) -> None:
    for words in (GERMAN, ENGLISH):
        first, second = (trigger_said(WeatherTrigger(limit=limit), words, NAMED) for limit in (one, other))  # type: ignore[arg-type]
        assert (first == second) == (one == other)


@pytest.mark.parametrize(
    ("hours", "english"),
    [
        (Hours(), "every day"),
        (Hours(weekdays=(0, 1)), "Monday and Tuesday"),
        (Hours(weekdays=(0, 1, 2, 5)), "Monday to Wednesday and Saturday"),
        (Hours(weekdays=(6,), start=time(18)), "Sunday from 18:00 to midnight"),
        (Hours(weekdays=(5,), start=time(22), end=time(2)), "Saturday from 22:00 to 2:00 of the next day"),
        (Hours(end=time(10)), "every day from 0:00 to 10:00"),
        (Hours(start=time(7), end=time(7)), "every day from 7:00 to 7:00 of the next day"),
    ],
    ids=str,
)
def test_hours_are_said_as_people_say_them(hours: Hours, english: str) -> None:
    assert hours_said(hours, ENGLISH) == english


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_each_kind_is_one_sentence_without_blanks_and_english_words_in_german(kind: str) -> None:
    for words in (GERMAN, ENGLISH):
        text = said(offer(kind, "X"), words)
        assert not text[0].islower()
        assert text.endswith(".")
        assert "%" not in text
        assert "  " not in text
    assert not set(said(offer(kind, "X"), GERMAN).split()) & {"the", "from", "to", "if", "when", "for", "of"}


def test_a_shop_or_program_that_is_gone_does_not_keep_an_offer_from_being_read() -> None:
    one = offer("place", trigger={"locations": [str(MITTE)]}, audience={"programs": [str(STAMPS)], "tiers": ["gold"]})
    text = sentence(one, ENGLISH, Named())
    cards = "only for those who have a card of (no longer there) and have the tier gold"
    assert text == f"Near (no longer there), {cards}: “Kaffee 3,90”."


def test_every_kind_is_called_and_explained() -> None:
    assert tuple(KINDS) == tuple(EXPLAINED) == ALL_KINDS


def test_every_reason_to_hold_back_is_a_sentence() -> None:
    ours = {limiting.CARDS, limiting.PERSON, limiting.VALUE, limiting.REST}
    assert set(HELD_BACK) == set(get_args(governor.Reason)) | ours
    assert all(text.endswith(".") for text in HELD_BACK.values())


@pytest.mark.parametrize("texts", [KINDS, EXPLAINED, STATES, HELD_BACK], ids=["kinds", "lines", "states", "held"])
def test_what_merchants_are_told_apart_is_told_apart_in_both_languages(texts: dict[str, str]) -> None:
    for words in (GERMAN, ENGLISH):
        spoken = [words.say(text) for text in texts.values()]
        assert all(one != other for one, other in combinations(spoken, 2))
    assert all(GERMAN.say(text) != text for text in texts.values())


def test_what_phones_say_is_not_said_of_an_offer_that_stays_silent() -> None:
    loud = Offer.model_validate(_put(BASES["visit"] | {"sounds": True}, "content.*.message", "Neu: %@"))
    silent = loud.model_copy(update={"sounds": False})
    assert "“Neu: " in said(loud, ENGLISH)
    assert "Neu: " not in said(silent, ENGLISH)

"""The fields of an offer's form, by what sets it off: each by the path of the value in `issuer.offers.offer.Offer`.

A field that is not a value of the offer's own is called by a name of the form's: `unlock` and what hangs on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from issuer.offers.content import LONGEST_BACK, LONGEST_CARD, LONGEST_MESSAGE, LONGEST_PLACE
from issuer.offers.triggers import LAST_DAYS
from issuer.refusals import N_


@dataclass(frozen=True)
class Field:
    """``sort``: text, area, number, money, share, clock, date, tick, choice, days, or what is chosen from the
    merchant's own: shops, shop, programs, tiers, tier, segments, languages, fifths. ``pair``: once in each language.

    ``only``: shown while the field of the first name has one of the other values. ``main``: not in a fold.
    ``unit``: of a number, where the label does not say it; ``units``: by what the field of that name has chosen.
    """

    path: str
    label: str
    sort: str = "number"
    hint: str = ""
    optional: bool = True
    pair: bool = False
    most: int = 60
    choices: Mapping[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    main: bool = True
    unit: str = ""
    units: tuple[str, Mapping[str, str]] | None = None


@dataclass(frozen=True)
class Section:
    """``more``: what the fold is about in which the fields are that few need."""

    key: str
    title: str
    more: str
    fields: tuple[Field, ...]


def _hours(path: str, *, optional: bool, main: bool = True) -> tuple[Field, ...]:
    hint = N_("Empty: the whole day.") if optional else ""
    return (
        Field(f"{path}.weekdays", N_("On these days"), "days", main=main),
        Field(f"{path}.start", N_("From"), "clock", hint, optional, main=main),
        Field(f"{path}.end", N_("Until"), "clock", N_("A time before the beginning is on the next day."), main=main),
    )


SHOPS = Field("trigger.locations", N_("At these shops"), "shops", N_("None chosen: at each of them."))
AROUND = (
    Field("trigger.days_before", N_("Days before it"), optional=False),
    Field("trigger.days_after", N_("Days after it"), optional=False),
)
TRIGGER_FIELDS: Mapping[str, tuple[Field, ...]] = {
    "time": (*_hours("trigger.hours", optional=True), SHOPS),
    "place": (
        *_hours("trigger.hours", optional=True),
        SHOPS,
        Field(
            "trigger.stays",
            N_("The text names the hours itself: leave it on the card all day"),
            "tick",
            N_("Phones are woken less often, and those that are woken often stop fetching."),
        ),
    ),
    "visit": (
        Field("trigger.nth", N_("At visit number"), hint=N_("Empty: at every visit.")),
        Field("trigger.after_hours", N_("Hours after the visit"), hint=N_("0: at once."), optional=False),
        *_hours("trigger.daypart", optional=True, main=False),
        SHOPS,
    ),
    "birthday": AROUND,
    "anniversary": AROUND,
    "quiet": (Field("trigger.days", N_("Days without a visit"), optional=False),),
    "nearly": (Field("trigger.missing", N_("Stamps that are missing, at most"), optional=False),),
    "unused": (Field("trigger.days", N_("Days that a reward has waited"), optional=False),),
    "lapsing": (Field("trigger.days", N_("Days before it ends"), optional=False),),
    "tier": (Field("trigger.tier", N_("The tier"), "tier"),),
    "milestone": (
        Field("trigger.visits", N_("Visits in all"), optional=False),
        Field("trigger.every", N_("And again at each multiple of that"), "tick"),
    ),
    "event": (
        Field(
            "trigger.name",
            N_("What your system calls it"),
            "text",
            N_("As it is sent to the API, like order.delivered: small letters, digits, dots and dashes."),
            optional=False,
        ),
    ),
    "weather": (
        Field(
            "trigger.measure",
            N_("Forecast of"),
            "choice",
            choices={"temperature": N_("the temperature, in °C"), "rain": N_("the rain, in mm an hour")},
        ),
        Field(
            "trigger.side",
            N_("Above or below the limit"),
            "choice",
            choices={"over": N_("above"), "under": N_("below")},
        ),
        Field(
            "trigger.limit",
            N_("Limit"),
            "share",
            optional=False,
            units=("trigger.measure", {"temperature": "°C", "rain": "mm"}),
        ),
        Field("trigger.at", N_("From"), "clock", N_("The forecast for this hour decides."), optional=False),
        Field("trigger.until", N_("Until"), "clock", optional=False),
        Field("trigger.location", N_("At this shop"), "shop"),
    ),
}


CONTENT = (
    Field("content.card", N_("Text on the card"), "text", optional=False, pair=True, most=LONGEST_CARD),
    Field(
        "content.message",
        N_("What the phone says when it comes"),
        "text",
        N_("Only where the offer may sound. %@ stands for the text on the card. Empty: that text alone."),
        pair=True,
        most=LONGEST_MESSAGE,
        main=False,
    ),
    Field("sounds", N_("It may sound on phones of people who chose that"), "tick", main=False),
    Field(
        "content.place",
        N_("Near the shop"),
        "text",
        N_("Where it is or what there is, without the shop's name and without an order. Empty: the text on the card."),
        pair=True,
        most=LONGEST_PLACE,
        main=False,
    ),
    Field("content.back", N_("Small print on the back"), "area", pair=True, most=LONGEST_BACK, main=False),
)
UNLOCK = (
    Field(
        "unlock",
        N_("What customers get"),
        "choice",
        choices={
            "none": N_("what the text says, redeemed at the till"),
            "percent": N_("a voucher for a discount in per cent"),
            "cents": N_("a voucher for an amount off"),
            "thing": N_("a voucher for a thing"),
            "multiplier": N_("more stamps or points for what is bought"),
            "words": N_("nothing, it only reminds them"),
        },
    ),
    Field("unlock.percent", N_("Per cent off"), "share", optional=False, only=("unlock", "percent")),
    Field("unlock.cents", N_("Amount off"), "money", optional=False, only=("unlock", "cents")),
    Field("unlock.thing", N_("The thing"), "text", optional=False, pair=True, only=("unlock", "thing")),
    Field("unlock.uses", N_("How often it can be used"), only=("unlock", "percent", "cents", "thing")),
    Field(
        "unlock.factor",
        N_("How many times it counts"),
        "share",
        optional=False,
        only=("unlock", "multiplier"),
        unit="×",
    ),
)
AUDIENCE = (
    Field("audience.segments", N_("How they have come so far"), "segments", N_("None chosen: everybody.")),
    Field("audience.programs", N_("Cards of these programs"), "programs", N_("None chosen: of all.")),
    Field("audience.tiers", N_("Tiers"), "tiers", N_("None chosen: all.")),
    Field("audience.locations", N_("Who came last to"), "shops", N_("None chosen: everybody."), main=False),
    Field("audience.languages", N_("Cards in"), "languages", N_("None chosen: both."), main=False),
    Field("audience.recency", N_("How lately they came"), "fifths", main=False),
    Field("audience.frequency", N_("How often they came in a year"), "fifths", main=False),
    Field("audience.money", N_("How much they spent in a year"), "fifths", main=False),
    Field("audience.consented", N_("Only who said yes to offers that sound"), "tick", main=False),
)
BOUNDS = (
    Field("lasts_days", N_("Days that it stays on the card"), hint=N_("0: until the evening.")),
    Field("window.first", N_("First day"), "date", N_("Empty: at once.")),
    Field("window.last", N_("Last day"), "date", N_("Empty: until you end it.")),
    Field("limits.cards", N_("Cards at most"), hint=N_("Empty: no limit.")),
    Field("limits.each_time", N_("Count anew each time it begins"), "tick"),
    Field("limits.per_person", N_("Times for one person at most"), hint=N_("Empty: no limit."), main=False),
    Field("limits.rest_days", N_("Days of rest between two times"), main=False),
    Field("limits.value", N_("Worth of all vouchers at most"), "money", N_("Empty: no limit."), main=False),
)
TRIAL = (
    Field(
        "trial.hold_out",
        N_("Per cent who are shown nothing"),
        hint=N_("To compare with: what would have happened anyway. Worth it from 500 cards on."),
        main=False,
    ),
    Field(
        "trial.other.card",
        N_("A second text, for half of the cards"),
        "text",
        N_("Empty: all read the same."),
        pair=True,
        most=LONGEST_CARD,
        main=False,
    ),
)


def sections_of(kind: str) -> tuple[Section, ...]:
    """The form of an offer that this sets off: when, what, for whom, how much, and what is for the few."""
    content = tuple(one for one in CONTENT if one.path != "content.place" or kind == "place")
    bounds = tuple(one for one in BOUNDS if one.path != "lasts_days" or kind in LAST_DAYS)
    return (
        Section("when", N_("When"), N_("Only at certain hours"), TRIGGER_FIELDS[kind]),
        Section("what", N_("What customers read"), N_("What phones say, small print"), content),
        Section("brings", N_("What it brings"), "", UNLOCK),
        Section("whom", N_("For whom"), N_("By shop, language and habits"), AUDIENCE),
        Section("bounds", N_("How long and how much"), N_("For each person and in all"), bounds),
        Section("trial", N_("Try it out"), N_("Two texts, or nothing for some, to compare"), TRIAL),
    )


def fields_of(kind: str) -> tuple[Field, ...]:
    return tuple(field for section in sections_of(kind) for field in section.fields)

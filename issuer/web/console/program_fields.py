"""Which fields the form of a program has, part by part: data, from which it is shown, filled in and read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from issuer.refusals import N_


@dataclass(frozen=True)
class Field:
    """A value of a rule as a form asks for it.

    ``name`` is the rule's own, so that what the rules object to is found. ``sort``: number, money, share (percent or
    factor), clock, text, tick, choice, days, skus, hidden; or made of several fields: names (both languages), reward,
    grant, worth, lines (of ``fields``; ``more`` adds one). ``only``: asked for as long as another field has one of
    these values.
    """

    name: str
    label: str
    sort: str = "number"
    main: bool = True
    hint: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    fields: tuple["Field", ...] = ()
    fresh: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False
    more: str = ""

    @property
    def rules_name(self) -> str:
        """What the rules call it: they know a reward by its id."""
        return "reward_id" if self.sort == "reward" else self.name


STAMPED_BY = {
    "visit": N_("one stamp a visit"),
    "item": N_("one stamp an item"),
    "amount": N_("one stamp from an amount on"),
}
MEASURES = {
    "spend": N_("what is spent"),
    "visits": N_("visits"),
    "points": N_("points"),
}
WINDOWS = {
    "month": N_("a month"),
    "quarter": N_("a quarter"),
    "half": N_("half a year"),
    "year": N_("a year"),
}
UNITS = {"stamps": N_("Stamps"), "points": N_("Points"), "credit": N_("Credit"), "reward": N_("A reward")}
BONUS_CAUSES = {
    "signup": N_("Signing up"),
    "survey": N_("A survey"),
    "review": N_("A review"),
    "event": N_("Coming to an event"),
}
ENDING = {"stamps": N_("Stamps"), "points": N_("Points"), "credit": N_("Credit"), "rewards": N_("Rewards")}
SINCE = {"earned": N_("the day of earning"), "visit": N_("the last visit")}
STEPS_BY = {"order": N_("the sum of the order"), "spend": N_("what was spent here so far")}
WORTHS = {"percent": N_("percent off an order"), "cents": N_("an amount off an order"), "thing": N_("a thing for free")}

GRANT_FIELDS = (
    Field("unit", N_("What is given"), "choice", choices=UNITS),
    Field("amount", N_("How much"), "given", hint=N_("Stamps, points and rewards in whole numbers, credit like 4.50.")),
    Field("counter", N_("On which counter"), "counter", only=("unit", "stamps"), optional=True),
    Field("reward", N_("Reward"), "reward", only=("unit", "reward")),
)
WORTH_FIELDS = (
    Field("by", N_("What it is worth"), "choice", choices=WORTHS),
    Field("percent", N_("Percent off"), "share", only=("by", "percent")),
    Field("cents", N_("Amount off"), "money", only=("by", "cents")),
    Field("thing", N_("What is free"), "names", only=("by", "thing")),
)
STAMPS_NEEDED = Field("stamps_needed", N_("Stamps for a full card"))
KEY = Field("key", "", "hidden")


def _collecting(*, further: bool = False) -> tuple[Field, ...]:
    """What all that is stamped asks for; a further counter has a name of its own, the main one may do without."""
    return (
        Field("counter", "", "hidden"),
        Field("earn", N_("A stamp is given for"), "choice", choices=STAMPED_BY),
        Field("amount", N_("From this amount on"), "money", only=("earn", "amount")),
        Field(
            "items",
            N_("Only for these item numbers"),
            "skus",
            main=False,
            hint=N_("Numbers of your till, with commas between them. Empty: every item."),
            only=("earn", "item"),
            optional=True,
        ),
        Field("names", N_("What is collected"), "names", main=further, optional=not further),
        Field("bonus", N_("Stamps that a new card begins with"), main=False, optional=True),
    )


PRICES = Field(
    "prices",
    N_("Rewards to choose from"),
    "lines",
    fields=(
        Field("reward", N_("Reward"), "reward"),
        Field("price", N_("Price in points")),
        Field("tier", N_("Only from this tier on"), "tier", optional=True),
    ),
    fresh={"price": "50"},
    more=N_("One more reward"),
)
HAPPY_HOURS = Field(
    "happy_hours",
    N_("Times with more points"),
    "lines",
    main=False,
    fields=(
        Field("factor", N_("Times as many points"), "share"),
        Field("days", N_("Days"), "days"),
        Field("begin", N_("From"), "clock", optional=True),
        Field("until", N_("Until"), "clock", optional=True),
    ),
    fresh={"factor": "2", "days": ["2"], "begin": "14:00", "until": "17:00"},
    more=N_("One more time of the week"),
)
TIERS = Field(
    "tiers",
    N_("Tiers, lowest first"),
    "lines",
    fields=(
        KEY,
        Field("names", N_("Name"), "names"),
        Field("threshold", N_("From"), "threshold", hint=N_("An amount, visits or points, as chosen above.")),
        Field("factor", N_("Times as many points or credit"), "share", optional=True),
        Field("reward", N_("Reward for reaching it"), "reward", optional=True),
    ),
    fresh={"factor": "1"},
    more=N_("One more tier"),
)
STEPS = Field(
    "steps",
    N_("Steps"),
    "lines",
    fields=(
        Field("from_cents", N_("From this amount on"), "money", optional=True),
        Field("percent", N_("Percent off"), "share"),
    ),
    more=N_("One more step"),
)
BONUSES = Field(
    "bonuses",
    N_("What something is given for"),
    "lines",
    fields=(
        Field("cause", N_("Cause"), "choice", choices=BONUS_CAUSES),
        Field("names", N_("In your words"), "names", optional=True),
        Field("grant", N_("Present"), "grant", fields=GRANT_FIELDS),
        Field("once", N_("Only once for each card"), "tick"),
    ),
    fresh={"cause": "survey", "once": "on", "grant": {"unit": "reward", "amount": "1"}},
    more=N_("One more cause"),
)

PARTS: Mapping[str, tuple[Field, ...]] = {
    "stamps": (
        STAMPS_NEEDED,
        Field("reward", N_("Reward"), "reward"),
        *_collecting(),
        Field("next_free", N_("Say it as “buy 3, the 4th is free”"), "tick", main=False),
    ),
    "donation": (
        STAMPS_NEEDED,
        Field("cents", N_("What a full card gives"), "money"),
        Field("to", N_("Who it is for"), "names"),
        *_collecting(),
    ),
    "points": (
        Field("points", N_("Points")),
        Field("per_cents", N_("for each"), "money"),
        PRICES,
        HAPPY_HOURS,
        Field(
            "value_points",
            N_("Number of points whose worth is told"),
            main=False,
            hint=N_("Like 100. Empty: the card does not say what points are worth."),
            optional=True,
        ),
        Field("value_cents", N_("What this number of points is worth"), "money", main=False, optional=True),
        Field("names", N_("What the points are called"), "names", main=False, optional=True),
        Field(
            "one",
            N_("What a single one is called"),
            "names",
            main=False,
            hint=N_("“Star”, where the points are called “Stars”."),
            optional=True,
        ),
        Field("bonus", N_("Points that a new card begins with"), main=False, optional=True),
    ),
    "cashback": (Field("percent", N_("Percent that come back as credit"), "share"),),
    "discount": (Field("by", N_("The step goes by"), "choice", choices=STEPS_BY), STEPS),
    "prepaid": (
        Field("names", N_("What is bought in advance"), "names"),
        Field("visits", N_("How many")),
        Field("price", N_("Price of all together"), "money"),
        Field("valid_months", N_("Valid for so many months"), optional=True, hint=N_("Empty: without an end.")),
    ),
    "voucher": (
        Field("names", N_("Name of the voucher"), "names"),
        Field("worth", N_("Worth"), "worth", fields=WORTH_FIELDS),
        Field("uses", N_("How often it can be used")),
        Field("valid_days", N_("Valid for so many days"), optional=True, hint=N_("Empty: without an end.")),
    ),
    "tiers": (
        Field("by", N_("Tiers go by"), "choice", choices=MEASURES),
        Field("window", N_("reached within"), "choice", choices=WINDOWS),
        TIERS,
        Field("announce_days", N_("Days before the end of a tier to tell the customer"), main=False),
    ),
    "referral": (
        Field("referrer", N_("Who brings a friend gets"), "grant", fields=GRANT_FIELDS),
        Field("friend", N_("The friend gets"), "grant", fields=GRANT_FIELDS),
    ),
    "occasion": (
        KEY,
        Field("occasion", "", "hidden"),
        Field("visits", N_("On visit number"), only=("occasion", "milestone")),
        Field("grant", N_("Present"), "grant", fields=GRANT_FIELDS),
        Field("days_before", N_("Days before"), main=False, only=("occasion", "birthday", "anniversary")),
        Field("days_after", N_("Days after, until it is gone"), main=False),
    ),
    "goodwill": (
        Field("grant", N_("Present"), "grant", fields=GRANT_FIELDS),
        Field("a_week", N_("How often in a week, all staff together")),
    ),
    "causes": (BONUSES,),
    "expiry": (
        Field("what", N_("What ends"), "choice", choices=ENDING),
        Field("months", N_("after so many months")),
        Field("since", N_("counted from"), "choice", choices=SINCE),
        Field("warn_days", N_("Days before to tell it on the card"), main=False),
        Field("grace_days", N_("Days of grace after the day that the card names"), main=False),
    ),
}
COUNTER = (STAMPS_NEEDED, Field("reward", N_("Reward"), "reward"), *_collecting(further=True))

TITLES = {
    "stamps": N_("Stamps"),
    "points": N_("Points"),
    "cashback": N_("Credit back"),
    "discount": N_("Discount"),
    "prepaid": N_("Paid in advance"),
    "voucher": N_("Welcome voucher"),
    "donation": N_("Donation"),
    "tiers": N_("Tiers"),
    "referral": N_("Bring a friend"),
    "goodwill": N_("Goodwill"),
    "causes": N_("Other causes"),
    "expiry": N_("Expiry"),
    "welcome": N_("For joining"),
    "birthday": N_("Birthday"),
    "anniversary": N_("Anniversary of the card"),
    "milestone": N_("A certain visit"),
    "counter": N_("Further counter"),
}
ADDED = (
    "birthday", "welcome", "anniversary", "milestone", "referral", "tiers", "goodwill", "causes", "expiry", "counter",
)  # fmt: skip
HINTS = {
    "birthday": N_("A present around the birthday that the customer told you."),
    "welcome": N_("A present with the new card."),
    "anniversary": N_("A present each year that the card exists."),
    "milestone": N_("A present on the 10th, the 50th, the 100th visit."),
    "referral": N_("A present for both, with the friend's first purchase."),
    "tiers": N_("Silver, Gold, Platinum: whoever comes more often gets more."),
    "goodwill": N_("Staff may give something small, with a reason, from a weekly purse."),
    "causes": N_("Something for a survey, a review, an event."),
    "expiry": N_("What was collected ends at some time, told before."),
    "counter": N_("A second card on the card: lunch beside coffee."),
}


def fields_of(part: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of a part as it was typed; none for a kind there is not."""
    kind = str(part.get("kind", ""))
    return COUNTER if kind == "stamps" and part.get("counter") else PARTS.get(kind, ())


def sort_of(part: Mapping[str, Any]) -> str:
    """The key of `TITLES` for a part as it was typed."""
    kind = str(part.get("kind", ""))
    if kind == "stamps" and part.get("counter"):
        return "counter"
    return str(part.get("occasion", "")) if kind == "occasion" else kind

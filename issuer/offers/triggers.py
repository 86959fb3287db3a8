"""What sets an offer off. Each says whether it is ambient: it lies on the card for who looks, and calls nobody."""

from datetime import time
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from issuer.offers.audience import Shops
from issuer.offers.hours import Clock, Hours, Value
from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.part import WHOLE, Key

Days = Annotated[int, Field(ge=1, le=1000), WHOLE]
EVENT_NAME = r"^[a-z0-9][a-z0-9_.-]{0,59}$"
EventName = Annotated[str, Field(pattern=EVENT_NAME)]


class TimeTrigger(Value):
    """Weekdays and hours, by the clock of the one shop of ``locations``, else by the merchant's."""

    kind: Literal["time"] = "time"
    ambient: ClassVar[bool] = True
    hours: Hours = Hours()
    locations: Shops = ()


class PlaceTrigger(Value):
    """Near shops: all of the merchant's with coordinates, or those of ``locations``; with ``hours`` only then.

    ``stays``: the text names the hours itself, so it stays from the first day to the last and the card is not changed
    twice a day; at the till it counts within the hours only.
    """

    kind: Literal["place"] = "place"
    ambient: ClassVar[bool] = True
    hours: Hours | None = None
    locations: Shops = ()
    stays: bool = False


class VisitTrigger(Value):
    """A scan or a check-in; the ``nth`` day on which somebody comes, or each. ``after_hours``: so long after it."""

    kind: Literal["visit"] = "visit"
    ambient: ClassVar[bool] = False
    nth: Annotated[int, Field(ge=1, le=10_000), WHOLE] | None = None
    daypart: Hours | None = None
    locations: Shops = ()
    after_hours: Annotated[int, Field(ge=0, le=720), WHOLE] = 0


class BirthdayTrigger(Value):
    """From so many days before the day to so many after it; 29 February is 28 February in other years."""

    kind: Literal["birthday"] = "birthday"
    ambient: ClassVar[bool] = False
    days_before: Annotated[int, Field(ge=0, le=30), WHOLE] = 0
    days_after: Annotated[int, Field(ge=0, le=60), WHOLE] = 6


class AnniversaryTrigger(Value):
    """The same, around the anniversary of the first visit."""

    kind: Literal["anniversary"] = "anniversary"
    ambient: ClassVar[bool] = False
    days_before: Annotated[int, Field(ge=0, le=30), WHOLE] = 0
    days_after: Annotated[int, Field(ge=0, le=60), WHOLE] = 6


class QuietTrigger(Value):
    """Not seen for so many days. Who comes again and stays away again is meant again."""

    kind: Literal["quiet"] = "quiet"
    ambient: ClassVar[bool] = False
    days: Days = 30


class NearlyTrigger(Value):
    """At most so many stamps short of a reward, once in a round."""

    kind: Literal["nearly"] = "nearly"
    ambient: ClassVar[bool] = False
    missing: Annotated[int, Field(ge=1, le=5), WHOLE] = 1


class UnusedTrigger(Value):
    """A reward that has waited for so many days."""

    kind: Literal["unused"] = "unused"
    ambient: ClassVar[bool] = False
    days: Days = 14


class LapsingTrigger(Value):
    """Something on the card ends in so many days or fewer."""

    kind: Literal["lapsing"] = "lapsing"
    ambient: ClassVar[bool] = False
    days: Annotated[int, Field(ge=1, le=90), WHOLE] = 14


class TierTrigger(Value):
    """A tier is reached: this one, or any. One that was held already when the offer began is not meant."""

    kind: Literal["tier"] = "tier"
    ambient: ClassVar[bool] = False
    tier: Key | None = None


class MilestoneTrigger(Value):
    """So many visits in all; ``every``: each multiple of that."""

    kind: Literal["milestone"] = "milestone"
    ambient: ClassVar[bool] = False
    visits: Annotated[int, Field(ge=2, le=10_000), WHOLE] = 10
    every: bool = False


class EventTrigger(Value):
    """Another system said so, by POST /cards/{id}/events."""

    kind: Literal["event"] = "event"
    ambient: ClassVar[bool] = False
    name: EventName


class WeatherTrigger(Value):
    """The forecast of the hour ``at`` for a shop is ``over`` or ``under`` a limit; then the offer runs until ``until``.

    ``measure``: degrees Celsius or millimetres of rain in the hour. Without an answer of the weather service there is
    no offer.
    """

    kind: Literal["weather"] = "weather"
    ambient: ClassVar[bool] = True
    measure: Literal["temperature", "rain"] = "temperature"
    side: Literal["over", "under"] = "over"
    limit: Annotated[Decimal, Field(ge=-60, le=200, decimal_places=1)] = Decimal(28)
    at: Clock = time(15)
    until: Clock = time(18)
    location: UUID | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until <= self.at:
            text = N_("The offer ends at %(until)s, before it begins at %(at)s: let it end later on the same day.")
            values = {"until": f"{self.until:%H:%M}", "at": f"{self.at:%H:%M}"}
            raise conflict("weather_backward", text, "until", **values)
        return self

    @property
    def hours(self) -> Hours:
        return Hours(start=self.at, end=self.until)

    def is_met(self, value: Decimal) -> bool:
        return value > self.limit if self.side == "over" else value < self.limit


Trigger = Annotated[
    TimeTrigger
    | PlaceTrigger
    | VisitTrigger
    | BirthdayTrigger
    | AnniversaryTrigger
    | QuietTrigger
    | NearlyTrigger
    | UnusedTrigger
    | LapsingTrigger
    | TierTrigger
    | MilestoneTrigger
    | EventTrigger
    | WeatherTrigger,
    Field(discriminator="kind"),
]
HOURLY = ("time", "place")
"""Windows of these are named by when they open, so other hours give them another name."""
OF_A_STATE = ("nearly", "unused", "lapsing")
"""These end with what they are about."""
LAST_DAYS = ("visit", "quiet", "tier", "milestone", "event", *OF_A_STATE)
"""These last for as many days as their offer says; the others end by themselves."""
KINDS = (
    "time", "place", "visit", "birthday", "anniversary", "quiet", "nearly", "unused", "lapsing", "tier", "milestone",
    "event", "weather",
)  # fmt: skip

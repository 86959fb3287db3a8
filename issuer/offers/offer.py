"""What a version of an offer says: its trigger, whom it is for, its texts, what it unlocks, and its bounds."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticKnownError

from issuer.offers.audience import Audience
from issuer.offers.content import Content, Multiplier, OnlyWords, VoucherOffer
from issuer.offers.hours import Value
from issuer.offers.triggers import Trigger
from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.part import WHOLE, Cents, Line

MOST_DAYS = 366


def _written(value: object) -> object:
    """Pydantic would take a number, in a text as well, for the seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and "-" not in value[1:]):
        raise PydanticKnownError("date_type")
    return value


Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31)), BeforeValidator(_written)]
"""What is millennia away has no local time, and nobody means it."""
Unlocked = Annotated[VoucherOffer | Multiplier | OnlyWords, Field(discriminator="kind")]


class Window(Value):
    """The days on which an offer runs, by the shop's calendar, both included; without an end it runs until ended."""

    first: Day | None = None
    last: Day | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.first and self.last and self.last < self.first:
            text = N_("The last day %(last)s lies before the first, %(first)s: swap them, or leave one out.")
            raise conflict("window_backward", text, "last", last=str(self.last), first=str(self.first))
        return self


class Limits(Value):
    """``cards``: shown to so many at most, over all; with ``each_time`` anew whenever a window opens.

    ``per_person``: times that one person may be shown it; ``rest_days``: between two of them.
    ``value``: cents of vouchers given out at most.
    """

    cards: Annotated[int, Field(ge=1, le=10_000_000), WHOLE] | None = None
    each_time: bool = False
    per_person: Annotated[int, Field(ge=1, le=1000), WHOLE] | None = None
    rest_days: Annotated[int, Field(ge=0, le=MOST_DAYS), WHOLE] = 0
    value: Cents | None = None


class Trial(Value):
    """``hold_out``: per cent of the audience who are shown nothing, to compare with. ``other``: half are shown this."""

    hold_out: Annotated[int, Field(ge=0, le=50), WHOLE] = 0
    other: Content | None = None


class Offer(Value):
    """``name``: the merchant's own word for it, which no customer sees.

    ``lasts_days``: what is set off by an event stays on the card for so long, to the end of the last of these days;
    0: of the same day. Triggers with hours of their own end with them. ``sounds``: it may sound on phones of people
    who chose so.
    """

    name: Line
    trigger: Trigger
    audience: Audience = Audience()
    content: Content
    unlocks: Unlocked | None = None
    window: Window = Window()
    lasts_days: Annotated[int, Field(ge=0, le=MOST_DAYS), WHOLE] = 7
    limits: Limits = Limits()
    trial: Trial = Trial()
    sounds: bool = False

    @property
    def ambient(self) -> bool:
        """Whether it only lies there for who looks: counted in silent updates, not as a message."""
        return self.trigger.ambient and not self.sounds

    @property
    def worth_cents(self) -> int:
        """What one of its vouchers counts against ``limits.value``: all its uses; a share or a thing has no amount."""
        return (self.unlocks.worth.cents or 0) * self.unlocks.uses if isinstance(self.unlocks, VoucherOffer) else 0

    def stored(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True)


State = Literal["draft", "live", "paused", "ended"]

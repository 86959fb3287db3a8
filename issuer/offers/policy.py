"""How a merchant wants customers to be spoken to: one budget for everything that shows or sounds on a phone."""

from datetime import time
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from issuer.offers.hours import Value, plain_time
from issuer.refusals import N_
from issuer.rules.conflicts import conflict

DAY_MINUTES, LONGEST_QUIET_HOURS = 24 * 60, 18


class Policy(Value):
    """``weekly``: messages a person gets in seven days at most; who chose fewer gets half of them, rounded up.

    ``pause_hours``: after a visit, in which no message comes. From ``quiet_from`` to ``quiet_until`` by the shop's
    clock nothing sounds and no message comes; the same time twice: no hours are quiet. ``silent_a_day``: times in 24
    hours that something ambient comes. ``sounds``: promotions may sound on phones of people who chose all.
    ``lapsed_days``: of `issuer.offers.audience`.
    """

    weekly: Annotated[int, Field(ge=0, le=50)] = 3
    pause_hours: Annotated[int, Field(ge=0, le=168)] = 4
    quiet_from: time = time(21)
    quiet_until: time = time(8)
    silent_a_day: Annotated[int, Field(ge=0, le=24)] = 4
    sounds: bool = False
    lapsed_days: Annotated[int, Field(ge=7, le=1000)] = 90

    @field_validator("quiet_from", "quiet_until")
    @classmethod
    def _plain(cls, at: time) -> time:
        return plain_time(at)

    @model_validator(mode="after")
    def _leaves_hours(self) -> Self:
        quiet = (_minutes(self.quiet_until) - _minutes(self.quiet_from)) % DAY_MINUTES
        if quiet > LONGEST_QUIET_HOURS * 60:
            text = N_("Quiet from %(begin)s to %(end)s leaves too little of the day: %(most)s hours are the most.")
            values = {"begin": f"{self.quiet_from:%H:%M}", "end": f"{self.quiet_until:%H:%M}"}
            raise conflict("quiet_long", text, "quiet_until", **values, most=LONGEST_QUIET_HOURS)
        return self


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute

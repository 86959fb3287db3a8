"""Weekdays and hours by a shop's clock, as instants: 09:00 stays 09:00 whatever the summer does to the clocks."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator
from pydantic_core import PydanticCustomError

from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.part import WHOLE

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
MIDNIGHT = time(0)
Weekday = Annotated[int, Field(ge=0, le=6), WHOLE]


def plain_time(at: time) -> time:
    """A time as a clock on the wall shows it; for validators, whom anything else makes object."""
    if at.tzinfo is not None or at.second or at.microsecond:
        raise _no_clock(at)
    return at


def _written(value: object) -> object:
    """A bare number would be taken for seconds since midnight."""
    if isinstance(value, int | float):
        raise _no_clock(value)
    if isinstance(value, str) and value.strip().startswith("24:00"):
        text = N_("“%(time)s” is no time of a shop's clock: midnight is 00:00.")
        raise conflict("hours_midnight", text, time=value.strip()[:40])
    return value


def _no_clock(value: object) -> PydanticCustomError:
    text = N_("“%(time)s” is no time of a shop's clock: write it like 07:00.")
    return conflict("hours_zoned", text, time=str(value)[:40])


Clock = Annotated[
    time,
    BeforeValidator(_written),
    AfterValidator(plain_time),
    PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str, when_used="json"),
]
"""A time of a shop's clock, to the minute: "07:00"."""


class Value(BaseModel):
    """Frozen and checked; what it does not know it refuses."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Hours(Value):
    """``weekdays``: 0 is Monday. From ``start`` to ``end`` by the clock; an ``end`` not after it is on the next day.

    Both midnight: the whole day.
    """

    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = EVERY_DAY
    start: Clock = MIDNIGHT
    end: Clock = MIDNIGHT

    @field_validator("weekdays")
    @classmethod
    def _sorted(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(days)))

    @property
    def whole_day(self) -> bool:
        return self.start == self.end == MIDNIGHT

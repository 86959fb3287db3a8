"""Points for what is paid, spent on rewards of the customer's choice."""

from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, Self
from uuid import UUID

from babel.dates import get_day_names
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.movement import POINTS, Movement
from issuer.rules.part import Cents, Key, Names, Part, Sale
from issuer.rules.wording import Wording

Weekday = Annotated[int, Field(ge=1, le=7)]


def _clock(value: time) -> time:
    if value.tzinfo is not None or value.second or value.microsecond:
        text = N_("“%(time)s” is not a time of the shop's clock: write hours and minutes, like 14:00.")
        raise conflict("time_not_local", text, time=value.isoformat())
    return value


Clock = Annotated[time, AfterValidator(_clock)]


MOST_PER_CENTS = 1000_00
"""For how much a point may be given at most. Remainders are exact up to here, see `WHOLE`."""


class Price(BaseModel):
    """What a reward costs in points. ``tier``: only for cards of this tier or a higher one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    reward_id: UUID
    price: Annotated[int, Field(ge=1, le=1_000_000)]
    tier: Key | None = None


class HappyHour(BaseModel):
    """More points at certain times of the shop's week. ``days``: 1 is Monday.

    ``until`` is the first minute after; ``None``: to the end of the day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    factor: Annotated[Decimal, Field(gt=1, le=10, decimal_places=2)]
    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)]
    begin: Clock = time(0)
    until: Clock | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until is not None and self.until <= self.begin:
            text = N_(
                "%(until)s is not after %(begin)s: end later on the same day, or leave the end empty for midnight."
            )
            raise conflict("hours_backward", text, "until", begin=f"{self.begin:%H:%M}", until=f"{self.until:%H:%M}")
        if len(set(self.days)) < len(self.days):
            raise conflict("day_repeated", N_("A day is named twice: name each day once."), "days")
        return self

    def holds(self, local: datetime) -> bool:
        clock = local.time().replace(tzinfo=None)
        return local.isoweekday() in self.days and self.begin <= clock and (self.until is None or clock < self.until)

    def said(self, name: str | None, words: Wording) -> str:
        """ "2 × points on Tuesday, 14:00 to 17:00"; ``name``: what the points are called, if not points."""
        names = get_day_names("wide", locale=words.language)
        days, factor = ", ".join(names[day - 1] for day in sorted(self.days)), words.number(self.factor)
        what = f"{factor} × {name}" if name else words.say(N_("%(factor)s × points"), factor=factor)
        if self.begin == time(0) and self.until is None:
            return words.say(N_("%(what)s on %(days)s"), what=what, days=days)
        hours = {"begin": f"{self.begin:%H:%M}", "until": f"{self.until:%H:%M}" if self.until else "24:00"}
        return words.say(N_("%(what)s on %(days)s, %(begin)s to %(until)s"), what=what, days=days, **hours)


class PointRule(Part):
    """``points`` for each ``per_cents`` paid; remainders are carried. ``value_points`` are worth ``value_cents``.

    ``names``: what the points are called ("Sterne"), ``one``: a single one ("Stern"). ``bonus``: points that a new card
    begins with.
    """

    kind: Literal["points"] = "points"
    points: Annotated[int, Field(ge=1, le=1000)] = 1
    per_cents: Annotated[int, Field(ge=1, le=MOST_PER_CENTS)] = 100
    names: Names | None = None
    one: Names | None = None
    value_points: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    value_cents: Cents | None = None
    prices: Annotated[tuple[Price, ...], Field(max_length=20)] = ()
    happy_hours: Annotated[tuple[HappyHour, ...], Field(max_length=10)] = ()
    bonus: Annotated[int, Field(ge=0, le=100_000)] = 0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.value_points is None) != (self.value_cents is None):
            text = N_("A value needs both sides, points and money: fill in both, or leave both empty.")
            raise conflict("value_halved", text, "value_points" if self.value_points is None else "value_cents")
        if len({price.reward_id for price in self.prices}) < len(self.prices):
            text = N_("A reward stands in the list twice: give each reward one price.")
            raise conflict("price_repeated", text, "prices")
        return self

    def earned(self, sale: Sale) -> Iterator[tuple[str, Fraction]]:
        if sale.count is None and sale.total:
            yield POINTS, Fraction(sale.total * self.points, self.per_cents) * self.factor_at(sale.local)

    def factor_at(self, local: datetime) -> Fraction:
        """The best of the happy hours that hold then; they do not add up."""
        return max((Fraction(hour.factor) for hour in self.happy_hours if hour.holds(local)), default=Fraction(1))

    def start(self) -> Iterator[Movement]:
        if self.bonus:
            yield Movement(POINTS, self.bonus, "issued", "bonus")

    def reward_ids(self) -> tuple[UUID, ...]:
        return tuple(price.reward_id for price in self.prices)

    def price_of(self, reward_id: UUID) -> Price | None:
        return next((price for price in self.prices if price.reward_id == reward_id), None)

    def name(self, language: str) -> str:
        return self.names.in_(language) if self.names else Wording(language).say(N_("Points"))

    def worth(self, points: int) -> int | None:
        """Cents that so many points are worth, for display; ``None`` when the rule names no value."""
        if self.value_points is None or self.value_cents is None:
            return None
        return points * self.value_cents // self.value_points

    def amount(self, points: int, words: Wording) -> str:
        """ "100 points"; "100 Stars" and "1 Star" where they have a name in both forms, else "100 × Stars"."""
        if self.names is None:
            return words.plural("%(num)s point", "%(num)s points", points)
        if self.one is not None:
            return f"{words.number(points)} {(self.one if points == 1 else self.names).in_(words.language)}"
        return f"{words.number(points)} × {self.names.in_(words.language)}"

    def sentence(self, words: Wording) -> str:
        return "; ".join([self._rate(words), *self._further(words)])

    def _rate(self, words: Wording) -> str:
        text = N_("%(points)s per %(money)s")
        return words.say(text, points=self.amount(self.points, words), money=words.money(self.per_cents))

    def _further(self, words: Wording) -> Iterator[str]:
        if self.value_points and self.value_cents:
            yield f"{self.amount(self.value_points, words)} = {words.money(self.value_cents)}"
        if self.prices:
            prices = ", ".join(f"{words.reward(one.reward_id)} ({words.number(one.price)})" for one in self.prices)
            yield words.say(N_("to choose from: %(prices)s"), prices=prices)
        for hour in self.happy_hours:
            yield hour.said(self.names.in_(words.language) if self.names else None, words)
        if self.bonus:
            yield words.say(N_("%(points)s to begin with"), points=self.amount(self.bonus, words))

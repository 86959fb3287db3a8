"""Percent back, and percent off."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.movement import CREDIT, SPEND
from issuer.rules.part import Part, Sale, percent_of
from issuer.rules.wording import Wording

Percent = Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)]


class CashbackRule(Part):
    """So much of what is paid comes back as credit in cents; parts of a cent are carried."""

    kind: Literal["cashback"] = "cashback"
    percent: Annotated[Decimal, Field(gt=0, le=50, decimal_places=2)]

    def earned(self, sale: Sale) -> Iterator[tuple[str, Fraction]]:
        if sale.count is None and sale.total:
            yield CREDIT, Fraction(sale.total) * Fraction(self.percent) / 100

    def sentence(self, words: Wording) -> str:
        text = N_("%(percent)s of each purchase comes back as credit")
        return words.say(text, percent=words.percent(self.percent))


class Step(BaseModel):
    """``percent`` off from ``from_cents`` on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    from_cents: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    percent: Percent


class DiscountRule(Part):
    """Percent off, by the sum of the order or by what the customer has spent so far."""

    kind: Literal["discount"] = "discount"
    by: Literal["order", "spend"] = "order"
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        starts = [step.from_cents for step in self.steps]
        if starts != sorted(set(starts)):
            text = N_("A step does not begin at more than the one before it: put the steps in order, smallest first.")
            raise conflict("steps_unordered", text, "steps")
        percents = [step.percent for step in self.steps]
        if percents != sorted(set(percents)):
            text = N_("A step does not take off more than the one before it: whoever buys more must not get less.")
            raise conflict("steps_falling", text, "steps")
        return self

    def percent(self, total: int, spent: int) -> Decimal:
        """What is taken off an order. ``total`` of the order, ``spent`` before it; both in cents."""
        reached = total if self.by == "order" else spent
        return next((step.percent for step in reversed(self.steps) if reached >= step.from_cents), Decimal(0))

    def off(self, total: int, spent: int) -> int:
        """Cents off an order, rounded to the nearest, halves up."""
        return percent_of(total, self.percent(total, spent))

    def earned(self, sale: Sale) -> Iterator[tuple[str, Fraction]]:
        if self.by == "spend" and sale.count is None and sale.total:
            yield SPEND, Fraction(sale.total)

    def sentence(self, words: Wording) -> str:
        if len(self.steps) == 1 and not self.steps[0].from_cents:
            return words.say(N_("%(percent)s off each order"), percent=words.percent(self.steps[0].percent))
        steps = ", ".join(self._step(step, words) for step in self.steps)
        if self.by == "order":
            return words.say(N_("Discount on each order: %(steps)s"), steps=steps)
        return words.say(N_("Discount by what was spent here so far: %(steps)s"), steps=steps)

    @staticmethod
    def _step(step: Step, words: Wording) -> str:
        percent = words.percent(step.percent)
        if not step.from_cents:
            return percent
        return words.say(N_("%(percent)s from %(money)s"), percent=percent, money=words.money(step.from_cents))

"""N stamps become one reward."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.movement import REST, Movement, counter_unit, reward_unit
from issuer.rules.part import Cents, CounterKey, Line, Names, Part, Sale
from issuer.rules.wording import Wording

LEAST_STAMPS, MOST_STAMPS = 2, 30


class Collecting(Part):
    """How stamps are earned, for a counter of its own.

    ``counter``: empty for the card's main one. ``earn``: a stamp a visit, a stamp an item (of ``items``, by sku; all
    when empty), or a stamp when at least ``amount`` cents are paid. ``bonus``: stamps that a new card begins with.
    """

    counter: CounterKey = ""
    names: Names | None = None
    stamps_needed: Annotated[int, Field(ge=LEAST_STAMPS, le=MOST_STAMPS)]
    earn: Literal["visit", "item", "amount"] = "visit"
    items: Annotated[tuple[Line, ...], Field(max_length=200)] = ()
    amount: Cents | None = None
    bonus: Annotated[int, Field(ge=0, lt=MOST_STAMPS)] = 0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.earn == "amount" and self.amount is None:
            raise conflict("amount_missing", N_("Stamps are earned from an amount: say from which."), "amount")
        if self.earn != "amount" and self.amount is not None:
            text = N_("No stamp is earned from an amount here: take the amount away, or earn stamps from an amount.")
            raise conflict("amount_idle", text, "amount")
        if self.earn != "item" and self.items:
            text = N_("No stamp is earned for an item here: take the items away, or earn stamps for items.")
            raise conflict("items_idle", text, "items")
        if self.bonus >= self.stamps_needed:
            text = N_("A new card cannot begin with %(bonus)s of %(needed)s stamps: leave at least one to collect.")
            raise conflict("bonus_too_much", text, "bonus", bonus=self.bonus, needed=self.stamps_needed)
        self._check_counter()
        return self

    def _check_counter(self) -> None:
        if self.counter == REST:
            text = N_("No counter can have the key “%(counter)s”: choose another.")
            raise conflict("counter_reserved", text, "counter", counter=self.counter)
        if self.counter and self.names is None:
            text = N_("The counter “%(counter)s” has no name: say what its stamps are called.")
            raise conflict("counter_nameless", text, "names", counter=self.counter)

    @property
    def unit(self) -> str:
        return counter_unit(self.counter)

    def earned(self, sale: Sale) -> Iterator[tuple[str, Fraction]]:
        stamps = self._stamps(sale)
        if stamps:
            yield self.unit, Fraction(stamps)

    def _stamps(self, sale: Sale) -> int:
        if sale.count is not None:
            return sale.count if sale.counter == self.counter else 0
        if self.earn == "visit":
            return 1
        if self.earn == "amount":
            return int((sale.total or 0) >= (self.amount or 0))
        return sum(item.quantity for item in sale.items if not self.items or item.sku in self.items)

    def start(self) -> Iterator[Movement]:
        if self.bonus:
            yield Movement(self.unit, self.bonus, "issued", "bonus")

    def rounds(self, balances: Mapping[str, int]) -> int:
        return max(0, balances.get(self.unit, 0)) // self.stamps_needed

    def conditions(self, words: Wording) -> Iterator[str]:
        """What a stamp is given for, unless it is a visit, which needs no words; and what the card begins with."""
        if self.earn == "amount":
            yield words.say(N_("One stamp from %(money)s"), money=words.money(self.amount or 0))
        if self.earn == "item":
            yield words.say(N_("One stamp for each item"))
        if self.bonus:
            yield words.plural("%(num)s stamp is there already", "%(num)s stamps are there already", self.bonus)

    def said(self, promise: str, words: Wording) -> str:
        """The promise with the counter's name and its conditions: one sentence."""
        named = f"{self.names.in_(words.language)}: {promise}" if self.names else promise
        return "; ".join([named, *self.conditions(words)])


class StampRule(Collecting):
    """``stamps_needed`` (2 to 30) for one reward. ``next_free``: said as "buy 3, the 4th is free"."""

    kind: Literal["stamps"] = "stamps"
    reward_id: UUID
    next_free: bool = False

    def sentence(self, words: Wording) -> str:
        """The promise, as printed on the card: "10 stamps, then one for free: Coffee"."""
        needed, reward = self.stamps_needed, words.reward(self.reward_id)
        if self.next_free:
            text = N_("Buy %(needed)s, the %(next)s is free: %(reward)s")
            return self.said(words.say(text, needed=needed, next=words.ordinal(needed + 1), reward=reward), words)
        text = N_("%(needed)s stamps, then one for free: %(reward)s")
        return self.said(words.say(text, needed=needed, reward=reward), words)

    def reward_ids(self) -> tuple[UUID, ...]:
        return (self.reward_id,)

    def complete(self, balances: Mapping[str, int]) -> Iterator[Movement]:
        """The rounds that so many stamps are worth; none is as good as no movement."""
        rounds = self.rounds(balances)
        if rounds:
            yield Movement(self.unit, -rounds * self.stamps_needed, "exchanged", "round")
            yield Movement(reward_unit(self.reward_id), rounds, "issued", "round")

    def shown(self, balances: Mapping[str, int]) -> int:
        """Stamps to draw: the full grid while a reward waits and no stamp of the next round has come."""
        stamps = balances.get(self.unit, 0)
        return self.stamps_needed if not stamps and balances.get(reward_unit(self.reward_id)) else stamps


def pause_left(last: datetime | None, now: datetime, pause_seconds: int) -> timedelta:
    """How long until the next stamp may be given; zero or less when it may. Late events count by when they were."""
    if last is None:
        return timedelta()
    return timedelta(seconds=pause_seconds) - abs(now - last)

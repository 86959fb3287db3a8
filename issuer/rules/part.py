"""What all kinds of rule share: a frozen, checked value that says itself in one sentence."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticKnownError

from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.movement import CREDIT, POINTS, Movement, counter_unit, reward_unit
from issuer.rules.wording import Wording

MOST_CENTS = 100_000_00
MOST_GIVEN = 100
"""Stamps, or rewards of one sort, that can be given at once: whoever types more has mistaken the field."""

# What cannot be shown, and what turns the direction of whatever stands behind it.
UNPRINTABLE = {"Cc", "Cs", "Co", "Cn"}
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}
# Letters, signs and marks by Unicode's categories that leave paper white all the same.
BLANK = set("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {chr(code) for code in range(0xFE00, 0xFE10)}


def visible(text: str) -> bool:
    """Whether at least one sign of a text can be seen: joiners and blanks cannot."""
    return any(unicodedata.category(sign) not in UNSEEN and sign not in BLANK for sign in text)


def _line(text: str) -> str:
    text = " ".join(text.split())
    if not visible(text):
        raise conflict("text_empty", N_("This is empty: write what it is called."))
    if any(unicodedata.category(sign) in UNPRINTABLE or sign in TURNING for sign in text):
        raise conflict("text_unprintable", N_("This holds characters that cannot be printed: type it anew."))
    return text


Line = Annotated[str, Field(max_length=60), AfterValidator(_line)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
CounterKey = Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,19})?$")]
"""Like `Key`; empty for the card's main counter."""


def _counted(value: object) -> object:
    """Pydantic would take yes for 1 and 1_000 for 1000, and ask for a fraction in the place of infinity."""
    typed = isinstance(value, str) and not re.fullmatch(r"\s*[+-]?[0-9]+\s*", value)
    if typed or isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise PydanticKnownError("int_type")
    return value


WHOLE = BeforeValidator(_counted)
"""Mark of a whole number that is a number or, as forms send it, digits. Behind its bounds: else the document of the API
does not show them.
"""
Cents = Annotated[int, Field(ge=1, le=MOST_CENTS), WHOLE]


class Names(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    de: Line
    en: Line

    def in_(self, language: str) -> str:
        return self.de if language == "de" else self.en


@dataclass(frozen=True)
class Item:
    """A line of a purchase; ``price`` of one, in cents."""

    sku: str
    name: str
    quantity: int
    price: int


@dataclass(frozen=True)
class Sale:
    """What may earn something.

    ``local``: when it happened, in the shop's time. ``count``: stamps given by hand for ``counter``; else a purchase.
    ``total``: cents that were paid. ``tier``: key of the card's tier. ``factor``: an offer lets it earn so many times
    as much.
    """

    local: datetime
    count: int | None = None
    counter: str = ""
    total: int | None = None
    items: tuple[Item, ...] = ()
    tier: str | None = None
    factor: Fraction = Fraction(1)


class Grant(BaseModel):
    """Something given without a purchase: stamps, points, cents of credit, or one of the program's rewards."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    unit: Literal["stamps", "points", "credit", "reward"] = "stamps"
    amount: Annotated[int, Field(ge=1, le=100_000), WHOLE] = 1
    counter: CounterKey = ""
    reward_id: UUID | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.unit == "reward" and self.reward_id is None:
            raise conflict("reward_missing", N_("A reward is given: say which one."), "reward_id")
        if self.unit != "reward" and self.reward_id is not None:
            text = N_("No reward is given here: take the reward away, or give a reward.")
            raise conflict("reward_idle", text, "reward_id")
        if self.unit != "stamps" and self.counter:
            text = N_("Only stamps have a counter: take “%(counter)s” away, or give stamps.")
            raise conflict("counter_idle", text, "counter", counter=self.counter)
        if self.unit in ("stamps", "reward") and self.amount > MOST_GIVEN:
            text = N_("“%(amount)s” is more than can be given at once: write at most %(most)s.")
            raise conflict("given_too_much", text, "amount", amount=self.amount, most=MOST_GIVEN)
        return self

    @property
    def ledger_unit(self) -> str:
        if self.unit == "reward":
            return reward_unit(self.reward_id)
        return counter_unit(self.counter) if self.unit == "stamps" else self.unit

    def movement(self, cause: str = "bonus") -> Movement:
        return Movement(self.ledger_unit, self.amount, "issued", cause)

    def said(self, words: Wording) -> str:
        """What is given, in words: "2 stamps", "€1.00 of credit", "Coffee", "2 × Coffee"."""
        if self.reward_id is not None:
            name = words.reward(self.reward_id)
            return name if self.amount == 1 else f"{words.number(self.amount)} × {name}"
        if self.unit == CREDIT:
            return words.say(N_("%(money)s of credit"), money=words.money(self.amount))
        if self.unit == POINTS:
            return words.plural("%(num)s point", "%(num)s points", self.amount)
        return words.plural("%(num)s stamp", "%(num)s stamps", self.amount)


class Part(BaseModel):
    """One rule of a program. Pure: values in, amounts out; no clock, no database."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str

    def sentence(self, words: Wording) -> str:
        """The promise as the customer reads it, in one sentence."""
        raise NotImplementedError

    def reward_ids(self) -> tuple[UUID, ...]:
        """Rewards that this rule may give."""
        return ()

    def grants(self) -> Iterator[tuple[str, Grant]]:
        """What this rule gives without a purchase, each with the field that says so."""
        yield from ()

    def earned(self, sale: Sale) -> Iterator[tuple[str, Fraction]]:
        """What a sale is worth: amounts by unit, parts of a whole included."""
        del sale
        yield from ()

    def start(self) -> Iterator[Movement]:
        """What a new card begins with."""
        yield from ()

    def complete(self, balances: Mapping[str, int]) -> Iterator[Movement]:
        """What full rounds turn into."""
        del balances
        yield from ()


def percent_of(total: int, percent: Decimal) -> int:
    """A share of an amount in cents, rounded to the nearest cent, halves up."""
    return int((Decimal(total) * percent / 100).to_integral_value(rounding=ROUND_HALF_UP))

"""Values that a phone may write by the customs of its own region, beside the text that every channel can show.

Source: Apple, "PassFieldContent". All are left as text unless the brand says `Extras.phone_formats`.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

Style = Literal["None", "Short", "Medium", "Long", "Full"]
"""How much of a date, or of a time, is written; "None" leaves it out."""


@dataclass(frozen=True)
class Money:
    """An amount in cents, and its currency by ISO 4217 ("EUR")."""

    cents: int
    currency: str


@dataclass(frozen=True)
class Number:
    """A number; a "Percent" of 0.15 is written as 15 %."""

    value: int | Decimal
    style: Literal["Decimal", "Percent", "Scientific", "SpellOut"] = "Decimal"


@dataclass(frozen=True)
class Moment:
    """A time with its offset from UTC. ``is_relative``: "in 3 days"; ``own_zone``: as the clocks there show it.

    Neither of the two changes when a pass comes to mind.
    """

    at: datetime
    date: Style = "Medium"
    time: Style = "None"
    is_relative: bool = False
    own_zone: bool = False


Typed = Money | Number | Moment

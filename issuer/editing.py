"""What the console's forms share: who changes something, and what is said to a value that cannot be used."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from issuer import events
from issuer.language import translator
from issuer.refusals import N_
from issuer.rules.part import visible

# Control signs, halves of pairs, unassigned; and those that turn the direction of whatever stands behind them.
UNPRINTABLE = {"Cc", "Cs", "Co", "Cn"}
_FEW_DIGITS = re.compile("[0-9]{1,6}")
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Gone(Exception):
    """The merchant has no such thing, or not any more: answer "not found"."""


@dataclass(frozen=True)
class Objection:
    """Why a form cannot be taken: an answer, not an error. ``message`` is English, with ``values`` to fill in.

    ``about``: the field of the form that is meant.
    """

    message: str
    values: dict[str, str | int] = field(default_factory=dict)
    about: str = "name"

    def sentence(self, language: str) -> str:
        """One sentence naming the value and the remedy."""
        return translator(language).gettext(self.message) % self.values


@dataclass(frozen=True)
class Author:
    """Who changes something in the console, for which merchant, and when."""

    user_id: UUID
    merchant_id: UUID
    now: datetime

    def record(self, session: Session, kind: str, **data: Any) -> None:
        """Append an event that names its author."""
        events.record(session, self.merchant_id, kind, self.now, user_id=str(self.user_id), **data)


def one_line(text: str) -> str:
    """A text without blanks around it, and with single ones inside."""
    return " ".join(text.split())


def whole_number(typed: str) -> int | None:
    """What was typed into a field for a number of a few digits; ``None`` for anything else."""
    return int(typed) if _FEW_DIGITS.fullmatch(typed := typed.strip()) else None


def name_objection(name: str, longest: int, about: str = "name") -> Objection | None:
    """Against a name that a list or a card could not show. ``longest``: in characters."""
    if not visible(name):
        return Objection(N_("There is no name: write 1 to %(longest)s characters."), {"longest": longest}, about)
    if len(name) <= longest and printable(name):
        return None
    return Objection(
        N_("“%(name)s” cannot be a name. Write 1 to %(longest)s characters in one line."),
        {"name": "".join(sign for sign in name if printable(sign))[:40], "longest": longest},
        about,
    )


def printable(text: str) -> bool:
    """Whether every sign can be shown; joined emoji and every direction of writing can."""
    return all(unicodedata.category(sign) not in UNPRINTABLE and sign not in TURNING for sign in text)

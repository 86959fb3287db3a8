"""What an offer says in each language, and what it unlocks."""

import unicodedata
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from issuer.offers.hours import Value
from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.part import TURNING, UNPRINTABLE, WHOLE, Line, Names
from issuer.rules.vouchers import Worth

LONGEST_CARD, LONGEST_MESSAGE, LONGEST_BACK, LONGEST_PLACE = 40, 100, 500, 100


def _printable(text: str) -> str:
    text = "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
    if any(unicodedata.category(sign) in UNPRINTABLE or sign in TURNING for sign in text.replace("\n", "")):
        raise conflict("text_unprintable", N_("This holds characters that cannot be printed: type it anew."))
    return text


def _one_line(text: str) -> str:
    return _printable(" ".join(text.split()))


class Texts(Value):
    """``card``: what stands on the front. ``message``: what a phone says when it comes; %@ stands for ``card``.

    ``back``: the small print. ``place``: what an iPhone says near a shop, ``card`` unless told; where or what, never an
    order to come (Apple, "Showing a Pass on the Lock Screen").
    """

    card: Annotated[Line, Field(max_length=LONGEST_CARD)]
    message: Annotated[str, Field(max_length=LONGEST_MESSAGE), AfterValidator(_one_line)] = ""
    back: Annotated[str, Field(max_length=LONGEST_BACK), AfterValidator(_printable)] = ""
    place: Annotated[str, Field(max_length=LONGEST_PLACE), AfterValidator(_one_line)] = ""

    @property
    def change_message(self) -> str:
        """As Apple wants it, with the %@ without which no phone says a word."""
        if not self.message:
            return "%@"
        return self.message if "%@" in self.message else f"{self.message} %@"

    @property
    def near(self) -> str:
        return self.place or self.card


class Content(Value):
    """The texts in both languages."""

    de: Texts
    en: Texts

    def in_(self, language: str) -> Texts:
        return self.de if language == "de" else self.en


class VoucherOffer(Value):
    """Each card that is shown the offer gets a voucher of this worth, good as long as the offer is on the card."""

    kind: Literal["voucher"] = "voucher"
    names: Names
    worth: Worth
    uses: Annotated[int, Field(ge=1, le=100), WHOLE] = 1


class Multiplier(Value):
    """What is stamped or bought earns so many times as much as long as the offer is on the card, rounded down."""

    kind: Literal["multiplier"] = "multiplier"
    factor: Annotated[Decimal, Field(gt=1, le=10, decimal_places=1)] = Decimal(2)


class OnlyWords(Value):
    """Nothing is handed over: the text reminds of something, and the till has nothing to redeem."""

    kind: Literal["words"] = "words"

"""Visits bought in advance and counted down."""

from typing import Annotated, Literal

from pydantic import Field

from issuer.refusals import N_
from issuer.rules.part import Cents, Names, Part
from issuer.rules.wording import Wording


class PrepaidRule(Part):
    """``visits`` of what ``names`` says for ``price`` cents, valid so many months after each purchase."""

    kind: Literal["prepaid"] = "prepaid"
    names: Names
    visits: Annotated[int, Field(ge=2, le=200)] = 10
    price: Cents
    valid_months: Annotated[int, Field(ge=1, le=60)] | None = None

    def sentence(self, words: Wording) -> str:
        text = N_("%(visits)s × %(name)s for %(money)s")
        named = {"visits": self.visits, "name": self.names.in_(words.language)}
        offer = words.say(text, money=words.money(self.price), **named)
        if self.valid_months is None:
            return offer
        valid = words.plural("valid for %(num)s month", "valid for %(num)s months", self.valid_months)
        return f"{offer}; {valid}"

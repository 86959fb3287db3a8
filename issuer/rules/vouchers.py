"""What a voucher is worth, and how a program gives one to each new card."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.money import Percent
from issuer.rules.part import Cents, Names, Part, percent_of
from issuer.rules.wording import Wording


class Worth(BaseModel):
    """One of three: ``percent`` off an order, ``cents`` off it, or a ``thing`` for free."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    percent: Percent | None = None
    cents: Cents | None = None
    thing: Names | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.percent, self.cents, self.thing)) != 1:
            text = N_("A voucher is worth one of three: a share, an amount or a thing. Fill in exactly one of them.")
            raise conflict("worth_unclear", text)
        return self

    def off(self, total: int) -> int:
        """Cents off an order of so many; never more than it costs."""
        if self.percent is not None:
            return percent_of(total, self.percent)
        return min(total, self.cents or 0)

    def said(self, words: Wording) -> str:
        """ "15% off", "€5.00 off", "a slice of cake"."""
        if self.percent is not None:
            return words.say(N_("%(percent)s off"), percent=words.percent(self.percent))
        if self.cents is not None:
            return words.say(N_("%(money)s off"), money=words.money(self.cents))
        return self.thing.in_(words.language) if self.thing else ""


class VoucherRule(Part):
    """Each new card gets a voucher of this worth: ``uses`` times, for ``valid_days`` days from joining."""

    kind: Literal["voucher"] = "voucher"
    names: Names
    worth: Worth
    uses: Annotated[int, Field(ge=1, le=100)] = 1
    valid_days: Annotated[int, Field(ge=1, le=1100)] | None = None

    def sentence(self, words: Wording) -> str:
        parts = [f"{self.names.in_(words.language)}: {self.worth.said(words)}"]
        if self.uses > 1:
            parts.append(words.plural("can be used %(num)s time", "can be used %(num)s times", self.uses))
        if self.valid_days is not None:
            parts.append(words.plural("valid for %(num)s day", "valid for %(num)s days", self.valid_days))
        return "; ".join(parts)

"""For whom an offer is: by how somebody has come so far, by tier, shop, language and consent."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from issuer.offers.hours import Value
from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.part import Key

Segment = Literal["new", "regular", "lapsed"]
Fifth = Annotated[int, Field(ge=1, le=5)]


class Fifths(Value):
    """From the ``least`` to the ``most`` fifth of the merchant's cards; the fifth is the best."""

    least: Fifth = 1
    most: Fifth = 5

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.most < self.least:
            text = N_("From %(least)s to %(most)s holds nobody: the first number is the smaller one.")
            raise conflict("fifths_backward", text, "most", least=self.least, most=self.most)
        return self


class Audience(Value):
    """All that is filled in must be true; of a list, one of it. Empty: every card.

    ``segments``: new (first visit within 30 days), regular (visits on three days of the last 90), lapsed (none for
    longer than the merchant's days, 90 unless set). ``recency``, ``frequency``, ``money``: fifths of the days since the
    last visit, and of visits and spending of the last 365 days. ``locations``: where they came last.
    ``consented``: only who said yes to offers that sound.
    """

    programs: tuple[UUID, ...] = ()
    segments: tuple[Segment, ...] = ()
    tiers: tuple[Key, ...] = ()
    locations: tuple[UUID, ...] = ()
    languages: tuple[Literal["de", "en"], ...] = ()
    recency: Fifths | None = None
    frequency: Fifths | None = None
    money: Fifths | None = None
    consented: bool = False

    @property
    def ranks(self) -> bool:
        """Whether it compares a card with the others."""
        return any((self.recency, self.frequency, self.money))

"""For whom an offer is: by how somebody has come so far, by tier, shop, language and consent."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from issuer.offers.hours import Value
from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.part import WHOLE, Key

Segment = Literal["new", "regular", "lapsed"]
MOST_NAMED = 1000
ONCE = AfterValidator(lambda named: tuple(dict.fromkeys(named)))
"""Mark of a list in which nothing stands twice: what does is taken for one."""
Programs = Annotated[tuple[UUID, ...], Field(max_length=MOST_NAMED), ONCE]
Shops = Annotated[tuple[UUID, ...], Field(max_length=MOST_NAMED), ONCE]
Tiers = Annotated[tuple[Key, ...], Field(max_length=MOST_NAMED), ONCE]
Segments = Annotated[tuple[Segment, ...], Field(max_length=3), ONCE]
Languages = Annotated[tuple[Literal["de", "en"], ...], Field(max_length=2), ONCE]
Fifth = Annotated[int, Field(ge=1, le=5), WHOLE]


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

    programs: Programs = ()
    segments: Segments = ()
    tiers: Tiers = ()
    locations: Shops = ()
    languages: Languages = ()
    recency: Fifths | None = None
    frequency: Fifths | None = None
    money: Fifths | None = None
    consented: bool = False

    @property
    def ranks(self) -> bool:
        """Whether it compares a card with the others."""
        return any((self.recency, self.frequency, self.money))

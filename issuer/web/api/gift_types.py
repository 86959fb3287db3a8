"""Shapes of what cards get beside purchases, and of cards that are moved and merged."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, StrictInt, model_validator

from issuer.rules.part import MOST_CENTS
from issuer.web.api.purchase_types import Code, Money
from issuer.web.api.types import Body, CardOut, Fields, Instant, Named, Page, Text, written
from issuer.web.context import now

FIRST_YEAR, LAST_YEAR = 2000, 2999


def _near(instant: datetime) -> datetime:
    """What is millennia away has no local time, and nobody means it."""
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"lies outside the years {FIRST_YEAR} to {LAST_YEAR}; leave it out for a voucher without end")
    return instant


Later = Annotated[AwareDatetime, BeforeValidator(written), AfterValidator(_near)]


class NewGoodwill(Body):
    reason: Text = Field(examples=["Waited too long"])
    location_id: Text | None = None


class NewBonus(Body):
    """Something that is worth a present without a purchase, as the program's rules name it."""

    cause: Literal["signup", "survey", "review", "event"]
    occurred_at: Instant | None = None


class NewWorth(Fields):
    """One of three."""

    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)] | None = None
    money: Money | None = None
    thing: Named | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.percent, self.money, self.thing)) != 1:
            raise ValueError("send exactly one of percent, money and thing")
        if self.money is not None and not 1 <= self.money.cents <= MOST_CENTS:
            raise ValueError("money must be from 0.01 to 100000.00")
        return self


class NewVoucher(Body):
    name: Named
    worth: NewWorth
    uses: Annotated[StrictInt, Field(ge=1, le=100)] = 1
    valid_from: Later | None = None
    valid_until: Later | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        start, end = self.valid_from, self.valid_until
        if end is not None and end <= (start or now()):
            raise ValueError("valid_until must lie in the future, and later than valid_from")
        return self


class VoucherPath(BaseModel):
    voucher_id: str = Field(description="id of a voucher")


class VoucherQuery(Page):
    code: Code | None = Field(default=None, description="a list of none or one")


class VoucherState(BaseModel):
    """``left``: uses that are left of ``uses``."""

    id: str
    card_id: str
    code: str
    name: dict[str, str]
    worth: dict[str, object]
    uses: int
    left: int
    valid_from: datetime
    valid_until: datetime | None
    revoked: bool


class VoucherOut(BaseModel):
    voucher: VoucherState
    card: CardOut


class VoucherList(BaseModel):
    items: list[VoucherState]
    next: str | None


class NewVisits(Body):
    """What is bought is what the program sells. ``reference``: of the bill."""

    location_id: Text | None = None
    reference: Text | None = None


class UsedVisits(Body):
    count: Annotated[StrictInt, Field(ge=1, le=50)] = 1
    location_id: Text | None = None
    occurred_at: Instant | None = None


class Merging(Body):
    """``from``: the card whose balances this one takes over; it ends."""

    source: Text = Field(alias="from", description="id of the other card")


class InviteOut(BaseModel):
    """``link``: a friend who joins by it brings both sides a present with their first purchase."""

    invite: str
    link: str

"""Shapes of purchases: what was bought, what it comes to, and what is taken back of it."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StrictInt

from issuer.web.api.types import Body, CardOut, EntryOut, Fields, Instant, Text, storable

Code = Annotated[str, Field(min_length=1, max_length=100)]


class Money(Fields):
    """An amount as text, so that nobody rounds it on the way."""

    amount: Annotated[str, Field(pattern=r"^[0-9]{1,7}(\.[0-9]{1,2})?$", examples=["12.40"])]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]

    @property
    def cents(self) -> int:
        return int(Decimal(self.amount) * 100)


class NewItem(Fields):
    """A line of the bill; ``price`` of one."""

    sku: Annotated[str, Field(max_length=100), AfterValidator(storable)] = ""
    name: Annotated[str, Field(max_length=200), AfterValidator(storable)] = ""
    quantity: Annotated[StrictInt, Field(ge=1, le=10_000)] = 1
    price: Money | None = None


class NewOrder(Body):
    """``total``: the sum of the order. ``credit``: so much is paid from the card. ``voucher``: its code."""

    total: Money
    items: Annotated[list[NewItem], Field(max_length=500)] | None = None
    credit: Money | None = None
    voucher: Code | None = None
    occurred_at: Instant | None = None


class NewPurchase(NewOrder):
    location_id: Text | None = None
    reference: Text | None = None


class NewRefund(Body):
    """``total``: the part that is taken back; absent: all that is left."""

    total: Money | None = None


class PurchasePath(BaseModel):
    purchase_id: str = Field(description="id of a purchase")


class MoneyOut(BaseModel):
    amount: str
    currency: str


class QuoteOut(BaseModel):
    """``total`` less ``discount`` (the program's), ``voucher`` and ``credit`` is ``to_pay``."""

    total: MoneyOut
    discount: MoneyOut
    voucher: MoneyOut
    credit: MoneyOut
    to_pay: MoneyOut


class PurchaseState(BaseModel):
    """``discount``: by program and voucher. ``refunded``: so far."""

    id: str
    card_id: str
    total: MoneyOut | None
    discount: MoneyOut | None
    credit: MoneyOut | None
    to_pay: MoneyOut | None
    refunded: MoneyOut | None
    reference: str | None
    occurred_at: str
    recorded_at: str


class PurchaseOut(BaseModel):
    purchase: PurchaseState
    entries: list[EntryOut]
    card: CardOut


class PurchaseList(BaseModel):
    items: list[PurchaseState]
    next: str | None

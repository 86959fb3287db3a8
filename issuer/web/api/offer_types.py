"""Shapes of offers, and of what happens to a card elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from issuer.offers.audience import Audience
from issuer.offers.content import Content
from issuer.offers.offer import MOST_DAYS, Limits, Offer, Trial, Unlocked, Window
from issuer.offers.triggers import EventName, Trigger
from issuer.rules.part import WHOLE, Line
from issuer.web.api.docs import FieldError
from issuer.web.api.offer_examples import EXAMPLES
from issuer.web.api.types import Body, CardOut, Fields, Text


class NewOffer(Offer):
    """A draft: it runs as soon as its ``state`` is changed to live."""

    model_config = cast(ConfigDict, {"openapi_extra": {"examples": EXAMPLES}})


class OfferChange(Body):
    """What is absent stays; ``unlocks`` is taken away by null. ``state``: ended is for good.

    A change of what an offer says that has run is a new version at once; its trigger stays of the same kind.
    """

    name: Line | None = None
    trigger: Trigger | None = None
    audience: Audience | None = None
    content: Content | None = None
    unlocks: Unlocked | None = None
    window: Window | None = None
    lasts_days: Annotated[int, Field(ge=0, le=MOST_DAYS), WHOLE] | None = None
    limits: Limits | None = None
    trial: Trial | None = None
    sounds: bool | None = None
    state: Literal["live", "paused", "ended"] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.state and not self.said:
            raise ValueError("send what is to change: a field of the offer, or its state")
        return self

    @property
    def said(self) -> Mapping[str, Any]:
        """What the offer shall say otherwise."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"state"}}
        return {name: value for name, value in given.items() if value is not None or name == "unlocks"}


class OfferPath(BaseModel):
    offer_id: str = Field(description="id of an offer")


class OfferOut(BaseModel):
    """What an offer says, as it can be sent again, and how it stands.

    ``version``: 0 before the first. ``unpublished``: a draft lies beside what runs. ``reached``: cards that were shown
    it. ``warnings``: what is allowed and probably not meant.
    """

    id: str
    state: Literal["draft", "live", "paused", "ended"]
    version: int
    unpublished: bool
    sentence: dict[str, str]
    warnings: list[FieldError]
    reached: int
    created_at: datetime
    live_at: datetime | None
    ended_at: datetime | None
    name: str
    trigger: dict[str, Any]
    audience: dict[str, Any]
    content: dict[str, Any]
    unlocks: dict[str, Any] | None
    window: dict[str, Any]
    lasts_days: int
    limits: dict[str, Any]
    trial: dict[str, Any]
    sounds: bool


class OfferList(BaseModel):
    items: list[OfferOut]
    next: str | None


class HeldBack(BaseModel):
    reason: str
    count: int


class PreviewOut(BaseModel):
    """Who would get it now. ``cards``: how many there are; ``looked_at``: how many of them were asked, when it is less
    than all the other numbers are reckoned up from them.
    """

    reach: int
    held_back: list[HeldBack]
    sample: list[CardOut]
    cards: int
    looked_at: int


class ArmOut(BaseModel):
    """Cards, each counted once. ``arm``: a and b are the variants; out is the hold-out, who were shown nothing.

    ``fetched``: by a phone; ``visited``: came while the card showed it, within seven days.
    """

    arm: Literal["a", "b", "out"]
    reached: int
    fetched: int
    visited: int
    redeemed: int


class DifferenceOut(BaseModel):
    """How much larger the share of the first arm is, from -1 to 1; with 95 % certainty from ``low`` to ``high``.

    The arm ``shown`` is a and b together.
    """

    what: Literal["visited", "redeemed"]
    arms: list[Literal["shown", "out", "a", "b"]]
    value: float
    low: float
    high: float


class ResultsOut(BaseModel):
    arms: list[ArmOut]
    differences: list[DifferenceOut]
    held_back: list[HeldBack]


class NewCheckIn(Fields):
    """Somebody came by, and nothing was booked."""

    location_id: Text


class NewHappening(Fields):
    """Something that another system knows of: offers with the trigger ``event`` of this name are due."""

    name: EventName = Field(examples=["order.delivered"])

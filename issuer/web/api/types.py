"""Shapes of requests and answers. Unknown fields are refused by name."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Literal
from unicodedata import category

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictInt,
    Tag,
    model_validator,
)

from issuer.rules.part import Names, visible
from issuer.web.context import now

OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
# Unicode's controls of writing direction: one of them turns the rest of a page around.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CLOCKS_DIFFER = timedelta(minutes=5)
Language = Literal["de", "en"]


def storable(text: str) -> str:
    """Control characters and half surrogate pairs fit neither the database nor a card; joiners and blanks do."""
    if any(category(sign) in ("Cc", "Cs") or sign in TURNING for sign in text):
        raise ValueError("must be printable text")
    return text


def seen(text: str) -> str:
    """What nobody can see names nothing."""
    if not visible(text):
        raise ValueError("holds no sign that can be seen; write at least one letter or digit")
    return storable(text)


def written(value: object) -> object:
    """A bare number would be taken for seconds since 1970."""
    if not isinstance(value, str):
        raise ValueError("must be an RFC 3339 instant with offset, like 2026-11-21T09:30:00+01:00")
    return value


def _past(instant: datetime) -> datetime:
    if instant > now() + CLOCKS_DIFFER:
        raise ValueError("lies in the future; send the instant it happened at")
    if instant < OLDEST:
        raise ValueError("lies before the year 2000")
    return instant.astimezone(UTC)


def _born(day: date) -> date:
    if not day.year >= 1900 or day > now().date():
        raise ValueError("must be a day between 1900 and today")
    return day


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(seen)]
# The pattern before the validator: else the document does not show it.
Mail = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^@\s]+@[^@\s]+$"), AfterValidator(seen)]
TEXT, NAMES = "(text)", "(names)"
"""Marks of the two ways to name something. What is refused is told by its field alone: see `api.invalid`."""
Named = Annotated[
    Annotated[Names, Tag(NAMES)] | Annotated[Text, Tag(TEXT)],
    Discriminator(lambda value: TEXT if isinstance(value, str) else NAMES),
]
Instant = Annotated[AwareDatetime, BeforeValidator(written), AfterValidator(_past)]
Birthday = Annotated[date, AfterValidator(_born)]


class Fields(BaseModel):
    """Fields inside of a body."""

    model_config = ConfigDict(extra="forbid")


class Body(Fields):
    """No body at all is as good as an empty one."""

    @model_validator(mode="before")
    @classmethod
    def _absent(cls, given: object) -> object:
        return {} if given is None else given


class CardPath(BaseModel):
    card_id: str = Field(description="id of a card")


class ProgramPath(BaseModel):
    program_id: str = Field(description="id of a program")


class RedemptionPath(BaseModel):
    redemption_id: str = Field(description="id of a redemption")


class EntryPath(BaseModel):
    entry_id: str = Field(description="id of an entry")


class Asked(BaseModel):
    """Of a header or a query. The framework wants its schema in every request: as dear as the rest of the request."""

    @classmethod
    @cache
    def _schema(cls) -> dict[str, Any]:
        return super().model_json_schema()

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        return super().model_json_schema(*args, **options) if args or options else cls._schema()


class Keyed(Asked):
    """The header of calls that may be sent again."""

    idempotency_key: str | None = Field(
        default=None,
        alias="Idempotency-Key",
        max_length=255,
        description="made by the caller before the first try",
    )


class Demanded(Asked):
    """The header of calls that must be safe to send again."""

    idempotency_key: str = Field(
        alias="Idempotency-Key",
        max_length=255,
        description="made by the caller before the first try",
    )


class Page(Asked):
    limit: int = Field(default=50, ge=1, le=200)
    after: str | None = Field(default=None, description="`next` of the page before")


class CardPage(Page):
    code: str | None = Field(default=None, max_length=500, description="code or short code: a list of none or one")


class NewCustomer(Fields):
    name: Text | None = None
    mail: Mail | None = None
    birthday: Birthday | None = None


class NewCard(Body):
    """``friend``: the invite of the customer who sent them (``GET /cards/{id}/invite``); one of nobody's is ignored."""

    program_id: Text
    customer: NewCustomer | None = None
    language: Language = "de"
    friend: Text | None = None


class NewStamps(Body):
    count: Annotated[StrictInt, Field(ge=1, le=100)] = 1
    counter: Annotated[str, Field(max_length=20)] = Field(
        default="", description="which counter; the main one is empty"
    )
    location_id: Text | None = None
    occurred_at: Instant | None = None
    reference: Text | None = None


class NewRedemption(Body):
    reward_id: Text
    confirm: bool = False


class RewardOut(BaseModel):
    reward_id: str
    count: int


class LinksOut(BaseModel):
    web: str
    apple: str
    google: str | None
    qr: str


class BorneOfferOut(BaseModel):
    """An offer that a card bears. ``until``: when it is over; null for one without end."""

    id: str
    text: dict[str, str]
    until: datetime | None


class CardOut(BaseModel):
    id: str
    serial: str
    program_id: str
    state: Literal["active", "blocked", "moved", "erased"]
    version: int
    language: Language
    code: str
    short_code: str
    balances: dict[str, int]
    rewards: list[RewardOut]
    offers: list[BorneOfferOut] = Field(default=[], description="left out where there is none")
    links: LinksOut


class CardList(BaseModel):
    items: list[CardOut]
    next: str | None


class EntryOut(BaseModel):
    """``reason``: what a bonus or goodwill was given for."""

    id: str
    unit: str
    amount: int
    cause: str
    reason: str | None
    reference: str | None
    occurred_at: str
    recorded_at: str
    by: str


class EntryList(BaseModel):
    items: list[EntryOut]
    next: str | None


class BookedOut(BaseModel):
    entries: list[EntryOut]
    card: CardOut


class RedemptionState(BaseModel):
    id: str
    state: Literal["held", "redeemed", "cancelled"]
    expires_at: str


class RedemptionOut(BaseModel):
    redemption: RedemptionState
    card: CardOut


class WalletOut(BaseModel):
    wallet: Literal["apple", "google"]
    device: str | None
    pushed_version: int | None
    pushed_at: str | None
    fetched_version: int | None
    fetched_at: str | None


class SyncOut(BaseModel):
    card_id: str
    version: int
    wallets: list[WalletOut]


class LocationOut(BaseModel):
    id: str
    name: str


class LocationList(BaseModel):
    items: list[LocationOut]
    next: str | None

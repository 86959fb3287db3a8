"""What is known of one card at one moment, as far as offers ask: values that pure functions read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True)
class Shop:
    """A location: degrees, north and east positive, or none; ``zone`` is the merchant's where it has none."""

    id: UUID
    name: str
    zone: str
    latitude: float | None = None
    longitude: float | None = None

    @property
    def placed(self) -> bool:
        return self.latitude is not None and self.longitude is not None


@dataclass(frozen=True)
class Visited:
    """A scan or a check-in that was not taken back. ``key`` names it for ever; ``cents``: what was paid."""

    at: datetime
    key: str
    location_id: UUID | None = None
    cents: int = 0


@dataclass(frozen=True)
class Happened:
    """What another system told of a card."""

    name: str
    at: datetime
    key: str


@dataclass(frozen=True)
class Nearly:
    """``missing`` stamps to the next reward of a counter; ``round`` counts those that were full before."""

    counter: str
    missing: int
    round: int


@dataclass(frozen=True)
class Waiting:
    """A reward that nobody has taken, and since when; ``key`` names the booking that brought it."""

    key: str
    since: datetime


@dataclass(frozen=True)
class Lapsing:
    """What of the card ends next: ``unit`` of the ledger or a voucher, and its last ``day``."""

    unit: str
    day: date


@dataclass(frozen=True)
class Reached:
    """The card's tier, and when it was reached."""

    key: str
    since: datetime


@dataclass(frozen=True)
class Fifth:
    """In which fifth of the merchant's cards one is, 5 the best."""

    recency: int
    frequency: int
    money: int


@dataclass(frozen=True)
class Around:
    """What is the same for all cards of a merchant.

    ``shops``: the oldest first. ``forecasts``: (shop, hour) to (degrees Celsius, millimetres of rain).
    ``lapsed_days``: of `Audience.segments`.
    """

    zone: str
    shops: Mapping[UUID, Shop] = field(default_factory=dict)
    forecasts: Mapping[tuple[UUID, datetime], tuple[Decimal, Decimal]] = field(default_factory=dict)
    lapsed_days: int = 90

    def zone_of(self, location_id: UUID | None) -> str:
        shop = self.shops.get(location_id) if location_id else None
        return shop.zone if shop else self.zone


@dataclass(frozen=True)
class Facts:
    """``visits``: oldest first, of the last 400 days at least; ``visit_days``: local days with a visit, ever.

    ``birthday``: (month, day). ``consented``: they chose offers that may sound. ``now`` is no part of it:
    the same facts give another answer later.
    """

    card_id: UUID
    customer_id: UUID
    program_id: UUID
    language: str
    around: Around
    active: bool = True
    visits: tuple[Visited, ...] = ()
    first_visit: datetime | None = None
    visit_days: int = 0
    birthday: tuple[int, int] | None = None
    tier: Reached | None = None
    nearly: tuple[Nearly, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    lapsing: tuple[Lapsing, ...] = ()
    happened: tuple[Happened, ...] = ()
    fifth: Fifth | None = None
    consented: bool = False

    @property
    def last_visit(self) -> Visited | None:
        return self.visits[-1] if self.visits else None


@dataclass(frozen=True)
class Turn:
    """One window of an offer for one card, from ``opens`` until before ``closes``; ``key`` names it for ever."""

    key: str
    opens: datetime
    closes: datetime
    location_id: UUID | None = None

    def holds(self, now: datetime) -> bool:
        return self.opens <= now < self.closes

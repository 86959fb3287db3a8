"""What a model's cards hold, and what was done to them: see `tests.issuer.model`."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from uuid import UUID

from tests.issuer.heaps import Heaps
from tests.issuer.offers import Offer

UNTOLD = Offer(())
"""What a bill without an amount earned by: it is taken back as a whole or not at all."""
Amounts = dict[str, Any]
"""Whole numbers, and fractions of what is no whole yet."""


@dataclass
class Held:
    """A reward set aside, or the points that it costs."""

    hold_id: UUID
    unit: str
    amount: int
    until: float
    state: str = "held"


@dataclass
class Rounds:
    """Rounds of a counter that were completed at once under one promise; ``left``: that have not fallen back."""

    counter: str
    under: int
    left: int


@dataclass(frozen=True)
class Voucher:
    """``since``: when it was given; nothing that happened before is paid with it."""

    code: str
    unit: str
    since: float


@dataclass
class Card:
    """``under``: the version that each counter's round, or the prices, were promised by."""

    card_id: UUID
    under: dict[str, int]
    has: Counter[str] = field(default_factory=Counter)
    heaps: defaultdict[str, Heaps] = field(default_factory=lambda: defaultdict(Heaps))
    held: list[Held] = field(default_factory=list)
    vouchers: list[Voucher] = field(default_factory=list)
    rounds: list[Rounds] = field(default_factory=list)
    version: int = 1
    into: "Card | None" = None

    @property
    def home(self) -> "Card":
        """Where its balances are."""
        return self.into.home if self.into else self

    def gain(self, unit: str, amount: int, at: float, source: object) -> None:
        self.has[unit] += amount
        self.heaps[unit].put(amount, at, source)

    def give_back(self, unit: str, amount: int) -> None:
        self.has[unit] += amount
        self.heaps[unit].give_back(amount)

    def spend(self, unit: str, amount: int) -> None:
        self.has[unit] -= amount
        self.heaps[unit].spend(amount)

    def take_back(self, unit: str, amount: int, source: object) -> None:
        self.has[unit] -= amount
        self.heaps[unit].take_back(amount, source)


@dataclass(frozen=True)
class Sale:
    """Cents before and after what was taken off, those that the card paid, and how many lunches it was."""

    total: int
    off: int = 0
    credit: int = 0
    lunches: int = 0
    voucher: str | None = None

    @property
    def worth(self) -> int:
        return self.total - self.off

    @property
    def cash(self) -> int:
        return self.worth - self.credit


class Change:
    """What is being done to a card: how it stood before, and the rounds that were completed since."""

    def __init__(self, card: Card) -> None:
        self.before, self.under = Counter(card.has), dict(card.under)
        self.sums = {unit: (heaps.plus, heaps.minus) for unit, heaps in card.heaps.items()}
        self.rounds = dict[str, int]()

    def gross(self, card: Card) -> dict[str, tuple[int, int]]:
        """What came and what went since, by unit."""
        found = {}
        for unit, heaps in card.heaps.items():
            plus, minus = self.sums.get(unit, (0, 0))
            found[unit] = heaps.plus - plus, heaps.minus - minus
        return found


@dataclass
class Bought:
    """A purchase: what it earned and still has, and the rounds that it completed; ``day``: the version that held."""

    purchase_id: UUID
    card: Card
    posting_id: UUID
    left: Amounts
    sale: Sale = Sale(0)
    day: Offer = UNTOLD
    factor: Fraction = Fraction(1)
    rounds: list[Rounds] = field(default_factory=list)
    refunded: int = 0
    refunds: int = 0
    undone: bool = False

    @property
    def by_hand(self) -> bool:
        """Stamps for a bill of which nobody told the amount."""
        return self.day is UNTOLD

    @property
    def rest(self) -> int:
        """Cents that were not refunded."""
        return self.sale.worth - self.refunded

    def why_not(self, cents: int | None) -> str | None:
        """Why so much of it cannot be refunded."""
        if self.undone or (self.refunds and not self.rest):
            return "already_reversed"
        if cents is not None and self.by_hand:
            return "refund_whole_only"
        if cents is not None and cents > self.rest:
            return "refund_too_large"
        return "refund_of_nothing" if cents == 0 < self.rest else None


@dataclass
class Deed:
    """A posting: what it changed, which promises it ended, with rounds or otherwise, and what they were."""

    posting_id: UUID
    card: Card
    change: Amounts
    gross: dict[str, tuple[int, int]]
    ended: dict[str, int]
    rounds: list[Rounds]
    bought: Bought | None = None
    undone: bool = False

    @property
    def is_final(self) -> bool:
        """Undone already, or refunded, or itself the undoing of something."""
        return self.undone or (self.bought is not None and bool(self.bought.refunds))

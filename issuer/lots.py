"""Which part of a balance ends when, reckoned from a card's entries: what was earned first is spent first.

Pure: entries in, days out. Nothing is stored beside the ledger, so nothing can disagree with it. How the entries are
played through is in `issuer.heaps`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from issuer.history import EARNING
from issuer.rules import Rules
from issuer.rules.expiry import ExpiryRule, ending, months_after
from issuer.rules.movement import PREPAID
from issuer.rules.prepaid import PrepaidRule

GIVEN_BACK = ("reversal", "refund")
PREPAID_WARNING = 30


@dataclass(frozen=True)
class End:
    """How long something lasts, and how it is told. ``by_visit``: from the last visit, not from the day of earning."""

    months: int
    by_visit: bool
    warn_days: int
    grace_days: int


EndAt = Callable[[datetime], End | None]
"""How long what was earned at a local instant lasts; ``None``: for ever."""


def end_in(rules: Rules, unit: str) -> End | None:
    """How long something of this unit lasts by one version of a program."""
    prepaid = rules.one(PrepaidRule) if unit == PREPAID else None
    if prepaid is not None and prepaid.valid_months is not None:
        return End(prepaid.valid_months, by_visit=False, warn_days=PREPAID_WARNING, grace_days=0)
    rule = next((one for one in rules.each(ExpiryRule) if one.covers(unit)), None)
    return End(rule.months, rule.since == "visit", rule.warn_days, rule.grace_days) if rule else None


def any_end(rules: Rules) -> bool:
    """Whether anything ends by one version of a program."""
    return rules.one(ExpiryRule) is not None or end_in(rules, PREPAID) is not None


@dataclass(frozen=True)
class Line:
    """One of a card's entries with its posting's circumstances, times in the shop's zone. ``undone``: reversed."""

    posting_id: UUID
    reverses_id: UUID | None
    unit: str
    amount: int
    cause: str
    deed: str
    note: str | None
    occurred: datetime
    recorded: datetime
    purchase_id: UUID | None
    undone: bool

    @property
    def is_visit(self) -> bool:
        return self.deed in EARNING and not self.undone

    @property
    def is_back(self) -> bool:
        """Whether something was given back by this, or taken back."""
        return self.cause in GIVEN_BACK


@dataclass(frozen=True)
class Lot:
    """Something earned at once. ``last``: the day that the card names; ``over``: with grace; both ``None``: never."""

    amount: int
    occurred: datetime
    last: date | None = None
    over: date | None = None
    told: date | None = None


@dataclass(frozen=True)
class Outlook:
    """``over`` is to be booked now. ``amount`` ends on ``day``, told from ``told`` on; ``next``: the last day of grace.

    Without a ``day`` nothing ends.
    """

    over: int
    day: date | None = None
    amount: int = 0
    told: date | None = None
    next: date | None = None


def outlook(balance: int, found: Sequence[Lot], today: date) -> Outlook:
    """What of a balance is over today, and what ends next."""
    over, following, _ = ending(balance, [(lot.over, lot.amount) for lot in found], today)
    rest = [lot for lot in found if lot.over is None or lot.over >= today]
    _, day, amount = ending(balance - over, [(lot.last, lot.amount) for lot in rest], date.min)
    told = min((lot.told for lot in rest if lot.told and lot.last == day), default=None)
    return Outlook(over, day, amount, told, following)


def first_told(end: End, occurred: datetime, recorded: datetime) -> date:
    """From which day on the end of something is told that is booked now."""
    return max(months_after(occurred.date(), end.months), recorded.date()) - timedelta(days=end.warn_days)

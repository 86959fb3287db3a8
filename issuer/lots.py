"""Which part of a balance ends when, reckoned from a card's entries: what was earned first is spent first.

Pure: entries in, days out. Nothing is stored beside the ledger, so nothing can disagree with it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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
    def is_look(self) -> bool:
        """Whether all that was over then is gone by this."""
        return self.deed == "expiry" and self.note is None and self.amount < 0

    @property
    def is_earned(self) -> bool:
        return self.amount > 0 and self.cause not in GIVEN_BACK


@dataclass(frozen=True)
class Lot:
    """Something earned at once. ``last``: the day that the card names; ``over``: with grace; both ``None``: never."""

    amount: int
    occurred: datetime
    last: date | None = None
    over: date | None = None
    told: date | None = None


@dataclass(frozen=True)
class _Past:
    """What counts beside the earning itself: the last visit, and the last day on which something was given back."""

    visit: datetime | None
    back: date | None


def lots(lines: Sequence[Line], unit: str, end_at: EndAt) -> list[Lot]:
    """What was earned and is not known to be over and gone, newest first; what of it is spent is not judged.

    Nothing ends before the day on which it was booked, or something was given back to the card: a late event or a
    refund never surprises, the grace is always there once more.

    :param lines: the card's entries, newest first, as far back as need be
    """
    now, looks = _past(lines), list[tuple[date, _Past]]()
    refunded, found = Counter[UUID | None](), list[Lot]()
    for place, line in enumerate(lines):
        if line.unit != unit or line.undone:
            continue
        if line.is_look:
            looks.append((line.recorded.date(), _past(lines[place:])))
        elif line.cause == "refund" and line.amount < 0 and line.purchase_id:
            refunded[line.purchase_id] -= line.amount
        elif line.is_earned:
            kept = max(0, line.amount - refunded[line.purchase_id])
            refunded[line.purchase_id] -= line.amount - kept
            end = end_at(line.occurred)
            if kept and not (end and any(_ended(line, end, past) < day for day, past in looks)):
                found.append(_lot(kept, line.occurred, end, _last(line, end, now) if end else None))
    return sorted(found, key=lambda lot: lot.occurred, reverse=True)


def accounted(found: Sequence[Lot], balance: int, lines: Sequence[Line], end_at: EndAt) -> list[Lot]:
    """The lots with one more for what they leave open, once all entries are known: given back after it was over."""
    missing = balance - sum(lot.amount for lot in found)
    if missing <= 0 or not lines:
        return list(found)
    back = next((line for line in lines if line.deed in GIVEN_BACK), None)
    end = end_at(back.recorded) if back else None
    return [*found, _lot(missing, lines[-1].occurred, end, back.recorded.date() if back and end else None)]


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


def _past(lines: Sequence[Line]) -> _Past:
    visits = (line.occurred for line in lines if line.is_visit)
    backs = (line.recorded.date() for line in lines if line.deed in GIVEN_BACK)
    return _Past(max(visits, default=None), max(backs, default=None))


def _last(line: Line, end: End, past: _Past) -> date:
    return max(_floors(line, end, past))


def _floors(line: Line, end: End, past: _Past) -> Iterator[date]:
    begin = max(line.occurred, past.visit) if end.by_visit and past.visit else line.occurred
    yield months_after(begin.date(), end.months)
    yield line.recorded.date()
    if past.back is not None:
        yield past.back


def _ended(line: Line, end: End, past: _Past) -> date:
    return _last(line, end, past) + timedelta(days=end.grace_days)


def _lot(amount: int, occurred: datetime, end: End | None, last: date | None) -> Lot:
    if end is None or last is None:
        return Lot(amount, occurred)
    grace, warning = timedelta(days=end.grace_days), timedelta(days=end.warn_days)
    return Lot(amount, occurred, last, last + grace, last - warning)

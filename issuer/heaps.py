"""A card's entries of one unit played through: what was earned lies in heaps, and of those the oldest is spent first.

A late event is a heap of the day on which it happened, but only of what is spent after it was told: what was spent
before came out of what was there then. What is given back is what was spent last.
"""

from bisect import insort_left, insort_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from issuer.history import EARNING
from issuer.ledger import MERGED
from issuer.lots import GIVEN_BACK, End, EndAt, Line, Lot
from issuer.rules.expiry import months_after

LONG_AGO = datetime.min.replace(tzinfo=UTC)
BY_AGE = attrgetter("occurred")


@dataclass(eq=False)
class Heap:
    """What one posting brought: ``amount`` is left of it, ``ended`` was over, ``moved`` went to another card.

    ``purchase_id``: with which it came.
    """

    amount: int
    occurred: datetime
    recorded: datetime
    end: End | None
    posting_id: UUID | None = None
    purchase_id: UUID | None = None
    cause: str = ""
    is_merged: bool = False
    ended: int = 0
    moved: int = 0


Piece = tuple[Heap, int]


class Heaps:
    """``known``: every heap, whether something is left of it or not. ``older``: what is from before the first line.

    Nothing ends before the day on which it was booked, or something was given back to the card: a late event or a
    refund never surprises, the grace is always there once more.
    """

    def __init__(self, older: Heap, since: datetime, end_at: EndAt) -> None:
        self.known, self.older = list[Heap](), older
        self._there, self._since, self._end_at = [older], since, end_at
        self._spent, self._ended = list[Piece](), dict[UUID, list[Piece]]()
        self._visit: datetime | None = None
        self._back: date | None = None

    @property
    def is_certain(self) -> bool:
        """Whether nothing is left of what is not known in detail."""
        return self.older.amount == 0

    def left(self) -> list[Lot]:
        """What the balance consists of, newest first."""
        return [self._lot(heap) for heap in reversed(self._there)]

    def book(self, posting: Sequence[Line], unit: str) -> None:
        """One posting's lines, of all units: the visits of a card move the ends of everything."""
        first = posting[0]
        if first.is_visit:
            self._visit = max(first.occurred, self._visit or first.occurred)
        if first.deed in GIVEN_BACK:
            self._back = max(first.recorded.date(), self._back or date.min)
        is_leaving = first.note == MERGED and all(line.amount < 0 for line in posting)
        mine = [line for line in posting if line.unit == unit]
        # What is taken back may have gone into a round, and has to come out of it first.
        for line in sorted(mine, key=lambda line: line.amount < 0) if first.deed in GIVEN_BACK else mine:
            if line.amount > 0:
                self._receive(line)
            else:
                self._give(line, is_leaving=is_leaving)
        self._there = [heap for heap in self._there if heap.amount]

    def _receive(self, line: Line) -> None:
        if line.is_back:
            self._restore(line)
        elif line.occurred < self._since:
            self._return(self.older, line.amount)
        else:
            earned = line.purchase_id if line.deed in EARNING else None
            heap = Heap(
                line.amount,
                line.occurred,
                line.recorded,
                self._end_at(line.occurred),
                line.posting_id,
                earned,
                line.cause,
                is_merged=line.note == MERGED and line.cause == "adjustment",
            )
            self.known.append(heap)
            insort_right(self._there, heap, key=BY_AGE)

    def _give(self, line: Line, *, is_leaving: bool) -> None:
        if line.deed == "expiry":
            pieces = self._take(-line.amount, self._ending(line))
            self._ended.setdefault(line.posting_id, []).extend(pieces)
            for heap, part in pieces:
                heap.ended += part
        elif line.is_back:
            self._take(-line.amount, sorted(self._there, key=lambda heap: not _is_of(heap, line)))
        elif is_leaving:
            for heap, part in self._take(-line.amount, self._there):
                heap.moved += part
        else:
            self._spent += self._take(-line.amount, self._there)

    def _ending(self, line: Line) -> list[Heap]:
        """In which order heaps go by what was booked as over: a gift that was not taken, or what was over by then."""
        if line.note is not None:
            return sorted(self._there, key=lambda heap: heap.cause != "bonus")
        today = line.recorded.date()

        def order(heap: Heap) -> tuple[bool, bool, date]:
            over = date.min if heap is self.older else self._lot(heap).over or date.max
            return over >= today, heap is self.older, over

        return sorted(self._there, key=order)

    @staticmethod
    def _take(amount: int, heaps: Iterable[Heap]) -> list[Piece]:
        pieces = list[Piece]()
        for heap in heaps:
            part = min(max(heap.amount, 0), amount)
            if part:
                heap.amount, amount = heap.amount - part, amount - part
                pieces.append((heap, part))
        return pieces

    def _restore(self, line: Line) -> None:
        """What was spent last is there again, or what a posting that is reversed booked as over."""
        over, left = self._ended.get(line.reverses_id) if line.reverses_id else None, line.amount
        pieces = self._spent if over is None else over
        while left and pieces:
            heap, amount = pieces.pop()
            part = min(amount, left)
            left -= part
            if amount > part:
                pieces.append((heap, amount - part))
            if over is not None:
                heap.ended -= part
            self._return(heap, part)
        self._return(self.older, left)

    def _return(self, heap: Heap, amount: int) -> None:
        heap.amount += amount
        if heap not in self._there:
            insort_left(self._there, heap, key=BY_AGE)

    def _lot(self, heap: Heap) -> Lot:
        end = heap.end
        if end is None:
            return Lot(heap.amount, heap.occurred)
        begin = max(heap.occurred, self._visit) if end.by_visit and self._visit else heap.occurred
        last = max(months_after(begin.date(), end.months), heap.recorded.date(), self._back or date.min)
        grace, warning = timedelta(days=end.grace_days), timedelta(days=end.warn_days)
        return Lot(heap.amount, heap.occurred, last, last + grace, last - warning)


def play(lines: Sequence[Line], unit: str, balance: int, end_at: EndAt, *, is_all: bool) -> Heaps:
    """What became of all that was earned in a unit.

    :param lines: the card's entries of all units, newest first, as far back as need be
    :param is_all: whether the card has no others
    """
    if not is_all:
        # Of the oldest posting some lines may be missing.
        lines, since = [line for line in lines if line.posting_id != lines[-1].posting_id], lines[-1].recorded
    else:
        since = LONG_AGO
    before = balance - sum(line.amount for line in lines if line.unit == unit)
    first, end = (lines[-1].recorded, end_at(lines[0].recorded)) if lines else (since, None)
    heaps = Heaps(Heap(before, LONG_AGO, first, end), since, end_at)
    for _, posting in groupby(reversed(lines), key=attrgetter("posting_id")):
        heaps.book(list(posting), unit)
    return heaps


def _is_of(heap: Heap, line: Line) -> bool:
    """Whether a heap is of the purchase that is refunded, or the posting that is reversed, by a line."""
    if line.deed == "refund":
        return heap.purchase_id is not None and heap.purchase_id == line.purchase_id
    return heap.posting_id is not None and heap.posting_id == line.reverses_id

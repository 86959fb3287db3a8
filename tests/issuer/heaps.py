"""What stands on a model's card in one unit, in heaps: of what was earned first, what is left, and what ended."""

from collections.abc import Callable
from dataclasses import dataclass

MERGED = "merged"


@dataclass(eq=False)
class Heap:
    """``source``: the posting that brought it. ``moved``: what went to another card when the two were merged."""

    at: float
    left: int
    source: object
    ended: int = 0
    moved: int = 0


class Heaps:
    """The oldest is spent first; what is given back is what was spent last. ``plus``, ``minus``: all that ever was.

    ``short``: taken back before the round that makes up for it was complete again.
    """

    def __init__(self) -> None:
        self.all, self.spent = list[Heap](), list[tuple[Heap, int]]()
        self.plus = self.minus = self.short = 0

    @property
    def total(self) -> int:
        return sum(heap.left for heap in self.all)

    def put(self, amount: int, at: float, source: object) -> None:
        made_up = min(self.short, amount)
        self.all.append(Heap(at, amount - made_up, source))
        self.all.sort(key=lambda heap: heap.at)
        self.plus, self.short = self.plus + amount, self.short - made_up

    def spend(self, amount: int) -> None:
        self.minus += amount
        for heap in self.all:
            part = min(heap.left, amount)
            heap.left, amount = heap.left - part, amount - part
            self.spent += [(heap, part)] if part else []

    def take_back(self, amount: int, source: object) -> None:
        """From what that posting brought, then as if it was spent, but for good."""
        self.minus += amount
        for heap in sorted(self.all, key=lambda heap: heap.source != source):
            part = min(heap.left, amount)
            heap.left, amount = heap.left - part, amount - part
        self.short += amount

    def give_back(self, amount: int) -> None:
        self.plus += amount
        while amount and self.spent:
            heap, spent = self.spent.pop()
            part = min(spent, amount)
            heap.left, amount = heap.left + part, amount - part
            self.spent += [(heap, spent - part)] if spent > part else []
        if amount:
            self.all.insert(0, Heap(float("-inf"), amount, None))

    def end(self) -> None:
        for heap in self.all:
            heap.ended, heap.left = heap.ended + heap.left, 0

    def move(self) -> int:
        """Take all of it to another card; how much that is."""
        total = self.total
        for heap in self.all:
            heap.moved, heap.left = heap.moved + heap.left, 0
        return total

    def sums(self, which: Callable[[Heap], bool]) -> tuple[int, int]:
        """What ended and what moved of some heaps."""
        mine = [heap for heap in self.all if which(heap)]
        return sum(heap.ended for heap in mine), sum(heap.moved for heap in mine)

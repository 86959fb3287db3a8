"""What is known of a card with its times, so that its facts can be said of now and of moments before."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from issuer.offers.facts import Facts, Happened, Lapsing, Nearly, Reached, Visited, Waiting
from issuer.offers.fifths import Cuts, fifth_of, measured
from issuer.rules.movement import is_reward


@dataclass(frozen=True)
class Counter:
    """A counter of the card: its ledger unit, the stamps of a round, and those that are there at the latest."""

    unit: str
    needed: int
    balance: int


@dataclass(frozen=True)
class Booking:
    """An entry of a counter or a reward that was not reversed. ``key`` names its posting."""

    unit: str
    amount: int
    at: datetime
    key: str
    ends_round: bool = False


@dataclass(frozen=True)
class Record:
    """``base``: what does not change with time. ``visits``: see `Facts.visits`; ``visit_days``: until the last of them.

    ``bookings``: of rewards all, of counters those that ended a round, and all since the first moment that is asked
    for; in their order. ``reached``: tiers, oldest first. ``cuts``: of the shop's fifths, if they were reckoned.
    """

    base: Facts
    visits: tuple[Visited, ...] = ()
    first_visit: datetime | None = None
    visit_days: int = 0
    counters: tuple[Counter, ...] = ()
    bookings: tuple[Booking, ...] = ()
    lapsing: tuple[Lapsing, ...] = ()
    reached: tuple[Reached, ...] = ()
    happened: tuple[Happened, ...] = ()
    cuts: Cuts | None = None

    def at(self, now: datetime) -> Facts:
        """What was known at an instant, as far as it can be told: what was reversed since never happened."""
        cut = bisect_right(self.visits, now, key=lambda visit: visit.at)
        visits = self.visits[:cut]
        bookings = [one for one in self.bookings if one.at <= now]
        value = measured(visits, self.base.around, now) if self.cuts else None
        return replace(
            self.base,
            visits=visits,
            first_visit=self.first_visit if self.first_visit and self.first_visit <= now else None,
            visit_days=self.visit_days - len(set(self._days[cut:]) - set(self._days[:cut])),
            tier=next((tier for tier in reversed(self.reached) if tier.since <= now), None),
            nearly=tuple(self._nearly(bookings, now)),
            waiting=tuple(_waiting(bookings)),
            lapsing=self.lapsing,
            happened=tuple(one for one in self.happened if one.at <= now),
            fifth=fifth_of(value, self.cuts) if value and self.cuts else None,
        )

    @cached_property
    def _days(self) -> list[date]:
        """The local day of each visit."""
        around = self.base.around
        return [visit.at.astimezone(ZoneInfo(around.zone_of(visit.location_id))).date() for visit in self.visits]

    def _nearly(self, bookings: Sequence[Booking], now: datetime) -> Iterator[Nearly]:
        for counter in self.counters:
            later = sum(one.amount for one in self.bookings if one.unit == counter.unit and one.at > now)
            stamps = (counter.balance - later) % counter.needed
            rounds = sum(one.ends_round for one in bookings if one.unit == counter.unit)
            yield Nearly(counter.unit, counter.needed - stamps, rounds)


def _waiting(bookings: Sequence[Booking]) -> Iterator[Waiting]:
    """Of each reward the booking whose turn it is to be taken: what came first is taken first."""
    for left in _heaps(bookings).values():
        if left:
            yield Waiting(left[0].key, left[0].at)


def _heaps(bookings: Sequence[Booking]) -> Mapping[str, list[Booking]]:
    """What is left of what came, by reward, oldest first."""
    heaps: dict[str, list[Booking]] = {}
    for one in bookings:
        if is_reward(one.unit):
            heap = heaps.setdefault(one.unit, [])
            heaps[one.unit] = [*heap, one] if one.amount > 0 else _less(heap, -one.amount)
    return heaps


def _less(heap: Sequence[Booking], taken: int) -> list[Booking]:
    left = list[Booking]()
    for one in heap:
        part = min(taken, one.amount)
        taken -= part
        if one.amount > part:
            left.append(replace(one, amount=one.amount - part))
    return left

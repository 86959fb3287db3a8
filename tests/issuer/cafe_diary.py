"""What happened in the simulated café as whoever did it wrote it down: all that its judges know, but for the rows."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID


@dataclass(frozen=True)
class Came:
    """A visit. ``zone``: of the shop. ``booked``: with a stamp, or ``cents`` that were paid; else they checked in."""

    at: datetime
    zone: str
    booked: bool = True
    cents: int = 0


@dataclass
class Person:
    """``wishes``, ``birthdays``: since when they want how much, and since when the shop knows the month and day."""

    wishes: list[tuple[datetime, str]] = field(default_factory=list)
    birthdays: list[tuple[datetime, date]] = field(default_factory=list)

    def wish(self, at: datetime) -> str:
        return next((wish for since, wish in reversed(self.wishes) if since <= at), "all")


@dataclass
class Bearer:
    """A card. ``raised``: versions it got at tills and by the looks after ends and tiers; ``told``: when by those.

    ``taken``: when rewards were handed over. ``used``: offers taken up, by name.
    """

    id: UUID
    person: Person
    program: str
    language: str
    made: datetime
    on_phone: bool
    came: list[Came] = field(default_factory=list)
    taken: list[datetime] = field(default_factory=list)
    used: list[tuple[str, datetime]] = field(default_factory=list)
    happened: list[datetime] = field(default_factory=list)
    told: list[datetime] = field(default_factory=list)
    raised: int = 0


@dataclass
class Diary:
    """``live``: when the offers went live; ``over``: when all were ended. ``away``: when no worker was there.

    ``warm``: by day, since when its forecast is known, if that meets the limit.
    """

    live: datetime
    over: datetime
    bearers: list[Bearer] = field(default_factory=list)
    away: list[tuple[datetime, datetime]] = field(default_factory=list)
    warm: dict[date, datetime] = field(default_factory=dict)

    def is_away(self, at: datetime) -> bool:
        return self.back(at) > at

    def back(self, at: datetime) -> datetime:
        """The first instant from then on at which a worker is there; it goes away in order of time."""
        last = bisect_right(self.away, at, key=lambda one: one[0]) - 1
        return max(at, self.away[last][1]) if last >= 0 else at

    @property
    def longest(self) -> timedelta:
        """That no worker was there."""
        return max((end - begin for begin, end in self.away), default=timedelta(0))

"""Who comes to the simulated café, when, and what they want: drawn from a seed before anything happens."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from tests.issuer.cafe_offers import BERLIN, NEW_YORK
from tests.issuer.cafe_rhythm import days_of, minute_of, paid

PROGRAMS = ("stamps", "points")
BEFORE = {"stamps": timedelta(days=400), "points": timedelta(days=50)}
"""For how long there have been such cards when the offers begin."""
TAKE, USE = 0.4, 0.3
NEWCOMERS, WITH_TWO_CARDS, ABROAD, CHECK_INS, REVIEWS, ON_PHONES = 0.15, 0.15, 0.2, 0.08, 0.25, 0.3
WISHES, SHARES = ("all", "fewer", "none"), (0.6, 0.25, 0.15)
CHANGE_THEIR_MIND, TELL_THEIR_BIRTHDAY, TELL_IT_LATE, LEAPLINGS = 0.1, 0.7, 0.3, 0.05
JOIN_BEFORE = timedelta(minutes=1)
"""The first visit."""
A_LEAP_YEAR = 1996


@dataclass(frozen=True)
class Visit:
    """``booked``: at the till, else they check in. ``review``: so long after it they write one.

    ``takes``: a reward, if there is one. ``uses``: which of the offers that the card shows, from 0 to 1.
    """

    at: datetime
    zone: str
    booked: bool = False
    cents: int = 0
    review: timedelta | None = None
    takes: bool = False
    uses: float | None = None


@dataclass(frozen=True)
class Card:
    program: str
    on_phone: bool
    visits: tuple[Visit, ...]


@dataclass(frozen=True)
class Guest:
    """``wishes``: (since when, what). ``birthday``: (since when it is known, the day)."""

    language: str
    cards: tuple[Card, ...]
    wishes: tuple[tuple[datetime, str], ...]
    birthday: tuple[datetime, date] | None


def guests(rng: Random, count: int, live: datetime, over: datetime) -> list[Guest]:
    """People with ``count`` cards together."""
    found, cards = list[Guest](), 0
    while cards < count:
        found.append(_guest(rng, live, over, 2 if rng.random() < WITH_TWO_CARDS and cards + 1 < count else 1))
        cards += len(found[-1].cards)
    return found


def _guest(rng: Random, live: datetime, over: datetime, cards: int) -> Guest:
    is_new = rng.random() < NEWCOMERS
    held = tuple(_card(rng, program, live, over, is_new) for program in rng.sample(PROGRAMS, cards))
    joined = min(card.visits[0].at for card in held)
    wishes = [(joined, rng.choices(WISHES, SHARES)[0])]
    if rng.random() < CHANGE_THEIR_MIND:
        wishes.append((_between(rng, max(joined, live), over), rng.choice(WISHES)))
    told = _between(rng, max(joined, live), over) if rng.random() < TELL_IT_LATE else joined
    birthday = (told, _day(rng)) if rng.random() < TELL_THEIR_BIRTHDAY else None
    return Guest(rng.choices(("de", "en"), (4, 1))[0], held, tuple(wishes), birthday)


def _card(rng: Random, program: str, live: datetime, over: datetime, is_new: bool) -> Card:
    begins, ends = (live, over) if is_new else (live - BEFORE[program], live)
    first = (begins + rng.random() * (ends - begins)).date()
    days = days_of(rng, max(first, begins.date() + timedelta(days=1)), over.date())
    return Card(program, rng.random() < ON_PHONES, tuple(_visit(rng, day, day != days[0]) for day in days))


def _visit(rng: Random, day: date, may_check_in: bool) -> Visit:
    zone = NEW_YORK if rng.random() < ABROAD else BERLIN
    at = datetime.combine(day, time(*divmod(min(minute_of(rng), 17 * 60), 60)), ZoneInfo(zone)).astimezone(UTC)
    review = timedelta(minutes=5 * rng.randrange(60)) if rng.random() < REVIEWS else None
    booked, takes = not (may_check_in and rng.random() < CHECK_INS), rng.random() < TAKE
    return Visit(at, zone, booked, paid(rng), review, takes, rng.random() if rng.random() < USE else None)


def _between(rng: Random, begins: datetime, ends: datetime) -> datetime:
    minutes = max(1, int((ends - begins).total_seconds()) // 300)
    return begins + timedelta(minutes=5 * rng.randrange(minutes))


def _day(rng: Random) -> date:
    if rng.random() < LEAPLINGS:
        return date(A_LEAP_YEAR, 2, 29)
    return date(A_LEAP_YEAR, 1, 1) + timedelta(days=rng.randrange(366))

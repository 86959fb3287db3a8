"""The simulated café: a clock that goes from one due moment to the next, tills, and the worker's own functions."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from issuer import counter, customers, due, happenings, offer_redeeming, offering, wishing
from issuer.customers import Profile, Told
from issuer.database import transaction
from issuer.forecasts import NO_CONNECTION, Place
from issuer.ledger import Booked
from issuer.offering import Through
from issuer.programs import program_view
from issuer.purchases import Order, buy
from issuer.schema import Card, Location, Merchant, Showing
from tests.issuer.cafe_diary import Bearer, Came, Diary, Person
from tests.issuer.cafe_mishaps import Hands, Killed, Stumbled, Trap, two_at_once
from tests.issuer.cafe_offers import BERLIN, NEW_YORK, POINTS, POLICY, STAMPS, offers_of
from tests.issuer.cafe_people import Guest, Visit, guests
from tests.issuer.counting import Till, found, locked
from tests.issuer.phones import Phone
from tests.issuer.promoting import promote
from worker.foretelling import ask_weather
from worker.looking_after import look_after
from worker.offers import note_birthdays, show_offers
from worker.office import Office
from worker.weather import OpenMeteo, Outlook

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LOST = timedelta(seconds=10)
"""Until the scheduler asks, when a hint is lost."""
MISHAPS = {"none": 800, "killed": 60, "stumbled": 40, "two": 12, "back": 12, "lost": 20}
MOST_STEPS = 40
TAKE, USE = 0.4, 0.3
DUE = text("""
    SELECT least((SELECT min(due_at) FROM agenda), (SELECT min(due_at) FROM sweep)), (SELECT min(due_at) FROM due)
""")
Outcome = TypeVar("Outcome")


class Sky(OpenMeteo):
    """A weather service with days of its own: warm or not, and now and then silent."""

    def __init__(self, rng: Random, first: date, days: int) -> None:
        self._degrees = {first + DAY * day: rng.choice((4, 8, 12, 16, 28)) for day in range(-3, days + 3)}
        self._silent = {day: rng.choice((0, 0, 0, 40, 400)) for day in self._degrees}
        self.zone = ZoneInfo(BERLIN)
        self.now = datetime.min.replace(tzinfo=UTC)

    def asked_from(self, day: date) -> datetime:
        return datetime.combine(day, time(14, 46), self.zone).astimezone(UTC)

    def asked_until(self, day: date) -> datetime:
        return datetime.combine(day, time(18), self.zone).astimezone(UTC)

    def answers(self, day: date) -> bool:
        return self.now >= self.asked_from(day) + self._silent[day] * MINUTE

    def is_warm(self, day: date) -> bool:
        return self._degrees[day] > 20

    def ask(self, places: Any) -> Mapping[Place, Outlook | str]:
        today = self.now.astimezone(self.zone).date()
        if not self.answers(today):
            return dict.fromkeys(places, NO_CONNECTION)
        begin = datetime.combine(today, time(0), self.zone).astimezone(UTC)
        hours = [int(begin.timestamp()) + 3600 * hour for hour in range(26)]
        degrees = Decimal(self._degrees[today])
        return {place: Outlook(dict.fromkeys(hours, degrees), dict.fromkeys(hours, Decimal(0))) for place in places}


@dataclass
class Cafe:
    """``offers``: ids by name. ``deeds``: what people will do, by its time. ``tally``: what went on, for whoever asks."""

    office: Office
    hands: Hands
    rng: Random
    diary: Diary
    sky: Sky
    till: Till
    trap: Trap
    tills: dict[tuple[str, str], Till] = field(default_factory=dict)
    offers: dict[str, UUID] = field(default_factory=dict)
    deeds: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    by_id: dict[UUID, Bearer] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)
    asked: set[date] = field(default_factory=set)
    ask_again: datetime | None = None
    note_at: datetime = datetime.max.replace(tzinfo=UTC)

    @property
    def now(self) -> datetime:
        return self.hands.at

    def plan(self, at: datetime, deed: Callable[[], None]) -> None:
        heapq.heappush(self.deeds, (at, len(self.deeds) * 10_000_000 + self.rng.randrange(10_000_000), deed))

    # --- people -------------------------------------------------------------------------------------------------

    def invite(self, guest: Guest) -> None:
        """Plan all that a guest will do."""
        person = Person()
        bearers = [
            Bearer(UUID(int=0), person, card.program, guest.language, self.diary.over, card.on_phone)
            for card in guest.cards
        ]
        for bearer, card in zip(bearers, guest.cards, strict=True):
            self.plan(card.visits[0].at - MINUTE, lambda bearer=bearer: self._join(bearer, bearers))
            for visit in card.visits:
                self.plan(visit.at, lambda bearer=bearer, visit=visit: self._come(bearer, visit))
        for at, wish in guest.wishes:
            self.plan(at, lambda wish=wish: self._wish(bearers, wish))
        if guest.birthday:
            at, born = guest.birthday
            self.plan(at, lambda: self._tell_birthday(bearers, born))

    def _join(self, bearer: Bearer, bearers: list[Bearer]) -> None:
        till = self._at(bearer.program, BERLIN)
        bearer.id, bearer.made = till.join(), self.now
        self.by_id[bearer.id] = bearer
        self.diary.bearers.append(bearer)
        first = next((one for one in bearers if one.id.int and one is not bearer), None)
        with till.work() as session:
            card = session.get_one(Card, bearer.id)
            card.language = bearer.language
            if first is not None:
                card.customer_id = session.get_one(Card, first.id).customer_id
        if bearer.on_phone:
            Phone(till).register(bearer.id)

    def _come(self, bearer: Bearer, visit: Visit) -> None:
        till = self._at(bearer.program, visit.zone)
        if not visit.booked:
            self._do(till, bearer, lambda session, card: happenings.check_in(session, card, till.visit()))
        elif bearer.program == "stamps":
            self._do(till, bearer, lambda session, card: counter.stamp(session, card, 1, till.visit(), pause=False))
        else:
            self._do(till, bearer, lambda session, card: buy(session, card, Order(visit.cents), till.visit()))
        bearer.came.append(Came(self.now, visit.zone, visit.booked, visit.cents))
        self.tally["visits"] += 1
        if self.rng.random() < TAKE:
            self._take(till, bearer)
        if self.rng.random() < USE and self.offers:
            self._use(till, bearer)
        if visit.review is not None:
            self.plan(self.now + visit.review, lambda: self._review(till, bearer))

    def _take(self, till: Till, bearer: Bearer) -> None:
        found = self._do(
            till, bearer, lambda session, card: counter.redeem(session, card, till.shop.reward_id, till.visit())
        )
        if isinstance(found, counter.Redemption):
            bearer.taken.append(self.now)
            self.tally["rewards"] += 1

    def _use(self, till: Till, bearer: Bearer) -> None:
        with till.work() as session:
            mine = select(Showing.offer_id).where(Showing.card_id == bearer.id, Showing.state == "shown")
            shown = set(session.scalars(mine))
        names = sorted(name for name, offer_id in self.offers.items() if offer_id in shown)
        if not names:
            return
        name = self.rng.choice(names)
        booked = self._do(
            till, bearer, lambda session, card: offer_redeeming.redeem(session, card, self.offers[name], till.visit())
        )
        if isinstance(booked, Booked):
            bearer.used.append((name, self.now))
            self.tally["used"] += 1

    def _review(self, till: Till, bearer: Bearer) -> None:
        till = replace(till, now=self.now)
        self._do(till, bearer, lambda session, card: happenings.tell(session, card, "review.written", till.visit()))
        bearer.happened.append(self.now)

    def _wish(self, bearers: list[Bearer], wish: str) -> None:
        known = [bearer for bearer in bearers if bearer.id.int]
        with self.till.work() as session:
            wishing.choose(session, known[0].id, wish, Told("card", "de"), self.now)
        known[0].person.wishes.append((self.now, wish))

    def _tell_birthday(self, bearers: list[Bearer], born: date) -> None:
        known = [bearer for bearer in bearers if bearer.id.int]
        with self.till.work() as session:
            customer_id = session.get_one(Card, known[0].id).customer_id
            profile = Profile(birthday=born)
            customers.remember(session, self.office.keys, customer_id, profile, Told("card", "de"), self.now)
        known[0].person.birthdays.append((self.now, born))
        if self.offers:
            self.note_at = min(self.note_at, _hour_after(self.now))

    def _do(self, till: Till, bearer: Bearer, deed: Callable[[Session, Card], Outcome]) -> Outcome:
        """Something at the till; how many versions it gave the card is written down."""
        with till.work() as session:
            card = locked(session, bearer.id)
            before = card.version
            outcome = deed(session, card)
            raised = card.version - before
        bearer.raised += raised
        return outcome

    def _at(self, program: str, zone: str) -> Till:
        return replace(self.tills[program, zone], now=self.now)

    # --- the worker ---------------------------------------------------------------------------------------------

    def live(self, until: datetime) -> None:
        """Go from one moment at which something is due to the next."""
        while (at := self._next()) <= until:
            self.hands.at = at
            while self.deeds and self.deeds[0][0] <= self.now:
                heapq.heappop(self.deeds)[2]()
            if not self.diary.is_away(self.now):
                self._work()
            self.tally["steps"] += 1
        self.hands.at = until

    def _next(self) -> datetime:
        ahead = [at for at, *_ in self.deeds[:1]]
        if self.diary.is_away(self.now):
            ahead.append(self.diary.back(self.now))
        else:
            ahead += [self.note_at, *(at for at in (*self._due(), self._asks_at()) if at is not None)]
        soonest = min(ahead)
        return max(self.now + SECOND, soonest + (SECOND - timedelta(microseconds=soonest.microsecond)) % SECOND)

    def _asks_at(self) -> datetime | None:
        """When the weather is next asked for; the scheduler asks each minute, mostly for nothing."""
        today = self.now.astimezone(self.sky.zone).date()
        if not self.offers or today in self.asked or self.now >= self.sky.asked_until(today):
            return None
        return max(self.sky.asked_from(today), self.ask_again or self.now)

    def _work(self) -> None:
        what = self.rng.choices(list(MISHAPS), list(MISHAPS.values()))[0] if self.offers else "none"
        if what != "none" and not self._waits():
            what = "none"
        self.tally[what] += 1
        if what in ("killed", "stumbled"):
            self._stumble(Killed() if what == "killed" else Stumbled())
        elif what == "two":
            self.hands.at = two_at_once(self.office, self.now)
        elif what == "back":
            self._back()
        elif what == "lost":
            self.hands.at += LOST
        self._duties()
        for _ in range(600):
            if not self._waits():
                return
            self._once()
        raise AssertionError(f"at {self.now} the work is never done")

    def _stumble(self, error: BaseException) -> None:
        """A worker is killed, or a statement fails, at whatever it just does; its message is lost."""
        self.trap.set(self.rng.randint(1, MOST_STEPS), error)
        try:
            self._once()
        except (Killed, Stumbled):
            self.tally["died"] += 1
            self.hands.at += LOST
        finally:
            self.trap.unset()

    def _back(self) -> None:
        """For a moment the clock of all is a minute behind, and somebody checks in."""
        self.hands.at -= MINUTE
        quiet = [one for one in self.diary.bearers if not one.came or one.came[-1].at < self.now - HOUR]
        if quiet and self.now > self.diary.live:
            bearer = self.rng.choice(quiet)
            self._come(bearer, Visit(self.now, BERLIN, booked=False, cents=0, review=None))
        show_offers(self.office)
        self.hands.at += MINUTE

    def _duties(self) -> None:
        """What a scheduler asks for by the clock."""
        if self.note_at <= self.now:
            note_birthdays(self.office)
            self.note_at = _hour_after(self.now) + 5 * HOUR
        at = self._asks_at()
        if at is not None and at <= self.now:
            self._ask()

    def _ask(self) -> None:
        self.sky.now, today = self.now, self.now.astimezone(self.sky.zone).date()
        ask_weather(self.office, self.sky)
        self.ask_again = self.now + 10 * MINUTE
        if self.sky.answers(today):
            self.asked.add(today)
            if self.sky.is_warm(today):
                self.diary.warm[today] = self.now

    def _once(self) -> None:
        """A second of the worker."""
        offers, duties = self._due()
        before = self._versions() if duties is not None and duties <= self.now else {}
        try:
            if before:
                look_after(self.office)
        finally:
            for card_id, version in self._versions(before).items():
                if version > before[card_id]:
                    self.by_id[card_id].raised += version - before[card_id]
                    self.by_id[card_id].told.append(self.now)
        if offers is not None and offers <= self.now or before:
            self.tally["shown"] += show_offers(self.office)
        self.hands.at += SECOND

    def _versions(self, of: Mapping[UUID, int] | None = None) -> dict[UUID, int]:
        """Of the cards that something is due on, or of these."""
        if of is not None and not of:
            return {}
        with transaction(self.office.engine, self.till.shop.merchant_id) as session:
            duties = due.waiting(session, self.now, 10_000) if of is None else ()
            ids = list(of or {duty.card_id for duty in duties})
            found = select(Card.id, Card.version).where(Card.id.in_(ids))
            return {card_id: version for card_id, version in session.execute(found)} if ids else {}

    def _waits(self) -> bool:
        return any(at is not None and at <= self.now for at in self._due())

    def _due(self) -> tuple[datetime | None, datetime | None]:
        """When the next look for offers is due, and when the next duty."""
        with transaction(self.office.engine) as session:
            offers, duties = session.execute(DUE).one()
            return offers, duties

    # --- offers -------------------------------------------------------------------------------------------------

    def go_live(self, cards: int) -> None:
        for name, offer in offers_of(self.till.shop.location_id, cards).items():
            self.offers[name] = promote(self.office.engine, self.till.shop.merchant_id, self.now, offer)

        self.note_at = _hour_after(self.now)

    def end(self) -> None:
        """All offers, for good."""
        with self.till.work() as session:
            for offer_id in self.offers.values():
                offering.end(session, offer_id, Through(self.till.shop.merchant_id, self.now))
        for _ in range(600):
            if not self._waits():
                return
            self._once()


def _hour_after(at: datetime) -> datetime:
    return at.replace(minute=0, second=0) + HOUR


def open_cafe(office: Office, rng: Random, cards: int, live: datetime, over: datetime) -> Cafe:
    """As it stands ``BEFORE`` the offers begin, with all that people are going to do."""
    began = live - 401 * DAY
    hands = Hands(began)
    office.__dict__["clock"] = hands
    till = found(office.engine, office.keys, began)
    sky = Sky(rng, live.date(), (over - live).days)
    cafe = Cafe(office, hands, rng, Diary(live, over), sky, till, Trap(office.engine))
    _furnish(cafe)
    for guest in guests(rng, cards, live, over):
        cafe.invite(guest)
    _lay_off(cafe)
    return cafe


def _furnish(cafe: Cafe) -> None:
    """Two shops in two zones, two programs, a policy."""
    till = cafe.till
    with till.work() as session:
        session.execute(update(Merchant).values(policy=POLICY.model_dump(mode="json")))
        corner = session.get_one(Location, till.shop.location_id)
        corner.latitude, corner.longitude = 52.5, 13.4
        far = Location(
            id=UUID(int=cafe.rng.getrandbits(128)), merchant_id=till.shop.merchant_id, name="Harlem", zone=NEW_YORK,
            latitude=40.8, longitude=-73.9, created_at=till.now,
        )  # fmt: skip
        session.add(far)
    points = till.open_program()
    with till.work() as session:
        view = program_view(session, points)
        assert view is not None
    shop = replace(till.shop, program_id=points, reward_id=view.rewards[0].id)
    mine = {"stamps": till, "points": replace(till, shop=shop)}
    mine["stamps"].set_rules(*STAMPS)
    mine["points"].set_rules(*POINTS)
    for program, one in mine.items():
        cafe.tills[program, BERLIN] = one
        cafe.tills[program, NEW_YORK] = replace(one, shop=replace(one.shop, location_id=far.id))


def _lay_off(cafe: Cafe) -> None:
    """An hour without any worker every few days: at any time, and around the opening and the end of the mornings."""
    day = cafe.diary.live.date()
    while (day := day + cafe.rng.randint(2, 5) * DAY) < cafe.diary.over.date() - 2 * DAY:
        hour, minute = cafe.rng.choice(((6, 32), (9, 22), (0, 2), (14, 37), (21, 52), (cafe.rng.randrange(24), 17)))
        begin = datetime.combine(day, time(hour, minute), ZoneInfo(BERLIN)).astimezone(UTC)
        cafe.diary.away.append((begin, begin + HOUR))

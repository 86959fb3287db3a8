"""The simulated café: a clock that goes from one due moment to the next, and the worker's own functions."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select, text, update

from issuer import due, offering
from issuer.database import transaction
from issuer.offering import Through
from issuer.programs import program_view
from issuer.schema import Card, Location, Merchant
from tests.issuer.cafe_diary import Diary
from tests.issuer.cafe_mishaps import Hands, Killed, Stumbled, Trap, two_at_once
from tests.issuer.cafe_offers import BERLIN, NEW_YORK, POINTS, POLICY, STAMPS, offers_of
from tests.issuer.cafe_people import BEFORE, Visit, guests
from tests.issuer.cafe_sky import Sky
from tests.issuer.cafe_tills import Tills
from tests.issuer.counting import Till, found
from tests.issuer.promoting import promote
from worker.foretelling import ask_weather
from worker.looking_after import look_after
from worker.offers import note_birthdays, show_offers
from worker.office import Office

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ALWAYS, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
LOST = timedelta(seconds=10)
"""Until the scheduler asks, when a hint was lost, or a worker died with it."""
ASKED_AGAIN = timedelta(minutes=30)
"""For the weather; the scheduler does so each minute."""
MISHAPS = {"none": 800, "killed": 60, "stumbled": 40, "two": 12, "back": 12, "lost": 20}
"""How often each befalls the worker."""
MOST_STATEMENTS = 40
AWAY = ((6, 32), (9, 22), (0, 2), (14, 37), (21, 52), (1, 41))
"""When an hour without any worker begins, by the clock of Berlin: mostly where something opens or closes."""
MOST_SECONDS = 900
DUE = text("""
    SELECT least((SELECT min(due_at) FROM agenda), (SELECT min(due_at) FROM sweep)), (SELECT min(due_at) FROM due)
""")


@dataclass
class Cafe:
    """``value``: cents of vouchers that one of its offers may give out. ``last``: when all offers were ended and gone.

    ``note_at``: when birthdays are next to be looked up, at the full hour after one was told, else every six hours.
    ``asked``: days whose weather is known; ``ask_at``: not before that.
    """

    office: Office
    hands: Hands
    rng: Random
    diary: Diary
    sky: Sky
    tills: Tills
    trap: Trap
    value: int = 0
    note_at: datetime = NEVER
    asked: set[date] = field(default_factory=set)
    ask_at: datetime = ALWAYS

    @property
    def now(self) -> datetime:
        return self.hands.at

    @property
    def merchant_id(self) -> UUID:
        return self.tills.any.shop.merchant_id

    @property
    def tally(self) -> Counter[str]:
        return self.tills.tally

    def go_live(self, cards: int) -> None:
        offers = offers_of(self.tills.any.shop.location_id, cards)
        self.value = offers["quiet"].limits.value or 0
        for name, offer in offers.items():
            self.tills.offers[name] = promote(self.office.engine, self.merchant_id, self.now, offer)
        self.note_at = _hour_after(self.now)

    def end(self) -> None:
        """All offers, for good."""
        self.hands.at = self.diary.over
        with self.tills.any.work() as session:
            for offer_id in self.tills.offers.values():
                offering.end(session, offer_id, Through(self.merchant_id, self.now))
        self._until_done()

    def live(self, until: datetime) -> None:
        """Go from one moment at which something is due to the next, until before that one."""
        while (at := self._next()) < until:
            self.hands.at = at
            told = self.tally["birthdays"]
            self.tills.work()
            if self.tills.offers and self.tally["birthdays"] > told:
                self.note_at = min(self.note_at, _hour_after(self.now))
            if not self.diary.is_away(self.now):
                self._work()
            self.tally["steps"] += 1
        self.hands.at = until

    def _next(self) -> datetime:
        ahead = [at for at, *_ in self.tills.ahead[:1]]
        if self.diary.is_away(self.now):
            ahead.append(self.diary.back(self.now))
        else:
            ahead += [self.note_at, self._asks_at(), *self._due()]
        soonest = min(ahead)
        return max(self.now + SECOND, soonest + (SECOND - timedelta(microseconds=soonest.microsecond)) % SECOND)

    def _due(self) -> tuple[datetime, datetime]:
        """When the next look for offers is due, and when the next duty on a card."""
        with transaction(self.office.engine) as session:
            offers, duties = session.execute(DUE).one()
        return offers or NEVER, duties or NEVER

    def _asks_at(self) -> datetime:
        """When the weather is next asked for, and not for nothing."""
        today = self.sky.today(self.now)
        begins, ends = self.sky.asked(today)
        if not self.tills.offers or today in self.asked or self.now >= ends:
            return NEVER
        return max(begins, self.ask_at)

    # --- the worker ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        if min(self._due()) <= self.now and self.tills.offers:
            self._mishap(self.rng.choices(list(MISHAPS), list(MISHAPS.values()))[0])
        if self.note_at <= self.now:
            note_birthdays(self.office)
            self.note_at = _hour_after(self.now) + 5 * HOUR
        if self._asks_at() <= self.now:
            self._ask()
        self._until_done()

    def _until_done(self) -> None:
        """The scheduler's seconds, until nothing is due."""
        for _ in range(MOST_SECONDS):
            offers, duties = self._due()
            if min(offers, duties) > self.now:
                return
            self._second(offers <= self.now, duties <= self.now)
        raise AssertionError(f"at {self.now} the work is never done")

    def _second(self, offers: bool, duties: bool) -> None:
        before = self._versions(None) if duties else {}
        try:
            if duties:
                look_after(self.office)
        finally:
            self._write_down(before)
        if offers or duties:
            self.tally["changed"] += show_offers(self.office)
        self.hands.at += SECOND

    def _versions(self, of: Iterable[UUID] | None) -> dict[UUID, int]:
        """Of these cards, or of those that a duty is due on."""
        with self.trap.off(), transaction(self.office.engine, self.merchant_id) as session:
            ids = [duty.card_id for duty in due.waiting(session, self.now, 100_000)] if of is None else list(of)
            return dict(session.execute(select(Card.id, Card.version).where(Card.id.in_(ids))).all())

    def _write_down(self, before: dict[UUID, int]) -> None:
        """What the looks after ends and tiers changed."""
        for card_id, version in self._versions(before).items() if before else ():
            if version > before[card_id]:
                bearer = self.tills.by_id[card_id]
                bearer.raised += version - before[card_id]
                bearer.told.append(self.now)

    def _ask(self) -> None:
        self.sky.now, today = self.now, self.sky.today(self.now)
        ask_weather(self.office, self.sky)
        self.ask_at = self.now + ASKED_AGAIN
        if self.sky.answers(today):
            self.asked.add(today)
            if self.sky.is_warm(today):
                self.diary.warm[today] = self.now

    # --- what befalls it ----------------------------------------------------------------------------------------

    def _mishap(self, what: str) -> None:
        self.tally[what] += 1
        if what in ("killed", "stumbled"):
            self._die(Killed() if what == "killed" else Stumbled())
        elif what == "two":
            self.hands.at = two_at_once(self.office, self.now)
        elif what == "back":
            self._go_back()
        elif what == "lost":
            self.hands.at += LOST

    def _die(self, error: BaseException) -> None:
        """A worker is killed, or a statement fails, at whatever it just does; its message is lost."""
        offers, duties = self._due()
        self.trap.set(self.rng.randint(1, MOST_STATEMENTS), error)
        try:
            self._second(offers <= self.now, duties <= self.now)
        except (Killed, Stumbled):
            self.tally["died"] += 1
            self.hands.at += LOST
        finally:
            self.trap.unset()

    def _go_back(self) -> None:
        """For a moment everybody's clock is a minute behind, and somebody checks in."""
        self.hands.at -= MINUTE
        others = [one for one in self.diary.bearers if not one.came or one.came[-1].at < self.now - HOUR]
        if others and self.now > self.diary.live:
            visit = Visit(self.now, BERLIN)
            self.tills.come(self.rng.choice(others), visit)
        show_offers(self.office)
        self.hands.at += MINUTE


def open_cafe(office: Office, rng: Random, cards: int, live: datetime, over: datetime) -> Cafe:
    """As it stands before anybody came, with all that people are going to do.

    :param live: when its offers begin
    """
    hands = Hands(live - max(BEFORE.values()) - DAY)
    office.__dict__["clock"] = hands
    diary, sky = Diary(live, over), Sky(rng, live.date(), (over - live).days)
    tills = Tills(_furnished(found(office.engine, office.keys, hands.at)), hands, diary)
    for guest in guests(rng, cards, live, over):
        tills.invite(guest)
    _lay_off(diary, rng)
    return Cafe(office, hands, rng, diary, sky, tills, Trap(office.engine))


def _furnished(till: Till) -> dict[tuple[str, str], Till]:
    """Two shops in two zones, two programs, a policy: a till for each program and shop."""
    far = Location(id=uuid4(), merchant_id=till.shop.merchant_id, name="Harlem", zone=NEW_YORK, created_at=till.now)
    points = till.open_program()
    with till.work() as session:
        session.execute(update(Merchant).values(policy=POLICY.model_dump(mode="json")))
        corner = session.get_one(Location, till.shop.location_id)
        corner.latitude, corner.longitude, far.latitude, far.longitude = 52.5, 13.4, 40.8, -73.9
        session.add(far)
        view = program_view(session, points)
        assert view is not None
    other = replace(till, shop=replace(till.shop, program_id=points, reward_id=view.rewards[0].id))
    till.set_rules(*STAMPS)
    other.set_rules(*POINTS)
    mine = {("stamps", BERLIN): till, ("points", BERLIN): other}
    abroad = {
        (name, NEW_YORK): replace(one, shop=replace(one.shop, location_id=far.id)) for (name, _), one in mine.items()
    }
    return mine | abroad


def _lay_off(diary: Diary, rng: Random) -> None:
    """An hour without any worker every few days."""
    day = diary.live.date()
    while (day := day + rng.randint(2, 5) * DAY) < diary.over.date() - 2 * DAY:
        begins = datetime.combine(day, time(*rng.choice(AWAY)), ZoneInfo(BERLIN)).astimezone(UTC)
        diary.away.append((begins, begins + HOUR))


def _hour_after(at: datetime) -> datetime:
    return at.replace(minute=0, second=0) + HOUR

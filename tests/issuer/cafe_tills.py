"""What people do in the simulated café, each deed in a transaction of its own, and written down."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import counter, customers, happenings, offer_redeeming, wishing
from issuer.customers import Profile, Told
from issuer.ledger import Booked
from issuer.purchases import Order, buy
from issuer.schema import Card, Showing
from tests.issuer.cafe_diary import Bearer, Came, Diary, Person
from tests.issuer.cafe_mishaps import Hands
from tests.issuer.cafe_offers import BERLIN, REVIEW
from tests.issuer.cafe_people import JOIN_BEFORE, Guest, Visit
from tests.issuer.counting import Till, locked
from tests.issuer.phones import Phone

Outcome = TypeVar("Outcome")
Deed = Callable[[Session, Card], Outcome]


@dataclass
class Tills:
    """``at``: by program and zone. ``offers``: ids by name, from when on they run. ``ahead``: what people will do.

    ``tally``: what went on, for whoever asks.
    """

    at: dict[tuple[str, str], Till]
    hands: Hands
    diary: Diary
    offers: dict[str, UUID] = field(default_factory=dict)
    ahead: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    by_id: dict[UUID, Bearer] = field(default_factory=dict)
    planned: int = 0

    @property
    def any(self) -> Till:
        """One of them, for whatever all of them do alike."""
        return self._till("stamps", BERLIN)

    def invite(self, guest: Guest) -> None:
        """Plan all that a guest will do."""
        person = Person()
        known = list[Bearer]()
        for card in guest.cards:
            bearer = Bearer(UUID(int=0), person, card.program, guest.language, self.diary.over, card.on_phone)
            self._plan(card.visits[0].at - JOIN_BEFORE, lambda bearer=bearer: self._join(bearer, known))
            for visit in card.visits:
                self._plan(visit.at, lambda bearer=bearer, visit=visit: self.come(bearer, visit))
        for at, wish in guest.wishes:
            self._plan(at, lambda wish=wish: self._wish(known[0], wish))
        if guest.birthday:
            at, born = guest.birthday
            self._plan(at, lambda: self._tell_birthday(known[0], born))

    def work(self) -> None:
        """Do all that is to be done by now."""
        while self.ahead and self.ahead[0][0] <= self.hands.at:
            heapq.heappop(self.ahead)[2]()

    def come(self, bearer: Bearer, visit: Visit) -> None:
        till = self._till(bearer.program, visit.zone)
        if not visit.booked:
            self._do(bearer, lambda session, card: happenings.check_in(session, card, till.visit()))
        elif bearer.program == "stamps":
            self._do(bearer, lambda session, card: counter.stamp(session, card, 1, till.visit(), pause=False))
        else:
            self._do(bearer, lambda session, card: buy(session, card, Order(visit.cents), till.visit()))
        bearer.came.append(Came(till.now, visit.zone, visit.booked, visit.cents))
        self.tally["visits"] += 1
        if visit.takes:
            self._take(till, bearer)
        if visit.uses is not None and self.offers:
            self._use(till, bearer, visit.uses)
        if visit.review is not None:
            self._plan(till.now + visit.review, lambda: self._review(bearer, visit.zone))

    def _plan(self, at: datetime, deed: Callable[[], None]) -> None:
        """Of several at one moment what was planned first comes first."""
        self.planned += 1
        heapq.heappush(self.ahead, (at, self.planned, deed))

    def _till(self, program: str, zone: str) -> Till:
        return replace(self.at[program, zone], now=self.hands.at)

    def _join(self, bearer: Bearer, known: list[Bearer]) -> None:
        till = self._till(bearer.program, BERLIN)
        bearer.id, bearer.made = till.join(), till.now
        with till.work() as session:
            card = session.get_one(Card, bearer.id)
            card.language = bearer.language
            if known:
                card.customer_id = session.get_one(Card, known[0].id).customer_id
        if bearer.on_phone:
            Phone(till).register(bearer.id)
        known.append(bearer)
        self.by_id[bearer.id] = bearer
        self.diary.bearers.append(bearer)

    def _take(self, till: Till, bearer: Bearer) -> None:
        reward = till.shop.reward_id
        found = self._do(bearer, lambda session, card: counter.redeem(session, card, reward, till.visit()))
        if isinstance(found, counter.Redemption):
            bearer.taken.append(till.now)
            self.tally["rewards"] += 1

    def _use(self, till: Till, bearer: Bearer, which: float) -> None:
        with till.work() as session:
            mine = select(Showing.offer_id).where(Showing.card_id == bearer.id, Showing.state == "shown")
            shown = set(session.scalars(mine))
        names = sorted(name for name, offer_id in self.offers.items() if offer_id in shown)
        if not names:
            return
        offer_id = self.offers[name := names[int(which * len(names))]]
        found = self._do(bearer, lambda session, card: offer_redeeming.redeem(session, card, offer_id, till.visit()))
        if isinstance(found, Booked):
            bearer.used.append((name, till.now))
            self.tally["offers"] += 1

    def _review(self, bearer: Bearer, zone: str) -> None:
        visit = self._till(bearer.program, zone).visit()
        self._do(bearer, lambda session, card: happenings.tell(session, card, REVIEW, visit))
        bearer.happened.append(visit.now)

    def _wish(self, bearer: Bearer, wish: str) -> None:
        with self.any.work() as session:
            wishing.choose(session, bearer.id, wish, Told("card", "de"), self.hands.at)
        bearer.person.wishes.append((self.hands.at, wish))

    def _tell_birthday(self, bearer: Bearer, born: date) -> None:
        till, profile = self.any, Profile(birthday=born)
        with till.work() as session:
            customer_id = session.get_one(Card, bearer.id).customer_id
            customers.remember(session, till.keys, customer_id, profile, Told("card", "de"), till.now)
        bearer.person.birthdays.append((till.now, born))
        self.tally["birthdays"] += 1

    def _do(self, bearer: Bearer, deed: Deed[Outcome]) -> Outcome:
        """Something at the counter; how many versions it gave the card is written down."""
        with self.any.work() as session:
            card = locked(session, bearer.id)
            before = card.version
            outcome = deed(session, card)
            raised = card.version - before
        bearer.raised += raised
        return outcome

"""What an offer would have done in days that are over: each card looked at whenever something could have changed."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from heapq import heapify, heappop, heappush
from uuid import UUID
from zoneinfo import ZoneInfo

from issuer.limiting import Used
from issuer.offer_weighing import SHOWN, Judged, judged
from issuer.offering import Running
from issuer.offers.belonging import belongs, changes_at
from issuer.offers.facts import Facts, Turn
from issuer.offers.governor import Person
from issuer.offers.policy import Policy
from issuer.offers.record import Record
from issuer.offers.turns import BY_CALENDAR, next_look, turn_of
from issuer.schema import Card


class Past:
    """Cards go through the time one look after the other, so that they share the offer's limits as they would have.

    ``persons``: as they are, but told nothing yet. The offer counts as live since the ``start``.
    """

    def __init__(
        self,
        running: Running,
        policy: Policy,
        cards: Sequence[Card],
        records: Sequence[Record],
        persons: Mapping[UUID, Person],
        used: Used,
        end: datetime,
    ) -> None:
        self._running, self._policy, self._end, self._used = running, policy, end, used
        self._cards, self._records, self._persons = cards, records, dict(persons)
        self._changes = [_changes(record, running.live_at, end) for record in records]
        self._facts: dict[int, tuple[int, Facts]] = {}
        self._clock: dict[datetime, tuple[Turn | None, datetime | None]] = {}
        self._done = set[tuple[int, str]]()
        self._shown, self._held = Counter[date](), dict[tuple[int, str], tuple[date, str]]()

    def run(self) -> "Past":
        start = self._running.live_at
        looks = [(max(start, card.created_at), place) for place, card in enumerate(self._cards)]
        heapify(looks)
        while looks:
            at, place = heappop(looks)
            following = self._look(place, at)
            if following is not None and following < self._end:
                heappush(looks, (following, place))
        return self

    def shown(self, day: date) -> int:
        """Times that it was shown on a local day."""
        return self._shown[day]

    def held(self, day: date) -> Counter[str]:
        """Windows in which it was held back first on a local day, and not shown later, by reason."""
        return Counter(reason for first, reason in self._held.values() if first == day)

    def _look(self, place: int, at: datetime) -> datetime | None:
        """Decide what the card shows; when to look again."""
        offer, facts = self._running.offer, self._known(place, at)
        (turn, edge), again = self._windows(facts, at), None
        if turn and (place, turn.key) not in self._done and belongs(offer.audience, facts, at):
            again = self._decide(place, facts, turn, at)
        changes, following = self._changes[place], bisect_right(self._changes[place], at)
        change = changes[following] if following < len(changes) else None
        wanted = (again, edge, changes_at(offer.audience, facts, at), change)
        return min((one for one in wanted if one is not None and one > at), default=None)

    def _windows(self, facts: Facts, at: datetime) -> tuple[Turn | None, datetime | None]:
        """The window that is open, and the next edge of one; those of the clock are the same for every card."""
        offer, since = self._running.offer, self._running.live_at
        by_clock = offer.trigger.kind in BY_CALENDAR
        found = self._clock.get(at) if by_clock else None
        if found is None:
            found = turn_of(offer, facts, at, since), next_look(offer, facts, at, since)
        if by_clock:
            self._clock[at] = found
        return found

    def _known(self, place: int, at: datetime) -> Facts:
        """The card's facts, reckoned anew when something happened to it, or it is compared with others."""
        record, seen = self._records[place], bisect_right(self._changes[place], at)
        known = self._facts.get(place)
        if known is None or known[0] != seen or record.cuts:
            known = self._facts[place] = (seen, record.at(at))
        return known[1]

    def _decide(self, place: int, facts: Facts, turn: Turn, at: datetime) -> datetime | None:
        found = self._judged(place, facts, turn, at)
        day = at.astimezone(ZoneInfo(facts.around.zone)).date()
        if found.what != SHOWN:
            self._held.setdefault((place, turn.key), (day, found.what))
            return found.again
        self._held.pop((place, turn.key), None)
        self._done.add((place, turn.key))
        self._shown[day] += 1
        self._persons[facts.customer_id] = found.person
        return None

    def _judged(self, place: int, facts: Facts, turn: Turn, at: datetime) -> Judged:
        asked, last = (self._running, self._cards[place], turn), facts.last_visit
        person = replace(self._persons[facts.customer_id], last_visit=last.at if last else None)
        return judged(asked, facts, person, self._policy, self._used, at)


def _changes(record: Record, start: datetime, end: datetime) -> list[datetime]:
    """When something happened to the card, in order."""
    times = {
        *(visit.at for visit in record.visits),
        *(one.at for one in record.bookings),
        *(one.at for one in record.happened),
        *(one.since for one in record.reached),
    }
    return sorted(at for at in times if start < at < end)

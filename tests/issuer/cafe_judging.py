"""What must be true of the simulated café afterwards: the rows against what was due, and against everybody's budget."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from tests.issuer.cafe_days import Cafe
from tests.issuer.cafe_diary import Bearer, Diary, Person
from tests.issuer.cafe_offers import BERLIN, POLICY
from tests.issuer.cafe_windows import DAY, NEVER, Calendar, Window

SOON = timedelta(minutes=2)
"""So long a worker that is there may take, at its pace and after being killed."""
WEEK = timedelta(days=7)
AMBIENT = {"morning", "night", "warm"}
AFTER_A_VISIT = {"second", "after", "milestone", "tier"}
PER_PERSON, REST = {"birthday": 1, "milestone": 2}, {"after": timedelta(days=14)}
HELD_OUT = {"quiet", "event"}
WARM_CARDS, VOUCHER_CENTS = 40, 300
ROWS = text("""
    SELECT v.content->>'name' AS offer, card_id, turn, state, reason, arm, opens_at AS opens, closes_at AS closes,
        decided_at AS decided, shown_at AS shown, ended_at, ended, loud, ambient, value
    FROM showing JOIN offer_version v ON (v.offer_id, v.number) = (showing.offer_id, showing.version)
    ORDER BY showing.shown_at, showing.decided_at, v.content->>'name'
""")


class Row(NamedTuple):
    offer: str
    card_id: UUID
    turn: str
    state: str
    reason: str | None
    arm: str
    opens: datetime
    closes: datetime
    decided: datetime
    shown: datetime | None
    ended_at: datetime | None
    ended: str | None
    loud: bool
    ambient: bool
    value: int

    def __str__(self) -> str:
        return f"{self.offer} {self.turn} of {self.card_id} ({self.state} {self.reason or self.ended or ''})"


@dataclass
class Court:
    """``faults``: one sentence each; nobody is judged before all rows were read."""

    cafe: Cafe
    rows: Sequence[Row]
    versions: Mapping[UUID, int]
    faults: list[str] = field(default_factory=list)

    @cached_property
    def diary(self) -> Diary:
        return self.cafe.diary

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(self.diary)

    @cached_property
    def taken(self) -> Mapping[object, list[datetime]]:
        """When cards came to be shown an offer whose limit all cards share, by day or offer."""
        found = defaultdict[object, list[datetime]](list)
        for row in self.rows:
            if row.shown is not None:
                found[row.offer if row.offer == "quiet" else (row.offer, row.opens)].append(row.shown)
        return found

    def judge(self) -> list[str]:
        by_card, persons = defaultdict[UUID, list[Row]](list), defaultdict[int, list[Bearer]](list)
        for row in self.rows:
            by_card[row.card_id].append(row)
        for bearer in self.diary.bearers:
            persons[id(bearer.person)].append(bearer)
        for bearers in persons.values():
            trial = Trial(self, bearers, [row for bearer in bearers for row in by_card[bearer.id]])
            self.faults += trial.faults()
        self.faults += [*self._limits(), *self._pace()]
        return self.faults

    def _limits(self) -> Iterator[str]:
        for key, shown in self.taken.items():
            if key == "quiet" and len(shown) * VOUCHER_CENTS > self.cafe.value:
                yield f"vouchers for {len(shown) * VOUCHER_CENTS} cents were given out"
            if key != "quiet" and key[0] == "warm" and len(shown) > WARM_CARDS:
                yield f"{len(shown)} cards were shown {key}"

    def _pace(self) -> Iterator[str]:
        """Cards on phones that offers changed in one second."""
        phones, at = {one.id for one in self.diary.bearers if one.on_phone}, defaultdict[datetime, set[UUID]](set)
        for row in self.rows:
            for moment in (row.shown, row.ended_at if row.ended != "done" else None):
                if moment is not None and row.card_id in phones:
                    at[moment].add(row.card_id)
        most = max(1, self.cafe.office.settings.campaign_rate)
        yield from (f"{len(cards)} phones were woken at {moment}" for moment, cards in at.items() if len(cards) > most)


@dataclass
class Trial:
    """A person's cards: ``rows`` are all that was decided of them."""

    court: Court
    bearers: list[Bearer]
    rows: list[Row]
    zones: dict[tuple[str, UUID, datetime | None], str] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        return self.bearers[0].person

    @property
    def diary(self) -> Diary:
        return self.court.diary

    @cached_property
    def visits(self) -> list[datetime]:
        """Whatever they did at the counter."""
        return sorted(
            at
            for bearer in self.bearers
            for at in (*(came.at for came in bearer.came), *bearer.taken, *(at for _, at in bearer.used))
        )

    @cached_property
    def shown(self) -> list[Row]:
        """In the order in which they came."""
        return sorted((row for row in self.rows if row.shown is not None), key=lambda row: row.shown)

    @cached_property
    def times(self) -> list[datetime]:
        return [row.shown for row in self.shown]

    @cached_property
    def told(self) -> list[datetime]:
        """When programs told something, in order."""
        return sorted(at for bearer in self.bearers for at in bearer.told)

    def _lately(self, row: Row, at: datetime, span: timedelta) -> list[Row]:
        """What else came in that time before."""
        those = self.shown[bisect_right(self.times, at - span) : bisect_right(self.times, at)]
        return [one for one in those if one is not row]

    def faults(self) -> Iterator[str]:
        exact = {(row.offer, row.card_id, row.opens, row.closes): row for row in self.rows}
        named = {(row.offer, row.card_id, row.turn): row for row in self.rows}
        if len(exact) < len(self.rows):
            yield f"a window was decided twice: {self.rows}"
        due = set[tuple[str, UUID, str]]()
        for bearer in self.bearers:
            for window in self.court.calendar.windows(bearer):
                key = (window.offer, bearer.id)
                self.zones[*key, window.opens] = window.zone
                row = named.get((*key, window.turn)) if window.turn else exact.get((*key, window.opens, window.closes))
                yield from self._window(window, row)
                if row is not None:
                    due.add((*key, row.turn))
            yield from self._versions(bearer)
        yield from (f"{row} was never due" for row in self.rows if (row.offer, row.card_id, row.turn) not in due)
        for row in self.shown:
            yield from self._caps(row)
        yield from self._held_out()

    # --- windows ------------------------------------------------------------------------------------------------

    def _window(self, window: Window, row: Row | None) -> Iterator[str]:
        there = self.diary.back(window.known)
        if row is None:
            if there + SOON < window.until:
                yield f"{window.offer} from {window.begins} until {window.until} was not decided for {window.bearer.id}"
            return
        if row.shown is not None:
            if not window.begins <= row.shown < window.until:
                yield f"{row} came at {row.shown}, not from {window.begins} until {window.until}"
            if window.turn and (row.opens, row.closes) != self._by_its_day(window, row.shown):
                yield f"{row} came at {row.shown}: from {row.opens} until {row.closes} is wrong"
            yield from self._end(window, row)
        yield from self._late(window, row)

    def _by_its_day(self, window: Window, shown: datetime) -> tuple[datetime, datetime]:
        """From when until when something lies there of which nobody knows since when it is so."""
        calendar = self.court.calendar
        day = calendar.day_of(shown)
        opens = max(calendar.begin_of(day), self.diary.live)
        if window.offer == "nearly":
            return opens, calendar.lasting(opens, 9)
        last = datetime.fromisoformat(window.turn.partition(":")[2]).date()
        opens = max(opens, calendar.begin_of(last - WEEK))
        return opens, min(calendar.lasting(opens, 5), calendar.begin_of(last + DAY))

    def _end(self, window: Window, row: Row) -> Iterator[str]:
        """Taken off when it is over, not before, and not long after."""
        used = [at for name, at in window.bearer.used if name == row.offer and self._took(row, at)]
        unwanted = [at for at, wish in self.person.wishes if wish == "none" and at >= row.shown]
        over = min([row.closes, window.off, self.diary.over, *used, *unwanted])
        if row.ended_at is None or row.state != "over":
            yield f"{row} was never taken off"
        elif not over <= row.ended_at <= self.diary.back(over) + SOON:
            yield f"{row} was taken off at {row.ended_at}, not at {over}"

    def _took(self, row: Row, at: datetime) -> bool:
        """Whether it was this one that was taken up then, and not another window of the same offer."""
        others = [one for one in self.rows if (one.offer, one.card_id, one.ended_at) == (row.offer, row.card_id, at)]
        return row in others if others else row.shown <= at < row.closes

    def _late(self, window: Window, row: Row) -> Iterator[str]:
        """Whether there was a moment at which nothing stood against it and it did not come."""
        came = row.decided if row.state == "out" else row.shown
        until = min(window.until, came or NEVER)
        for at in self._moments(window, until):
            free = [moment for moment in (at, at + SOON) if moment < until and not self.diary.is_away(moment)]
            if len(free) == 2 and not any(self._obstacle(window, row, moment) for moment in free):
                yield f"{row} could have come at {at}, and came at {came}"
                return

    def _moments(self, window: Window, until: datetime) -> list[datetime]:
        """At which something that stood against it may be over."""
        first = window.known - self.diary.longest
        ends = [
            window.known,
            *_later(self.visits, timedelta(hours=POLICY.pause_hours), first, until),
            *(
                at
                for moments in (self.times, self.told)
                for span in (DAY, WEEK, *REST.values())
                for at in _later(moments, span, first, until)
            ),
            *(at for at, _ in self.person.wishes),
            *(self._calm(window, window.known + day * DAY) for day in range((until - window.known).days + 2)),
        ]
        return sorted({back for at in ends if window.known <= (back := self.diary.back(at)) < until})

    def _calm(self, window: Window, at: datetime) -> datetime:
        """The end of the quiet hours on that day."""
        zone = ZoneInfo(window.zone)
        return datetime.combine(at.astimezone(zone).date(), POLICY.quiet_until, zone).astimezone(UTC)

    # --- budgets ------------------------------------------------------------------------------------------------

    def _caps(self, row: Row) -> Iterator[str]:
        bearer = next(one for one in self.bearers if one.id == row.card_id)
        zone = self.zones.get((row.offer, row.card_id, row.opens), BERLIN)
        window = Window(row.offer, bearer, row.opens, row.closes, row.shown, row.shown, row.closes, zone=zone)
        if obstacle := self._obstacle(window, row, row.shown, notices=False):
            yield f"{row} came at {row.shown} against: {obstacle}"
        if row.ambient != (row.offer in AMBIENT):
            yield f"{row} counts as the wrong thing"
        if row.loud:
            yield from self._loud(row)

    def _loud(self, row: Row) -> Iterator[str]:
        others = [one for one in self._lately(row, row.shown, DAY) if one.loud]
        if row.offer != "birthday" or self.person.wish(row.shown) != "all" or others:
            yield f"{row} sounded at {row.shown}"

    def _obstacle(self, window: Window, row: Row, at: datetime, *, notices: bool = True) -> str | None:
        """What stands against showing it at that moment, beside the row itself."""
        wish = self.person.wish(at)
        if wish == "none":
            return "wish"
        return (
            (
                self._silent(row, at)
                if window.offer in AMBIENT
                else self._message(window, row, at, wish, notices=notices)
            )
            or self._own(row, at)
            or self._shared(row, at)
        )

    def _silent(self, row: Row, at: datetime) -> str | None:
        others = {one.shown for one in self._lately(row, at, DAY) if one.ambient}
        return "silent budget" if len(others - {at}) >= POLICY.silent_a_day else None

    def _message(self, window: Window, row: Row, at: datetime, wish: str, *, notices: bool) -> str | None:
        told = sum(not one.ambient for one in self._lately(row, at, WEEK))
        told += sum(at - WEEK < one <= at for one in self.told) if notices else 0
        if told >= {"all": POLICY.weekly, "fewer": (POLICY.weekly + 1) // 2}[wish]:
            return "weekly"
        last = bisect_right(self.visits, at) - 1
        pauses = window.offer not in AFTER_A_VISIT and last >= 0
        if pauses and at < self.visits[last] + timedelta(hours=POLICY.pause_hours):
            return "paused"
        local = at.astimezone(ZoneInfo(window.zone)).time()
        return None if POLICY.quiet_until <= local < POLICY.quiet_from else "quiet hours"

    def _own(self, row: Row, at: datetime) -> str | None:
        """What the offer allows one person."""
        if row.offer not in PER_PERSON and row.offer not in REST:
            return None
        mine = [one.shown for one in self._lately(row, at, at - self.diary.live + DAY) if one.offer == row.offer]
        if len(mine) >= PER_PERSON.get(row.offer, len(mine) + 1):
            return "limit of the person"
        return "rest" if row.offer in REST and mine and at < max(mine) + REST[row.offer] else None

    def _shared(self, row: Row, at: datetime) -> str | None:
        """What the offer allows all together."""
        if row.offer not in ("quiet", "warm"):
            return None
        shown = self.court.taken[row.offer if row.offer == "quiet" else (row.offer, row.opens)]
        others = bisect_right(shown, at) - (row.shown is not None and row.shown <= at)
        if row.offer == "quiet":
            return "limit of value" if (others + 1) * VOUCHER_CENTS > self.court.cafe.value else None
        return "limit of cards" if others >= WARM_CARDS else None

    def _held_out(self) -> Iterator[str]:
        arms = defaultdict[str, set[str]](set)
        for row in self.rows:
            arms[row.offer].add(row.arm)
            if (row.state == "out" and row.arm != "out") or (row.arm == "out" and row.shown is not None):
                yield f"{row} is in the wrong half"
        for offer, found in arms.items():
            if len(found) > 1 or ("out" in found and offer not in HELD_OUT):
                yield f"{offer} puts one person in {found}"

    # --- versions -----------------------------------------------------------------------------------------------

    def _versions(self, bearer: Bearer) -> Iterator[str]:
        """A card's version grows when what it shows is another thing, and at no other time."""
        used = set(bearer.used)
        moments = set[datetime]()
        for row in self.rows:
            if row.card_id == bearer.id and row.shown is not None:
                moments |= {row.shown} | ({row.ended_at} if (row.offer, row.ended_at) not in used else set())
        wanted = 1 + bearer.raised + len(moments - {None})
        if self.court.versions[bearer.id] != wanted:
            yield f"card {bearer.id} has version {self.court.versions[bearer.id]}, and changed {wanted - 1} times"


def _later(moments: list[datetime], span: timedelta, first: datetime, until: datetime) -> list[datetime]:
    """Those that are so much later in a time. ``moments``: in order."""
    return [at + span for at in moments[bisect_left(moments, first - span) : bisect_left(moments, until - span)]]

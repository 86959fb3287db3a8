"""From claimed publications to objects at Google. May run twice, in parallel, and be killed anywhere."""

import logging
from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from time import monotonic
from typing import Any
from uuid import UUID

from issuer import google_relaying
from issuer.database import transaction
from issuer.google_classes import ClassTurn, class_turn
from issuer.google_relaying import GoogleClaim
from issuer.publishing import AT_THE_TILL, CAMPAIGN
from worker.google_desk import THREADS, Desk
from worker.google_outcomes import Complaints, end_class, put_off, settle
from worker.google_sending import UNMAKEABLE, ClassSent, Sent, send_class, send_object
from worker.google_stopping import Told, is_over, may_push

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
LONGEST_TURN_SECONDS = 20.0
# The others are the till's, however slowly Google answers a campaign.
CAMPAIGN_THREADS = 5
MOST_CLAIMED, MOST_BEHIND = 50, 50

ClassKey = tuple[UUID, str]
Job = Future[Any]
"""Ends with Sent or ClassSent."""


def push_google(desk: Desk) -> int:
    """Send everything that waits for Google; how many publications were settled.

    When another thread is at it already, that one looks once more, and this one has nothing to do.

    :raises issuer.settings.SettingsRefused: the key file cannot be used
    """
    settled, until = 0, monotonic() + LONGEST_TURN_SECONDS
    desk.wanted = True
    while desk.wanted and monotonic() < until:
        with desk.taken() as mine:
            if not mine:
                break
            desk.wanted = False
            settled += _Turn(desk, until).run()
    return settled


class _Turn:
    """An owner's time with the desk: claims a little, has it sent by threads, claims more while answers come in.

    An object that Google is slow with keeps its own thread waiting and nothing else. A class that is to be sent first
    keeps its own objects ``behind``.
    """

    def __init__(self, desk: Desk, until: float) -> None:
        self._desk, self._office, self._until = desk, desk.office, until
        self._ready = {AT_THE_TILL: deque[GoogleClaim](), CAMPAIGN: deque[GoogleClaim]()}
        self._behind = dict[ClassKey, list[GoogleClaim]]()
        self._flying = dict[Job, int]()
        self._settled, self._looked_at, self._complaints = 0, 0.0, Complaints()
        self._is_probing = self._is_halted = False

    def run(self) -> int:
        with transaction(self._office.engine) as session:
            may, self._is_probing = may_push(session, self._desk, self._office.clock.now())
        if not may:
            return 0
        # A key file that is wrong is found out before anything is claimed.
        _ = self._desk.wallet
        while True:
            found = self._may_claim() and self._claim()
            self._begin()
            if self._flying:
                self._take_in(wait(self._flying, LOOK_SECONDS, FIRST_COMPLETED).done)
            elif not found:
                self._complaints.make()
                return self._settled

    def _may_claim(self) -> bool:
        """While something is under way, ten times a second."""
        if self._is_halted or monotonic() > self._until:
            return False
        if not self._flying:
            return True
        return not self._is_probing and monotonic() - self._looked_at >= LOOK_SECONDS

    def _claim(self) -> bool:
        """Whether there was something to claim."""
        self._looked_at = monotonic()
        now, lease = self._office.clock.now(), self._desk.lease
        with transaction(self._office.engine) as session:
            claims = list[GoogleClaim]()
            for most, least in self._room():
                claims += google_relaying.claim(session, now, lease, most, least=least)
        groups = defaultdict[ClassKey, list[GoogleClaim]](list)
        for claim in claims:
            groups[claim.program_id, claim.kind].append(claim)
        for group in groups.values():
            self._sort_in(group)
        return bool(claims)

    def _room(self) -> Iterable[tuple[int, int]]:
        """How much to claim of which urgency: as many for the till as threads are free, a second's worth else."""
        if self._is_probing:
            return [(1, CAMPAIGN)]
        behind = [claim.priority for group in self._behind.values() for claim in group]
        free = THREADS - len(self._flying) - len(self._ready[AT_THE_TILL])
        room = [(free, AT_THE_TILL)] if free > 0 and len(behind) < MOST_BEHIND else []
        # What is claimed for a campaign may turn out to be the till's: only when nothing is left, else it piles up.
        if not any(self._ready.values()) and CAMPAIGN not in behind:
            room.append((max(1, min(self._office.settings.google_rate, MOST_CLAIMED)), CAMPAIGN))
        return room

    def _sort_in(self, group: list[GoogleClaim]) -> None:
        """Where objects of one class are to wait: for a thread, or for their class."""
        first, key = group[0], (group[0].program_id, group[0].kind)
        turn = self._class_turn(first)
        if turn is None:
            self._take_in_objects([Sent(claim, UNMAKEABLE) for claim in group])
        elif turn.body is not None and turn.leased_until is not None:
            # One call that many cards may wait for, so never behind a campaign.
            gate = self._desk.gate(AT_THE_TILL, turn.leased_until)
            self._flying[self._desk.threads.submit(send_class, self._desk, turn, turn.body, gate)] = AT_THE_TILL
            self._behind.setdefault(key, []).extend(group)
        elif key in self._behind:
            self._behind[key].extend(group)
        elif turn.known:
            self._make_ready(group)
        else:
            with transaction(self._office.engine) as session:
                put_off(session, group, self._office.clock.now())

    def _class_turn(self, claim: GoogleClaim) -> ClassTurn | None:
        """None: the class cannot be made."""
        now, desk = self._office.clock.now(), self._desk
        try:
            with transaction(self._office.engine, claim.merchant_id) as session:
                return class_turn(session, claim, desk.terms, now, desk.lease)
        except Exception as error:
            # Whatever it is: one program must not keep the others waiting. A database that is away fails here, too.
            sentence = "the class that Google is to have of program %s cannot be made; it is tried again: %s"
            log.error(sentence, claim.program_id, error, exc_info=error)
            return None

    def _make_ready(self, claims: Iterable[GoogleClaim]) -> None:
        for claim in claims:
            self._ready[claim.priority].append(claim)

    def _begin(self) -> None:
        """Give threads what waits for one, the till's first."""
        for priority, most in ((AT_THE_TILL, THREADS), (CAMPAIGN, CAMPAIGN_THREADS)):
            ready = self._ready[priority]
            while ready and len(self._flying) < THREADS and self._under_way(priority) < most:
                job = self._desk.threads.submit(send_object, self._desk, ready.popleft())
                self._flying[job] = priority

    def _under_way(self, priority: int) -> int:
        return sum(one == priority for one in self._flying.values())

    def _take_in(self, done: Collection[Job]) -> None:
        told = [job.result() for job in done]
        for job in done:
            del self._flying[job]
        objects = [one for one in told if isinstance(one, Sent)]
        classes = [one for one in told if isinstance(one, ClassSent)]
        if any(one.answer is None for one in told):
            # It is not our turn, or nobody can say whose it is: the next turn may know better.
            self._until = 0.0
        # What waits behind a class says nothing of its own about Google.
        answers = _answers([*objects, *classes])
        for one in classes:
            objects += self._take_in_class(one)
        if objects or classes:
            self._take_in_objects(objects, answers)

    def _take_in_class(self, one: ClassSent) -> list[Sent]:
        """Its objects may go, or fare as it did."""
        behind = self._behind.pop((one.turn.program_id, one.turn.kind), [])
        with transaction(self._office.engine) as session:
            may_go = end_class(session, one, self._office.clock.now())
        if may_go:
            self._make_ready(behind)
            return []
        return [Sent(claim, one.answer) for claim in behind]

    def _take_in_objects(self, objects: list[Sent], told: Told = ()) -> None:
        now = self._office.clock.now()
        with transaction(self._office.engine) as session:
            if not self._is_halted:
                self._is_halted = is_over(session, self._desk, told, now, probing=self._is_probing)
                self._is_probing = self._is_probing and not told
            if self._is_halted:
                objects = objects + [Sent(claim, None) for claim in self._drop()]
            self._settled += settle(session, objects, now)
        self._complaints.note(objects)

    def _drop(self) -> list[GoogleClaim]:
        """What was claimed and is not under way, which nobody waits for any more here."""
        dropped = [claim for ready in self._ready.values() for claim in ready]
        for ready in self._ready.values():
            ready.clear()
        return dropped


def _answers(told: Iterable[Sent | ClassSent]) -> Told:
    return [(one.about, one.answer) for one in told if one.answer is not None and one.answer is not UNMAKEABLE]

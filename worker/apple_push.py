"""From claimed publications to answered pushes. May run twice, in parallel, and be killed anywhere."""

import logging
from collections import deque
from datetime import timedelta
from time import monotonic

from issuer import push_stops, relaying
from issuer.database import transaction
from worker import errands, stopping
from worker.errands import Answered, Errand, Flight
from worker.lines import Line, Lines
from worker.office import Office

log = logging.getLogger(__name__)

AT_ONCE = 200
LOOK_SECONDS = 0.1
LONGEST_TURN_SECONDS = 20.0


def push_waiting(office: Office, lines: Lines, pass_type: str) -> int:
    """Push everything that waits for a pass type; how many publications were settled.

    When another thread is at it already, that one looks once more, and this one has nothing to do.

    :raises issuer.certificates.CertificateMissing:
    :raises signing.envelope.SealBroken: KEY_ENCRYPTION_KEY is another one
    """
    line, settled, until = lines.of(pass_type), 0, monotonic() + LONGEST_TURN_SECONDS
    line.wanted = True
    while line.wanted and monotonic() < until:
        with line.taken() as mine:
            if not mine:
                break
            line.wanted = False
            settled += _Turn(office, line, pass_type, until).run()
    return settled


class _Turn:
    """An owner's time with a line: claims a little, pushes it, claims more while answers come in.

    A phone that is silent keeps its own stream waiting and nothing else.
    """

    def __init__(self, office: Office, line: Line, pass_type: str, until: float) -> None:
        self._office, self._line, self._pass_type, self._until = office, line, pass_type, until
        self._connection = line.connection
        self._waiting = deque[Flight]()
        self._settled, self._looked_at = 0, 0.0
        self._is_probing = self._is_halted = False

    def run(self) -> int:
        with transaction(self._office.engine) as session:
            stopped = push_stops.stop_of(session, self._pass_type)
        if stopped is not None and stopped.probe_at > self._office.clock.now():
            return 0
        self._is_probing = stopped is not None
        while True:
            found = self._may_claim() and self._claim()
            while self._waiting and self._connection.room:
                flight = self._waiting.popleft()
                self._connection.begin(flight, flight.token, self._office.clock.now())
            if self._connection.is_waiting:
                self._take_in(self._connection.answered(LOOK_SECONDS))
            elif not found:
                return self._settled

    def _may_claim(self) -> bool:
        """While pushes are under way, ten times a second."""
        if self._is_halted or self._waiting or monotonic() > self._until:
            return False
        if not self._connection.is_waiting:
            return True
        return not self._is_probing and monotonic() - self._looked_at >= LOOK_SECONDS

    def _claim(self) -> bool:
        """Whether there was something to claim."""
        now, lease = self._office.clock.now(), timedelta(seconds=self._office.settings.lease_seconds)
        self._looked_at = monotonic()
        with transaction(self._office.engine) as session:
            most = 1 if self._is_probing else AT_ONCE
            claims = relaying.claim(session, self._pass_type, now, lease, most)
            phones = relaying.wishes(session, claims) if claims else []
            planned, flights = errands.plan(claims, phones, now)
            # Of cards that no phone waits for.
            self._settled += errands.settle(session, [errand for errand in planned if not errand.open], now)
        self._waiting.extend(flights)
        return bool(claims)

    def _take_in(self, answered: Answered) -> None:
        if not answered:
            return
        now = self._office.clock.now()
        with transaction(self._office.engine) as session:
            concerned = errands.note(session, answered, now)
            if not self._is_halted:
                self._is_halted = stopping.is_over(
                    session, self._pass_type, self._line, answered, now, probing=self._is_probing
                )
                self._is_probing = False
            if self._is_halted:
                concerned += self._put_back()
            self._settled += errands.settle(session, [errand for errand in concerned if not errand.open], now)
        _warn(answered)

    def _put_back(self) -> list[Errand]:
        """What was claimed and is not under way yet goes back to where it was."""
        concerned = list[Errand]()
        for flight in self._waiting:
            for _, errand in flight.phones:
                errand.open, errand.put_back = errand.open - 1, True
                concerned.append(errand)
        self._waiting.clear()
        return concerned


def _warn(answered: Answered) -> None:
    """One line a batch for what an operator should know."""
    answers = [answer for _, answer in answered]
    silent = [answer for answer in answers if answer.unsure and not answer.lost]
    if silent:
        log.warning("%d of %d pushes got no proper answer from Apple: %s", len(silent), len(answers), silent[0])
    wrong = [answer for answer in answers if answer.ours and not answer.refuses_all]
    if wrong:
        log.error("Apple says that %d phones have no pass of this type: %s", len(wrong), wrong[0])

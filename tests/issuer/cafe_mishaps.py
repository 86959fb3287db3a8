"""What befalls the worker of the simulated café: it dies, statements fail, two schedulers tell two workers."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event

from issuer import database
from worker.offers import show_offers
from worker.office import Office


class Killed(BaseException):
    """What nobody catches: the process is gone."""


class Stumbled(Exception):
    """What a worker catches and goes on after."""


@dataclass
class Hands:
    """A clock moved by hand."""

    at: datetime

    def now(self) -> datetime:
        return self.at


class Trap:
    """At the database's edge: raises at a statement or a commit to come, once."""

    def __init__(self, engine: Engine) -> None:
        self._left, self._error = 0, BaseException()
        self._run = database._run
        event.listen(engine, "before_cursor_execute", lambda *_: self._step())
        event.listen(engine, "commit", lambda *_: self._step())

    def set(self, steps: int, error: BaseException) -> None:
        self._left, self._error = steps, error

    def unset(self) -> None:
        self._left = 0

    @contextmanager
    def off(self) -> Iterator[None]:
        """Not for what the simulation asks by itself."""
        left, self._left = self._left, 0
        yield
        self._left = left

    @contextmanager
    def at_the_edge(self) -> Iterator[None]:
        database._run = self._watched
        try:
            yield
        finally:
            database._run = self._run

    def _watched(self, *what: Any, **how: Any) -> Any:
        self._step()
        return self._run(*what, **how)

    def _step(self) -> None:
        if self._left == 1:
            self._left = 0
            raise self._error
        self._left -= self._left > 0


def office_of(office: Office, at: datetime) -> tuple[Office, Hands]:
    """Another worker, with a clock of its own."""
    own, hands = Office(office.settings), Hands(at)
    own.__dict__.update(engine=office.engine, keys=office.keys, clock=hands)
    return own, hands


def two_at_once(office: Office, at: datetime, rounds: int = 4) -> datetime:
    """Two workers who are told at the same time, each in seconds of its own, so that only rows keep them apart.

    :return: when they are done
    """
    together = threading.Barrier(2)

    def work(number: int) -> None:
        own, hands = office_of(office, at)
        for turn in range(rounds):
            hands.at = at + timedelta(seconds=2 * turn + number)
            together.wait(timeout=60)
            show_offers(own)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    return at + timedelta(seconds=2 * rounds)

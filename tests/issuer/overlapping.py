"""Two transactions of which the second begins before the first has ended, and waits for it or does not."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import TypeVar

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from cli.processes import wait_until
from issuer.database import transaction

First = TypeVar("First")
Second = TypeVar("Second")
PATIENCE = 10


def overlapping(
    engine: Engine, first: Callable[[Session], First], second: Callable[[Session], Second]
) -> tuple[First, Second]:
    """What both came to. The first commits when the second waits for a lock of it, or has ended without one."""
    backends: Queue[int] = Queue()

    def run() -> Second:
        with transaction(engine) as session:
            backends.put(session.scalar(text("SELECT pg_backend_pid()")) or 0)
            return second(session)

    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            one = first(session)
            session.flush()
            other = pool.submit(run)
            backend = backends.get(timeout=PATIENCE)
            wait_until(lambda: other.done() or _waits(engine, backend), PATIENCE)
        return one, other.result(PATIENCE)


def _waits(engine: Engine, backend: int) -> bool:
    query = text("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = :backend AND NOT granted)")
    with transaction(engine) as session:
        return bool(session.scalar(query, {"backend": backend}))

"""Ends a worker that is alive but consumes nothing, as happened to others after Redis came back (celery issue 8030).

Whoever runs the worker starts it again; the leases of what it held run out by themselves.
"""

import logging
import os
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

from celery import Celery
from kombu.exceptions import OperationalError as BrokerGone
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from issuer.database import transaction
from issuer.schema import Heartbeat
from worker.office import Office

log = logging.getLogger(__name__)

LOOK_SECONDS = 30
UNANSWERED = 4


class Watchdog:
    """Sends a canary at every look and counts those that nobody took."""

    def __init__(self, office: Office, send: Callable[[], None]) -> None:
        self._office, self._send = office, send
        self._beat: datetime | None = None
        self._unanswered = 0

    def look(self) -> bool:
        """False when canaries went out for minutes and none was consumed. Redis or database away is no sign."""
        try:
            with transaction(self._office.engine) as session:
                row = session.get(Heartbeat, "worker")
            if row is not None and row.at != self._beat:
                self._beat, self._unanswered = row.at, 0
            if self._unanswered >= UNANSWERED:
                return False
            self._send()
        except (DBAPIError, BrokerGone, RedisError, OSError):
            self._unanswered = 0
            return True
        self._unanswered += 1
        return True


def watch(app: Celery, office: Office) -> None:
    """Watch this process from a thread of its own."""

    def send() -> None:
        app.send_task("canary", expires=LOOK_SECONDS, retry=False)

    def run() -> None:
        dog = Watchdog(office, send)
        while dog.look():
            Event().wait(LOOK_SECONDS)
        log.critical("this worker consumes nothing any more; it ends itself to be started again")
        os._exit(1)

    Thread(target=run, name="watchdog", daemon=True).start()

"""What phones complain about, written to our log without letting anybody flood it: nobody who calls is known."""

import logging
from collections import Counter
from collections.abc import Iterable
from threading import Lock
from time import monotonic

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60.0
LINES, LINES_OF_ONE = 120, 20
LONGEST_LINE = 2000


class PhoneLog:
    """So many lines a minute in this process, so many of them from one address; what is left out is counted."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._began, self._left_out = monotonic(), 0
        self._written = Counter[str]()

    def take(self, lines: Iterable[object], address: str) -> None:
        """Write what there is room for, a line each, with its odd signs escaped."""
        for line in lines:
            if self._has_room(address):
                log.warning("a phone says: %r", str(line)[:LONGEST_LINE])

    def _has_room(self, address: str) -> bool:
        with self._lock:
            now = monotonic()
            if now - self._began >= WINDOW_SECONDS:
                if self._left_out:
                    log.warning("phones said %d lines more than are written down", self._left_out)
                self._began, self._left_out = now, 0
                self._written.clear()
            has_room = self._written.total() < LINES and self._written[address] < LINES_OF_ONE
            if has_room:
                self._written[address] += 1
            else:
                self._left_out += 1
            return has_room

"""A log that anybody may cause a line in, written without letting them flood it: nobody who calls is known."""

from collections import Counter
from collections.abc import Iterable
from logging import Logger
from threading import Lock
from time import monotonic

WINDOW_SECONDS = 60.0
LINES, LINES_OF_ONE = 120, 20
LONGEST_LINE = 2000


class OpenLog:
    """So many lines a minute in this process, so many of them from one address; what is left out is counted.

    :param says: what is written of a line, with one %s
    :param left_out: what is written of the others, with one %d
    """

    def __init__(self, log: Logger, says: str, left_out: str) -> None:
        self._log, self._says, self._says_left_out = log, says, left_out
        self._lock = Lock()
        self._began, self._left_out = monotonic(), 0
        self._written = Counter[str]()

    def take(self, lines: Iterable[object], address: str) -> None:
        """Write what there is room for, a line each, with its odd signs escaped."""
        for line in lines:
            if self._has_room(address):
                self._log.warning(self._says, repr(str(line)[:LONGEST_LINE]))

    def _has_room(self, address: str) -> bool:
        with self._lock:
            now = monotonic()
            if now - self._began >= WINDOW_SECONDS:
                if self._left_out:
                    self._log.warning(self._says_left_out, self._left_out)
                self._began, self._left_out = now, 0
                self._written.clear()
            has_room = self._written.total() < LINES and self._written[address] < LINES_OF_ONE
            if has_room:
                self._written[address] += 1
            else:
                self._left_out += 1
            return has_room

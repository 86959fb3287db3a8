"""What came in over the API: every call in a list, and how fast they came."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KEPT_CALLS = 50_000
SECOND = 1.0


@dataclass(frozen=True)
class Call:
    """One call as it came in. `status` is what was answered, None for a dropped connection; `at` is RFC 3339.

    `points` is the balance that was sent; `notify`, whether a notification was asked for.
    """

    n: int
    at: str
    method: str
    path: str
    id: str
    status: int | None
    reason: str | None
    points: str | None
    notify: bool


class Calls:
    """Thread-safe. Seconds are real ones (`monotonic`), instants are the sandbox's."""

    def __init__(self, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._counted: Counter[str] = Counter()
        self._count = 0
        self._highest = 0
        self._came: deque[float] = deque()
        self._taken: deque[float] = deque()

    def admit(self, rate: int) -> bool:
        """Count a call; False when `rate` calls were let in within the second that ends now."""
        with self._lock:
            at = self._monotonic()
            self._highest = max(self._highest, _within(self._came, at))
            if _within(self._taken, at) <= rate:
                return True
            self._taken.pop()
            return False

    def note(self, call: dict[str, Any]) -> None:
        """Keep a call with its answer."""
        with self._lock:
            self._count += 1
            self._calls.append(Call(n=self._count, at=self._now().isoformat(timespec="milliseconds"), **call))
            status, reason = call["status"], call["reason"]
            self._counted["dropped" if status is None else f"{status} {reason}" if reason else str(status)] += 1

    def since(self, number: int) -> list[Call]:
        """The calls with a number above this one, oldest first; the last 50,000 are kept."""
        with self._lock:
            return [call for call in self._calls if call.n > number]

    def summary(self) -> dict[str, Any]:
        """How many calls, how they were answered, and the most that ever came within one second."""
        with self._lock:
            return {"calls": self._count, "answers": dict(self._counted), "highest_rate": self._highest}

    def forget(self) -> None:
        """Count from nothing again."""
        with self._lock:
            self._calls.clear()
            self._counted.clear()
            self._count = self._highest = 0


def _within(times: deque[float], at: float) -> int:
    """How many there are within the second up to `at`, itself included."""
    times.append(at)
    while times[0] <= at - SECOND:
        times.popleft()
    return len(times)

"""What the sandbox's Google shall answer next instead of what it would: errors, delays, a dropped connection."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sandbox.apns import ScriptRefused
from sandbox.google_errors import REASONS, GoogleRefused

LONGEST_DELAY = 60.0


@dataclass(frozen=True)
class Fault:
    """One answer. `status` 200 is the usual one, perhaps late by `delay` seconds.

    `drop` ends the connection without a word. With `done` the call is carried out first: only its answer is lost.
    `retry_after` is in seconds.
    """

    status: int = 200
    reason: str | None = None
    message: str | None = None
    retry_after: int | None = None
    delay: float = 0.0
    drop: bool = False
    done: bool = False

    def error(self) -> GoogleRefused:
        """The answer as an error of the API."""
        reason = self.reason or REASONS[self.status]
        message = self.message or f"The sandbox was told to answer {self.status} {reason}."
        return GoogleRefused(self.status, reason, message, retry_after=self.retry_after)


USUAL = Fault()


def read_fault(script: object) -> Fault:
    """Read one entry of a script, `{"status"?, "reason"?, "message"?, "retry_after"?, "delay"?, "drop"?, "done"?}`.

    A missing reason is the usual one of the status; 403 has three, so it must be given. Raises ScriptRefused.
    """
    if not isinstance(script, dict):
        raise ScriptRefused(f"An answer is an object with a status, not {script!r}.")
    unknown = set(script) - set(asdict(USUAL))
    if unknown:
        raise ScriptRefused(f"An answer has no {sorted(unknown)[0]!r}: use {', '.join(asdict(USUAL))}.")
    fault = Fault(**script)
    if type(fault.status) is not int or not (fault.status == 200 or 400 <= fault.status <= 599):
        raise ScriptRefused(f"A status is 200 or an error from 400 to 599, not {fault.status!r}.")
    if fault.status not in (200, *REASONS) and not fault.reason:
        raise ScriptRefused(f"Status {fault.status} has no usual reason: give one (403 has three meanings).")
    if type(fault.delay) not in (int, float) or not 0 <= fault.delay <= LONGEST_DELAY:
        raise ScriptRefused(f"A delay is 0 to {LONGEST_DELAY:g} seconds, not {fault.delay!r}.")
    if type(fault.retry_after) not in (int, type(None)) or type(fault.drop) is not bool or type(fault.done) is not bool:
        raise ScriptRefused("retry_after is a whole number of seconds; drop and done are true or false.")
    return fault


class Faults:
    """Scripts by what they match: an id, "token" or "*". Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripts: dict[str, deque[Fault]] = {}

    def script(self, match: str, faults: Sequence[Fault]) -> None:
        """Answer the next calls about `match` with these in turn, and then as usual again."""
        with self._lock:
            self._scripts[match] = deque(faults)

    def next(self, *matches: str) -> Fault:
        """What to answer now: from the first script that has something left."""
        with self._lock:
            for match in matches:
                if self._scripts.get(match):
                    return self._scripts[match].popleft()
        return USUAL

    def left(self) -> dict[str, int]:
        """How many answers are still to be given, by what they match."""
        with self._lock:
            return {match: len(script) for match, script in self._scripts.items() if script}

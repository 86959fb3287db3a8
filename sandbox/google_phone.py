"""What the Android phone heard: notifications and what Google did to its passes. Which passes it holds, Google knows.

Source: Google Wallet, "Trigger push notifications". There is one user, who has every pass on all devices.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sandbox.google_shelf import Shelf
from sandbox.memory import KEPT_HAPPENINGS, KEPT_NOTICES, Happening


@dataclass(frozen=True)
class AndroidNotice:
    """A notification. `what` is "message" or "update"; `values` fill its sentence."""

    n: int
    at: str
    id: str
    what: str
    values: dict[str, str]


@dataclass
class Heard:
    """Everything but the passes. `version` rises with every change of anything that is shown."""

    version: int = 0
    notices: list[AndroidNotice] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)


class AndroidPhone:
    """Thread-safe."""

    def __init__(self, shelf: Shelf, now: Callable[[], datetime]) -> None:
        self._shelf = shelf
        self._now = now
        self._lock = threading.Lock()
        self._heard = _read(shelf)

    def note(self, what: str, line: str = "", **values: str) -> None:
        """Write down what happened; the page looks anew."""
        with self._lock:
            self._heard.happenings.append(Happening(self._next(), self._at(), what, line, values))
            self._keep()

    def notify(self, name: str, what: str, **values: str) -> None:
        """Show a notification about the pass of this id."""
        with self._lock:
            self._heard.notices.append(AndroidNotice(self._next(), self._at(), name, what, values))
            self._keep()

    def look(self) -> Heard:
        """A copy of it all."""
        with self._lock:
            known = self._heard
            return Heard(known.version, list(known.notices), list(known.happenings))

    def _next(self) -> int:
        self._heard.version += 1
        return self._heard.version

    def _at(self) -> str:
        return self._now().isoformat(timespec="milliseconds")

    def _keep(self) -> None:
        del self._heard.notices[:-KEPT_NOTICES]
        del self._heard.happenings[:-KEPT_HAPPENINGS]
        self._shelf.put("phone", "heard", asdict(self._heard))


def _read(shelf: Shelf) -> Heard:
    kept = shelf.all("phone").get("heard")
    if kept is None:
        return Heard()
    notices = [AndroidNotice(**one) for one in kept["notices"]]
    return Heard(kept["version"], notices, [Happening(**one) for one in kept["happenings"]])

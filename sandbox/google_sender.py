"""Posts callbacks to the issuer as Google does: only where robots.txt lets Googlebot in, and again when not heard.

Source: Google Wallet, "Add and delete callbacks" (best effort with retries; robots.txt must admit Googlebot).
"""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urljoin
from urllib.robotparser import RobotFileParser

import requests

AGENT = "Googlebot"
WAITS = (0.5, 2.0, 10.0, 30.0)
TIMEOUT = (3.0, 10.0)


@dataclass(frozen=True)
class Letter:
    """A callback on its way: always the same bytes."""

    url: str
    body: bytes
    object_id: str
    event: str


class Sender:
    """Sends on its own thread between `start` and `stop`; `told` hears the outcome, "sent", "robots" or "unheard"."""

    def __init__(self, told: Callable[[Letter, str], None], waits: Sequence[float] = WAITS) -> None:
        self._told = told
        self._waits = tuple(waits)
        self._letters: queue.Queue[tuple[float, int, Letter] | None] = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="google-callbacks", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the request under way; what was not heard by then is lost, as best effort may be."""
        self._stopping.set()
        self._letters.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def send(self, letter: Letter) -> None:
        """Put it on its way."""
        self._letters.put((monotonic(), 0, letter))

    def _run(self) -> None:
        while (one := self._letters.get()) is not None:
            due, tries, letter = one
            if self._stopping.wait(max(0.0, due - monotonic())):
                return
            outcome = _post(letter)
            if outcome == "unheard" and tries < len(self._waits):
                self._letters.put((monotonic() + self._waits[tries], tries + 1, letter))
            else:
                self._told(letter, outcome)


def _post(letter: Letter) -> str:
    headers = {"User-Agent": AGENT}
    try:
        robots = requests.get(urljoin(letter.url, "/robots.txt"), headers=headers, timeout=TIMEOUT)
        if robots.ok and not _admitted(robots.text, letter.url):
            return "robots"
        headers["Content-Type"] = "application/json"
        answer = requests.post(letter.url, data=letter.body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException:
        return "unheard"
    return "sent" if answer.ok else "unheard"


def _admitted(robots: str, url: str) -> bool:
    rules = RobotFileParser()
    rules.parse(robots.splitlines())
    return rules.can_fetch(AGENT, url)

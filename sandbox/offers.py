"""Passes that were opened on a phone but not added yet: fetched as Safari does, or dropped as a file."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

import requests

from sandbox.refusal import PassRefused
from sandbox.wallet import MAX_BYTES, OpenedPass, open_pass
from sandbox.web_service import PATIENCE, PKPASS

KEPT = 20
_SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/26.0 Mobile/15E148 Safari/604.1 treuepass-sandbox"
)


class Offers:
    """The passes that wait for *Add* or *Cancel*; the oldest are forgotten. Thread-safe."""

    def __init__(self, root_pem: bytes, now: Callable[[], datetime]) -> None:
        self._root_pem = root_pem
        self._now = now
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[bytes, OpenedPass]] = OrderedDict()

    def open(self, data: bytes) -> str:
        """Open a pass and keep it; returns the offer's name. Raises PassRefused."""
        opened = open_pass(data, self._root_pem, self._now())
        name = secrets.token_hex(8)
        with self._lock:
            self._kept[name] = (data, opened)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return name

    def get(self, name: str) -> tuple[bytes, OpenedPass] | None:
        """The bytes and the opened pass; None when it was forgotten."""
        with self._lock:
            return self._kept.get(name)

    def forget(self, name: str) -> None:
        """Throw it away."""
        with self._lock:
            self._kept.pop(name, None)

    def all(self) -> dict[str, OpenedPass]:
        """Every offer by name."""
        with self._lock:
            return {name: opened for name, (_, opened) in self._kept.items()}


def download(url: str) -> bytes:
    """GET a pass as Safari does when its link is tapped; redirects are followed. Raises PassRefused."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise PassRefused("no_answer", why=f"“{url}”")
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, headers={"User-Agent": _SAFARI}, timeout=PATIENCE, stream=True)
            if answer.status_code != 200:
                raise PassRefused("no_answer", why=f"HTTP {answer.status_code}")
            data: bytes = answer.raw.read(MAX_BYTES + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        raise PassRefused("no_answer", why=f"{urlsplit(url).netloc} ({type(error).__name__})") from error
    mime = answer.headers.get("Content-Type", "–").split(";")[0].strip()
    if mime.lower() != PKPASS:
        raise PassRefused("wrong_type", given=mime)
    if len(data) > MAX_BYTES:
        raise PassRefused("too_big")
    return data

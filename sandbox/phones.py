"""Several phones by name, each with a folder of its own, and the way a push finds its phone."""

import json
import re
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from sandbox.phone import WAITS, Phone

NAME = re.compile(r"[a-z0-9-]{1,20}")
MOST = 20


class NoSuchPhone(LookupError):
    """The name cannot be a phone's, or there are too many phones already."""


class Phones:
    """All phones of one sandbox. Thread-safe. A phone exists from the first time it is asked for."""

    def __init__(
        self,
        folder: Path,
        root_pem: bytes,
        now: Callable[[], datetime],
        *,
        waits: Sequence[float] = WAITS,
    ) -> None:
        self._folder = folder
        self._root_pem = root_pem
        self._now = now
        self._waits = waits
        self._lock = threading.Lock()
        self._phones: dict[str, Phone] = {}
        for path in sorted(folder.glob("*/identity.json")):
            self.get(path.parent.name)

    def get(self, name: str) -> Phone:
        """The phone of this name (a-z, 0-9, dash), made and switched on if need be. Raises NoSuchPhone."""
        with self._lock:
            if name not in self._phones:
                if not NAME.fullmatch(name) or len(self._phones) >= MOST:
                    raise NoSuchPhone(name)
                self._phones[name] = self._make(self._folder / name)
            return self._phones[name]

    def names(self) -> list[str]:
        """The phones there are."""
        with self._lock:
            return sorted(self._phones)

    def deliver(self, push_token: str, topic: str) -> None:
        """Hand a push to the phone with this token; a token that nobody has is no error."""
        with self._lock:
            found = [phone for phone in self._phones.values() if phone.push_token == push_token]
        for phone in found:
            phone.on_push(topic)

    def stop(self) -> None:
        """Switch all phones off."""
        with self._lock:
            for phone in self._phones.values():
                phone.stop()

    def _make(self, folder: Path) -> Phone:
        identity = folder / "identity.json"
        if not identity.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = {"device_id": secrets.token_hex(16), "push_token": secrets.token_hex(32)}
            draft = identity.with_suffix(".new")
            draft.write_text(json.dumps(fresh))
            draft.replace(identity)
        known = json.loads(identity.read_text())
        phone = Phone(**known, root_pem=self._root_pem, now=self._now, folder=folder, waits=self._waits)
        phone.start()
        return phone

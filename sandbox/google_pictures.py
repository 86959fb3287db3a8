"""Pictures as Google serves them: fetched by Google itself, once, and kept under an address of its own.

So a picture that changes under the same address stays the old one on every phone, as it does in reality.
"""

import hashlib
import threading
from collections import OrderedDict

import requests

KEPT = 400
MOST_BYTES = 5_000_000
TIMEOUT = (3.0, 10.0)
_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class Pictures:
    """Thread-safe. Only addresses that stood in a body that Google took are ever fetched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._addresses: dict[str, str] = {}
        self._kept: OrderedDict[str, tuple[bytes, str]] = OrderedDict()

    def name(self, uri: str) -> str:
        """The name under which the picture of this address is served."""
        name = hashlib.sha256(uri.encode()).hexdigest()[:24]
        with self._lock:
            self._addresses[name] = uri
        return name

    def get(self, name: str) -> tuple[bytes, str] | None:
        """The picture and its media type; None for one that nobody named or that cannot be fetched or shown."""
        with self._lock:
            uri, kept = self._addresses.get(name), self._kept.get(name)
        if kept or uri is None:
            return kept
        fetched = _fetch(uri)
        if fetched:
            with self._lock:
                self._kept[name] = fetched
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return fetched


def _fetch(uri: str) -> tuple[bytes, str] | None:
    try:
        with requests.get(uri, timeout=TIMEOUT, stream=True, headers={"User-Agent": "Googlebot-Image"}) as answer:
            data = answer.raw.read(MOST_BYTES + 1, decode_content=True) if answer.ok else b""
    except (requests.RequestException, OSError):
        return None
    mime = next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), None)
    return (data, mime) if mime and len(data) <= MOST_BYTES else None

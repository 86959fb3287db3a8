"""A running demo, seen from outside: its API, and a phone in its sandbox."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

TIMEOUT_SECONDS = 30


class Demo:
    """The demo whose ``demo.json`` lies in ``data_dir``."""

    def __init__(self, data_dir: Path) -> None:
        self.facts: dict[str, Any] = json.loads((data_dir / "demo.json").read_text())
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {self.facts['api_key']}"

    def get(self, path: str, **query: str | int) -> Any:
        answer = self._session.get(f"{self.facts['api_url']}{path}", params=query, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        key = {"Idempotency-Key": str(uuid4())}
        address = f"{self.facts['api_url']}{path}"
        answer = self._session.post(address, json=body, headers=key, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def download(self, card: dict[str, Any]) -> bytes:
        """The card's .pkpass."""
        answer = requests.get(card["links"]["apple"], timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return answer.content


class BrowserPhone:
    """One phone of the sandbox, spoken to by its page's addresses."""

    def __init__(self, demo: Demo, name: str) -> None:
        self._page = f"{demo.facts['sandbox_url']}/phone/{name}"
        self._session = requests.Session()

    def add(self, address: str) -> None:
        """Open a pass as Safari does and tap *Add*."""
        offer = self._session.get(f"{self._page}/add", params={"pass": address}, timeout=TIMEOUT_SECONDS)
        offer.raise_for_status()
        self._session.post(f"{offer.url}/answer", data={"answer": "add"}, timeout=TIMEOUT_SECONDS).raise_for_status()

    def shown(self, serial: str) -> dict[str, str]:
        """The fields of a pass by key; empty before it is there."""
        state = self._session.get(f"{self._page}/state.json", timeout=TIMEOUT_SECONDS).json()
        found = (held for held in state["passes"] if held["serial"] == serial and held["registered"])
        return dict(next(found, {"fields": {}})["fields"])

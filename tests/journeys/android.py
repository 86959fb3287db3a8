"""The sandbox's Android phone from outside: what Google has, what lies on the phone, and cards put there by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from cli.processes import wait_until
from tests.journeys.running import PATIENCE, Demo

FOLD = timedelta(seconds=3)
"""What TREUEPASS_FOLD_SECONDS is where nobody sets it: so long after a change the next one of a card waits."""


class Android:
    """There is one such phone in a demo, with the cards of everybody who saved one."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def url(self) -> str:
        return f"{self._demo['sandbox_url']}/google/phone/"

    def close(self) -> None:
        self._session.close()

    def counted(self) -> Any:
        """All that the sandbox's Google counted."""
        return self._session.get(f"{self._demo['google_wallet_url']}/state.json", timeout=PATIENCE).json()

    def state(self) -> Any:
        """What the phone shows, in English."""
        return self._session.get(f"{self.url}state.json?lang=en", timeout=PATIENCE).json()

    def shown(self, object_id: str) -> dict[str, Any]:
        """A pass on the phone as it is now."""
        return next(one for one in self.state()["passes"] if one["id"] == object_id)

    def named(self, card: dict[str, Any]) -> dict[str, Any]:
        """The pass on the phone that shows this card's number."""
        return next(one for one in self.state()["passes"] if one["fields"].get("code") == card["short_code"])

    def put(self, *cards: dict[str, Any]) -> None:
        """Save cards as a browser does that follows where their pages lead."""
        asked = [f"{card['links']['web']}/google" for card in cards]
        for address in asked:
            self._leads(address)
        for address in asked:
            assert wait_until(lambda to=address: self._leads(to) is not None, PATIENCE), address  # type: ignore[misc]
            answer = self._session.post(str(self._leads(address)), timeout=PATIENCE)
            assert answer.ok, answer.text

    def _leads(self, address: str) -> str | None:
        """Where a card's page leads, once Google has the card."""
        return self._session.get(address, allow_redirects=False, timeout=PATIENCE).headers.get("Location")

    def at_once(self, card: dict[str, Any]) -> bool:
        """Whether the next change of a card is sent without waiting for further ones."""
        (google,) = self._demo.ask(f"/cards/{card['id']}/sync")["wallets"]
        return datetime.now(UTC) - datetime.fromisoformat(google["pushed_at"]) > FOLD

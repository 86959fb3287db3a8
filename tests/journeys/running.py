"""`treuepass demo` as a newcomer starts it: the installed command, an empty folder, nothing else."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from secrets import token_hex
from typing import Any
from uuid import uuid4

import requests

from cli.processes import alive, command_line, pids_with, wait_until
from tests.ports import free_port

COMMAND = Path(sys.executable).with_name("treuepass")
OURS = ("TREUEPASS_", "DATABASE_", "REDIS_", "APNS_", "PUBLIC_URL", "DATA_DIR", "SECRET_KEY", "KEY_ENCRYPTION_KEY")
PATIENCE = 10.0


class Demo:
    """A running demo, and what the till system of the shop may ask its API.

    ``again``: one that was stopped, whose folder and address it takes over. ``clock``: an RFC 3339 instant to begin at.
    """

    def __init__(self, *options: str, again: "Demo | None" = None, clock: str = "") -> None:
        self.folder = again.folder if again else Path(tempfile.mkdtemp(prefix="tp-"))
        self.port = again.port if again else free_port()
        self._log = (self.folder / "said").open("w+")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environ |= {"TREUEPASS_CLOCK": clock} if clock else {}
        self._process = subprocess.Popen(
            [COMMAND, "demo", "--port", str(self.port), "--data-dir", str(self.folder), *options],
            env=environ,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        file = self.folder / "demo.json"
        wait_until(lambda: file.exists() or self._process.poll() is not None, 90)
        assert file.exists(), f"the demo did not start: {self.said()}"
        self.facts: dict[str, Any] = json.loads(file.read_text())
        self._run_id = json.loads((self.folder / "run.json").read_text())["run_id"]
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {self.facts['api_key']}"

    def __getitem__(self, name: str) -> str:
        return str(self.facts[name])

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        return (self.folder / "said").read_text()

    def rooms(self) -> list[Path]:
        """Every folder this demo keeps something in; as root the database lives elsewhere."""
        notes = [*self.folder.rglob("elsewhere"), *self.folder.rglob("socket-folder")]
        return [self.folder, *(Path(note.read_text()) for note in notes)]

    def stop(self) -> list[str]:
        """Ctrl-C; the command lines of whatever runs on nevertheless."""
        marks = [self._run_id, *map(str, self.rooms())]
        self._session.close()
        self._process.terminate()
        self._process.wait(60)
        self._log.close()
        return [command_line(pid) for mark in marks for pid in pids_with(mark) if alive(pid)]

    def new_founder(self) -> tuple[str, str]:
        """Address and password of somebody who may found a shop."""
        email, environ = f"founder-{token_hex(4)}@example.com", {**os.environ, "DATA_DIR": str(self.folder)}
        command = [COMMAND, "user", "create", email, "--new-shop"]
        told = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True)
        line = next(line for line in told.stdout.splitlines() if line.startswith("password"))
        return email, line.split()[1]

    def ask(self, path: str, method: str = "GET", body: object | None = None) -> Any:
        """A call of the JSON API."""
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        answer = self._session.request(method, self["api_url"] + path, json=body, headers=headers, timeout=PATIENCE)
        assert answer.ok, f"{answer.text}\n{self._web_log()}"
        return answer.json()

    def _web_log(self) -> str:
        return "\n".join((self.folder / "log" / "web.log").read_text().splitlines()[-30:])

    def new_card(self, language: str = "de", name: str | None = None) -> dict[str, Any]:
        """A card as the shop's own till system makes one."""
        body = {"program_id": self["program_id"], "language": language, "customer": {"name": name} if name else None}
        return dict(self.ask("/cards", "POST", body))

    def card(self, short_code: str) -> dict[str, Any]:
        """A card by what is printed on it."""
        return dict(self.ask(f"/cards?code={short_code}")["items"][0])

    def stamps(self, card: dict[str, Any]) -> int:
        return int(self.ask(f"/cards/{card['id']}")["balances"]["stamps"])

    def entries(self, card: dict[str, Any]) -> list[tuple[str, int]]:
        """Cause and amount of everything booked on a card, oldest first."""
        found = self.ask(f"/cards/{card['id']}/entries")["items"]
        return [(entry["cause"], entry["amount"]) for entry in reversed(found)]

    def stamp(self, card: dict[str, Any], count: int = 1) -> None:
        """Stamps given by the shop's own till system."""
        self.ask(f"/cards/{card['id']}/stamps", "POST", {"count": count})

    def phone_state(self, phone: str) -> Any:
        """What the sandbox phone of this name holds and did."""
        return self._session.get(f"{self['sandbox_url']}/phone/{phone}/state.json", timeout=PATIENCE).json()

    def script_apple(self, *answers: dict[str, Any]) -> None:
        """What Apple's push service answers next."""
        body = {"token": "*", "answers": answers}
        assert self._session.post(f"{self['sandbox_url']}/apns/answers", json=body, timeout=PATIENCE).ok

    def get(self, url: str) -> bytes:
        answer = self._session.get(url, timeout=PATIENCE)
        assert answer.ok, answer.text
        return answer.content

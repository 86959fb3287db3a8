"""The whole demo in processes of its own, with the push service and the phones kept by the test, beyond its kills."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple
from uuid import uuid4

import requests
from sqlalchemy import select

from cli.plan import PASS_TYPE, sandbox_authority
from cli.processes import alive, pids_with, wait_until
from issuer.audit import first_breach
from issuer.database import make_engine, transaction
from issuer.schema import Pass, Publication
from sandbox.apns import Apns, Push
from sandbox.phone import Phone
from tests.ports import free_port

WAITS = (0.2, 0.4) + (0.8,) * 40
QUICK = {
    "TREUEPASS_LEASE_SECONDS": "1.5",
    "TREUEPASS_REDELIVERY_SECONDS": "3",
    "TREUEPASS_FOLD_SECONDS": "1",
}
LONG = 60.0


class Card(NamedTuple):
    """A card as the API made it."""

    id: str
    serial: str
    apple: str


class Apple:
    """The push service and its phones, in the test's own process."""

    def __init__(self, folder: Path) -> None:
        self.authority = sandbox_authority(folder / "sandbox")
        self._phones: dict[str, Phone] = {}
        listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        self.apns = Apns(self.authority, deliver=self._deliver, now=_now)
        self.apns.start(listening)

    def pushes(self, phone: Phone) -> list[Push]:
        return [push for push in self.apns.pushes() if push.token == phone.push_token]

    def phone(self) -> Phone:
        """A new one, switched on."""
        phone = Phone(token_hex(16), token_hex(32), self.authority.root.read_bytes(), _now, waits=WAITS)
        phone.start()
        self._phones[phone.push_token] = phone
        return phone

    def stop(self) -> None:
        self.apns.stop()
        for phone in self._phones.values():
            phone.stop()

    def _deliver(self, token: str, topic: str) -> None:
        self._phones[token].on_push(topic)


def _now() -> datetime:
    return datetime.now(UTC)


class Shop:
    """`treuepass demo`, to be asked over HTTP and killed."""

    def __init__(self, folder: Path, apple: Apple, environ: Mapping[str, str] = QUICK) -> None:
        self.folder, self.apple, self.port = folder, apple, free_port()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TREUEPASS_")}
        self.environ = {**clean, **environ, "APNS_URL": apple.url, "APNS_CA_FILE": str(apple.authority.root)}
        self._key = ""
        self.program_id = ""
        self.process: Any = None

    def up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Until all of it answers."""
        note = self.folder / "demo.json"
        note.unlink(missing_ok=True)
        self.begin()
        assert wait_until(lambda: note.exists() or self.process.poll() is not None, 90)
        assert note.exists(), self.process.communicate()[0]
        facts = self.facts()
        self._key, self.program_id = facts["api_key"], facts["program_id"]

    def begin(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "demo", "--port", str(self.port), "--data-dir", str(self.folder)],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def facts(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "demo.json").read_text()))

    def pid(self, name: str) -> int:
        return int(self.facts()["pids"][name])

    def running(self) -> dict[str, str]:
        """The settings of the running demo."""
        return dict(json.loads((self.folder / "running.json").read_text()))

    def kill(self, *names: str) -> list[int]:
        """kill -9 of these processes with all that they started."""
        pids = [self.pid(name) for name in names]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        return pids

    def back(self, name: str, before: int) -> bool:
        """Whether it was started again."""
        return wait_until(lambda: self.pid(name) != before and alive(self.pid(name)), LONG)

    def stop(self) -> str:
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)[0]

    def end(self) -> None:
        """Without ceremony: nobody looks at its data again."""
        pids = dict(self.facts()["pids"]) if (self.folder / "demo.json").exists() else {}
        self.process.kill()
        self.process.communicate()
        for name, pid in pids.items():
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGQUIT if name == "postgresql" else signal.SIGKILL)
        assert wait_until(lambda: not any(alive(pid) for pid in pids.values()), LONG)

    def breach(self) -> str | None:
        """What `treuepass audit` would find wrong."""
        engine = make_engine(self.running()["DATABASE_URL"], pool_size=1)
        try:
            with transaction(engine.execution_options(isolation_level="REPEATABLE READ")) as session:
                return first_breach(session)
        finally:
            engine.dispose()

    def at_rest(self, card: Card) -> bool:
        """Whether nothing of the card is left to be numbered or pushed, in the end."""
        engine = make_engine(self.running()["DATABASE_URL"], pool_size=1)
        query = (
            select(Publication.pass_id)
            .join(Pass, Pass.id == Publication.pass_id)
            .where(Pass.serial == card.serial, Publication.due_at.is_(None), Publication.push_at.is_(None))
        )

        def resting() -> bool:
            with transaction(engine) as session:
                return session.scalar(query) is not None

        try:
            return wait_until(resting, LONG)
        finally:
            engine.dispose()

    def left(self, run_id: str = "") -> list[str]:
        """Command lines of whatever still runs because of this demo."""
        places = [str(self.folder), *(path.read_text() for path in self.folder.rglob("elsewhere"))]
        places += [run_id] if run_id else []
        found = {pid for place in places for pid in pids_with(place) if alive(pid) and pid != self.process.pid}
        return [Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in found]

    def command(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Another command of treuepass, beside the running demo."""
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            env={**self.environ, "DATA_DIR": str(folder or self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ask(self, method: str, path: str, body: object = None, *, key: str | None = None) -> requests.Response:
        """One request to the API, once."""
        return requests.request(
            method,
            f"http://127.0.0.1:{self.port}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self._key}", "Idempotency-Key": key or uuid4().hex},
            timeout=10,
        )

    def send(self, path: str, body: object, *, key: str) -> socket.socket:
        """A POST whose answer the caller may read or not."""
        data = json.dumps(body).encode()
        head = (
            f"POST /api/v1{path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Authorization: Bearer {self._key}",
            f"Idempotency-Key: {key}",
            "Content-Type: application/json",
            f"Content-Length: {len(data)}",
        )
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.sendall("\r\n".join((*head, "", "")).encode() + data)
        return connection

    def told(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self.ask(method, path, body)
        assert answer.ok, answer.text
        return dict(answer.json())

    def card(self) -> Card:
        made = self.told("POST", "/cards", {"program_id": self.program_id, "customer": None, "language": "en"})
        return Card(made["id"], made["serial"], made["links"]["apple"])

    def stamp(self, card: Card, count: int = 1) -> dict[str, Any]:
        return self.told("POST", f"/cards/{card.id}/stamps", {"count": count})

    def wallets(self, card: Card) -> list[dict[str, Any]]:
        return list(self.told("GET", f"/cards/{card.id}/sync")["wallets"])

    def download(self, card: Card) -> bytes:
        answer = requests.get(card.apple, timeout=10)
        assert answer.ok
        return answer.content

    def phone(self, *cards: Card) -> Phone:
        """A new phone that holds and registered the passes of these cards."""
        phone = self.apple.phone()
        for card in cards:
            phone.add(self.download(card))
        assert wait_until(lambda: all(held.registered for held in phone.look().passes.values()), LONG)
        return phone


def shown(phone: Phone, card: Card) -> str:
    """The number of stamps as it stands on the phone."""
    content = phone.look().passes[PASS_TYPE, card.serial].opened.content
    return str(content["storeCard"]["headerFields"][0]["value"])


def shows(phone: Phone, card: Card, text: str, seconds: float = LONG) -> bool:
    """Whether the phone comes to show it."""
    return wait_until(lambda: shown(phone, card) == text, seconds)

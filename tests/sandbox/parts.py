"""What the tests of the sandbox share beside the fixtures."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic, sleep

from sandbox.apns import Apns
from sandbox.authority import Authority

PASS_TYPE = "pass.org.example.card"
TEAM = "TEAM123456"


def machine_now() -> datetime:
    return datetime.now(UTC)


def until(true: Callable[[], object], *, seconds: float = 15.0) -> None:
    """Wait for the condition; fail when it has not come true in time."""
    deadline = monotonic() + seconds
    while not true():
        assert monotonic() < deadline, "it did not happen in time"
        sleep(0.01)


class RunningApns:
    """An APNs stand-in on a port of its own, and what it delivered."""

    def __init__(self, authority: Authority) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = listening.getsockname()[1]
        self.delivered: list[tuple[str, str]] = []
        self.apns = Apns(authority, deliver=self._deliver, now=machine_now)
        self.apns.start(listening)

    def _deliver(self, token: str, topic: str) -> None:
        self.delivered.append((token, topic))

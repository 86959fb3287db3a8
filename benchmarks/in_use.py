"""A shop in full use: web, relay, worker, wallets that fetch what they are woken for, and a till that is used.

Everything is there as in production, on the same cores; Apple's push service is the sandbox.
"""

import http.client
import os
import queue
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from benchmarks import phones, tills
from benchmarks.phones import Held
from benchmarks.shop import Server, Shop, environ
from sandbox.apns import Apns
from sandbox.authority import Authority, ensure_authority

MOST = 2.0
"""How many times as long as in a quiet time a stamp may take."""

STAMPS_A_SECOND = 5
FETCHERS = 4


def p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


class Pockets:
    """Phones with the passes of the shop: whoever is woken fetches."""

    def __init__(self, held: Sequence[Held], port: int) -> None:
        self._held = {one.path.rpartition("/")[2]: one for one in held}
        self._port, self._woken = port, queue.SimpleQueue[Held | None]()
        self.fetched = 0
        self._threads = [threading.Thread(target=self._fetch, daemon=True) for _ in range(FETCHERS)]
        for thread in self._threads:
            thread.start()

    def wake(self, token: str, _topic: str) -> None:
        if token in self._held:
            self._woken.put(self._held[token])

    def stop(self) -> None:
        for _ in self._threads:
            self._woken.put(None)
        for thread in self._threads:
            thread.join()

    def _fetch(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=tills.PATIENCE_SECONDS)
        while held := self._woken.get():
            connection.request("GET", held.path, headers={"Authorization": f"ApplePass {held.token}"})
            answer = connection.getresponse()
            answer.read()
            self.fetched += answer.status == 200
        connection.close()


@contextmanager
def apple(authority: Authority, pockets: Pockets) -> Iterator[tuple[Apns, str]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        apns = Apns(authority, deliver=pockets.wake, now=lambda: datetime.now(UTC))
        apns.start(listening)
        try:
            yield apns, f"https://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            apns.stop()


@contextmanager
def child(values: dict[str, str], *command: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *command], env=os.environ | values, stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(tills.PATIENCE_SECONDS)


@contextmanager
def in_use(
    server: Server, shop: Shop, held: Sequence[Held], folder: Path, *, rate: int, port: int
) -> Iterator[tuple[Apns, Pockets]]:
    """What the push service heard, and the wallets.

    :param folder: where the throw-away authority lies that signed the shop's certificate
    :param rate: TREUEPASS_CAMPAIGN_RATE
    :param port: of the web process
    """
    now = datetime.now(UTC)
    authority = ensure_authority(folder, pass_type=phones.PASS_TYPE, team_id=phones.TEAM_ID, now=now)
    with ExitStack() as stack:
        pockets = Pockets(held, port)
        apns, url = stack.enter_context(apple(authority, pockets))
        values = environ(server.url, server.redis_url) | {
            "APNS_URL": url,
            "APNS_CA_FILE": str(authority.root),
            "TREUEPASS_CAMPAIGN_RATE": str(rate),
        }
        stack.enter_context(tills.web(shop, server.url, port))
        stack.enter_context(child(values, "worker"))
        stack.enter_context(child(values, "relay"))
        stack.callback(pockets.stop)
        yield apns, pockets


def stamps(shop: Shop, port: int, seconds: float, draw: Random) -> list[float]:
    """Milliseconds of each stamp of a till that is used, not raced."""
    stampers = tills.over_http(shop, port)
    stamp, took = next(stampers), list[float]()
    begun = time.monotonic()
    for number in range(int(seconds * STAMPS_A_SECOND)):
        time.sleep(max(0.0, begun + number / STAMPS_A_SECOND - time.monotonic()))
        at = time.monotonic()
        stamp(draw.randrange(shop.cards))
        took.append(1000 * (time.monotonic() - at))
    next(stampers, None)
    return took

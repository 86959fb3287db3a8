"""Stamping while a brand's new colours go round to the phones: `python -m benchmarks.redesign`, or `make bench`.

Everything is there as in production, on the same cores: web, relay, worker, PostgreSQL, Redis; Apple's push service is
the sandbox, and each phone that is woken fetches its pass.
"""

import http.client
import os
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

import click
import psycopg

from benchmarks import phones, report, tills
from benchmarks.phones import Held
from benchmarks.rollout import redesign
from benchmarks.shop import Shop, environ, found_shop, own_server, plain
from issuer.database import make_engine
from sandbox.apns import Apns
from sandbox.authority import Authority, ensure_authority

MOST = 2.0
STAMPS_A_SECOND = 5
FETCHERS = 4
# Cards on a phone each that the window does not come to: they make the brand as large as it is to be.
CLONES = """
    WITH card_made AS (
        INSERT INTO card SELECT (
            jsonb_populate_record(card, jsonb_build_object('id', gen_random_uuid(), 'invite', NULL))
        ).* FROM card, generate_series(1, %(count)s) AS n WHERE card.id = (SELECT id FROM card ORDER BY id LIMIT 1)
        RETURNING id, merchant_id
    ), pass_made AS (
        INSERT INTO pass (id, merchant_id, card_id, pass_type, serial, token_sealed, created_at)
        SELECT gen_random_uuid(), merchant_id, id, %(type)s, replace(id::text, '-', ''), '', now() FROM card_made
        RETURNING id, merchant_id, serial
    ), device_made AS (
        INSERT INTO device (id, library_id, pass_type, push_token, token_at)
        SELECT gen_random_uuid(), serial, %(type)s, serial, now() FROM pass_made RETURNING id, library_id
    ), registered AS (
        INSERT INTO registration (device_id, pass_id, merchant_id, created_at)
        SELECT device_made.id, pass_made.id, merchant_id, now() FROM pass_made JOIN device_made ON library_id = serial
    )
    INSERT INTO publication (pass_id, channel, merchant_id, wanted_version, reason, priority)
    SELECT id, 'apple', merchant_id, 1, 'joined', 0 FROM pass_made
"""


@dataclass(frozen=True)
class Found:
    """Milliseconds of each stamp, in the halves of the quiet time and while the design went round; what that did."""

    idle: tuple[Sequence[float], Sequence[float]]
    busy: Sequence[float]
    pushed: int
    fetched: int
    cards: int
    rate: int
    seconds: float

    @property
    def ratio(self) -> float:
        return _p95(self.busy) / _p95([*self.idle[0], *self.idle[1]])


def _p95(times: Sequence[float]) -> float:
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


def measure(window: int, brand: int, seconds: float, rate: int, port: int) -> Found:
    draw = Random(1)  # noqa: S311 (a draw, no secret)
    with ExitStack() as stack:
        server = stack.enter_context(own_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treuepass-bench-")))
        shop, now = found_shop(server, window), datetime.now(UTC)
        held = phones.equip(shop, phones.certificate(folder, now))
        with psycopg.connect(plain(server.url)) as connection:
            connection.execute(CLONES, {"type": phones.PASS_TYPE, "count": brand - window})
        authority = ensure_authority(folder, pass_type=phones.PASS_TYPE, team_id=phones.TEAM_ID, now=now)
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
        stamps(shop, port, 10, draw)
        idle = stamps(shop, port, seconds / 2, draw), stamps(shop, port, seconds / 2, draw)
        before = len(apns.pushes()), pockets.fetched
        _publish(server.url, shop.merchant_id)
        busy = stamps(shop, port, seconds, draw)
        pushed, fetched = len(apns.pushes()) - before[0], pockets.fetched - before[1]
    return Found(idle, busy, pushed, fetched, brand, rate, seconds)


def _publish(url: str, merchant_id: UUID) -> None:
    engine = make_engine(url)
    redesign(engine, merchant_id)
    engine.dispose()


def section(found: Found) -> str:
    """As Markdown."""
    halves = " and ".join(f"{_p95(half):.1f}" for half in found.idle)
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {report.machine()}.",
        "",
        f"A brand with {found.cards:,} cards on a phone each, {found.rate} of them a second"
        f" (TREUEPASS_CAMPAIGN_RATE); {STAMPS_A_SECOND} stamps a second over HTTP meanwhile, a window of"
        f" {found.seconds:g} s. In it {found.pushed} pushes went out and {found.fetched} passes were fetched.",
        "",
        "| stamping, 95 of 100 under | quiet | a new design going round | ratio | asked |",
        "|---|---|---|---|---|",
        f"| ms | {_p95([*found.idle[0], *found.idle[1]]):.1f} (halves {halves}) | {_p95(found.busy):.1f}"
        f" | {found.ratio:.2f} | below {MOST:g} |",
        "",
        f"All {found.cards:,} cards take {found.cards / found.rate / 60:.0f} minutes at this pace.",
    ]
    return "\n".join(lines)


@click.command()
@click.option("--cards", default=20_000, show_default=True, help="of the brand, each on a phone")
@click.option("--seconds", default=40, show_default=True, help="the quiet time, and the window")
@click.option("--rate", default=20, show_default=True, help="TREUEPASS_CAMPAIGN_RATE")
@click.option("--port", default=9420, show_default=True, help="of the web process")
@click.option("--results", type=click.Path(path_type=Path), help="file whose section on a redesign is written anew")
def main(cards: int, seconds: int, rate: int, port: int, results: Path | None) -> None:
    window = min(cards, int(seconds * rate * 1.25) + 100)
    text = section(measure(window, cards, seconds, rate, port))
    click.echo(text)
    if results:
        report.write_section(results, "redesign", text)


if __name__ == "__main__":
    main()

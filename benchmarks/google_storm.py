"""Thousands of changed cards on their way to Google while much goes wrong: `python -m benchmarks.google_storm`.

Relay, two workers and the sandbox's Google are processes, as in production. Workers are killed, Google fails in all of
its ways. It is over when nothing is on its way any more, and fails if a card was lost, went back or cost too much.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import click
import psycopg
import requests

from benchmarks import report
from benchmarks.google_cards import Reckoning, change, insert_all, pushes, reckon, rounds, troubles
from benchmarks.shop import Server, Shop, breach, card_id, environ, found_shop, own_server, plain
from issuer.database import make_engine
from issuer.google_passes import Terms
from issuer.settings import load_settings
from sandbox.google import Google
from sandbox.google_account import ISSUER_ID
from sandbox.google_faults import Fault
from worker.google_audit import check
from worker.google_desk import Desk
from worker.office import Office

WORKERS = ("worker 1", "worker 2")
LOOK_SECONDS, ROUND_SECONDS, OUTAGE_SECONDS, PATIENCE_SECONDS = 0.5, 2.0, 3.0, 1800
# Longer than the worker waits for an answer, so that these calls land after it has given them up.
SILENCE, SILENT_EVERY = Fault(delay=11.0), 1000
COMPARED = 200
UNFINISHED = (
    "SELECT count(*) FROM publication WHERE channel = 'google' AND num_nonnulls(due_at, push_at, leased_until) > 0"
)
# Google's refusal of an account is asked about again after a minute; here somebody mends the account at once.
MENDED = "UPDATE push_stop SET probe_at = now() WHERE refused"


@dataclass(frozen=True)
class Storm:
    """``compared``: objects that were read back whole afterwards, as `treuepass audit` does."""

    reckoning: Reckoning
    changes: int
    troubled: int
    compared: int
    seconds: float

    def lines(self) -> list[str]:
        """As Markdown."""
        found = self.reckoning
        return [
            f"{found.objects:,} cards that Google has, {self.changes:,} changes of them by tills and campaigns, at"
            f" {found.rate} calls a second: all of it was at Google after {self.seconds:.0f} s"
            f" ({found.pushes / self.seconds:.0f} states a second; sandbox, two workers, relay, database and tills on"
            f" the same cores). {self.troubled} objects met errors, dropped connections and delays, every"
            f" {SILENT_EVERY:,}th an answer that came after the worker had given up; Google refused the account once"
            f" and failed for {OUTAGE_SECONDS:g} s; two workers were killed.",
            "",
            f"{found.line()} Read back whole: {self.compared} objects, all as the ledger says.",
        ]


@dataclass
class Play:
    """The processes of one run, and what they say in ``folder``. ``begin`` starts one again that was killed."""

    values: Mapping[str, str]
    google_url: str
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def begin(self, name: str, *command: str) -> None:
        line = [sys.executable, "-m", "cli.main", *(command or name.split()[:1])]
        with (self.folder / f"{name}.log").open("ab") as said:
            self.running[name] = subprocess.Popen(line, env=os.environ | self.values, stdout=said, stderr=said)

    def kill_and_begin(self, name: str) -> None:
        self.running[name].kill()
        self.running[name].wait()
        self.begin(name)

    def end(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(60)

    def complaint(self) -> str | None:
        """The first thing that a process was not made for."""
        for file in sorted(self.folder.glob("*.log")):
            _, found, more = file.read_text().partition("Traceback")
            if found:
                return f"{file.stem}: {more[:2000]}"
        return None

    def script(self, match: str, faults: Sequence[Fault]) -> None:
        """The next answers about an id, or about "*"."""
        said = {"match": match, "answers": [vars(fault) for fault in faults]}
        requests.post(f"{self.google_url}/answers", json=said, timeout=60).raise_for_status()

    def allow(self, **settings: int) -> None:
        requests.post(f"{self.google_url}/settings", json=settings, timeout=60).raise_for_status()
        requests.post(f"{self.google_url}/forget", timeout=60).raise_for_status()

    def counted(self) -> dict[str, Any]:
        """All that the sandbox's Google has counted."""
        return dict(requests.get(f"{self.google_url}/state.json", timeout=300).json())

    def fail_for_a_while(self) -> None:
        self.script("*", [Fault(503)] * 1000)
        time.sleep(OUTAGE_SECONDS)
        self.script("*", [])


def run_storm(server: Server, folder: Path, cards: int, rate: int, port: int, draw: Random) -> Storm:
    """
    :raises click.ClickException: something was lost, went back, or cost too much
    """
    shop = found_shop(server, cards)
    with psycopg.connect(plain(server.url)) as connection:
        connection.execute("UPDATE publication SET due_at = NULL, push_at = NULL")
    google_url = f"http://127.0.0.1:{port}/google"
    values = environ(server.url, server.redis_url) | {
        "GOOGLE_ISSUER_ID": ISSUER_ID,
        "GOOGLE_WALLET_URL": google_url,
        "GOOGLE_CALLBACK_KEYS_URL": f"{google_url}/keys",
        "TREUEPASS_GOOGLE_RATE": str(rate),
        "TREUEPASS_FOLD_SECONDS": "1",
    }
    names, account = _google_has_all(shop, folder, google_url, values["PUBLIC_URL"])
    values["GOOGLE_SERVICE_ACCOUNT_FILE"] = str(account)
    with _played(values, google_url, folder, port) as play:
        troubled = _foresee(play, names, rate, draw)
        changes, seconds = _blow(shop, play, draw)
        reckoning = reckon(server.url, ISSUER_ID, play.counted(), rate)
        found = Storm(reckoning, changes, troubled, _compared(values), seconds)
    if harm := [*reckoning.harm(), *filter(None, [breach(server.url), play.complaint()])]:
        raise click.ClickException("; ".join([*harm, *found.lines()]))
    return found


def _google_has_all(shop: Shop, folder: Path, google_url: str, public_url: str) -> tuple[list[str], Path]:
    """The ids of all objects, and the key file of the account."""
    google, engine = Google(folder, f"{google_url}/token", lambda: datetime.now(UTC)), make_engine(shop.url)
    try:
        terms = Terms(ISSUER_ID, public_url)
        return insert_all(shop.url, engine, shop.merchant_id, terms, google.store), google.account.path
    finally:
        engine.dispose()
        google.stop()


@contextmanager
def _played(values: Mapping[str, str], google_url: str, folder: Path, port: int) -> Iterator[Play]:
    play = Play(values, google_url, folder)
    try:
        ports = ["--phone-port", str(port), "--apns-port", str(port + 1)]
        play.begin("sandbox", "sandbox", "--folder", str(folder), *ports)
        _wait_until(lambda: requests.get(f"{google_url}/keys", timeout=60).ok, 60)
        for name in ("relay", *WORKERS):
            play.begin(name)
        yield play
    finally:
        play.end()


def _foresee(play: Play, names: Sequence[str], rate: int, draw: Random) -> int:
    """Tell Google what to do wrong, and nothing counts before now; how many objects are to meet trouble."""
    to_come = troubles(names, draw) | {name: [SILENCE] for name in names[::SILENT_EVERY]}
    for name, faults in to_come.items():
        play.script(name, faults)
    play.allow(rate=rate)
    return len(to_come)


def _blow(shop: Shop, play: Play, draw: Random) -> tuple[int, float]:
    """How many changes there were, and the seconds until Google had them all."""
    mishaps = [
        (0.15, lambda: play.kill_and_begin(WORKERS[0])),
        (0.30, lambda: play.script("*", [Fault(403, "permissionDenied")])),
        (0.45, lambda: play.kill_and_begin(WORKERS[1])),
        (0.60, play.fail_for_a_while),
    ]
    begun = time.monotonic()
    with ThreadPoolExecutor(1) as pool, psycopg.connect(plain(shop.url), autocommit=True) as connection:
        changing = pool.submit(_change_all, shop, draw)
        while not (changing.done() and not mishaps and _is_over(connection)):
            if time.monotonic() - begun > PATIENCE_SECONDS:
                raise click.ClickException(f"the storm is not over after {PATIENCE_SECONDS} s")
            while mishaps and pushes(shop.url) >= mishaps[0][0] * shop.cards:
                mishaps.pop(0)[1]()
            connection.execute(MENDED)
            time.sleep(LOOK_SECONDS)
        return changing.result(), time.monotonic() - begun


def _is_over(connection: psycopg.Connection[Any]) -> bool:
    return connection.execute(UNFINISHED).fetchone() == (0,)


def _change_all(shop: Shop, draw: Random) -> int:
    engine, changes = make_engine(shop.url), 0
    for one in rounds([card_id(number) for number in range(shop.cards)], draw):
        for card, priority in one:
            change(engine, shop.merchant_id, card, priority)
        changes += len(one)
        time.sleep(ROUND_SECONDS)
    engine.dispose()
    return changes


def _compared(values: Mapping[str, str]) -> int:
    """How many objects were read back and are as the ledger says."""
    office = Office(load_settings(values, {}))
    if office.settings.google is None:
        raise LookupError("no Google in the settings")
    desk = Desk(office, office.settings.google)
    checked = check(desk, COMPARED)
    desk.close()
    office.engine.dispose()
    if checked.breach or checked.trouble:
        raise click.ClickException(str(checked.breach or checked.trouble))
    return checked.compared


def _wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if is_so():
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise click.ClickException(f"Google's stand-in does not answer after {seconds:g} s")


@click.command()
@click.option("--cards", default=10_000, show_default=True)
@click.option("--rate", default=100, show_default=True, help="calls a second, TREUEPASS_GOOGLE_RATE")
@click.option("--seed", default=1, show_default=True, help="of the draw who changes and what goes wrong")
@click.option("--port", default=9440, show_default=True, help="of the sandbox, and the one after it")
@click.option("--results", type=click.Path(path_type=Path), help="file whose section on Google is written anew")
def main(cards: int, rate: int, seed: int, port: int, results: Path | None) -> None:
    with own_server() as server, tempfile.TemporaryDirectory(prefix="treuepass-bench-") as folder:
        found = run_storm(server, Path(folder), cards, rate, port, Random(seed))  # noqa: S311 (a draw, no secret)
    text = "\n".join([f"{datetime.now(UTC):%Y-%m-%d}, {report.machine()}.", "", *found.lines()])
    click.echo(text)
    if results:
        report.write_section(results, "google", text)


if __name__ == "__main__":
    main()

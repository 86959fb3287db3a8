"""Eight tills that stamp as fast as they can: by the function itself, or over HTTP. Each is a process."""

import http.client
import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from benchmarks.pgbench import Measured
from benchmarks.shop import API_KEY, Shop, card_id, environ
from issuer import counter
from issuer.cards import locked_card
from issuer.database import make_engine, transaction
from issuer.ledger import Booked
from issuer.visits import Visit

WARM_UP = 25
BODY = json.dumps({"count": 1})
PATIENCE_SECONDS = 60

Stamper = Callable[[int], None]
Stampers = Iterator[Stamper]


def right_now() -> datetime:
    return datetime.now(UTC)


def by_function(shop: Shop, url: str, now: Callable[[], datetime] = right_now) -> Stampers:
    """A transaction a stamp over one connection, as a web process would hold it."""
    engine = make_engine(url, pool_size=1)

    def stamp(number: int) -> None:
        with transaction(engine, shop.merchant_id) as session:
            card = locked_card(session, card_id(number))
            booked = counter.stamp(session, card, 1, Visit(shop.actor, now())) if card else None
        if not isinstance(booked, Booked):
            raise RuntimeError(f"card {number} took no stamp: {booked}")

    yield stamp
    engine.dispose()


def over_http(_shop: Shop, port: int) -> Stampers:
    """A request a stamp over one connection that is kept."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}

    def stamp(number: int) -> None:
        path = f"/api/v1/cards/{card_id(number)}/stamps"
        connection.request("POST", path, BODY, headers | {"Idempotency-Key": str(uuid4())})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {said.decode()[:300]}")

    yield stamp
    connection.close()


@contextmanager
def web(shop: Shop, url: str, port: int, *, processes: int = 2) -> Iterator[int]:
    """The web process as the demo runs it."""
    values = os.environ | environ(url, shop.redis_url) | {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "cli.main", "web", "--port", str(port), "--processes", str(processes)]
    child = subprocess.Popen(command, env=values, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, child)
        yield port
    finally:
        child.terminate()
        child.wait(PATIENCE_SECONDS)


def stamp_with(
    tills: Callable[[Shop, Any], Stampers], shop: Shop, place: object, *, clients: int, seconds: float
) -> Measured:
    """:param place: what ``tills`` wants to know beside the shop"""
    spawn = multiprocessing.get_context("spawn")
    ready, told = spawn.Barrier(clients), spawn.SimpleQueue()
    arguments = (tills, shop, place, seconds, ready, told)
    children = [spawn.Process(target=_one_till, args=(number, *arguments)) for number in range(clients)]
    for child in children:
        child.start()
    found = [told.get() for _ in children]
    for child in children:
        child.join()
    if failed := [said for said in found if isinstance(said, str)]:
        raise RuntimeError(failed[0])
    return Measured(sum(done / took for done, took in found), sum(done + WARM_UP for done, _ in found))


def _one_till(number: int, tills: Any, shop: Shop, place: Any, seconds: float, ready: Any, told: Any) -> None:
    try:
        draw = random.Random(f"{number} {time.time_ns()}")  # noqa: S311 (a draw, no secret)
        told.put(_measure(draw, tills(shop, place), shop, seconds, ready))
    except Exception as error:  # the parent must hear of it, whatever it is
        ready.abort()
        told.put(f"till {number}: {error!r}")


def _measure(
    draw: random.Random, tills: Iterator[Stamper], shop: Shop, seconds: float, ready: Any
) -> tuple[int, float]:
    stamp = next(tills)
    # Whoever started first would wait longer than the server keeps an idle connection.
    ready.wait(PATIENCE_SECONDS)
    for _ in range(WARM_UP):
        stamp(draw.randrange(shop.cards))
    ready.wait(PATIENCE_SECONDS)
    begun, done = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        stamp(draw.randrange(shop.cards))
        done += 1
    took = time.monotonic() - begun
    next(tills, None)
    return done, took


def _wait_for(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the web process does not answer")

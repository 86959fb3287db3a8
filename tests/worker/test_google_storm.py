"""The benchmark's storm over Google, small and in one process: all goes wrong at once, and all ends well."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from random import Random

import psycopg

from benchmarks.google_cards import Reckoning, change, insert_all, reckon, rounds, troubles
from cli.processes import wait_until
from sandbox.google_account import ISSUER_ID
from sandbox.google_faults import Fault
from sandbox.google_state import state
from tests.conftest import plain
from tests.worker.google_scene import GoogleScene
from worker.google_audit import check
from worker.google_desk import THREADS, Desk
from worker.google_push import MOST_CLAIMED

CARDS, RATE = 200, 1000
LOST, SENT = timedelta(seconds=3), 5
# What is put off, and the minute after a refusal, need not be waited for here.
SOONER = """
    UPDATE publication SET push_at = now() WHERE channel = 'google' AND push_at > now() AND leased_until IS NULL;
    UPDATE push_stop SET probe_at = now()
"""
OPEN = "SELECT FROM publication WHERE channel = 'google' AND num_nonnulls(due_at, push_at, leased_until) > 0 LIMIT 1"


@contextmanager
def at_work(scene: GoogleScene, *desks: Desk) -> Iterator[None]:
    """The relay, and a worker at each desk, until the block ends."""
    ended = threading.Event()

    def work(desk: Desk) -> None:
        while not ended.wait(0.01):
            scene.push(desk)

    def number() -> None:
        url = plain(scene.office.settings.database_url)
        with psycopg.connect(url, autocommit=True) as connection:
            while not ended.wait(0.05):
                scene.number()
                connection.execute(SOONER)

    with ThreadPoolExecutor(len(desks) + 1) as pool:
        jobs = [pool.submit(number), *(pool.submit(work, desk) for desk in desks)]
        try:
            yield
        finally:
            ended.set()
        for job in jobs:
            job.result(30)


def worker_dies(scene: GoogleScene) -> None:
    """With all that waits in its hands, some of it sent already, before it wrote down anything."""
    claims = scene.claims(LOST)
    assert all(scene.send(claim).answer for claim in claims[:SENT])


def blow(scene: GoogleScene, draw: Random) -> None:
    for number, one in enumerate(rounds(sorted(scene.passes), draw)):
        for card_id, priority in one:
            change(scene.office.engine, scene.cafe.merchant_id, card_id, priority)
        if number == 1:
            worker_dies(scene)
        if number == 2:
            scene.google.script("*", Fault(403, "permissionDenied"))
        if number == 3:
            scene.google.script("*", *[Fault(503)] * 40)


def is_over(url: str) -> bool:
    with psycopg.connect(plain(url)) as connection:
        return connection.execute(OPEN).fetchone() is None


def test_two_hundred_cards_in_a_storm_end_as_the_ledger_says_in_order_and_within_the_budget(
    google_scene: GoogleScene,
) -> None:
    scene, google, draw = google_scene, google_scene.google.google, Random(6)  # noqa: S311 (a draw, no secret)
    url = scene.office.settings.database_url
    for _ in range(CARDS):
        scene.card()
    names = insert_all(url, scene.office.engine, scene.cafe.merchant_id, scene.desk.terms, google.store)
    for name, faults in troubles(names, draw).items():
        scene.google.script(name, *faults)
    second = scene.second()
    with at_work(scene, scene.desk, second):
        blow(scene, draw)
        assert wait_until(lambda: is_over(url), 40)
    second.close()
    found = reckon(url, ISSUER_ID, state(google), RATE)
    assert found.harm() == []
    assert (found.objects, found.noted_most) == (CARDS, 3)
    assert found.pushes >= CARDS
    assert {"403 permissionDenied", "403 quotaExceeded", "429 rateLimitExceeded", "dropped"} <= found.answers.keys()
    assert check(scene.desk, 30).breach is None
    assert harm_of_an_older_state(scene, url) == ["1 objects show something else than their cards"]


def harm_of_an_older_state(scene: GoogleScene, url: str) -> list[str]:
    """What the reckoning says when one object shows what no till ever booked."""
    card_id = sorted(scene.passes)[0]
    balance = {"loyaltyPoints": {"balance": {"string": "10/10"}}}
    scene.google.google.store.patch("LoyaltyObject", scene.name(card_id), balance)
    found: Reckoning = reckon(url, ISSUER_ID, state(scene.google.google), RATE)
    return found.harm()


def test_a_worker_takes_no_more_than_it_can_send_before_its_lease_is_over(google_scene: GoogleScene) -> None:
    url, google = google_scene.office.settings.database_url, google_scene.google
    for _ in range(120):
        google_scene.card()
    insert_all(
        url, google_scene.office.engine, google_scene.cafe.merchant_id, google_scene.desk.terms, google.google.store
    )
    google.script("*", *[Fault(delay=0.05)] * 120)
    desk, settled = google_scene.second(patience=(10.0, 10.0)), list[int]()

    def all_sent() -> bool:
        # On a busy machine more than one turn: what has waited for too long is given back.
        settled.append(google_scene.push(desk))
        return sum(settled) >= 120

    with psycopg.connect(plain(url), autocommit=True) as connection, ThreadPoolExecutor(1) as pool:
        connection.execute("UPDATE publication SET push_at = now() WHERE channel = 'google'")
        sent, held = pool.submit(wait_until, all_sent, 60), list[int]()
        while wait([sent], 0.002).not_done:
            held += [count for (count,) in connection.execute("SELECT count(leased_until) FROM publication")]
    desk.close()
    assert sent.result()
    assert sum(settled) == 120
    assert THREADS < max(held) <= MOST_CLAIMED + THREADS

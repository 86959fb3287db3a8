"""kill -9 of one process of the demo after the other: nothing is lost, nothing is booked twice, phones end up right."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import redis
import requests

from cli.processes import alive, wait_until
from sandbox.apns import Answer
from tests.conftest import plain
from tests.faults.shop import LONG, Card, Shop, shows


def test_a_worker_killed_before_it_saw_a_stamp_is_replaced_and_the_phone_is_told(shop: Shop) -> None:
    card = shop.card()
    phone = shop.phone(card)
    shop.kill("worker")
    shop.stamp(card)
    assert shows(phone, card, "1 / 10")


def test_a_worker_killed_while_its_push_is_under_way_leaves_the_push_to_the_next(shop: Shop) -> None:
    card = shop.card()
    phone = shop.phone(card)
    shop.apple.apns.script(phone.push_token, [Answer(hang=True)])
    shop.stamp(card)
    assert wait_until(lambda: len(shop.apple.pushes(phone)) == 1, LONG)
    shop.kill("worker")
    assert shows(phone, card, "1 / 10")
    assert [push.status for push in shop.apple.pushes(phone)] == [None, 200]


@contextmanager
def held_fast(shop: Shop, question: str) -> Iterator[None]:
    """Rows locked, so that a worker cannot write down what it did."""
    with psycopg.connect(plain(shop.running()["DATABASE_URL"])) as connection:
        connection.execute(question)
        yield
        connection.rollback()


def test_a_worker_killed_after_apple_took_the_push_costs_one_push_too_many_at_most(shop: Shop) -> None:
    card = shop.card()
    phone = shop.phone(card)
    rows = f"SELECT FROM registration JOIN pass ON pass.id = pass_id WHERE card_id = '{card.id}'"
    with held_fast(shop, f"{rows} FOR NO KEY UPDATE OF registration"):
        shop.stamp(card)
        assert wait_until(lambda: len(shop.apple.pushes(phone)) == 1, LONG)
        shop.kill("worker")
    assert wait_until(lambda: [one["pushed_version"] for one in shop.wallets(card)] == [2], LONG)
    assert shows(phone, card, "1 / 10")
    assert [push.status for push in shop.apple.pushes(phone)] == [200, 200]


def broker(shop: Shop) -> "redis.Redis[Any]":
    return redis.Redis.from_url(shop.running()["REDIS_URL"])


def hints(shop: Shop) -> int:
    with broker(shop) as client:
        length: Any = client.llen("treuepass")
        return int(length)


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_redis_that_forgets_everything_between_stamp_and_push_costs_only_time(shop: Shop) -> None:
    card = shop.card()
    phone = shop.phone(card)
    with standing_still(shop.pid("worker")):
        shop.stamp(card)
        assert wait_until(lambda: hints(shop) > 0, LONG)
        with broker(shop) as client:
            client.flushall()
    assert shows(phone, card, "1 / 10")


def test_a_redis_killed_between_stamp_and_push_costs_only_time(shop: Shop) -> None:
    card, other = shop.card(), shop.card()
    phone = shop.phone(card, other)
    with standing_still(shop.pid("worker")):
        shop.stamp(card)
        assert wait_until(lambda: hints(shop) > 0, LONG)
        before = shop.kill("redis")[0]
        shop.stamp(other)
        assert shop.back("redis", before)
        with broker(shop) as client:
            client.flushall()
    assert shows(phone, card, "1 / 10")
    assert shows(phone, other, "1 / 10")
    shop.stamp(card)
    assert shows(phone, card, "2 / 10")


def test_a_redis_bounced_twice_leaves_a_worker_that_works(shop: Shop) -> None:
    card = shop.card()
    phone = shop.phone(card)
    for number in (1, 2):
        before = shop.kill("redis")[0]
        shop.stamp(card)
        assert shop.back("redis", before)
        assert shows(phone, card, f"{number} / 10")


def test_a_relay_killed_between_stamp_and_push_costs_only_time(shop: Shop) -> None:
    card = shop.card()
    phone = shop.phone(card)
    shop.kill("relay")
    shop.stamp(card)
    assert shows(phone, card, "1 / 10")


def test_a_database_killed_in_the_middle_ends_no_other_process(shop: Shop) -> None:
    card = shop.card()
    phone = shop.phone(card)
    others = {name: shop.pid(name) for name in ("web", "worker", "relay", "scheduler")}
    before = shop.kill("postgresql")[0]
    assert shop.back("postgresql", before)
    stamp_until_answered(shop, card, uuid4().hex)
    assert shows(phone, card, "1 / 10")
    assert {name: shop.pid(name) for name in others} == others
    assert all(alive(pid) for pid in others.values())


def stamp_until_answered(shop: Shop, card: Card, key: str) -> dict[str, Any]:
    """A till that lost the answer: the same request under the same key, again and again."""
    given: list[dict[str, Any]] = []

    def answered() -> bool:
        try:
            answer = shop.ask("POST", f"/cards/{card.id}/stamps", {"count": 1}, key=key)
        except requests.RequestException:
            return False
        if answer.status_code != 201:
            assert answer.status_code in {409, 503}, answer.text
            assert answer.headers["Retry-After"]
            return False
        given.append(answer.json())
        return True

    assert wait_until(answered, LONG, step=0.1)
    return given[0]


def test_a_request_cut_off_before_or_after_its_commit_books_once_when_repeated(shop: Shop) -> None:
    """One waits for its card and never commits; the other is committed, but its answer is never read."""
    before, after = shop.card(), shop.card()
    keys = {before: uuid4().hex, after: uuid4().hex}
    with held_fast(shop, f"SELECT FROM card WHERE id = '{before.id}' FOR UPDATE"), ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(shop.ask, "POST", f"/cards/{before.id}/stamps", {"count": 1}, key=keys[before])
        unread = shop.send(f"/cards/{after.id}/stamps", {"count": 1}, key=keys[after])
        assert wait_until(lambda: _entries(shop, [after]) == 1, LONG)
        killed = shop.kill("web")[0]
        unread.close()
        assert isinstance(stuck.exception(timeout=LONG), requests.ConnectionError)
    assert _entries(shop, [before]) == 0
    assert shop.back("web", killed)
    for card, key in keys.items():
        stamp_until_answered(shop, card, key)
        assert _entries(shop, [card]) == 1


def test_requests_repeated_over_a_killed_web_process_book_once_each(shop: Shop) -> None:
    cards = [shop.card() for _ in range(3)]
    phone = shop.phone(*cards)
    enough = threading.Event()

    def till(number: int) -> list[tuple[str, str]]:
        """Stamps without pause; for each, the card and the entry that the till was told of."""
        card, done = cards[number % len(cards)], []
        while not enough.is_set():
            done.append((card.id, stamp_until_answered(shop, card, uuid4().hex)["entries"][0]["id"]))
        return done

    with ThreadPoolExecutor(6) as pool:
        tills = [pool.submit(till, number) for number in range(6)]
        assert wait_until(lambda: _entries(shop, cards) >= 12, LONG, step=0.1)
        before = shop.kill("web")[0]
        assert shop.back("web", before)
        booked = _entries(shop, cards)
        assert wait_until(lambda: _entries(shop, cards) >= booked + 6, LONG, step=0.1)
        enough.set()
        told = [entry for answers in tills for entry in answers.result(timeout=LONG)]
    assert Counter(told) == Counter(set(told))
    assert _entries(shop, cards) == len(told)
    for card in cards:
        version = shop.told("GET", f"/cards/{card.id}")["version"]
        assert wait_until(lambda card=card, version=version: _fetched(shop, card) == version, LONG)
    assert all(held.registered for held in phone.look().passes.values())


def _entries(shop: Shop, cards: list[Card]) -> int:
    """Stamps in the books, asked of the database itself."""
    with psycopg.connect(plain(shop.running()["DATABASE_URL"])) as connection:
        row = connection.execute(
            "SELECT count(*) FROM entry WHERE cause = 'stamp' AND card_id = ANY(%s)", [[card.id for card in cards]]
        ).fetchone()
    assert row is not None
    return int(row[0])


def _fetched(shop: Shop, card: Card) -> int:
    return int(shop.wallets(card)[0]["fetched_version"] or 0)

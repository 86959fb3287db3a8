"""The relay numbers what changed and gives hints; Redis and the database may go and come back."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import redis
from sqlalchemy.exc import InterfaceError, InternalError

from cli.processes import wait_until
from issuer.database import transaction
from issuer.schema import Heartbeat
from issuer.settings import Settings
from tests.conftest import PASS_TYPE, Servers, plain
from tests.worker.conftest import OwnRedis
from tests.worker.scene import Scene
from worker import relay as relay_module
from worker.office import Office
from worker.relay import Relay, run

QUEUE = "treuepass"


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def hands(office: Office) -> Hands:
    hands = Hands()
    office.__dict__["clock"] = hands
    return hands


@pytest.fixture
def hints() -> list[str]:
    return []


@pytest.fixture
def relay(office: Office, hands: Hands, hints: list[str]) -> Relay:
    return Relay(office, hints.append)


def test_nothing_changed_is_no_hint(relay: Relay, scene: Scene, hints: list[str]) -> None:
    scene.card(1)
    assert relay.turn() == 0
    assert hints == []


def test_a_change_is_numbered_and_hinted_at_once(relay: Relay, scene: Scene, hints: list[str]) -> None:
    card_id = scene.card(1)
    scene.stamp(card_id)
    assert relay.turn() == 1
    row = scene.publication(card_id)
    assert (row.tagged_version, row.due_at) == (2, None)
    assert row.push_at is not None
    assert hints == [PASS_TYPE]


def test_many_changes_of_a_pass_type_are_one_hint(relay: Relay, scene: Scene, hints: list[str]) -> None:
    for phone in range(5):
        scene.stamp(scene.card(phone))
    assert relay.turn() == 5
    assert hints == [PASS_TYPE]


def test_a_hint_that_nobody_took_up_is_given_again_after_a_second(
    relay: Relay, scene: Scene, hands: Hands, hints: list[str]
) -> None:
    scene.stamp(scene.card(1))
    for seconds, wanted in ((0.0, 1), (0.2, 1), (0.7, 1), (0.1, 2), (0.2, 2), (0.8, 3)):
        hands.move(seconds)
        relay.turn()
        assert len(hints) == wanted


def test_a_new_change_is_hinted_without_waiting_for_the_reminder(
    relay: Relay, scene: Scene, hands: Hands, hints: list[str]
) -> None:
    scene.stamp(scene.card(1))
    relay.turn()
    scene.stamp(scene.card(2))
    hands.move(0.2)
    relay.turn()
    assert len(hints) == 2


def test_what_a_worker_works_on_is_not_hinted_until_its_lease_is_over(
    relay: Relay, scene: Scene, hands: Hands, hints: list[str]
) -> None:
    scene.stamp(scene.card(1))
    relay.turn()
    scene.claim(timedelta(seconds=20))
    hands.move(19)
    relay.turn()
    assert len(hints) == 1
    hands.move(1)
    relay.turn()
    assert len(hints) == 2


def test_a_second_change_of_a_card_waits_for_the_fold_and_is_one_push_with_the_third(
    relay: Relay, scene: Scene, hands: Hands, settings: Settings
) -> None:
    card_id = scene.card(1)
    scene.stamp(card_id)
    assert relay.turn() == 1
    scene.stamp(card_id)
    hands.move(settings.fold_seconds - 0.1)
    scene.stamp(card_id)
    assert relay.turn() == 0
    hands.move(0.1)
    assert relay.turn() == 1
    assert scene.publication(card_id).tagged_version == 4


def test_two_relays_number_a_change_once(scene: Scene, office: Office, hands: Hands, hints: list[str]) -> None:
    card_id = scene.card(1)
    scene.stamp(card_id)
    relays = [Relay(office, hints.append) for _ in range(2)]
    assert [relay.turn() for relay in relays] == [1, 0]
    assert scene.publication(card_id).tagged_version == 2


def test_a_hint_that_could_not_be_given_is_given_on_the_next_turn(
    office: Office, scene: Scene, hands: Hands, hints: list[str]
) -> None:
    scene.stamp(scene.card(1))

    def hint(pass_type: str) -> None:
        hints.append(pass_type)
        if len(hints) == 1:
            raise OSError("Redis is away")

    relay = Relay(office, hint)
    with pytest.raises(OSError, match="away"):
        relay.turn()
    relay.turn()
    assert hints == [PASS_TYPE, PASS_TYPE]


def test_the_relay_shows_that_it_lives_every_few_seconds_and_not_every_turn(
    relay: Relay, office: Office, hands: Hands, cafe: object
) -> None:
    beats = []
    for seconds in (0, 0.2, 4.9, 0.2):
        hands.move(seconds)
        relay.turn()
        with transaction(office.engine) as session:
            beats.append(session.get_one(Heartbeat, "relay").at)
    assert beats[0] == beats[1]
    assert len(set(beats)) == 2


@contextmanager
def relaying(settings: Settings) -> Iterator[threading.Thread]:
    """The relay as its process runs it."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


def waiting_hints(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        length: Any = client.llen(QUEUE)
        return int(length)


def said(caplog: pytest.LogCaptureFixture, part: str) -> int:
    return sum(part in record.getMessage() for record in caplog.records if record.name == relay_module.__name__)


@pytest.fixture
def running_settings(settings: Settings, own_redis: OwnRedis) -> Settings:
    return replace(settings, redis_url=own_redis.url)


def test_redis_may_go_and_come_back(
    running_settings: Settings, own_redis: OwnRedis, scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with relaying(running_settings) as thread:
        scene.stamp(scene.card(1))
        assert wait_until(lambda: waiting_hints(own_redis.url) > 0, 10)
        own_redis.stop()
        card_id = scene.card(2)
        scene.stamp(card_id)
        assert wait_until(lambda: said(caplog, "the relay waits") == 1, 20)
        assert wait_until(lambda: scene.publication(card_id).tagged_version == 2, 20)
        assert thread.is_alive()
        own_redis.start()
        with redis.Redis.from_url(own_redis.url) as client:
            client.flushall()
        assert wait_until(lambda: waiting_hints(own_redis.url) > 0, 20)
        assert wait_until(lambda: said(caplog, "the relay goes on") == 1, 20)
    assert said(caplog, "the relay waits") == 1


def test_a_redis_that_forgot_everything_gets_hints_again(
    running_settings: Settings, own_redis: OwnRedis, scene: Scene
) -> None:
    with relaying(running_settings), redis.Redis.from_url(own_redis.url) as client:
        scene.stamp(scene.card(1))
        for _ in range(2):
            assert wait_until(lambda: waiting_hints(own_redis.url) > 0, 10)
            client.flushall()
        assert wait_until(lambda: waiting_hints(own_redis.url) > 0, 10)


@contextmanager
def database_away(servers: Servers, settings: Settings) -> Iterator[None]:
    """Every connection is cut and new ones are refused."""
    name = settings.database_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(plain(servers.database), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_the_database_may_go_and_come_back(
    running_settings: Settings, servers: Servers, own_redis: OwnRedis, scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    card_id = scene.card(1)
    with relaying(running_settings):
        for times in (1, 2):
            with database_away(servers, running_settings):
                assert wait_until(lambda times=times: said(caplog, "the relay waits") == times, 10)
            assert wait_until(lambda times=times: said(caplog, "the relay goes on") == times, 10)
        scene.stamp(card_id)
        assert wait_until(lambda: waiting_hints(own_redis.url) > 0, 10)
    assert scene.publication(card_id).tagged_version == 2
    assert said(caplog, "the relay waits") == 2


@pytest.mark.parametrize(
    "trouble",
    [
        psycopg.OperationalError("the server is shutting down"),
        InterfaceError("SELECT 1", None, psycopg.InterfaceError("the connection is closed")),
        InternalError("SELECT 1", None, psycopg.InternalError("read-only since the failover")),
    ],
)
def test_no_trouble_of_the_database_ends_the_relay(
    running_settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: Exception
) -> None:
    """The first one comes from the moment between connecting and stepping down, which SQLAlchemy does not wrap."""
    caplog.set_level(logging.WARNING)
    troubles = [trouble]

    def turn(_relay: Relay) -> int:
        if troubles:
            raise troubles.pop()
        return 0

    monkeypatch.setattr(Relay, "turn", turn)
    with relaying(running_settings):
        assert wait_until(lambda: said(caplog, "the relay goes on") == 1, 5)

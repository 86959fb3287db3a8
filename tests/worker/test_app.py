"""The addresses of Redis that operators may give, and what Celery makes of them."""

import socket
import threading
from contextlib import suppress
from dataclasses import replace

import pytest
import redis
from celery import Celery

from issuer.settings import Settings
from tests.worker.conftest import OwnRedis
from worker.app import broker_url, make_celery

QUEUE = "treuepass"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("unix:///run/valkey.sock?db=3", "redis+socket:///run/valkey.sock?virtual_host=3"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock?virtual_host=0"),
        ("redis://localhost:6379/4", "redis://localhost:6379/4"),
        ("redis://:secret@redis.example:6380/0", "redis://:secret@redis.example:6380/0"),
        ("rediss://redis.example/0", "rediss://redis.example/0"),
    ],
)
def test_an_address_is_put_as_celery_wants_it(given: str, wanted: str) -> None:
    assert broker_url(given) == wanted


@pytest.mark.parametrize("number", [0, 3])
def test_a_hint_over_a_unix_socket_arrives_in_the_database_that_the_address_names(
    settings: Settings, own_redis: OwnRedis, number: int
) -> None:
    url = own_redis.url.replace("db=0", f"db={number}")
    make_celery(replace(settings, redis_url=url)).send_task("push_apple", args=["pass.x"], retry=False)
    with redis.Redis.from_url(own_redis.url) as client:
        assert set(client.info("keyspace")) == {f"db{number}"}
    with redis.Redis.from_url(url) as client:
        assert client.llen(QUEUE) == 1


def test_an_address_over_tls_begins_with_a_tls_handshake(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        url = f"rediss://127.0.0.1:{listening.getsockname()[1]}/0"
        celery = make_celery(replace(settings, redis_url=url))
        threading.Thread(target=_send_in_vain, args=[celery], daemon=True).start()
        client, _ = listening.accept()
        with client:
            assert client.recv(1) == b"\x16"


def _send_in_vain(celery: Celery) -> None:
    with suppress(Exception):
        celery.send_task("canary", retry=False)


def test_two_apps_in_one_process_keep_their_tasks_apart(settings: Settings) -> None:
    """Celery hands a task to every app of the process unless told otherwise."""
    one, other = make_celery(settings), make_celery(replace(settings, database_url="postgresql+psycopg:///elsewhere"))
    assert one.tasks["tidy"].__wrapped__ is not other.tasks["tidy"].__wrapped__


def test_tasks_of_a_dead_worker_are_handed_on_and_none_waits_long_in_redis(settings: Settings) -> None:
    conf = make_celery(settings).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.broker_transport_options["visibility_timeout"] == settings.redelivery_seconds
    assert settings.redelivery_seconds > conf.task_time_limit
    assert all("expires" in entry["options"] for entry in conf.beat_schedule.values())

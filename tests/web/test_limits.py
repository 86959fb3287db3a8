"""How often a key may call: said on every answer, refused beyond, and never a reason to stand still."""

import logging
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer import api_keys
from issuer.database import transaction
from issuer.settings import Settings
from issuer.web import create_app
from issuer.web.limits import EXTENSION, STRANGERS_A_MINUTE, WINDOW, Rates, Window, storage_url
from tests.conftest import Cafe
from tests.web.asking import Api, refused

RATE = 5
FIELDS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def _made(settings: Settings) -> Iterator[OpenAPI]:
    app = create_app(settings)
    yield app
    app.extensions["treuepass"].engine.dispose()


@pytest.fixture(scope="module")
def slow_app(settings: Settings) -> Iterator[OpenAPI]:
    """Five requests a minute and key."""
    yield from _made(replace(settings, api_rate=RATE))


@pytest.fixture
def nowhere() -> str:
    """An address at which no Redis is."""
    return "unix:///nowhere/redis.sock"


@pytest.fixture
def lonely_app(settings: Settings, nowhere: str) -> Iterator[OpenAPI]:
    yield from _made(replace(settings, redis_url=nowhere))


def _token(engine: Engine, cafe: Cafe, now: datetime, *scopes: str) -> str:
    token = uuid4().hex
    with transaction(engine) as session:
        api_keys.create_api_key(session, cafe.merchant_id, token, scopes or api_keys.SCOPES, now)
    return token


@pytest.fixture
def caller(slow_app: OpenAPI, engine: Engine, cafe: Cafe, now: datetime) -> Api:
    return Api(slow_app.test_client(), _token(engine, cafe, now))


def _left(answer: Any) -> tuple[int, int, int]:
    limit, remaining, reset = (int(answer.headers[name]) for name in FIELDS)
    return limit, remaining, reset


def test_every_answer_says_what_is_left(caller: Api) -> None:
    for used in range(1, RATE + 1):
        limit, remaining, reset = _left(caller.get("/programs"))
        assert (limit, remaining) == (RATE, RATE - used)
        assert 1 <= reset <= WINDOW


def test_one_request_too_many_is_refused_and_told_when_to_come_back(caller: Api) -> None:
    for _ in range(RATE):
        assert caller.get("/locations").status_code == 200
    answer = caller.get("/locations")
    body = refused(answer, 429, "rate_limited")
    assert _left(answer)[:2] == (RATE, 0)
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= WINDOW + 1
    assert f"Wait for {wait} seconds" in body["detail"]


def test_what_is_refused_does_not_make_the_wait_longer(caller: Api) -> None:
    for _ in range(RATE):
        caller.get("/locations")
    waits = [int(caller.get("/locations").headers["Retry-After"]) for _ in range(3 * RATE)]
    assert waits == sorted(waits, reverse=True)


def test_a_refused_stamp_books_nothing_and_its_key_may_be_sent_again(caller: Api, api: Api, cafe: Cafe) -> None:
    card = api.made("/cards", {"program_id": str(cafe.program_id)})
    for _ in range(RATE):
        caller.get("/locations")
    refused(caller.post(f"/cards/{card['id']}/stamps", {}, key="later"), 429, "rate_limited")
    assert api.found(f"/cards/{card['id']}")["balances"] == {"stamps": 0}


def test_errors_say_what_is_left_too(caller: Api) -> None:
    answers = [caller.get("/cards/none"), caller.get("/programs", limit=0), caller.post("/cards", {"x": 1})]
    assert [answer.status_code for answer in answers] == [404, 422, 422]
    assert [_left(answer)[1] for answer in answers] == [4, 3, 2]


def test_a_key_without_the_scope_is_counted_like_any(
    slow_app: OpenAPI, engine: Engine, cafe: Cafe, now: datetime
) -> None:
    writer = Api(slow_app.test_client(), _token(engine, cafe, now, "write"))
    for _ in range(RATE):
        refused(writer.get("/cards"), 403, "scope_missing")
    refused(writer.get("/cards"), 429, "rate_limited")


def test_one_key_uses_up_nothing_of_another(caller: Api, engine: Engine, cafe: Cafe, now: datetime) -> None:
    for _ in range(RATE + 1):
        caller.get("/locations")
    other = Api(caller.client, _token(engine, cafe, now))
    assert _left(other.get("/locations"))[1] == RATE - 1


def test_two_processes_count_together(caller: Api, settings: Settings) -> None:
    second = create_app(replace(settings, api_rate=RATE))
    elsewhere = Api(second.test_client(), caller.token)
    left = [_left(one.get("/locations"))[1] for one in (caller, elsewhere, caller, elsewhere)]
    second.extensions["treuepass"].engine.dispose()
    assert left == [4, 3, 2, 1]


def test_keys_cannot_be_guessed_without_end(api: Api) -> None:
    for number in range(STRANGERS_A_MINUTE):
        refused(Api(api.client, f"guess {number}").get("/cards"), 401, "unauthorized")
    answer = Api(api.client, "one guess more").get("/cards")
    refused(answer, 429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= WINDOW + 1
    refused(api.client.get("/api/v1/cards"), 429, "rate_limited")


def test_whoever_guesses_locks_out_no_till_at_the_same_address(api: Api) -> None:
    for number in range(STRANGERS_A_MINUTE + 1):
        Api(api.client, f"guess {number}").get("/cards")
    assert api.get("/cards").status_code == 200


def test_another_address_may_still_be_told_that_its_key_is_wrong(api: Api) -> None:
    for number in range(STRANGERS_A_MINUTE + 1):
        Api(api.client, f"guess {number}").get("/cards")
    answer = api.client.get("/api/v1/cards", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    refused(answer, 401, "unauthorized")


def test_pages_and_documents_are_not_counted(api: Api) -> None:
    for path in ("/api/v1/openapi.json", "/api/v1/docs", "/"):
        assert not set(FIELDS) & set(api.client.get(path).headers.keys())


def test_without_redis_everything_passes_uncounted_and_that_is_said_once(
    lonely_app: OpenAPI, engine: Engine, cafe: Cafe, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caller = Api(lonely_app.test_client(), _token(engine, cafe, now))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            answer = caller.get("/programs")
            assert (answer.status_code, set(FIELDS) & set(answer.headers.keys())) == (200, set())
            lonely_app.extensions[EXTENSION].asked_again_at = 0.0
    assert sum("Redis does not answer" in record.message for record in caplog.records) == 1


def test_without_redis_a_wrong_key_is_still_refused(lonely_app: OpenAPI, api: Api) -> None:
    for _ in range(STRANGERS_A_MINUTE + 5):
        refused(Api(lonely_app.test_client(), "wrong").get("/cards"), 401, "unauthorized")


def test_a_redis_that_never_answers_is_waited_for_briefly_and_then_left_alone(
    settings: Settings, engine: Engine, cafe: Cafe, now: datetime, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen(8)
        silent.settimeout(0)
        (app,) = _made(replace(settings, redis_url=f"unix://{tmp_path}/silent"))
        caller, began = Api(app.test_client(), _token(engine, cafe, now)), monotonic()
        assert [caller.get("/programs").status_code for _ in range(3)] == [200] * 3
        assert monotonic() - began < 2
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_counting_goes_on_when_redis_is_back(
    lonely_app: OpenAPI, settings: Settings, engine: Engine, cafe: Cafe, now: datetime
) -> None:
    caller = Api(lonely_app.test_client(), _token(engine, cafe, now))
    caller.get("/programs")
    lonely: Rates = lonely_app.extensions[EXTENSION]
    assert lonely.asked_again_at > monotonic()
    back = Rates(settings.redis_url, 9)
    lonely.storage, lonely.script = back.storage, back.script
    assert "RateLimit-Limit" not in caller.get("/programs").headers, "not before the pause is over"
    lonely.asked_again_at = 0.0
    assert "RateLimit-Limit" in caller.get("/programs").headers


@pytest.mark.parametrize(
    ("window", "remaining", "reset", "wait"),
    [
        (Window(10, 0, 0, 1, 120), 9, 60, 1),
        (Window(10, 0, 0, 10, 61), 0, 1, 2),
        (Window(10, 0, 0, 10, 60.2), 0, 1, 2),
        (Window(10, 10, 60, 0, 120), 0, 60, 1),
        (Window(10, 10, 30, 5, 90), 0, 30, 1),
        (Window(10, 10, 45, 5, 105), 0, 45, 16),
        (Window(10, 10, 30, 4, 90), 1, 30, 1),
        (Window(60_000, 60_000, 59, 1_000, 119), 0, 59, 1),
    ],
)
def test_the_minute_before_weighs_less_and_less(window: Window, remaining: int, reset: int, wait: int) -> None:
    assert (window.remaining, window.reset, window.wait) == (remaining, reset, wait)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("unix:///run/redis.sock?db=3", "redis+unix:///run/redis.sock?db=3"),
        ("redis://cache:6379/1", "redis://cache:6379/1"),
        ("rediss://cache", "rediss://cache"),
    ],
)
def test_a_unix_socket_is_spelt_as_the_library_wants_it(given: str, wanted: str) -> None:
    assert storage_url(given) == wanted

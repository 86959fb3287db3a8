"""No second has more calls to Google than it may have, whoever makes them; the till's come first."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from uuid import uuid4

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from issuer.publishing import AT_THE_TILL, CAMPAIGN
from worker.google_rate import GoogleRate, Turn


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def key() -> str:
    return f"rate of a test {uuid4()}"


def take(rate: GoogleRate, priority: int) -> Turn:
    """For whoever has a minute."""
    return rate.take(priority, 60)


def fill(redis: Redis, key: str, rate: GoogleRate) -> None:
    """Nobody called for a long time."""
    take(rate, CAMPAIGN)
    redis.hset(key, "tokens", rate.size)


def call(rate: GoogleRate, priority: int, until: float) -> list[float]:
    """When calls went out, one after the other."""
    made = list[float]()
    while monotonic() < until:
        turn = take(rate, priority)
        sleep(min(turn.wait, max(0.0, until - monotonic())))
        if turn.taken and monotonic() < until:
            made.append(monotonic())
    return made


def most_in_a_second(calls: list[float]) -> int:
    return max(sum(at <= other < at + 1 for other in calls) for at in calls)


def test_what_a_bucket_holds_and_gains_in_a_second_is_no_call_too_many_and_few_too_few() -> None:
    buckets = {rate: GoogleRate(Redis(), "none", rate) for rate in range(1, 1001)}
    gained = {rate: bucket.size + bucket.refill for rate, bucket in buckets.items()}
    assert [rate for rate, calls in gained.items() if int(calls) > rate] == []
    assert [rate for rate, calls in gained.items() if calls < 0.9 * rate] == []


@pytest.mark.parametrize("rate", [0, -5])
def test_a_rate_below_one_is_one(rate: int) -> None:
    bucket = GoogleRate(Redis(), "none", rate)
    assert (bucket.size, bucket.refill) == (1, 0.95)


def test_all_threads_and_connections_together_keep_to_the_rate_and_use_it(
    redis: Redis, redis_url: str, key: str
) -> None:
    fill(redis, key, GoogleRate(redis, key, 60))
    until = monotonic() + 1.1
    with ThreadPoolExecutor(8) as pool, Redis.from_url(redis_url) as other:
        rates = [GoogleRate(client, key, 60) for client in (redis, other)]
        turns = [pool.submit(call, rates[n % 2], (AT_THE_TILL, CAMPAIGN)[n % 4 // 2], until) for n in range(8)]
        calls = [at for turn in turns for at in turn.result()]
    assert most_in_a_second(calls) <= 60
    assert len(calls) > 45


def test_a_first_call_goes_at_once_and_the_till_still_finds_a_place_behind_a_campaign(redis: Redis, key: str) -> None:
    rate = GoogleRate(redis, key, 4)
    fill(redis, key, rate)
    assert take(rate, CAMPAIGN).taken
    behind = take(rate, CAMPAIGN)
    assert not behind.taken
    assert 0.3 < behind.wait <= 1.1
    assert take(rate, AT_THE_TILL) == Turn(0.0, taken=True)


def test_a_campaign_books_nothing_and_is_overtaken_while_the_till_has_calls(redis: Redis, key: str) -> None:
    rate = GoogleRate(redis, key, 4)
    fill(redis, key, rate)
    waits = [take(rate, AT_THE_TILL).wait for _ in range(4)]
    assert waits[:2] == [0, 0]
    assert 0 < waits[2] < waits[3] <= 2 / rate.refill
    before = take(rate, CAMPAIGN).wait
    assert take(rate, CAMPAIGN).wait <= before
    assert take(rate, AT_THE_TILL).wait < before


def test_a_place_that_is_too_far_off_is_not_booked(redis: Redis, key: str) -> None:
    """Else those who gave up would put off all who come after them."""
    rate = GoogleRate(redis, key, 4)
    fill(redis, key, rate)
    assert [rate.take(AT_THE_TILL, 0.0).taken for _ in range(2)] == [True, True]
    for _ in range(10):
        turn = rate.take(AT_THE_TILL, 0.1)
        assert not turn.taken
        assert 0.1 < turn.wait <= 1 / rate.refill
    assert not rate.take(AT_THE_TILL, -1.0).taken


def test_a_rate_of_one_lets_campaigns_through_too(redis: Redis, key: str) -> None:
    rate = GoogleRate(redis, key, 1)
    fill(redis, key, rate)
    assert take(rate, CAMPAIGN).taken
    assert 1 < take(rate, AT_THE_TILL).wait <= 1 / 0.95


def test_a_redis_that_forgot_everything_lets_no_second_burst_through(redis: Redis, key: str) -> None:
    rate = GoogleRate(redis, key, 15)
    fill(redis, key, rate)
    assert [take(rate, AT_THE_TILL).wait for _ in range(2)] == [0, 0]
    redis.delete(key)
    assert 0 < take(rate, AT_THE_TILL).wait < 1.01 / rate.refill


def test_a_clock_that_was_set_back_keeps_nobody_waiting(redis: Redis, key: str) -> None:
    rate = GoogleRate(redis, key, 15)
    take(rate, CAMPAIGN)
    redis.hset(key, "at", int(float(redis.hget(key, "at")) + 3600 * 1_000_000))
    assert take(rate, AT_THE_TILL).wait <= 2 / rate.refill
    sleep(2 / rate.refill)
    assert take(rate, AT_THE_TILL).wait <= 1 / rate.refill


def test_two_buckets_know_nothing_of_each_other(redis: Redis, key: str) -> None:
    one, other = GoogleRate(redis, key, 4), GoogleRate(redis, f"{key} of another issuer", 4)
    fill(redis, key, one)
    fill(redis, f"{key} of another issuer", other)
    for _ in range(5):
        take(one, AT_THE_TILL)
    assert take(other, CAMPAIGN).taken


def test_without_redis_there_is_no_place() -> None:
    nobody = Redis(host="127.0.0.1", port=9, retry=Retry(NoBackoff(), 0))
    with pytest.raises(RedisError):
        take(GoogleRate(nobody, "none", 15), AT_THE_TILL)

"""A worker that takes nothing any more is told apart from a Redis or a database that is away."""

from datetime import UTC, datetime, timedelta

import pytest
from redis.exceptions import ConnectionError as RedisAway

from issuer.database import transaction
from worker.office import Office
from worker.tasks import beat
from worker.watchdog import UNANSWERED, Watchdog


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def dog(office: Office, sent: list[str]) -> Watchdog:
    return Watchdog(office, lambda: sent.append("canary"))


def test_canaries_that_nobody_takes_end_the_worker(dog: Watchdog, sent: list[str]) -> None:
    assert [dog.look() for _ in range(UNANSWERED + 1)] == [True] * UNANSWERED + [False]
    assert len(sent) == UNANSWERED


def test_every_canary_taken_begins_the_count_anew(dog: Watchdog, office: Office) -> None:
    for minute in range(3 * UNANSWERED):
        assert dog.look()
        if minute % 2:
            with transaction(office.engine) as session:
                beat(session, "worker", datetime(2026, 11, 21, tzinfo=UTC) + timedelta(minutes=minute))


def test_redis_being_away_is_no_sign_of_a_dead_worker(office: Office) -> None:
    def away() -> None:
        raise RedisAway("nobody listens")

    dog = Watchdog(office, away)
    assert all(dog.look() for _ in range(3 * UNANSWERED))

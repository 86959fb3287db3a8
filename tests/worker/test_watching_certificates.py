"""The worker says in its log when a certificate ends: once at each stage, and the later the louder."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from celery import Celery
from sqlalchemy import update

from issuer.database import transaction
from issuer.schema import Certificate
from tests.conftest import PASS_TYPE
from worker.app import make_celery
from worker.office import Office

DAY = timedelta(days=1)
Left = Callable[[float], None]


@pytest.fixture
def celery(office: Office) -> Celery:
    return make_celery(office.settings)


@pytest.fixture
def left(office: Office, certificate: None, now: datetime) -> Left:
    """So many days are left."""

    def leave(days: float) -> None:
        with transaction(office.engine) as session:
            session.execute(update(Certificate).values(not_after=now + days * DAY))

    return leave


def test_each_stage_is_said_once_and_the_last_ones_as_errors(
    celery: Celery, left: Left, caplog: pytest.LogCaptureFixture
) -> None:
    said = list[tuple[float, int]]()
    for days in (60, 44.9, 44, 29.9, 8, 6.9, 6, 0.9, 0.5, -0.1, -3):
        left(days)
        for _ in range(2):
            caplog.clear()
            celery.tasks["watch_certificates"]()
            said += [(days, record.levelno) for record in caplog.records]
    warning, error = logging.WARNING, logging.ERROR
    assert said == [(44.9, warning), (29.9, warning), (6.9, error), (0.9, error), (-0.1, error)]


@pytest.mark.parametrize(("days", "what"), [(10.5, "ends on"), (-1, "ended on")])
def test_the_line_names_the_pass_type_the_day_and_the_remedy(
    celery: Celery, left: Left, caplog: pytest.LogCaptureFixture, now: datetime, days: float, what: str
) -> None:
    left(days)
    celery.tasks["watch_certificates"]()
    (line,) = [record.getMessage() for record in caplog.records]
    for part in (PASS_TYPE, f"{what} {now + days * DAY:%Y-%m-%d}", "treuepass certificate request"):
        assert part in line


def test_it_is_looked_at_every_hour(celery: Celery) -> None:
    (entry,) = [one for one in celery.conf.beat_schedule.values() if one["task"] == "watch_certificates"]
    assert entry["schedule"] <= 3600

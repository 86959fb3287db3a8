"""A simulated café."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select, func, text

from issuer.database import transaction
from issuer.schema import Showing
from issuer.settings import Settings, load_settings
from tests.issuer.cafe_days import open_cafe
from worker.office import Office

CARDS, DAYS, SEED = (int(os.environ.get(name) or usual) for name, usual in (("CARDS", 200), ("DAYS", 34), ("SEED", 7)))
LIVE = datetime(2027, 2, 26, 9, tzinfo=UTC)


@pytest.fixture
def office(settings: Settings) -> Iterator[Office]:
    office = Office(settings)
    yield office
    office.engine.dispose()


def test_cafe(office: Office, environ) -> None:
    rng = Random(SEED)
    over = LIVE + timedelta(days=DAYS)
    a = time.time(), time.process_time()
    cafe = open_cafe(office, rng, CARDS, LIVE, over)
    with cafe.trap.at_the_edge():
        cafe.live(LIVE)
        b = time.time(), time.process_time()
        print("prelude", b[0]-a[0], b[1]-a[1], cafe.tally)
        cafe.go_live(CARDS)
        cafe.live(over)
        cafe.end()
    c = time.time(), time.process_time()
    print("live", c[0]-b[0], c[1]-b[1], cafe.tally)
    with cafe.till.work() as session:
        for r in session.execute(text("SELECT v.content->>'name', state, reason, ended, count(*) FROM showing JOIN offer_version v USING (offer_id) GROUP BY 1,2,3,4 ORDER BY 1,2,3,4")):
            print(*r)

"""Workers, tills, relay and console at work with the same cards: nobody waits for ever, nothing comes twice."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Barrier

import pytest
from sqlalchemy import func, select

from issuer import relaying, sweeps
from issuer.database import transaction
from issuer.schema import Showing, Voucher
from tests.issuer.counting import Till
from tests.issuer.promoting import VOUCHER, Stage, look

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROUNDS = 25


@pytest.fixture
def now() -> datetime:
    return AT


@pytest.fixture
def stage(own_till: Till) -> Stage:
    return Stage(own_till, AT)


def test_all_at_once_and_again_and_again(stage: Stage) -> None:
    """PostgreSQL would say so if two of them waited for each other."""
    cards = [stage.till.join() for _ in range(12)]
    offer_id = stage.live(unlocks=VOUCHER)
    other_id = stage.live()
    ticks = count()

    def now() -> datetime:
        return AT + timedelta(seconds=next(ticks))

    def work() -> None:
        with transaction(stage.till.engine) as session:
            sweeps.advance(session, now())
        look(stage.till.engine, stage.till.keys, stage.merchant_id, now(), 5)

    def stamp() -> None:
        till = Stage(stage.till, now()).at()
        till.stamped(random.choice(cards), pause=False)  # noqa: S311 (a draw, no secret)

    def number() -> None:
        with transaction(stage.till.engine) as session:
            relaying.number_due(session, now(), timedelta())

    def change() -> None:
        own = Stage(stage.till, now())
        own.become(other_id, "pause")
        own.become(other_id, "resume")

    deeds = (work, work, work, stamp, stamp, number, change)
    together = Barrier(len(deeds))

    def run(deed: Callable[[], None]) -> None:
        together.wait()
        for _ in range(ROUNDS):
            deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        assert list(pool.map(run, deeds)) == [None] * len(deeds)
    stage.look(now())
    stage.look(now() + timedelta(minutes=2))
    assert all(set(stage.shown(card_id)) == {offer_id, other_id} for card_id in cards)
    with stage.till.work() as session:
        assert session.scalar(select(func.count()).select_from(Showing)) == 2 * len(cards)
        assert session.scalar(select(func.count()).select_from(Voucher)) == len(cards)
    assert all(stage.till.publication(card_id).wanted_version == stage.version(card_id) for card_id in cards)
    assert (stage.row(offer_id).reached, stage.row(offer_id).value) == (len(cards), 300 * len(cards))
    assert stage.row(other_id).reached == len(cards)

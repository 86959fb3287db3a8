"""Workers, tills, relay and console at work with the same cards: nobody waits for ever, nothing comes twice."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import func, select

from issuer import counter, governing, happenings, relaying, sweeps, wishing
from issuer.customers import Told
from issuer.database import transaction
from issuer.offering import Through
from issuer.offers.policy import Policy
from issuer.schema import Showing, Voucher
from tests.issuer.counting import Till, booked, locked
from tests.issuer.promoting import VOUCHER, Stage, look

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROUNDS = 25


@pytest.fixture
def now() -> datetime:
    return AT


@pytest.fixture
def stage(own_till: Till) -> Stage:
    return Stage(own_till, AT)


@dataclass
class Shop:
    """What happens at once: each deed in transactions of its own, at a moment of its own."""

    stage: Stage
    cards: list[UUID]
    paused_now_and_then: UUID
    ticks: Iterator[int] = field(default_factory=count)

    def now(self) -> datetime:
        return AT + timedelta(seconds=next(self.ticks))

    def work(self) -> None:
        till = self.stage.till
        with transaction(till.engine) as session:
            sweeps.advance(session, self.now())
        look(till.engine, till.keys, self.stage.merchant_id, self.now(), 5)

    def stamp(self) -> None:
        till = Stage(self.stage.till, self.now()).at()
        till.stamped(random.choice(self.cards), pause=False)  # noqa: S311 (a draw, no secret)

    def number(self) -> None:
        with transaction(self.stage.till.engine) as session:
            relaying.number_due(session, self.now(), timedelta())

    def wish(self) -> None:
        card_id, wanted = random.choice(self.cards), random.choice(("all", "fewer"))  # noqa: S311
        with self.stage.till.work() as session:
            wishing.choose(session, card_id, wanted, Told("card", "de"), self.now())

    def rule(self) -> None:
        with self.stage.till.work() as session:
            governing.save_policy(session, Through(self.stage.merchant_id, self.now()), Policy())

    def change(self) -> None:
        own = Stage(self.stage.till, self.now())
        own.become(self.paused_now_and_then, "pause")
        own.become(self.paused_now_and_then, "resume")


def at_once(*deeds: Callable[[], None]) -> None:
    together = Barrier(len(deeds))

    def run(deed: Callable[[], None]) -> None:
        together.wait()
        for _ in range(ROUNDS):
            deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        assert list(pool.map(run, deeds)) == [None] * len(deeds)


def test_all_at_once_and_again_and_again(stage: Stage) -> None:
    """PostgreSQL would say so if two of them waited for each other."""
    cards = [stage.till.join() for _ in range(12)]
    offer_id, other_id = stage.live(unlocks=VOUCHER), stage.live()
    shop = Shop(stage, cards, other_id)
    at_once(shop.work, shop.work, shop.work, shop.stamp, shop.stamp, shop.number, shop.change, shop.wish, shop.rule)
    stage.look(shop.now())
    stage.look(shop.now() + timedelta(minutes=2))
    assert all(set(stage.shown(card_id)) == {offer_id, other_id} for card_id in cards)
    with stage.till.work() as session:
        assert session.scalar(select(func.count()).select_from(Showing)) == 2 * len(cards)
        assert session.scalar(select(func.count()).select_from(Voucher)) == len(cards)
    assert all(stage.till.publication(card_id).wanted_version == stage.version(card_id) for card_id in cards)
    assert (stage.row(offer_id).reached, stage.row(offer_id).value) == (len(cards), 300 * len(cards))
    assert stage.row(other_id).reached == len(cards)


@pytest.mark.parametrize("deed", ["check in", "event", "stamp"])
def test_what_happens_while_the_first_offer_goes_live_is_not_missed(stage: Stage, deed: str) -> None:
    """It sees no offer that runs yet, and the worker does not see it; but its card is not free, and stays due."""
    card_id, later = stage.till.join(), Stage(stage.till, AT + timedelta(seconds=1))
    visit = later.at().visit()
    with stage.till.work() as session:
        card = locked(session, card_id)
        if deed == "check in":
            happenings.check_in(session, card, visit)
        elif deed == "event":
            happenings.tell(session, card, "came", visit)
        else:
            booked(counter.stamp(session, card, 1, visit))
        session.execute(select(1))
        offer_id = stage.live(trigger={"kind": "event", "name": "came"} if deed == "event" else "visit")
        stage.look()
        later.look()
        assert stage.due_at(card_id) == AT
    later.look()
    assert later.shown(card_id) == [offer_id]

"""Relay and scheduler ask the worker for what is due on offers; their hints may come twice or not at all."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from celery import Celery
from sqlalchemy import select

from issuer import agenda
from issuer.database import transaction
from issuer.schema import Showing
from issuer.settings import Settings
from tests.issuer.promoting import promote
from tests.worker.scene import Hands, Scene, hands_of
from worker.app import make_celery
from worker.offers import show_offers
from worker.office import Office
from worker.relay import Relay

AT = datetime(2026, 6, 1, 10, tzinfo=UTC)


@pytest.fixture
def hands(office: Office) -> Hands:
    return hands_of(office, AT)


@pytest.fixture
def shop(scene: Scene, hands: Hands) -> Scene:
    return scene


def live(shop: Scene) -> UUID:
    return promote(shop.office.engine, shop.cafe.merchant_id, shop.office.clock.now())


def shown(shop: Scene) -> list[UUID]:
    with transaction(shop.office.engine, shop.cafe.merchant_id) as session:
        return list(session.scalars(select(Showing.card_id).where(Showing.state == "shown")))


@pytest.fixture
def hints() -> list[str]:
    return []


@pytest.fixture
def relay(office: Office, hints: list[str]) -> Relay:
    return Relay(office, lambda _pass_type: None, show_offers=lambda: hints.append("show"))


def test_the_relay_hints_when_a_card_is_due_and_again_every_second(
    shop: Scene, relay: Relay, hands: Hands, hints: list[str]
) -> None:
    relay.turn()
    assert hints == []
    with transaction(shop.office.engine) as session:
        agenda.plan(session, uuid4(), shop.cafe.merchant_id, AT + timedelta(seconds=1))
    for passed, wanted in ((0.0, 0), (1.0, 1), (0.2, 1), (0.7, 1), (0.1, 2), (1.0, 3)):
        hands.at += timedelta(seconds=passed)
        relay.turn()
        assert len(hints) == wanted


def test_the_relay_hints_when_an_offer_went_live_and_no_more_when_all_is_done(
    shop: Scene, relay: Relay, office: Office, hands: Hands, hints: list[str]
) -> None:
    shop.card()
    live(shop)
    relay.turn()
    assert len(hints) == 1
    show_offers(office)
    hands.at += timedelta(seconds=5)
    relay.turn()
    assert len(hints) == 1


@pytest.fixture
def celery(settings: Settings) -> Celery:
    return make_celery(settings)


def test_the_scheduler_asks_too_and_its_hints_do_not_pile_up(celery: Celery) -> None:
    entries = {entry["task"]: entry for entry in celery.conf.beat_schedule.values()}
    for task in ("show_offers", "note_birthdays"):
        assert task in celery.tasks
        assert entries[task]["options"]["expires"] <= entries[task]["schedule"]


def test_the_tasks_may_run_twice(celery: Celery, shop: Scene, hands: Hands) -> None:
    """Their office has a clock of its own."""
    card_id = shop.card()
    hands.at = datetime.now(UTC)
    live(shop)
    for _ in range(2):
        celery.tasks["show_offers"]()
        celery.tasks["note_birthdays"]()
    assert shown(shop) in ([], [card_id])

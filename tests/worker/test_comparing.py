"""The cards of each shop are compared with each other, where an offer asks for it, whatever goes wrong elsewhere."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from celery import Celery
from sqlalchemy import func, select, update

from issuer.database import transaction
from issuer.schema import FifthCuts, Merchant
from issuer.settings import Settings
from tests.conftest import Cafe
from tests.issuer.promoting import promote
from tests.worker.scene import Scene
from worker.app import make_celery
from worker.comparing import compare_cards
from worker.office import Office

NOW = datetime(2026, 3, 18, 9, tzinfo=UTC)


@pytest.fixture
def shops(scene: Scene, other_cafe: Cafe, office: Office) -> tuple[Cafe, Cafe]:
    """Two shops with a card that was stamped once; at both an offer asks for the best customers."""
    for place in (scene, Scene(office, other_cafe)):
        place.stamp(place.card())
        promote(office.engine, place.cafe.merchant_id, NOW, audience={"money": {"least": 5}})
    return scene.cafe, other_cafe


def compared(office: Office, merchant_id: UUID) -> bool:
    with transaction(office.engine, merchant_id) as session:
        return session.scalar(select(func.count()).select_from(FifthCuts)) == 1


def test_every_shop_with_such_an_offer_is_looked_at_once(office: Office, shops: tuple[Cafe, Cafe]) -> None:
    assert compare_cards(office) == 2
    assert all(compared(office, cafe.merchant_id) for cafe in shops)
    assert compare_cards(office) == 0


@pytest.mark.parametrize("broken", [0, 1])
def test_what_goes_wrong_at_one_shop_keeps_no_other_from_it(
    office: Office, shops: tuple[Cafe, Cafe], broken: int
) -> None:
    with transaction(office.engine, shops[broken].merchant_id) as session:
        session.execute(update(Merchant).values(zone="No/Where"))
    assert compare_cards(office) == 1
    assert [compared(office, cafe.merchant_id) for cafe in shops] == [broken == 1, broken == 0]


def test_the_scheduler_knows_the_task(settings: Settings) -> None:
    celery: Celery = make_celery(settings)
    assert celery.conf.beat_schedule["compare_cards"]["task"] in celery.tasks

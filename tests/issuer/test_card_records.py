"""What is around all cards of a shop, and what was known of a card on an earlier day."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from issuer.card_facts import around_of, records_of
from issuer.offers.triggers import KINDS
from issuer.schema import Card, Forecast, Location, Merchant
from tests.issuer.counting import Till, booked
from tests.issuer.elapsing import NOON, STAMPS
from tests.issuer.knowing import days_later, one


@pytest.fixture
def now() -> datetime:
    return NOON


def test_shops_have_their_own_zone_or_the_merchants_and_places_if_they_are_known(till: Till) -> None:
    with till.work() as session:
        session.execute(update(Location).values(latitude=52.5, longitude=13.4))
        second = Location(id=uuid4(), merchant_id=till.shop.merchant_id, name="Lisboa", zone="Europe/Lisbon")
        second.created_at = till.now
        session.add(second)
    with till.work() as session:
        around = around_of(session, till.shop.merchant_id, till.now)
    first, other = around.shops[till.shop.location_id], around.shops[second.id]
    assert (first.zone, first.placed) == ("Europe/Berlin", True)
    assert (other.zone, other.placed, around.zone) == ("Europe/Lisbon", False, "Europe/Berlin")


def test_only_forecasts_that_came_are_known(till: Till) -> None:
    hours = [till.now.replace(minute=0) + timedelta(hours=hour) for hour in range(3)]
    told = [(Decimal("28.5"), Decimal("0.0")), (None, None), (Decimal(20), Decimal(1))]
    with till.work() as session:
        for hour, (temperature, rain) in zip(hours, told, strict=True):
            session.add(
                Forecast(
                    location_id=till.shop.location_id,
                    hour=hour,
                    merchant_id=till.shop.merchant_id,
                    temperature=temperature,
                    rain=rain,
                    asked_at=till.now,
                )
            )
    with till.work() as session:
        around = around_of(session, till.shop.merchant_id, till.now)
    shop = till.shop.location_id
    assert around.forecasts == {(shop, hours[0]): told[0], (shop, hours[2]): told[2]}


def test_the_merchant_says_when_somebody_has_lapsed(till: Till) -> None:
    with till.work() as session:
        assert around_of(session, till.shop.merchant_id, till.now).lapsed_days == 90
        session.execute(update(Merchant).values(policy={"lapsed_days": 30}))
        assert around_of(session, till.shop.merchant_id, till.now).lapsed_days == 30


@pytest.fixture
def lived(till: Till) -> tuple[Till, UUID]:
    """A card of two-stamp rounds: a stamp on days 0, 1, 3 and 4, the first reward taken on day 2."""
    till.set_rules(STAMPS | {"stamps_needed": 2})
    card_id = till.join()
    for day in (0, 1, 3, 4):
        days_later(till, day).stamped(card_id)
        if day == 1:
            booked(days_later(till, 2).redeem(card_id))
    return till, card_id


@pytest.mark.parametrize(
    ("day", "visits", "missing", "rounds", "waiting"),
    [(0.5, 1, 1, 0, 0), (1.5, 2, 2, 1, 1), (2.5, 2, 2, 1, 0), (3.5, 3, 1, 1, 0), (4.5, 4, 2, 2, 1)],
)
def test_what_was_known_on_an_earlier_day_is_known_again(
    lived: tuple[Till, UUID], day: float, visits: int, missing: int, rounds: int, waiting: int
) -> None:
    till, card_id = lived
    later = days_later(till, 9)
    with later.work() as session:
        cards = [session.get_one(Card, card_id)]
        around = around_of(session, till.shop.merchant_id, later.now)
        found = records_of(session, till.keys, cards, around, later.now, KINDS, since=till.now)
    then = found[0].at(days_later(till, day).now)
    assert (len(then.visits), then.visit_days, then.nearly[0].missing) == (visits, visits, missing)
    assert (then.nearly[0].round, len(then.waiting)) == (rounds, waiting)
    assert then == one(days_later(till, 4.5), card_id) or day < 4.5


def test_before_the_first_visit_there_was_none(lived: tuple[Till, UUID]) -> None:
    till, card_id = lived
    later = days_later(till, 9)
    with later.work() as session:
        cards = [session.get_one(Card, card_id)]
        around = around_of(session, till.shop.merchant_id, later.now)
        found = records_of(session, till.keys, cards, around, later.now, KINDS, since=days_later(till, -1).now)
    before = found[0].at(days_later(till, -1).now)
    assert (before.visits, before.first_visit, before.visit_days, before.nearly[0].missing) == ((), None, 0, 2)

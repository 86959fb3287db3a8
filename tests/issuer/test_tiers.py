"""A tier is reached at the till at once, announced before it falls, and falls at its window's end only."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from issuer.publishing import CAMPAIGN
from issuer.rules.movement import reward_unit
from issuer.schema import Granted
from tests.issuer.counting import Till, booked
from tests.issuer.elapsing import NOON, at, local, look_at_tier, planned, statements, tier, told

POINTS = {"kind": "points"}
SILVER: dict[str, Any] = {"key": "silver", "names": {"de": "Silber", "en": "Silver"}, "threshold": 10_000}
GOLD: dict[str, Any] = {
    "key": "gold",
    "names": {"de": "Gold", "en": "Gold"},
    "threshold": 50_000,
    "factor": "2",
    "reward_id": "R",
}


def tiers(**more: Any) -> dict[str, Any]:
    """Silver from 100.00 EUR in a calendar year, Gold from 500.00; said 30 days before it falls."""
    return {"kind": "tiers", "tiers": [SILVER, GOLD], **more}


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def shop(till: Till) -> Till:
    till.set_rules(POINTS, tiers())
    return till


def rewards(till: Till, card_id: UUID) -> int:
    return till.holds(card_id).get(reward_unit(till.shop.reward_id), 0)


def test_a_new_card_has_no_tier(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 9_999)
    assert tier(shop, card_id) == (None, None)
    assert planned(shop, card_id, "tier") is None


def test_a_tier_is_reached_with_the_purchase_that_makes_it_full(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 9_999)
    shop.bought(card_id, 1)
    assert tier(shop, card_id) == ("silver", "2028-01-01 00:00")


def test_what_is_bought_after_a_tier_was_reached_earns_by_its_factor(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    assert shop.holds(card_id)["points"] == 500
    shop.bought(card_id, 1_000)
    assert shop.holds(card_id)["points"] == 520


def test_a_tiers_reward_comes_once_a_window(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    at(shop, "2026-06-01 12:00").bought(card_id, 50_000)
    assert rewards(shop, card_id) == 1
    at(shop, "2027-01-01 12:00").bought(card_id, 49_999)
    assert rewards(shop, card_id) == 1
    at(shop, "2027-01-02 12:00").bought(card_id, 1)
    assert rewards(shop, card_id) == 2


def test_whoever_jumps_over_a_tier_gets_its_reward_too(till: Till) -> None:
    till.set_rules(POINTS, tiers(tiers=[{**SILVER, "reward_id": "R"}, GOLD]))
    card_id = till.join()
    till.bought(card_id, 50_000)
    assert rewards(till, card_id) == 2


def test_a_tier_is_kept_through_the_next_window_and_falls_at_its_end(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    for moment in ("2027-01-01 00:00", "2027-12-31 23:59"):
        look_at_tier(at(shop, moment), card_id)
        assert tier(shop, card_id) == ("gold", "2028-01-01 00:00")
    assert look_at_tier(at(shop, "2028-01-01 00:00"), card_id)
    assert tier(shop, card_id) == (None, None)
    assert planned(shop, card_id, "tier") is None


def test_a_tier_falls_to_what_the_last_window_was_worth(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    at(shop, "2027-05-01 12:00").bought(card_id, 20_000)
    assert tier(shop, card_id) == ("gold", "2028-01-01 00:00")
    look_at_tier(at(shop, "2028-01-01 00:00"), card_id)
    assert tier(shop, card_id) == ("silver", "2029-01-01 00:00")


def test_a_fall_is_announced_with_what_is_missing(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    assert planned(shop, card_id, "tier") == "2027-12-02 00:00"
    assert not look_at_tier(at(shop, "2027-12-01 23:59"), card_id)
    version = shop.view(card_id).version
    assert not look_at_tier(at(shop, "2027-12-02 00:00"), card_id)
    assert planned(shop, card_id, "tier") == "2027-12-02 08:00"
    assert look_at_tier(at(shop, "2027-12-02 08:00"), card_id)
    assert shop.publication(card_id).loud
    assert not look_at_tier(at(shop, "2027-12-03 00:00"), card_id)
    assert told(shop, card_id) == {"tier_ends": {"tier": "gold", "day": "2027-12-31", "missing": 50_000}}
    assert shop.view(card_id).version == version + 1
    assert planned(shop, card_id, "tier") == "2028-01-01 00:00"


def test_what_is_announced_goes_with_the_tier(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    look_at_tier(at(shop, "2027-12-02 00:00"), card_id)
    look_at_tier(at(shop, "2028-01-01 00:00"), card_id)
    assert told(shop, card_id) == {}


def test_what_is_missing_is_said_anew_with_each_purchase(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    look_at_tier(at(shop, "2027-12-02 00:00"), card_id)
    at(shop, "2027-12-05 12:00").bought(card_id, 20_000)
    assert told(shop, card_id)["tier_ends"]["missing"] == 30_000


def test_a_tier_that_is_reached_again_is_announced_no_more_and_lasts_a_window_longer(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    look_at_tier(at(shop, "2027-12-02 00:00"), card_id)
    at(shop, "2027-12-31 23:59").bought(card_id, 50_000)
    assert told(shop, card_id) == {}
    assert tier(shop, card_id) == ("gold", "2029-01-01 00:00")
    assert planned(shop, card_id, "tier") == "2028-12-02 00:00"


def test_nothing_is_announced_for_a_tier_that_was_reached_again(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    at(shop, "2027-03-01 12:00").bought(card_id, 50_000)
    assert not look_at_tier(at(shop, "2027-12-10 12:00"), card_id)
    assert told(shop, card_id) == {}


def test_a_fall_is_not_announced_before_the_window_in_which_it_can_be_prevented(till: Till) -> None:
    till.set_rules(POINTS, tiers(window="month", announce_days=90))
    card_id = till.join()
    till.bought(card_id, 50_000)
    assert tier(till, card_id) == ("gold", "2026-03-01 00:00")
    assert planned(till, card_id, "tier") == "2026-02-01 00:00"
    look_at_tier(till.later(60), card_id)
    assert told(till, card_id) == {}


def test_a_late_event_counts_in_the_window_in_which_it_happened_and_can_raise_the_tier_now(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 40_000)
    at(shop, "2027-01-02 12:00").bought(card_id, 10_000, occurred_at=local("2026-12-31 23:59"))
    assert tier(shop, card_id) == ("gold", "2028-01-01 00:00")
    assert rewards(shop, card_id) == 1


def test_a_late_event_does_not_give_the_reward_of_its_window_twice(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    at(shop, "2027-01-02 12:00").bought(card_id, 50_000, occurred_at=local("2026-12-31 23:59"))
    assert rewards(shop, card_id) == 1


def test_a_tier_reached_by_mistake_falls_at_once_with_its_reward(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 10_000)
    mistake = shop.bought(card_id, 400_000)
    assert tier(shop, card_id)[0] == "gold"
    booked(shop.later(30).reverse(mistake.booked.posting.id))
    assert tier(shop, card_id) == ("silver", "2028-01-01 00:00")
    assert rewards(shop, card_id) == 0


def test_the_reward_of_a_mistake_can_be_earned_truly(shop: Till) -> None:
    card_id = shop.join()
    mistake = shop.bought(card_id, 50_000)
    booked(shop.later(30).reverse(mistake.booked.posting.id))
    shop.later(60).bought(card_id, 50_000)
    assert rewards(shop, card_id) == 1


def test_taking_back_one_of_many_purchases_gives_no_reward_twice(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    small = shop.later(10).bought(card_id, 1_000)
    booked(shop.later(20).reverse(small.booked.posting.id))
    shop.later(30).bought(card_id, 1_000)
    assert rewards(shop, card_id) == 1
    assert tier(shop, card_id)[0] == "gold"


def test_whoever_reached_a_tier_keeps_it_when_it_becomes_harder_to_reach(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 10_000)
    dear = [{**SILVER, "threshold": 40_000}, GOLD]
    at(shop, "2026-03-01 12:00").change_rules(POINTS, tiers(tiers=dear))
    other = at(shop, "2026-04-01 12:00").bought(card_id, 1_000)
    booked(at(shop, "2026-04-01 12:01").reverse(other.booked.posting.id))
    assert tier(shop, card_id) == ("silver", "2028-01-01 00:00")


def test_a_tier_outlives_the_rule_to_its_windows_end(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 10_000)
    at(shop, "2026-03-01 12:00").change_rules(POINTS)
    look_at_tier(at(shop, "2027-12-31 23:59"), card_id)
    assert tier(shop, card_id)[0] == "silver"
    look_at_tier(at(shop, "2028-01-01 00:00"), card_id)
    assert tier(shop, card_id) == (None, None)


@pytest.mark.parametrize(
    ("bought", "window", "until"),
    [
        ("2026-01-15 12:00", "month", "2026-03-01 00:00"),
        ("2026-02-28 23:59", "month", "2026-04-01 00:00"),  # summer time began meanwhile
        ("2026-03-01 00:00", "month", "2026-05-01 00:00"),
        ("2026-09-30 23:59", "quarter", "2027-01-01 00:00"),
        ("2026-10-01 00:00", "quarter", "2027-04-01 00:00"),
        ("2026-12-31 23:59", "year", "2028-01-01 00:00"),
        ("2027-01-01 00:00", "year", "2029-01-01 00:00"),
    ],
)
def test_windows_are_the_shops_calendar(till: Till, bought: str, window: str, until: str) -> None:
    till.set_rules(POINTS, tiers(window=window))
    card_id = till.join()
    at(till, bought).bought(card_id, 10_000)
    assert tier(till, card_id) == ("silver", until)
    look_at_tier(at(till, until).later(-1), card_id)
    assert tier(till, card_id)[0] == "silver"
    look_at_tier(at(till, until), card_id)
    assert tier(till, card_id) == (None, None)


def test_a_worker_that_was_away_for_years_lets_it_fall_in_one_look(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    assert look_at_tier(at(shop, "2033-05-05 12:00"), card_id)
    assert tier(shop, card_id) == (None, None)
    assert not look_at_tier(at(shop, "2033-05-05 12:01"), card_id)


def test_what_the_worker_does_to_tiers_waits_behind_the_tills(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    with shop.work() as session:
        session.merge(shop.publication(card_id)).due_at = None
    look_at_tier(at(shop, "2028-01-01 00:00"), card_id)
    row = shop.publication(card_id)
    assert (row.priority, row.reason) == (CAMPAIGN, "tier")


def test_a_purchase_that_changes_no_tier_costs_nothing_more(till: Till) -> None:
    till.set_rules(POINTS, tiers())
    card_id = till.join()
    till.bought(card_id, 20_000)
    with statements(till) as said:
        till.later(5).bought(card_id, 100)
    assert not [one for one in said if "due" in one.split() or "notice" in one or "granted" in one]


def test_each_window_is_claimed_by_its_name(shop: Till) -> None:
    card_id = shop.join()
    shop.bought(card_id, 50_000)
    with shop.work() as session:
        rows = session.execute(select(Granted.what, Granted.turn).where(Granted.card_id == card_id)).all()
    assert [tuple(row) for row in rows] == [("tier:gold", "tier:spend:2026-01-01")]

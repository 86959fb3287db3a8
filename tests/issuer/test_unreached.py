"""A gift for what is not reached any more goes with the refund that undoes it, while it is there untouched."""

from typing import Any
from uuid import UUID

import pytest

from issuer.audit import first_breach
from tests.issuer.counting import Till, booked
from tests.issuer.returning import POINTS, STAMPS, merged, refunded, stands

GOLD = {"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 100_00, "reward_id": "R"}
TIERS = {"kind": "tiers", "by": "spend", "tiers": [GOLD]}


def milestone(**more: Any) -> dict[str, Any]:
    gift = {"kind": "occasion", "key": "three", "occasion": "milestone", "visits": 3}
    return gift | {"grant": {"unit": "reward", "reward_id": "R"}} | more


@pytest.fixture
def third(till: Till) -> Till:
    """The third visit brings a coffee."""
    till.set_rules(STAMPS, milestone())
    return till


@pytest.fixture
def gold(till: Till) -> Till:
    """Whoever spent 100.00 EUR is gold, and has a coffee."""
    till.set_rules(POINTS | {"per_cents": 1000_00}, TIERS)
    return till


def bought(till: Till, card_id: UUID, *totals: int) -> list[UUID]:
    return [till.later(number).bought(card_id, total).purchase.id for number, total in enumerate(totals)]


def test_a_milestones_gift_goes_when_an_earlier_visit_is_refunded(third: Till) -> None:
    card_id = third.join()
    first, *_ = bought(third, card_id, 5_00, 5_00, 5_00)
    assert refunded(third.later(10), first) == [("stamps", -1, "refund"), ("reward", -1, "adjustment")]
    assert stands(third, card_id) == {"stamps": 2}


def test_a_milestone_that_was_lost_is_reached_again(third: Till) -> None:
    card_id = third.join()
    first, *_ = bought(third, card_id, 5_00, 5_00, 5_00)
    refunded(third.later(10), first)
    bought(third.later(20), card_id, 5_00, 5_00)
    assert stands(third, card_id) == {"stamps": 4, "reward": 1}


def test_a_milestones_gift_stays_while_the_visits_that_are_left_reach_it(third: Till) -> None:
    card_id = third.join()
    first, *_ = bought(third, card_id, 5_00, 5_00, 5_00, 5_00)
    assert refunded(third.later(10), first) == [("stamps", -1, "refund")]
    assert stands(third, card_id) == {"stamps": 3, "reward": 1}


def test_a_part_of_a_visit_leaves_the_visit_and_its_milestone(third: Till) -> None:
    card_id = third.join()
    first, *_ = bought(third, card_id, 5_00, 5_00, 5_00)
    assert refunded(third.later(10), first, 4_99) == []


def test_a_milestones_gift_that_was_handed_over_stays_and_does_not_come_twice(third: Till) -> None:
    card_id = third.join()
    first, *_ = bought(third, card_id, 5_00, 5_00, 5_00)
    booked(third.later(5).redeem(card_id))
    assert refunded(third.later(10), first) == [("stamps", -1, "refund")]
    bought(third.later(20), card_id, 5_00, 5_00)
    assert stands(third, card_id) == {"stamps": 4}


def test_a_reward_that_was_earned_is_not_taken_for_a_gift_that_was_handed_over(third: Till) -> None:
    card_id = third.join()
    first, *_ = bought(third, card_id, 5_00, 5_00, 5_00)
    booked(third.later(5).redeem(card_id))
    third.later(6).stamped(card_id, 8)
    assert stands(third, card_id) == {"stamps": 1, "reward": 1}
    refunded(third.later(10), first)
    assert stands(third, card_id) == {"reward": 1}


def test_a_gift_that_somebody_waits_for_at_the_counter_stays(third: Till) -> None:
    card_id = third.join()
    first, *_ = bought(third, card_id, 5_00, 5_00, 5_00)
    third.later(9).held(card_id)
    assert refunded(third.later(10), first) == [("stamps", -1, "refund")]


def test_stamps_of_a_milestone_that_filled_a_round_stay(till: Till) -> None:
    till.set_rules(STAMPS | {"stamps_needed": 6}, milestone(grant={"amount": 3}))
    card_id = till.join()
    first, *_ = bought(till, card_id, 5_00, 5_00, 5_00)
    assert stands(till, card_id) == {"reward": 1}
    booked(till.later(5).redeem(card_id))
    assert refunded(till.later(10), first) == [("owed:stamps", 1, "refund")]
    bought(till.later(20), card_id, 5_00, 5_00)
    assert stands(till, card_id) == {"stamps": 1}


def test_a_milestone_that_was_made_easier_since_is_reached_by_the_rules_of_today(third: Till) -> None:
    card_id = third.join()
    first, *_ = bought(third, card_id, 5_00, 5_00, 5_00)
    third.later(5).change_rules(STAMPS, milestone(visits=2))
    assert refunded(third.later(10), first) == [("stamps", -1, "refund")]


def test_a_milestone_of_a_card_that_was_merged_goes_on_the_other(third: Till) -> None:
    into, from_ = third.join(), third.join()
    first, *_ = bought(third, from_, 5_00, 5_00, 5_00)
    merged(third.later(5), into, from_)
    assert ("reward", -1, "adjustment") in refunded(third.later(10), first)
    assert stands(third, into) == {"stamps": 2}


@pytest.mark.parametrize("part", [10_01, 50_00, None])
def test_a_tiers_reward_goes_when_less_than_the_threshold_is_left(gold: Till, part: int | None) -> None:
    card_id = gold.join()
    first, _ = bought(gold, card_id, 50_00, 60_00)
    assert stands(gold, card_id) == {"reward": 1}
    assert refunded(gold.later(10), first, part) == [("reward", -1, "adjustment")]
    assert (gold.view(card_id).tier, stands(gold, card_id)) == (None, {})


def test_a_tiers_reward_stays_while_its_threshold_is_reached(gold: Till) -> None:
    card_id = gold.join()
    first, _ = bought(gold, card_id, 50_00, 60_00)
    assert refunded(gold.later(10), first, 10_00) == []
    assert (gold.view(card_id).tier, stands(gold, card_id)) == ("gold", {"reward": 1})


def test_a_tier_that_was_lost_brings_its_reward_when_it_is_reached_again(gold: Till) -> None:
    card_id = gold.join()
    first, _ = bought(gold, card_id, 50_00, 60_00)
    refunded(gold.later(10), first)
    bought(gold.later(20), card_id, 40_00)
    assert (gold.view(card_id).tier, stands(gold, card_id)) == ("gold", {"reward": 1})


def test_a_tiers_reward_that_was_handed_over_is_not_owed_and_does_not_come_twice(gold: Till) -> None:
    card_id = gold.join()
    first, _ = bought(gold, card_id, 50_00, 60_00)
    booked(gold.later(5).redeem(card_id))
    assert refunded(gold.later(10), first) == []
    bought(gold.later(20), card_id, 40_00)
    assert (gold.view(card_id).tier, stands(gold, card_id)) == ("gold", {})


def test_what_a_whole_refund_takes_as_the_purchases_own_present_is_not_taken_twice(gold: Till) -> None:
    card_id = gold.join()
    _, second = bought(gold, card_id, 50_00, 60_00)
    assert refunded(gold.later(10), second) == [("reward", -1, "refund")]
    assert stands(gold, card_id) == {}


def test_the_book_is_sound_after_gifts_went(own_till: Till) -> None:
    own_till.set_rules(STAMPS, milestone())
    card_id = own_till.join()
    first, second, _ = bought(own_till, card_id, 5_00, 5_00, 5_00)
    refunded(own_till.later(10), first)
    refunded(own_till.later(11), second)
    with own_till.work() as session:
        assert first_breach(session) is None

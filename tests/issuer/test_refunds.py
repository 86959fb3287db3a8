"""Refunds: what the purchase earned goes, what it spent comes back; what is used already is owed, never below zero."""

from uuid import UUID

import pytest

from issuer.refusals import Refusal
from issuer.rules.part import Item
from issuer.schema import Card
from tests.issuer.counting import Till, booked, refused
from tests.issuer.returning import POINTS, STAMPS, booked_by_hand, everything, refund, refunded, stands

BY_ITEM = STAMPS | {"earn": "item"}
FROM_TEN = STAMPS | {"earn": "amount", "amount": 10_00}
CASHBACK = {"kind": "cashback", "percent": "10"}


def coffees(count: int) -> tuple[Item, ...]:
    return (Item("c", "Coffee", count, 10_00),)


def bought(till: Till, card_id: UUID, total: int, **more: object) -> UUID:
    return till.bought(card_id, total, **more).purchase.id


@pytest.fixture
def points(till: Till) -> Till:
    till.set_rules(POINTS | {"prices": [{"reward_id": "R", "price": 10}]})
    return till


# Stamps.


def test_a_whole_refund_takes_the_stamp_of_the_visit(till: Till) -> None:
    card_id = till.join()
    purchase = bought(till, card_id, 12_40)
    assert refunded(till, purchase) == [("stamps", -1, "refund")]
    assert everything(till, card_id) == {}


def test_the_stamp_of_a_visit_stays_until_the_whole_is_refunded(till: Till) -> None:
    card_id = till.join()
    purchase = bought(till, card_id, 12_40)
    assert refunded(till, purchase, 12_39) == []
    assert stands(till, card_id) == {"stamps": 1}
    assert refunded(till, purchase, 1) == [("stamps", -1, "refund")]


def test_stamps_for_items_stay_in_proportion_rounded_up(till: Till) -> None:
    till.set_rules(BY_ITEM)
    card_id = till.join()
    purchase = bought(till, card_id, 40_00, items=coffees(4))
    assert refunded(till, purchase, 15_00) == [("stamps", -1, "refund")]
    assert refunded(till, purchase, 4_99) == []
    assert refunded(till, purchase, 1) == [("stamps", -1, "refund")]
    assert refunded(till, purchase) == [("stamps", -2, "refund")]


def test_a_stamp_from_an_amount_goes_when_less_than_the_amount_stays(till: Till) -> None:
    till.set_rules(FROM_TEN)
    card_id = till.join()
    purchase = bought(till, card_id, 12_00)
    assert refunded(till, purchase, 2_00) == []
    assert refunded(till, purchase, 1) == [("stamps", -1, "refund")]
    assert refunded(till, purchase) == []


def test_stamps_given_with_a_reference_are_refunded_as_a_whole(till: Till) -> None:
    card_id = till.join()
    purchase = booked_by_hand(till, card_id, "bill 1", 3)
    assert refunded(till, purchase) == [("stamps", -3, "refund")]
    assert refused(refund(till, purchase)) == "already_reversed"


def test_stamps_given_with_a_reference_have_no_parts(till: Till) -> None:
    purchase = booked_by_hand(till, till.join(), "bill 1")
    assert refused(refund(till, purchase, 1_00)) == "refund_whole_only"


def test_a_round_falls_back_when_its_reward_is_still_there(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    purchase = bought(till, card_id, 5_00)
    assert refunded(till, purchase) == [("stamps", 10, "refund"), ("reward", -1, "refund"), ("stamps", -1, "refund")]
    assert stands(till, card_id) == {"stamps": 9}


def test_a_round_that_fell_back_is_under_its_old_promise_again(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    purchase = bought(till, card_id, 5_00)
    till.later(1).change_rule(12)
    refunded(till.later(2), purchase)
    assert till.view(card_id).needed == 10
    till.later(3).stamped(card_id)
    assert stands(till, card_id) == {"reward": 1}


def test_stamps_of_the_next_round_pay_before_a_reward_does(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    purchase = bought(till, card_id, 5_00)
    till.stamped(card_id, 3)
    assert refunded(till, purchase) == [("stamps", -1, "refund")]
    assert stands(till, card_id) == {"stamps": 2, "reward": 1}


def test_when_the_reward_is_spent_the_stamp_is_owed_and_the_next_one_pays_it(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    purchase = bought(till, card_id, 5_00)
    booked(till.redeem(card_id))
    assert refunded(till, purchase) == [("owed:stamps", 1, "refund")]
    till.stamped(card_id)
    assert stands(till, card_id) == {}
    till.stamped(card_id)
    assert stands(till, card_id) == {"stamps": 1}


def test_a_reward_that_is_set_aside_stays_for_whoever_waits_for_it(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    purchase = bought(till, card_id, 5_00)
    hold_id = till.held(card_id)
    assert refunded(till, purchase) == [("owed:stamps", 1, "refund")]
    till.confirm(hold_id)
    assert stands(till, card_id) == {"owed:stamps": 1}


def test_of_two_rounds_only_the_one_whose_reward_is_left_falls_back(till: Till) -> None:
    till.set_rules(BY_ITEM)
    card_id = till.join()
    purchase = bought(till, card_id, 200_00, items=coffees(20))
    booked(till.redeem(card_id))
    refunded(till, purchase)
    assert stands(till, card_id) == {"owed:stamps": 10}


def test_a_round_falls_back_once_over_several_parts(till: Till) -> None:
    till.set_rules(BY_ITEM)
    card_id = till.join()
    purchase = bought(till, card_id, 120_00, items=coffees(12))
    assert stands(till, card_id) == {"stamps": 2, "reward": 1}
    refunded(till, purchase, 30_00)
    assert stands(till, card_id) == {"stamps": 9}
    refunded(till, purchase, 40_00)
    assert stands(till, card_id) == {"stamps": 5}
    refunded(till, purchase)
    assert everything(till, card_id) == {}


def test_donated_rounds_fall_back_too(till: Till) -> None:
    till.set_rules(
        {"kind": "donation", "stamps_needed": 2, "cents": 3_00, "to": {"de": "Tierheim", "en": "Animal shelter"}}
    )
    card_id = till.join()
    till.stamped(card_id)
    purchase = bought(till, card_id, 5_00)
    assert stands(till, card_id) == {"donated": 3_00}
    refunded(till, purchase)
    assert stands(till, card_id) == {"stamps": 1}


# Points and credit.


def test_points_go_exactly_with_their_remainders(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 12_50)
    refunded(points, purchase, 3_75)
    assert stands(points, card_id) == {"points": 8}
    refunded(points, purchase, 8_74)
    assert stands(points, card_id) == {}
    refunded(points, purchase, 1)
    assert everything(points, card_id) == {}


def test_a_remainder_that_another_purchase_made_whole_is_taken_from_the_whole(points: Till) -> None:
    card_id = points.join()
    first, second = bought(points, card_id, 50), bought(points, card_id, 50)
    assert stands(points, card_id) == {"points": 1}
    refunded(points, first)
    assert stands(points, card_id) == {}
    refunded(points, second)
    assert everything(points, card_id) == {}


def test_points_that_are_used_are_owed_and_later_ones_pay_them(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 12_00)
    booked(points.redeem(card_id))
    assert refunded(points, purchase) == [("points", -2, "refund"), ("owed:points", 10, "refund")]
    bought(points, card_id, 4_00)
    assert stands(points, card_id) == {"owed:points": 6}
    bought(points, card_id, 7_00)
    assert stands(points, card_id) == {"points": 1}


def test_points_that_are_set_aside_are_not_taken_and_pay_no_debt(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 12_00)
    hold_id = points.held(card_id)
    assert refunded(points, purchase) == [("points", -2, "refund"), ("owed:points", 10, "refund")]
    bought(points, card_id, 3_00)
    assert stands(points, card_id) == {"points": 10, "owed:points": 7}
    points.confirm(hold_id)
    assert stands(points, card_id) == {"owed:points": 7}


def test_what_was_set_aside_and_given_up_is_not_spent_before_the_debt_is_paid(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 12_00)
    hold_id = points.held(card_id)
    refunded(points, purchase)
    points.cancel(hold_id)
    assert refused(points.redeem(card_id)) == "not_enough"
    bought(points, card_id, 10_00)
    assert stands(points, card_id) == {"points": 10}
    booked(points.redeem(card_id))


def test_what_was_owed_in_parts_is_not_taken_twice(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 12_00)
    booked(points.redeem(card_id))
    refunded(points, purchase, 6_00)
    assert stands(points, card_id) == {"owed:points": 4}
    refunded(points, purchase)
    assert stands(points, card_id) == {"owed:points": 10}


def test_a_refund_reckons_under_the_version_of_the_purchase(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points.later(1), card_id, 10_00)
    points.later(2).change_rules(POINTS | {"points": 5})
    assert refunded(points.later(3), purchase, 5_00) == [("points", -5, "refund")]


def test_a_refund_reckons_by_the_hour_of_the_purchase(till: Till) -> None:
    double = {"days": list(range(1, 8)), "begin": "00:00", "until": "12:00", "factor": "2"}
    till.set_rules(POINTS | {"happy_hours": [double]})
    card_id = till.join()
    morning = till.now.replace(hour=8)
    purchase = bought(till, card_id, 10_00, occurred_at=morning)
    assert refunded(till, purchase, 4_00) == [("points", -8, "refund")]


def test_a_refund_reckons_with_the_tier_of_the_purchase(till: Till) -> None:
    gold = {"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 100_00, "factor": "3"}
    till.set_rules(POINTS, {"kind": "tiers", "by": "spend", "tiers": [gold]})
    card_id = till.join()
    with till.work() as session:
        session.get_one(Card, card_id).tier = "gold"
    purchase = bought(till, card_id, 10_00)
    with till.work() as session:
        session.get_one(Card, card_id).tier = None
    assert refunded(till, purchase, 5_00) == [("points", -15, "refund")]
    assert refunded(till, purchase) == [("points", -15, "refund")]
    assert everything(till, card_id) == {}


def test_credit_that_was_paid_with_is_given_back_after_the_cash(till: Till) -> None:
    till.set_rules(CASHBACK)
    card_id = till.join()
    bought(till, card_id, 100_00)
    purchase = bought(till, card_id, 30_00, credit=10_00)
    assert stands(till, card_id) == {"credit": 2_00}
    assert refunded(till, purchase, 20_00) == [("credit", -2_00, "refund")]
    assert refunded(till, purchase, 4_00) == [("credit", 4_00, "refund")]
    assert refunded(till, purchase) == [("credit", 6_00, "refund")]
    assert stands(till, card_id) == {"credit": 10_00}


def test_credit_given_back_pays_what_is_owed(till: Till) -> None:
    till.set_rules(CASHBACK)
    card_id = till.join()
    first = bought(till, card_id, 100_00)
    second = bought(till, card_id, 10_00, credit=10_00)
    refunded(till, first)
    assert stands(till, card_id) == {"owed:credit": 10_00}
    refunded(till, second)
    assert stands(till, card_id) == {}


def test_a_discount_is_nobodys_to_give_back(till: Till) -> None:
    till.set_rules({"kind": "discount", "steps": [{"percent": "15"}]})
    purchase = bought(till, till.join(), 40_00)
    refusal = refund(till, purchase, 34_01)
    assert refused(refusal) == "refund_too_large"
    assert isinstance(refusal, Refusal)
    assert "34.00 EUR" in refusal.sentence("en")
    refunded(till, purchase, 34_00)


def test_what_was_spent_counts_towards_discounts_no_more(till: Till) -> None:
    steps = [{"percent": "5"}, {"from_cents": 100_00, "percent": "10"}]
    till.set_rules({"kind": "discount", "by": "spend", "steps": steps})
    card_id = till.join()
    purchase = bought(till, card_id, 200_00)
    assert everything(till, card_id) == {"spend": 190_00}
    refunded(till, purchase, 100_00)
    assert everything(till, card_id) == {"spend": 90_00}

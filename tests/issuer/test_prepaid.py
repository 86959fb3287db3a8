"""Visits bought in advance: counted up by a purchase, down by visits, refunded like any purchase."""

import pytest

from issuer.audit import first_breach
from tests.issuer.counting import Till, booked, lines, refused
from tests.issuer.returning import (
    POINTS,
    STAMPS,
    booked_by_hand,
    buy_visits,
    refund,
    refunded,
    stands,
    use_visits,
    visits_bought,
)

TEN = {"kind": "prepaid", "names": {"de": "Mittagstisch", "en": "Lunch"}, "visits": 10, "price": 80_00}


@pytest.fixture
def lunch(till: Till) -> Till:
    till.set_rules(TEN)
    return till


def test_ten_visits_are_bought_for_the_rules_price(lunch: Till) -> None:
    card_id = lunch.join()
    outcome = buy_visits(lunch, card_id, reference="bill 1")
    assert outcome.purchase.total == outcome.quote.to_pay == 80_00
    assert (outcome.purchase.reference, outcome.purchase.currency) == ("bill 1", "EUR")
    assert stands(lunch, card_id) == {"prepaid": 10}
    assert ("prepaid", 10, "purchase") in lunch.lines(card_id)


def test_each_visit_counts_down_until_none_is_left(lunch: Till) -> None:
    card_id = lunch.join()
    visits_bought(lunch, card_id)
    assert lines(use_visits(lunch, card_id, 4)) == [("prepaid", -4, "redemption")]
    booked(use_visits(lunch, card_id, 6))
    assert refused(use_visits(lunch, card_id)) == "not_enough_visits"
    assert stands(lunch, card_id) == {}


def test_visits_add_up(lunch: Till) -> None:
    card_id = lunch.join()
    visits_bought(lunch, card_id)
    visits_bought(lunch, card_id)
    assert stands(lunch, card_id) == {"prepaid": 20}


def test_more_visits_than_are_left_are_refused_and_said(lunch: Till) -> None:
    card_id = lunch.join()
    visits_bought(lunch, card_id)
    refusal = use_visits(lunch, card_id, 11)
    assert refused(refusal) == "not_enough_visits"
    assert refusal.values == {"there": 10}
    assert stands(lunch, card_id) == {"prepaid": 10}


def test_without_visits_none_are_used(lunch: Till) -> None:
    assert refused(use_visits(lunch, lunch.join())) == "not_enough_visits"


def test_a_program_that_sells_no_visits_refuses_to(till: Till) -> None:
    assert refused(buy_visits(till, till.join())) == "no_visits_here"


@pytest.mark.parametrize("state", ["blocked", "moved", "erased"])
def test_a_card_that_is_not_active_buys_and_uses_no_visits(lunch: Till, state: str) -> None:
    card_id = lunch.join()
    visits_bought(lunch, card_id)
    lunch.set_state(card_id, state)
    assert refused(buy_visits(lunch, card_id)) == "card_blocked"
    assert refused(use_visits(lunch, card_id)) == "card_blocked"


def test_a_reference_buys_visits_once(lunch: Till) -> None:
    card_id = lunch.join()
    buy_visits(lunch, card_id, reference="bill 1")
    assert refused(buy_visits(lunch, card_id, reference="bill 1")) == "reference_reused"
    assert stands(lunch, card_id) == {"prepaid": 10}


def test_the_price_of_the_day_counts(lunch: Till) -> None:
    early, late = lunch.later(1), lunch.later(3)
    lunch.later(2).change_rules(TEN | {"price": 90_00})
    card_id = late.join()
    assert buy_visits(late, card_id).purchase.total == 90_00
    assert buy_visits(late, card_id, occurred_at=early.now).purchase.total == 80_00


def test_buying_visits_earns_what_a_purchase_earns(till: Till) -> None:
    till.set_rules(TEN, POINTS)
    card_id = till.join()
    purchase = visits_bought(till, card_id)
    assert stands(till, card_id) == {"prepaid": 10, "points": 80}
    refunded(till, purchase)
    assert stands(till, card_id) == {}


def test_using_a_visit_can_be_taken_back(lunch: Till) -> None:
    card_id = lunch.join()
    visits_bought(lunch, card_id)
    used = booked(use_visits(lunch, card_id))
    assert lines(lunch.reverse(used.posting.id)) == [("prepaid", 1, "reversal")]


def test_refunding_the_unused_share_takes_the_unused_visits(lunch: Till) -> None:
    card_id = lunch.join()
    purchase = visits_bought(lunch, card_id)
    booked(use_visits(lunch, card_id, 4))
    assert refunded(lunch, purchase, 48_00) == [("prepaid", -6, "refund")]
    assert stands(lunch, card_id) == {}


def test_refunding_all_after_some_were_used_leaves_those_owed_and_the_next_ones_pay(lunch: Till) -> None:
    card_id = lunch.join()
    purchase = visits_bought(lunch, card_id)
    booked(use_visits(lunch, card_id, 4))
    assert refunded(lunch, purchase) == [("prepaid", -6, "refund"), ("owed:prepaid", 4, "refund")]
    assert refused(use_visits(lunch, card_id)) == "not_enough_visits"
    visits_bought(lunch, card_id)
    assert stands(lunch, card_id) == {"prepaid": 6}


def test_as_many_visits_stay_as_the_money_that_stays_pays_for_in_whole(lunch: Till) -> None:
    card_id = lunch.join()
    purchase = visits_bought(lunch, card_id)
    assert refunded(lunch, purchase, 7_99) == [("prepaid", -1, "refund")]
    assert refunded(lunch, purchase, 1) == []
    assert refunded(lunch, purchase, 1) == [("prepaid", -1, "refund")]


def test_whoever_got_back_all_but_a_cent_keeps_no_visit_for_it(lunch: Till) -> None:
    card_id = lunch.join()
    purchase = visits_bought(lunch, card_id)
    assert refunded(lunch, purchase, 79_99) == [("prepaid", -10, "refund")]
    assert refunded(lunch, purchase, 1) == []
    assert stands(lunch, card_id) == {}


def test_a_used_visit_that_the_money_that_stays_does_not_pay_for_is_owed(lunch: Till) -> None:
    card_id = lunch.join()
    purchase = visits_bought(lunch, card_id)
    booked(use_visits(lunch, card_id, 4))
    assert refunded(lunch, purchase, 48_01) == [("prepaid", -6, "refund"), ("owed:prepaid", 1, "refund")]


def test_visits_are_refunded_once(lunch: Till) -> None:
    card_id = lunch.join()
    purchase = visits_bought(lunch, card_id)
    refunded(lunch, purchase)
    assert refused(refund(lunch, purchase)) == "already_reversed"


def test_the_book_is_sound_with_visits(own_till: Till) -> None:
    own_till.set_rules(TEN, STAMPS)
    card_id = own_till.join()
    purchase = visits_bought(own_till, card_id)
    booked(use_visits(own_till, card_id, 3))
    refunded(own_till, purchase, 20_00)
    refunded(own_till, booked_by_hand(own_till, card_id, "bill 1"))
    refunded(own_till, purchase)
    with own_till.work() as session:
        assert first_breach(session) is None

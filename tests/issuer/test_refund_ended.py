"""What ended is owed to nobody: of what a purchase earned, a refund takes what is there and what was spent."""

from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from issuer.refusals import Refusal
from issuer.schema import Posting
from tests.issuer.counting import Till, booked
from tests.issuer.elapsing import NOON, POINTS, STAMPS, at, ends, local, look
from tests.issuer.returning import booked_by_hand, merged, refund, refunded, stands, use_visits, visits_bought

PREPAID = {"kind": "prepaid", "names": {"de": "Sauna", "en": "Sauna"}, "visits": 10, "price": 80_00}


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def shop(till: Till) -> Till:
    till.set_rules(POINTS, ends("points"))
    return till


def bought(till: Till, card_id: UUID, total: int, **more: object) -> UUID:
    return till.bought(card_id, total, **more).purchase.id


def test_points_that_ended_before_the_refund_are_not_owed(shop: Till) -> None:
    card_id = shop.join()
    purchase = bought(shop, card_id, 50_00)
    later = at(shop, "2027-01-23 00:00")
    look(later, card_id)
    assert refunded(later, purchase) == []
    assert stands(shop, card_id) == {}


def test_points_that_ended_are_not_taken_from_others(shop: Till) -> None:
    card_id = shop.join()
    purchase = bought(shop, card_id, 50_00)
    later = at(shop, "2027-01-23 00:00")
    look(later, card_id)
    bought(later, card_id, 30_00)
    assert refunded(later, purchase) == []
    assert stands(shop, card_id) == {"points": 30}


def test_what_was_spent_before_the_rest_ended_is_owed(shop: Till) -> None:
    card_id = shop.join()
    purchase = bought(shop, card_id, 150_00)
    booked(at(shop, "2026-06-01 12:00").redeem(card_id))
    later = at(shop, "2027-01-23 00:00")
    look(later, card_id)
    assert stands(shop, card_id) == {}
    assert refunded(later, purchase) == [("owed:points", 100, "refund")]


@pytest.mark.parametrize(("part", "owed"), [(20_00, 0), (50_00, 0), (80_00, 30), (150_00, 100)])
def test_a_part_leaves_what_was_spent_as_far_as_the_part_that_stays_is_worth_it(
    shop: Till, part: int, owed: int
) -> None:
    card_id = shop.join()
    purchase = bought(shop, card_id, 150_00)
    booked(at(shop, "2026-06-01 12:00").redeem(card_id))
    later = at(shop, "2027-01-23 00:00")
    look(later, card_id)
    assert refunded(later, purchase, part) == ([("owed:points", owed, "refund")] if owed else [])


def test_part_by_part_no_more_is_owed_than_was_spent(shop: Till) -> None:
    card_id = shop.join()
    purchase = bought(shop, card_id, 150_00)
    booked(at(shop, "2026-06-01 12:00").redeem(card_id))
    later = at(shop, "2027-01-23 00:00")
    look(later, card_id)
    for part in (40_00, 60_00, None):
        refunded(later, purchase, part)
    assert stands(shop, card_id) == {"owed:points": 100}


def test_what_was_earned_first_was_spent_and_is_owed_while_what_came_after_it_ended(shop: Till) -> None:
    card_id = shop.join()
    first = bought(shop, card_id, 100_00)
    second = bought(shop.later(60), card_id, 100_00)
    booked(at(shop, "2026-06-01 12:00").redeem(card_id))
    later = at(shop, "2027-01-23 00:00")
    look(later, card_id)
    assert refunded(later, second) == []
    assert refunded(later, first) == [("owed:points", 100, "refund")]


def test_what_is_still_there_of_a_late_event_is_taken_back(shop: Till) -> None:
    card_id = shop.join()
    bought(shop, card_id, 50_00)
    told_late = at(shop, "2026-03-01 12:00")
    purchase = bought(told_late, card_id, 20_00, occurred_at=local("2026-02-01 12:00"))
    later = at(shop, "2027-01-23 00:00")
    look(later, card_id)
    assert refunded(later, purchase) == [("points", -20, "refund")]
    assert stands(shop, card_id) == {}


def test_stamps_that_ended_are_not_owed_and_make_no_round_fall_back(till: Till) -> None:
    till.set_rules(STAMPS, ends("stamps"))
    card_id = till.join()
    till.stamped(card_id, 10)
    purchase = booked_by_hand(till.later(60), card_id, "bill 1", 4)
    later = at(till, "2027-01-23 00:00")
    look(later, card_id)
    assert refunded(later, purchase) == []
    assert stands(till, card_id) == {"reward": 1}


def test_a_present_that_ended_is_not_owed(till: Till) -> None:
    gift = {"kind": "occasion", "key": "two", "occasion": "milestone", "visits": 2, "grant": {"amount": 3}}
    till.set_rules(STAMPS, gift, ends("stamps"))
    card_id = till.join()
    bought(till, card_id, 5_00)
    purchase = bought(till.later(60), card_id, 5_00)
    assert stands(till, card_id) == {"stamps": 5}
    later = at(till, "2027-01-23 00:00")
    look(later, card_id)
    assert refunded(later, purchase) == []
    assert stands(till, card_id) == {}


def test_visits_that_were_used_are_owed_and_those_that_ended_are_not(till: Till) -> None:
    till.set_rules(PREPAID | {"valid_months": 6})
    card_id = till.join()
    purchase = visits_bought(till, card_id)
    booked(use_visits(till, card_id, 4))
    later = at(till, "2026-07-16 00:00")
    look(later, card_id)
    assert refunded(later, purchase) == [("owed:prepaid", 4, "refund")]


@pytest.mark.parametrize("before", [True, False])
def test_what_ended_is_not_owed_on_the_card_that_took_the_other_in(shop: Till, before: bool) -> None:
    into, from_ = shop.join(), shop.join()
    purchase = bought(shop, from_, 50_00)
    if before:
        look(at(shop, "2027-01-23 00:00"), from_)
    merged(at(shop, "2027-01-23 12:00") if before else shop.later(60), into, from_)
    later = at(shop, "2027-02-23 00:00")
    look(later, into)
    assert refunded(later, purchase) == []
    assert stands(shop, into) == {}


def test_what_was_spent_after_two_cards_were_merged_is_owed(shop: Till) -> None:
    into, from_ = shop.join(), shop.join()
    purchase = bought(shop, from_, 150_00)
    merged(shop.later(60), into, from_)
    booked(shop.later(120).redeem(into))
    later = at(shop, "2027-02-23 00:00")
    look(later, into)
    assert refunded(later, purchase) == [("owed:points", 100, "refund")]


def test_what_ended_by_mistake_and_was_given_back_is_taken_back(shop: Till) -> None:
    card_id = shop.join()
    purchase = bought(shop, card_id, 50_00)
    later = at(shop, "2027-01-23 00:00")
    look(later, card_id)
    with shop.work() as session:
        over = session.scalars(select(Posting.id).where(Posting.cause == "expiry")).one()
    booked(later.reverse(over))
    outcome = refund(later, purchase)
    assert not isinstance(outcome, Refusal)
    assert stands(shop, card_id) == {}

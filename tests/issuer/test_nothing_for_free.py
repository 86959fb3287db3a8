"""Whoever buys and gives everything back has nothing more than before, however rounds and presents were arranged."""

from uuid import UUID

import pytest

from issuer import counter
from issuer.audit import first_breach
from issuer.rules.part import Item
from tests.issuer.counting import Till, booked, locked
from tests.issuer.gifting import invite, join_by
from tests.issuer.returning import STAMPS, booked_by_hand, merged, refunded, stands

THREE = STAMPS | {"stamps_needed": 3}
BY_ITEM = STAMPS | {"earn": "item"}
LUNCH = {"kind": "stamps", "counter": "lunch", "names": {"de": "Mittag", "en": "Lunch"}, "reward_id": "R"}


def referral(friend: int, referrer: int) -> dict[str, object]:
    return {"kind": "referral", "friend": {"amount": friend}, "referrer": {"amount": referrer}}


def bought(till: Till, card_id: UUID, items: int = 1) -> UUID:
    return till.bought(card_id, items * 10_00, items=(Item("c", "Coffee", items, 10_00),)).purchase.id


def test_a_round_that_a_friends_present_filled_falls_back_with_the_purchase(till: Till) -> None:
    till.set_rules(THREE, referral(5, 1))
    friend = join_by(till, invite(till, till.join()))
    purchase = bought(till.later(2), friend)
    assert stands(till, friend) == {"reward": 2}
    refunded(till.later(3), purchase)
    assert stands(till, friend) == {}


def test_a_round_that_the_referrers_present_filled_falls_back_with_it(till: Till) -> None:
    till.set_rules(THREE, referral(1, 4))
    referrer = till.join()
    till.stamped(referrer)
    purchase = bought(till.later(2), join_by(till, invite(till, referrer)))
    assert stands(till, referrer) == {"stamps": 2, "reward": 1}
    refunded(till.later(3), purchase)
    assert stands(till, referrer) == {"stamps": 1}


def test_a_round_that_was_filled_by_presents_and_spent_is_owed(till: Till) -> None:
    till.set_rules(THREE, referral(1, 3))
    referrer = till.join()
    purchase = bought(till.later(2), join_by(till, invite(till, referrer)))
    booked(till.later(2).redeem(referrer))
    refunded(till.later(3), purchase)
    assert stands(till, referrer) == {"owed:stamps": 3}


def test_a_round_that_a_later_purchase_filled_falls_back_when_the_earlier_one_is_refunded(till: Till) -> None:
    till.set_rules(BY_ITEM)
    card_id = till.join()
    many, one = bought(till, card_id, 9), bought(till, card_id)
    assert stands(till, card_id) == {"reward": 1}
    refunded(till, many)
    assert stands(till, card_id) == {"stamps": 1}
    refunded(till, one)
    assert stands(till, card_id) == {}


def test_as_many_rounds_fall_back_as_stamps_are_missing(till: Till) -> None:
    till.set_rules(BY_ITEM)
    card_id = till.join()
    many = bought(till, card_id, 9)
    for _ in range(3):
        bought(till, card_id, 7)
    assert stands(till, card_id) == {"reward": 3}
    refunded(till, many)
    assert stands(till, card_id) == {"stamps": 1, "reward": 2}


def test_a_round_that_was_taken_back_does_not_fall_back_again(till: Till) -> None:
    till.set_rules(BY_ITEM)
    card_id = till.join()
    many, ten = bought(till, card_id, 9), till.stamped(card_id)
    booked(till.reverse(ten.posting.id))
    refunded(till, many)
    assert stands(till, card_id) == {}


def test_a_round_that_fell_back_does_not_fall_back_again_in_place_of_an_older_one_that_needed_less(till: Till) -> None:
    till.set_rules(STAMPS | {"stamps_needed": 5})
    card_id = till.join()
    four = booked_by_hand(till.later(1), card_id, "four", 4)
    till.later(2).change_rules(STAMPS | {"stamps_needed": 10})
    till.later(3).stamped(card_id)
    till.later(4).stamped(card_id, 3)
    seven = booked_by_hand(till.later(5), card_id, "seven", 7)
    assert stands(till, card_id) == {"reward": 2}
    refunded(till.later(6), seven)
    assert stands(till, card_id) == {"stamps": 3, "reward": 1}
    refunded(till.later(7), four)
    assert stands(till, card_id) == {"stamps": 4}


def test_a_purchases_own_round_that_fell_back_for_another_is_not_taken_for_it_again(till: Till) -> None:
    till.set_rules(STAMPS | {"stamps_needed": 5})
    card_id = till.join()
    four = booked_by_hand(till.later(1), card_id, "four", 4)
    till.later(2).change_rules(STAMPS | {"stamps_needed": 10})
    till.later(3).stamped(card_id)
    nine = booked_by_hand(till.later(4), card_id, "nine", 9)
    one = booked_by_hand(till.later(5), card_id, "one", 1)
    refunded(till.later(6), nine)
    assert stands(till, card_id) == {"stamps": 1, "reward": 1}
    refunded(till.later(7), four)
    refunded(till.later(8), one)
    assert stands(till, card_id) == {"stamps": 1}


def test_a_counter_that_was_changed_before_its_first_round_is_refunded_like_any_other(till: Till) -> None:
    """A late stamp under a version of which the card was promised nothing."""
    till.set_rules(STAMPS)
    card_id = till.join()
    till.later(10).change_rules(STAMPS, LUNCH | {"stamps_needed": 5})
    till.later(20).change_rules(STAMPS, LUNCH | {"stamps_needed": 3})
    with till.later(30).work() as session:
        late = till.later(30).visit(occurred_at=till.later(15).now, reference="late")
        posting = booked(counter.stamp(session, locked(session, card_id), 3, late, counter="lunch")).posting
    assert stands(till, card_id) == {"reward": 1}
    assert posting.purchase_id is not None
    refunded(till.later(40), posting.purchase_id)
    assert stands(till, card_id) == {}


@pytest.mark.parametrize("backwards", [False, True])
def test_a_friend_who_turns_out_to_be_oneself_leaves_no_present_and_no_debt(till: Till, backwards: bool) -> None:
    till.set_rules(STAMPS, referral(1, 2))
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    purchase = bought(till.later(2), friend)
    into, from_ = (friend, referrer) if backwards else (referrer, friend)
    merged(till.later(3), into, from_)
    assert stands(till, into) == {"stamps": 1}
    refunded(till.later(4), purchase)
    assert stands(till, into) == {}


def test_a_friend_who_was_merged_into_an_older_customers_card_brings_no_present_for_a_refunded_purchase(
    till: Till,
) -> None:
    till.set_rules(STAMPS, referral(1, 2))
    referrer, other = till.join(), till.join()
    till.stamped(other)
    friend = join_by(till, invite(till, referrer))
    purchase = bought(till.later(2), friend)
    merged(till.later(3), other, friend)
    refunded(till.later(4), purchase)
    assert (stands(till, other), stands(till, referrer)) == ({"stamps": 1}, {})


def test_the_book_is_sound_after_rounds_fell_back(own_till: Till) -> None:
    own_till.set_rules(THREE, referral(5, 4))
    referrer = own_till.join()
    purchase = bought(own_till.later(2), join_by(own_till, invite(own_till, referrer)))
    refunded(own_till.later(3), purchase)
    with own_till.work() as session:
        assert first_breach(session) is None

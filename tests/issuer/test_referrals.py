"""Bring a friend: both sides are given something on the friend's first purchase or stamp, once, and never oneself."""

from collections.abc import Iterator
from typing import Any

import pytest

from issuer import referrals
from issuer.customers import Profile
from issuer.joining import Joining, join
from issuer.refunds import Refunded, refund
from issuer.schema import Card, Program, Referral
from tests.issuer.counting import Till, booked, lines, locked, refused
from tests.issuer.gifting import COFFEE, STAMPS, brought, invite, join_by, rewards, tell_birthday
from tests.issuer.racing import Race, runners

REFERRAL = {"kind": "referral", "friend": {"amount": 2}, "referrer": COFFEE}
ANNA, BERT = Profile("Anna", "anna@example.org"), Profile("Bert", "bert@example.org")


@pytest.fixture(scope="module")
def race() -> Iterator[Race]:
    with runners() as processes:
        yield processes


@pytest.fixture
def till(till: Till) -> Till:
    till.set_rules(STAMPS, REFERRAL)
    return till


def _waiting(till: Till, card_id: Any) -> bool:
    row = brought(till, card_id)
    return row is not None and row.state == "waiting"


def _bring(till: Till, referrer_id: Any, friend_id: Any) -> Referral | None:
    with till.work() as session:
        cards = session.get_one(Card, referrer_id), session.get_one(Card, friend_id)
        return referrals.bring(session, *cards, till.now)


def test_a_link_is_drawn_once_and_cannot_be_guessed(till: Till) -> None:
    one, other = till.join(), till.join()
    assert invite(till, one) == invite(till, one) != invite(till, other)
    assert len(invite(till, one)) == 22


def test_nothing_is_given_for_joining_alone(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    assert _waiting(till, friend)
    assert (till.holds(referrer), till.holds(friend)) == ({}, {})


def test_both_sides_are_given_theirs_with_the_friends_first_stamp(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    stamped = till.later(60).stamped(friend)
    assert lines(stamped) == [("stamps", 1, "stamp"), ("stamps", 2, "bonus")]
    assert till.holds(friend) == {"stamps": 3}
    assert rewards(till, referrer) == 1
    assert till.publication(referrer).wanted_version == till.view(referrer).version == 2


def test_a_purchase_with_an_amount_counts_like_a_stamp(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    till.later(60).bought(friend, 350)
    assert (till.holds(friend), rewards(till, referrer)) == ({"stamps": 3}, 1)


def test_a_second_purchase_gives_nothing_more(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    for number in range(3):
        till.later(60 + number).stamped(friend)
    assert (till.holds(friend), rewards(till, referrer)) == ({"stamps": 5}, 1)


def test_each_friend_brings_a_present_of_their_own(till: Till) -> None:
    referrer = till.join()
    for _ in range(3):
        till.later(60).stamped(join_by(till, invite(till, referrer)))
    assert rewards(till, referrer) == 3


def test_a_present_completes_a_round_of_the_referrer(till: Till) -> None:
    till.set_rules(STAMPS, REFERRAL | {"referrer": {"amount": 2}})
    referrer = till.join()
    till.stamped(referrer, 9)
    till.later(60).stamped(join_by(till, invite(till, referrer)))
    assert till.holds(referrer) == {"stamps": 1, f"reward:{till.shop.reward_id}": 1}


def test_the_friends_present_is_the_one_that_was_promised_when_they_joined(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    till.later(30).change_rules(STAMPS)
    till.later(60).stamped(friend)
    assert (till.holds(friend), rewards(till, referrer)) == ({"stamps": 3}, 1)


def test_a_program_without_the_rule_knows_no_friends(till: Till) -> None:
    referrer = till.join()
    till.set_rules(STAMPS)
    friend = join_by(till, invite(till, referrer))
    assert brought(till, friend) is None
    till.later(60).stamped(friend)
    assert (till.holds(friend), rewards(till, referrer)) == ({"stamps": 1}, 0)


@pytest.mark.parametrize("link", ["", "x", "\0", "\ud800", "\u2603" * 22, "A" * 22, "A" * 5000])
def test_a_link_that_is_nobodys_is_no_hindrance(till: Till, link: str) -> None:
    till.join()
    friend = join_by(till, link)
    assert brought(till, friend) is None
    assert till.holds(friend) == {}


def test_a_link_of_another_merchant_is_nobodys(till: Till, other_till: Till) -> None:
    link = invite(other_till, other_till.join())
    assert brought(till, join_by(till, link)) is None


def test_a_link_of_another_program_is_nobodys(till: Till) -> None:
    link = invite(till, till.join())
    with till.work() as session:
        other = session.get_one(Program, till.open_program())
        assert referrals.referrer_of(session, other.id, link) is None
        card = join(session, till.keys, other, Joining("de", "link", friend=link), till.later(1).now)
        assert session.get(Referral, card.id) is None


def test_nobody_brings_themselves(till: Till) -> None:
    card_id = till.join()
    assert _bring(till, card_id, card_id) is None
    second = till.later(1).join()
    with till.work() as session:
        session.get_one(Card, second).customer_id = session.get_one(Card, card_id).customer_id
    assert _bring(till, card_id, second) is None


def test_whoever_has_the_same_mail_address_is_oneself(till: Till) -> None:
    referrer = till.join(ANNA)
    friend = join_by(till, invite(till, referrer), Profile("Somebody", " ANNA@example.org "))
    assert brought(till, friend) is None


def test_whoever_tells_the_same_mail_address_later_gets_nothing_either(till: Till) -> None:
    referrer = till.join(ANNA)
    friend = join_by(till, invite(till, referrer))
    tell_birthday(till, friend, ANNA)
    till.later(60).stamped(friend)
    row = brought(till, friend)
    assert row is not None
    assert (row.state, till.holds(friend), rewards(till, referrer)) == ("void", {"stamps": 1}, 0)


def test_two_people_with_addresses_of_their_own_are_two(till: Till) -> None:
    referrer = till.join(ANNA)
    assert _waiting(till, join_by(till, invite(till, referrer), BERT))


def test_whoever_bought_something_before_is_no_new_friend(till: Till) -> None:
    referrer, customer = till.join(), till.later(1).join()
    till.later(2).stamped(customer)
    assert _bring(till, referrer, customer) is None


def test_whoever_came_by_one_link_does_not_come_by_another(till: Till) -> None:
    one, other = till.join(), till.join()
    friend = join_by(till, invite(till, one))
    assert _bring(till, other, friend) is None
    row = brought(till, friend)
    assert row is not None
    assert row.referrer_card_id == one


def test_an_older_card_was_not_brought_by_a_younger_one(till: Till) -> None:
    older, younger = till.join(), till.later(1).join()
    assert _bring(till, younger, older) is None


def test_a_blocked_referrer_is_given_nothing_and_the_friend_keeps_theirs(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    till.set_state(referrer, "blocked")
    till.later(60).stamped(friend)
    till.set_state(referrer, "active")
    till.later(120).stamped(friend)
    assert (till.holds(friend), rewards(till, referrer)) == ({"stamps": 4}, 0)


def test_the_present_goes_to_the_card_that_took_the_referrers_in(till: Till) -> None:
    old, new = till.join(), till.join()
    link = invite(till, old)
    friend = join_by(till, link)
    with till.work() as session:
        card = session.get_one(Card, old)
        card.merged_into, card.state = new, "moved"
    assert _waiting(till, join_by(till, link))
    till.later(60).stamped(friend)
    assert (rewards(till, old), rewards(till, new)) == (0, 1)


def test_a_friend_who_turns_out_to_be_the_referrer_is_given_nothing(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    with till.work() as session:
        card = session.get_one(Card, referrer)
        card.merged_into, card.state = friend, "moved"
    till.later(60).stamped(friend)
    assert till.holds(friend) == {"stamps": 1}


def test_when_the_first_purchase_is_taken_back_both_presents_go_and_wait_for_the_next(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    first = till.later(60).stamped(friend)
    booked(till.later(70).reverse(first.posting.id))
    assert (till.holds(friend), till.holds(referrer)) == ({}, {})
    assert _waiting(till, friend)
    till.later(80).stamped(friend)
    assert (till.holds(friend), rewards(till, referrer)) == ({"stamps": 3}, 1)
    till.later(90).stamped(friend)
    assert (till.holds(friend), rewards(till, referrer)) == ({"stamps": 4}, 1)


@pytest.mark.parametrize(("total", "presents"), [(None, 0), (350, 0), (100, 1)])
def test_a_first_purchase_that_is_refunded_whole_takes_the_presents_along_and_a_part_of_it_does_not(
    till: Till, total: int | None, presents: int
) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    bought = till.later(60).bought(friend, 350)
    with till.work() as session:
        card = locked(session, friend)
        assert isinstance(refund(session, card, bought.purchase, total, till.later(70).visit()), Refunded)
    assert rewards(till, referrer) == presents
    assert _waiting(till, friend) == (presents == 0)
    till.later(80).bought(friend, 350)
    assert (till.holds(friend)["stamps"], rewards(till, referrer)) == (3 + presents, 1)


def test_a_later_purchase_that_is_taken_back_leaves_the_presents(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    till.later(60).stamped(friend)
    second = till.later(70).stamped(friend)
    booked(till.later(80).reverse(second.posting.id))
    assert (till.holds(friend), rewards(till, referrer)) == ({"stamps": 3}, 1)


def test_a_present_that_was_handed_over_already_is_owed_and_paid_by_the_next(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    first = till.later(60).stamped(friend)
    booked(till.later(65).redeem(referrer))
    booked(till.later(70).reverse(first.posting.id))
    assert till.holds(referrer) == {f"owed:reward:{till.shop.reward_id}": 1}
    till.later(80).stamped(friend)
    assert till.holds(referrer) == {}


def test_a_present_that_staff_took_back_before_is_not_taken_twice(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    first = till.later(60).stamped(friend)
    row = brought(till, friend)
    assert row is not None
    assert row.referrer_posting_id is not None
    booked(till.later(65).reverse(row.referrer_posting_id))
    booked(till.later(70).reverse(first.posting.id))
    assert till.holds(referrer) == {}


def test_a_present_that_went_back_cannot_be_taken_back_by_hand_again(till: Till) -> None:
    referrer = till.join()
    friend = join_by(till, invite(till, referrer))
    first = till.later(60).stamped(friend)
    row = brought(till, friend)
    booked(till.later(70).reverse(first.posting.id))
    assert row is not None
    assert row.referrer_posting_id is not None
    assert refused(till.later(80).reverse(row.referrer_posting_id)) == "already_reversed"


def test_of_twenty_tills_that_stamp_one_friend_first_exactly_one_brings_the_presents(
    own_till: Till, race: Race, database_url: str
) -> None:
    own_till.set_rules(STAMPS | {"stamps_needed": 30}, REFERRAL)
    referrer = own_till.join()
    friend = join_by(own_till, invite(own_till, referrer))
    assert race(database_url, own_till.later(60), "stamp", friend, 20) == ["done"] * 20
    assert (own_till.holds(friend), rewards(own_till, referrer)) == ({"stamps": 22}, 1)


def test_friends_who_buy_at_one_moment_bring_a_present_each(own_till: Till, race: Race, database_url: str) -> None:
    own_till.set_rules(STAMPS | {"stamps_needed": 30}, REFERRAL)
    referrer = own_till.join()
    friends = [join_by(own_till, invite(own_till, referrer)) for _ in range(4)]
    assert race.mixed(database_url, own_till.later(60), [("stamp", friend) for friend in friends]) == ["done"] * 4
    assert rewards(own_till, referrer) == 4
    assert own_till.view(referrer).version == 5

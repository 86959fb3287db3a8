"""Two cards of one person become one: nothing is lost, nothing doubled, and the old one ends."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from issuer import customers, due, expiring
from issuer.customers import Profile
from issuer.rules.movement import WHOLE
from issuer.schema import (
    Card,
    Consent,
    Customer,
    Due,
    Granted,
    PersonalData,
    Voucher,
)
from tests.issuer.counting import Till, booked, locked, refused
from tests.issuer.returning import (
    ANNA,
    LUNCH,
    POINTS,
    STAMPS,
    befriend,
    everything,
    friendships,
    merged,
    refunded,
    row,
    stands,
)

# What goes over.


def test_the_stamps_of_both_cards_are_on_one(till: Till) -> None:
    into, from_ = till.join(), till.join()
    till.stamped(into, 2)
    till.stamped(from_, 3)
    assert merged(till, into, from_) == [("stamps", 3, "adjustment")]
    assert (stands(till, into), everything(till, from_)) == ({"stamps": 5}, {})
    assert till.lines(from_)[-1] == ("stamps", -3, "adjustment")


def test_a_round_that_fills_up_completes_at_once(till: Till) -> None:
    into, from_ = till.join(), till.join()
    till.stamped(into, 6)
    till.stamped(from_, 7)
    assert [line[2] for line in merged(till, into, from_)] == ["adjustment", "round", "round"]
    assert stands(till, into) == {"stamps": 3, "reward": 1}


def test_rewards_points_remainders_and_what_is_owed_go_over(till: Till) -> None:
    till.set_rules(STAMPS, POINTS | {"prices": [{"reward_id": "R", "price": 4}]})
    into, from_ = till.join(), till.join()
    till.bought(into, 3_60)
    purchase = till.bought(from_, 5_50).purchase.id
    booked(till.redeem(from_))
    refunded(till, purchase)
    assert stands(till, from_) == {"owed:points": 4}
    till.bought(from_, 50)
    merged(till, into, from_)
    assert stands(till, into) == {"stamps": 2}
    assert everything(till, into)["points:rest"] == WHOLE // 10


def test_every_unit_goes_over_whatever_it_counts(till: Till) -> None:
    gold = {"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 500_00}
    steps = [{"percent": "5"}]
    till.set_rules(
        {"kind": "discount", "by": "spend", "steps": steps}, {"kind": "tiers", "by": "spend", "tiers": [gold]}
    )
    into, from_ = till.join(), till.join()
    till.bought(into, 10_00)
    till.bought(from_, 20_00)
    merged(till, into, from_)
    found = {unit.partition(":")[0]: amount for unit, amount in everything(till, into).items()}
    assert found == {"spend": 28_50, "tier": 28_50}


def test_a_reward_that_was_set_aside_is_free_again(till: Till) -> None:
    into, from_ = till.join(), till.join()
    till.stamped(from_, 10)
    hold_id = till.held(from_)
    merged(till, into, from_)
    assert refused(till.confirm(hold_id)) == "hold_expired"
    booked(till.redeem(into))


def test_vouchers_go_over(till: Till) -> None:
    into, from_ = till.join(), till.join()
    with till.work() as session:
        session.add(
            Voucher(
                id=from_,
                merchant_id=till.shop.merchant_id,
                card_id=from_,
                code="X",
                names={"de": "G", "en": "V"},
                worth={"cents": 500},
                uses=1,
                valid_from=till.now,
                origin="api",
                created_at=till.now,
            )
        )
    merged(till, into, from_)
    with till.work() as session:
        assert session.get_one(Voucher, from_).card_id == into


def test_a_gift_that_one_card_was_given_is_not_given_again(till: Till) -> None:
    into, from_ = till.join(), till.join()
    with till.work() as session:
        for card_id, turn in ((into, "2026"), (from_, "2026"), (from_, "2025")):
            shop = till.shop.merchant_id
            session.add(Granted(card_id=card_id, what="birthday", turn=turn, merchant_id=shop, at=till.now))
    merged(till, into, from_)
    with till.work() as session:
        turns = session.scalars(select(Granted.turn).where(Granted.card_id == into)).all()
    assert sorted(turns) == ["2025", "2026"]


def test_the_higher_tier_wins(till: Till) -> None:
    tiers = [
        {"key": key, "names": {"de": key, "en": key}, "threshold": cents}
        for key, cents in (("silver", 100_00), ("gold", 200_00))
    ]
    till.set_rules(POINTS, {"kind": "tiers", "by": "spend", "tiers": tiers})
    into, from_ = till.join(), till.join()
    with till.work() as session:
        session.get_one(Card, into).tier = "silver"
        session.get_one(Card, from_).tier, session.get_one(Card, from_).tier_until = "gold", till.later(99).now
    merged(till, into, from_)
    assert (row(till, into).tier, row(till, into).tier_until) == ("gold", till.later(99).now)


def test_the_better_promise_is_kept(till: Till) -> None:
    old = till.join()
    till.stamped(old, 3)
    till.later(1).change_rule(12)
    new = till.later(2).join()
    till.later(2).stamped(new, 6)
    merged(till.later(3), new, old)
    assert (till.view(new).needed, stands(till, new)) == (10, {"stamps": 9})
    till.later(4).stamped(new)
    assert stands(till, new) == {"reward": 1}
    assert till.view(new).needed == 12


def test_each_counter_keeps_its_better_promise(till: Till) -> None:
    till.set_rules(STAMPS, LUNCH)
    old = till.join()
    till.later(1).change_rules(STAMPS | {"stamps_needed": 9}, LUNCH | {"stamps_needed": 8})
    new = till.later(2).join()
    till.later(2).stamped(new, 1)
    merged(till.later(3), new, old)
    needed = {rule.counter: rule.stamps_needed for rule in till.view(new).rules.parts}
    assert needed == {"": 9, "lunch": 5}


MANY = {"kind": "occasion", "key": "ten", "occasion": "milestone", "visits": 10, "grant": {"amount": 2}}


def test_visits_of_both_cards_that_make_a_milestone_bring_its_gift_once(till: Till) -> None:
    till.set_rules(STAMPS | {"stamps_needed": 30}, MANY)
    into, from_ = till.join(), till.join()
    for _ in range(6):
        till.stamped(into)
        till.stamped(from_)
    merged(till, into, from_)
    assert stands(till, into) == {"stamps": 14}
    till.stamped(into)
    assert stands(till, into) == {"stamps": 15}


def test_what_goes_over_does_not_end_by_going_over(till: Till) -> None:
    till.set_rules(STAMPS, {"kind": "expiry", "what": "stamps", "months": 1, "grace_days": 0})
    into, from_ = till.join(), till.join()
    till.stamped(from_, 3)
    late = till.later(timedelta(days=20).total_seconds())
    merged(late, into, from_)
    with late.work() as session:
        expiring.look_after(session, locked(session, into), late.now)
    assert stands(till, into) == {"stamps": 3}
    over = late.later(timedelta(days=40).total_seconds())
    with over.work() as session:
        expiring.look_after(session, locked(session, into), over.now)
    assert stands(till, into) == {}


def test_what_was_to_be_looked_after_is_looked_after_on_the_other_card(till: Till) -> None:
    into, from_ = till.join(), till.join()
    with till.work() as session:
        for card_id, seconds in ((into, 90), (from_, 30)):
            due.plan(session, card_id, till.shop.merchant_id, "tier", "", till.later(seconds).now)
        due.plan(session, from_, till.shop.merchant_id, "voucher_end", "v", till.later(60).now)
    merged(till, into, from_)
    with till.work() as session:
        rows = session.scalars(select(Due).where(Due.card_id.in_([into, from_]))).all()
    assert {(row.card_id, row.what, row.due_at) for row in rows} == {
        (into, "tier", till.later(30).now),
        (into, "voucher_end", till.later(60).now),
    }


# Friends.


def test_friends_follow_to_the_other_card(till: Till) -> None:
    into, from_, friend = till.join(), till.join(), till.join()
    befriend(till, friend, from_)
    merged(till, into, from_)
    assert friendships(till) == {(friend, into, "waiting")}


def test_whoever_was_brought_stays_brought(till: Till) -> None:
    into, from_, referrer = till.join(), till.join(), till.join()
    befriend(till, from_, referrer)
    merged(till, into, from_)
    assert friendships(till) == {(into, referrer, "waiting")}


@pytest.mark.parametrize("backwards", [False, True])
def test_nobody_brings_themselves(till: Till, backwards: bool) -> None:
    one, other = till.join(), till.join()
    befriend(till, one, other)
    merged(till, *((other, one) if backwards else (one, other)))
    assert friendships(till) == {(one, other, "void")}


def test_who_was_a_customer_already_was_brought_by_nobody(till: Till) -> None:
    into, from_, referrer = till.join(), till.join(), till.join()
    till.stamped(into)
    befriend(till, from_, referrer)
    merged(till, into, from_)
    assert friendships(till) == {(from_, referrer, "void")}


def test_the_link_for_friends_goes_on_to_work(till: Till) -> None:
    into, from_ = till.join(), till.join()
    with till.work() as session:
        session.get_one(Card, from_).invite = "link"
    merged(till, into, from_)
    assert (row(till, into).invite, row(till, from_).invite) == ("link", None)


# The person.


def test_what_is_missing_of_the_person_is_filled_with_its_consents(till: Till) -> None:
    into, from_ = till.join(Profile(name="Anna")), till.join(Profile("Änne", "a@example.org", date(1990, 12, 24)))
    merged(till, into, from_)
    with till.work() as session:
        person = session.get_one(Card, into).customer_id
        known = customers.known(session, till.keys, person)
        consents = session.scalars(select(Consent.purpose).where(Consent.customer_id == person)).all()
    assert known.profile == Profile("Anna", "a@example.org", date(1990, 12, 24))
    assert set(consents) == {"name", "mail", "birthday"}
    assert known.told_at("mail") is not None


def test_nobody_is_known_twice(till: Till) -> None:
    into, from_ = till.join(ANNA), till.join(ANNA)
    old = row(till, from_).customer_id
    merged(till, into, from_)
    with till.work() as session:
        assert session.get(PersonalData, old) is None
    assert till.view(from_).customer_name is None


def test_the_merchants_number_for_the_person_goes_along(till: Till) -> None:
    into, from_ = till.join(), till.join(reference="K-17")
    merged(till, into, from_)
    with till.work() as session:
        assert session.get_one(Customer, row(till, into).customer_id).reference == "K-17"

"""Refunds that are refused, of whatever the card has become, and of what the purchase brought beside its earnings."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from issuer import earning, purchases, referrals, vouchers
from issuer.audit import first_breach
from issuer.refusals import Refusal
from issuer.rules.movement import Movement, reward_unit
from issuer.rules.part import Item
from issuer.rules.vouchers import Worth
from issuer.schema import Card, Due, Purchase
from issuer.terms import terms_of
from tests.issuer.counting import Till, booked, locked, refused
from tests.issuer.returning import POINTS, STAMPS, everything, refund, refunded, stands

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


# Presents.


def with_present(till: Till, card_id: UUID, present: Movement) -> UUID:
    """A purchase that brought something beside what it earned."""
    with till.work() as session:
        card = locked(session, card_id)
        terms = terms_of(session, card, till.now)
        order, quote = purchases.Order(5_00), purchases.Quote(5_00, 0, 0, 0)
        made = purchases.record(session, card, till.visit(), terms, order=order, quote=quote)
        assert isinstance(made, UUID)
        deed = till.visit().deed("purchase", purchase_id=made)
        earning.earn(session, card, terms, earning.Earning(deed, lines=[present]))
    return made


def test_a_present_that_the_purchase_brought_goes_with_the_whole_only(till: Till) -> None:
    card_id = till.join()
    purchase = with_present(till, card_id, Movement(reward_unit(till.shop.reward_id), 1, "issued", "bonus"))
    assert refunded(till, purchase, 4_00) == []
    assert refunded(till, purchase) == [("reward", -1, "refund")]


def test_a_present_that_was_handed_over_is_owed_and_paid_by_the_next_round(till: Till) -> None:
    card_id = till.join()
    purchase = with_present(till, card_id, Movement(reward_unit(till.shop.reward_id), 1, "issued", "bonus"))
    booked(till.redeem(card_id))
    assert refunded(till, purchase) == [("owed:reward", 1, "refund")]
    till.stamped(card_id, 10)
    assert stands(till, card_id) == {}


MILESTONE = {"kind": "occasion", "key": "two", "occasion": "milestone", "visits": 2, "grant": {"amount": 3}}


def test_a_milestone_that_was_refunded_is_reached_again(till: Till) -> None:
    till.set_rules(STAMPS, MILESTONE)
    card_id = till.join()
    bought(till, card_id, 5_00)
    purchase = bought(till, card_id, 5_00)
    assert stands(till, card_id) == {"stamps": 5}
    refunded(till, purchase)
    assert stands(till, card_id) == {"stamps": 1}
    bought(till, card_id, 5_00)
    assert stands(till, card_id) == {"stamps": 5}


def test_a_tier_and_its_reward_that_were_refunded_are_reached_again(till: Till) -> None:
    gold = {"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 100_00, "reward_id": "R"}
    till.set_rules(POINTS | {"per_cents": 10_000}, {"kind": "tiers", "by": "spend", "tiers": [gold]})
    card_id = till.join()
    purchase = bought(till, card_id, 100_00)
    assert (till.view(card_id).tier, stands(till, card_id)) == ("gold", {"reward": 1, "points": 1})
    refunded(till.later(1), purchase)
    assert (till.view(card_id).tier, everything(till, card_id)) == (None, {})
    bought(till.later(2), card_id, 100_00)
    assert (till.view(card_id).tier, stands(till, card_id)) == ("gold", {"reward": 1, "points": 1})


def test_both_presents_go_when_the_friends_first_purchase_is_refunded(till: Till) -> None:
    one = {"unit": "stamps", "amount": 2}
    till.set_rules(STAMPS, {"kind": "referral", "friend": one, "referrer": one})
    referrer, friend = till.join(), till.later(1).join()
    with till.work() as session:
        assert referrals.bring(session, session.get_one(Card, referrer), session.get_one(Card, friend), till.now)
    purchase = bought(till.later(2), friend, 5_00)
    assert (stands(till, friend), stands(till, referrer)) == ({"stamps": 3}, {"stamps": 2})
    refunded(till.later(3), purchase, 4_00)
    assert (stands(till, friend), stands(till, referrer)) == ({"stamps": 3}, {"stamps": 2})
    refunded(till.later(4), purchase)
    assert (stands(till, friend), stands(till, referrer)) == ({}, {})


def with_voucher(till: Till, card_id: UUID, until: timedelta | None = None) -> str:
    wanted = vouchers.Wanted({"de": "G", "en": "V"}, Worth(cents=2_00), valid_until=until and till.now + until)
    with till.work() as session:
        made = vouchers.issue(session, locked(session, card_id), wanted, till.visit(), "api")
        assert not isinstance(made, Refusal)
        return made.code


def test_a_voucher_comes_back_with_the_whole_purchase_only(till: Till) -> None:
    card_id = till.join()
    code = with_voucher(till, card_id)
    purchase = bought(till, card_id, 10_00, voucher=code)
    assert refunded(till, purchase, 7_99) == []
    assert refunded(till, purchase) == [("voucher", 1, "refund"), ("stamps", -1, "refund")]
    bought(till, card_id, 10_00, voucher=code)


def test_a_voucher_that_comes_back_after_its_time_ends_by_its_date(till: Till) -> None:
    card_id = till.join()
    purchase = bought(till, card_id, 10_00, voucher=with_voucher(till, card_id, timedelta(days=1)))
    late = till.later(timedelta(days=9).total_seconds())
    refunded(late, purchase)
    with late.work() as session:
        key = session.scalars(select(Due.key).where(Due.card_id == card_id, Due.what == "voucher_end")).one()
        assert vouchers.end(session, locked(session, card_id), key, late.visit()) is not None
    assert stands(late, card_id) == {}


# Refusals.


def test_nothing_is_refunded_twice(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 5_00)
    refunded(points, purchase)
    for total in (None, 1, 5_00):
        assert refused(refund(points, purchase, total)) == "already_reversed"
    assert everything(points, card_id) == {}


@pytest.mark.parametrize("total", [5_01, 10**12])
def test_more_than_was_paid_is_not_refunded(points: Till, total: int) -> None:
    purchase = bought(points, points.join(), 5_00)
    assert refused(refund(points, purchase, total)) == "refund_too_large"


def test_what_is_left_is_said_to_whoever_asks_for_more(points: Till) -> None:
    purchase = bought(points, points.join(), 5_00)
    refunded(points, purchase, 3_50)
    refusal = refund(points, purchase, 1_51)
    assert isinstance(refusal, Refusal)
    assert refusal.values == {"left": "1.50 EUR"}


@pytest.mark.parametrize("total", [0, -1])
def test_a_refund_of_nothing_is_refused(points: Till, total: int) -> None:
    purchase = bought(points, points.join(), 5_00)
    assert refused(refund(points, purchase, total)) == "refund_of_nothing"


def test_what_was_taken_back_is_not_refunded(points: Till) -> None:
    made = points.bought(points.join(), 5_00)
    booked(points.reverse(made.booked.posting.id))
    assert refused(refund(points, made.purchase.id)) == "already_reversed"
    assert refused(refund(points, made.purchase.id, 1_00)) == "already_reversed"


@pytest.mark.parametrize("total", [None, 1_00])
def test_what_was_refunded_even_in_part_is_not_taken_back(points: Till, total: int | None) -> None:
    made = points.bought(points.join(), 5_00)
    refunded(points, made.purchase.id, total)
    assert refused(points.reverse(made.booked.posting.id)) == "already_reversed"


def test_a_refund_is_not_taken_back(points: Till) -> None:
    made = points.bought(points.join(), 5_00)
    outcome = refund(points, made.purchase.id)
    assert not isinstance(outcome, Refusal)
    assert refused(points.reverse(outcome.booked.posting.id)) == "already_reversed"


def test_a_refused_refund_books_nothing(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 5_00)
    before, version = points.lines(card_id), points.view(card_id).version
    refund(points, purchase, 6_00)
    assert (points.lines(card_id), points.view(card_id).version) == (before, version)


@pytest.mark.parametrize("statement", ["UPDATE refund SET total = 1", "DELETE FROM refund"])
def test_refunds_stand_for_ever(points: Till, statement: str) -> None:
    purchase = bought(points, points.join(), 5_00)
    refunded(points, purchase, 2_00)
    with pytest.raises(DBAPIError), points.work() as session:
        session.execute(text(statement))


# Whatever the card is.


def test_a_blocked_cards_purchase_is_refunded(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 5_00)
    points.set_state(card_id, "blocked")
    assert refunded(points, purchase) == [("points", -5, "refund")]


def test_a_free_order_is_refunded_once(points: Till) -> None:
    purchase = bought(points, points.join(), 0)
    assert refunded(points, purchase) == []
    assert refused(refund(points, purchase)) == "already_reversed"


def test_the_postings_name_the_purchase_and_its_refund(points: Till) -> None:
    purchase = bought(points, points.join(), 5_00)
    outcome = refund(points, purchase, 2_00)
    assert not isinstance(outcome, Refusal)
    assert (outcome.booked.posting.purchase_id, outcome.refund.purchase_id) == (purchase, purchase)
    assert (outcome.booked.posting.cause, outcome.refund.total) == ("refund", 2_00)


def test_a_refund_is_shown_on_the_phone(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 5_00)
    refunded(points, purchase)
    assert points.publication(card_id).wanted_version == points.view(card_id).version == 3


def test_a_visit_that_was_refunded_makes_nobody_wait(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 5_00)
    points.pause(3600)
    refunded(points, purchase, 4_00)
    assert refused(points.buy(card_id, 5_00)) == "too_soon"
    refunded(points, purchase)
    bought(points, card_id, 5_00)


def test_an_old_purchase_is_refunded_like_any_other(points: Till) -> None:
    card_id = points.join()
    purchase = bought(points, card_id, 5_00)
    late = points.later(timedelta(days=700).total_seconds())
    assert refunded(late, purchase) == [("points", -5, "refund")]


def test_the_book_is_sound_after_refunds(own_till: Till) -> None:
    own_till.set_rules(BY_ITEM, POINTS, {"kind": "occasion", "key": "m", "occasion": "milestone", "visits": 1000,
                                         "grant": {"unit": "points", "amount": 5}})  # fmt: skip
    card_id = own_till.join()
    for total in (9_99, 13_37, 100_00):
        purchase = bought(own_till, card_id, total, items=coffees(7))
        for part in (1, 3_33, 4_44, None):
            refunded(own_till, purchase, part)
    assert everything(own_till, card_id) == {}
    with own_till.work() as session:
        assert session.query(Purchase).count() == 3
        assert first_breach(session) is None

"""What offers know of a card is what ledger and events say of its visits and its owner, for however many cards."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from issuer import events
from issuer.card_facts import around_of, facts_of
from issuer.customers import Profile
from issuer.offers.facts import Facts
from issuer.offers.triggers import KINDS
from issuer.schema import Card, Customer, Location
from tests.issuer.counting import Till, booked
from tests.issuer.elapsing import NOON, STAMPS, statements
from tests.issuer.gifting import tell_birthday
from tests.issuer.knowing import days_later, known, note, one, reverse
from tests.issuer.returning import merge, refund


@pytest.fixture
def now() -> datetime:
    return NOON


def ats(facts: Facts) -> Sequence[datetime]:
    return [visit.at for visit in facts.visits]


def test_a_new_card_has_never_come(till: Till) -> None:
    card_id = till.join()
    facts = one(till, card_id)
    assert (facts.visits, facts.first_visit, facts.visit_days, facts.last_visit) == ((), None, 0, None)
    assert (facts.card_id, facts.program_id, facts.active) == (card_id, till.shop.program_id, True)
    assert (facts.tier, facts.waiting, facts.lapsing, facts.happened, facts.fifth) == (None, (), (), (), None)


def test_nobody_is_asked_for_nobody(till: Till) -> None:
    assert known(till) == []


def test_facts_come_in_the_order_of_the_cards(till: Till) -> None:
    cards = [till.join() for _ in range(3)]
    assert [facts.card_id for facts in known(till, *reversed(cards))] == list(reversed(cards))


def test_stamps_and_purchases_are_visits_with_their_shop_and_what_was_paid(till: Till) -> None:
    card_id = till.join()
    stamped = till.stamped(card_id)
    bought = till.later(60).bought(card_id, 480)
    facts = one(till.later(90), card_id)
    assert ats(facts) == [till.now, till.later(60).now]
    assert [visit.cents for visit in facts.visits] == [0, 480]
    assert {visit.location_id for visit in facts.visits} == {till.shop.location_id}
    assert [visit.key for visit in facts.visits] == [str(stamped.posting.id), str(bought.booked.posting.id)]
    assert (facts.first_visit, facts.visit_days) == (till.now, 1)


def test_a_stamp_that_was_taken_back_was_no_visit(till: Till) -> None:
    card_id = till.join()
    reverse(till.later(5), till.stamp(card_id))
    facts = one(till.later(9), card_id)
    assert (facts.visits, facts.first_visit, facts.visit_days) == ((), None, 0)


def test_a_purchase_that_was_refunded_as_a_whole_was_no_visit(till: Till) -> None:
    card_id = till.join()
    bought = till.bought(card_id, 480)
    refund(till.later(5), bought.purchase.id, 480)
    assert one(till.later(9), card_id).visits == ()


def test_what_was_refunded_in_part_was_not_paid(till: Till) -> None:
    card_id = till.join()
    bought = till.bought(card_id, 480)
    refund(till.later(5), bought.purchase.id, 180)
    assert [visit.cents for visit in one(till.later(9), card_id).visits] == [300]


def test_a_check_in_is_a_visit(till: Till) -> None:
    card_id = till.join()
    note(till, card_id, events.VISITED, location_id=str(till.shop.location_id))
    facts = one(till.later(9), card_id)
    assert ats(facts) == [till.now]
    assert facts.visits[0].key.startswith("event:")
    assert facts.visits[0].location_id == till.shop.location_id


def test_a_reward_that_is_handed_over_is_no_visit(till: Till) -> None:
    till.set_rules(STAMPS | {"stamps_needed": 2})
    card_id = till.join()
    till.stamped(card_id, 2)
    booked(till.later(5).redeem(card_id))
    assert ats(one(till.later(9), card_id)) == [till.now]


def test_visits_are_told_back_to_four_hundred_days_and_the_days_of_all_are_counted(till: Till) -> None:
    card_id = till.join()
    for day in (-500, -500.01, -380, -1, -0.9):
        till.stamped(card_id, occurred_at=days_later(till, day).now)
    facts = one(till, card_id)
    assert ats(facts) == [days_later(till, day).now for day in (-380, -1, -0.9)]
    assert facts.first_visit == days_later(till, -500.01).now
    assert facts.visit_days == 3


def test_the_last_visit_is_told_however_long_ago(till: Till) -> None:
    card_id = till.join()
    for day in (-900, -800):
        till.stamped(card_id, occurred_at=days_later(till, day).now)
    assert ats(one(till, card_id)) == [days_later(till, -800).now]


def test_a_day_is_one_by_the_clock_of_the_shop_where_somebody_came(till: Till) -> None:
    card_id = till.join()
    evening = datetime(2026, 1, 14, 22, 30, tzinfo=UTC)
    for hours in (0, 1):
        till.stamped(card_id, occurred_at=evening + timedelta(hours=hours))
    assert one(till, card_id).visit_days == 2
    with till.work() as session:
        session.execute(update(Location).values(zone="America/New_York"))
    assert one(till, card_id).visit_days == 1


def test_a_card_goes_on_with_the_visits_of_one_that_was_merged_into_it(till: Till) -> None:
    first, second, third = (till.join() for _ in range(3))
    for number, card_id in enumerate((first, second, third)):
        till.later(number).stamped(card_id)
    for into, away in ((second, first), (third, second)):
        merge(till.later(9), into, away)
    assert ats(one(till.later(20), third)) == [till.later(number).now for number in range(3)]


def test_what_another_system_told_is_known(till: Till) -> None:
    card_id, other = till.join(), till.join()
    note(till, card_id, events.HAPPENED, name="survey.answered")
    facts, others = known(till.later(9), card_id, other)
    assert [(one.name, one.at) for one in facts.happened] == [("survey.answered", till.now)]
    assert others.happened == ()


def test_a_birthday_is_known_where_it_is_asked_for(till: Till) -> None:
    card_id = till.join(Profile(birthday=date(2000, 2, 29)))
    assert one(till, card_id, kinds=["birthday"]).birthday == (2, 29)
    assert one(till, card_id, kinds=["visit"]).birthday is None


def test_no_birthday_is_known_of_who_told_none_or_took_it_back(till: Till) -> None:
    silent, sorry = till.join(Profile(name="Ida")), till.join(Profile(birthday=date(2000, 2, 29)))
    tell_birthday(till, sorry, Profile())
    assert [facts.birthday for facts in known(till, silent, sorry)] == [None, None]


@pytest.mark.parametrize(("wish", "consented"), [("all", True), ("fewer", False), ("none", False)])
def test_only_who_chose_all_agreed_to_offers_that_sound(till: Till, wish: str, consented: bool) -> None:
    card_id = till.join()
    with till.work() as session:
        session.execute(update(Customer).values(wish=wish))
    assert one(till, card_id).consented is consented


def test_a_card_that_ended_is_not_active(till: Till) -> None:
    card_id = till.join()
    till.set_state(card_id, "blocked")
    assert not one(till, card_id).active


def test_the_number_of_queries_does_not_depend_on_the_number_of_cards(till: Till) -> None:
    cards = [till.join(Profile(birthday=date(1990, 1, 15))) for _ in range(12)]
    for card_id in cards:
        till.stamped(card_id, 3)
    counted = []
    for asked in (cards[:2], cards):
        with statements(till) as said:
            known(till, *asked)
        # Each card is loaded by the test, one by one.
        counted.append(len(said) - len(asked))
    assert counted[0] == counted[1]


def test_another_merchant_knows_nothing_of_a_card(till: Till, other_till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id)
    with till.work() as session:
        card = session.get_one(Card, card_id)
    with other_till.work() as session:
        around = around_of(session, other_till.shop.merchant_id, other_till.now)
        assert set(around.shops) == {other_till.shop.location_id}
        with pytest.raises(KeyError):
            facts_of(session, till.keys, [card], around, till.now, KINDS)

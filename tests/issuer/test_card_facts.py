"""What offers know of a card is what ledger, events and due rows say, whoever asks and for however many cards."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from issuer import events
from issuer.card_facts import around_of, facts_of, records_of
from issuer.customers import Profile
from issuer.offers.facts import Facts
from issuer.offers.triggers import KINDS
from issuer.rules.movement import reward_unit
from issuer.rules.vouchers import Worth
from issuer.schema import Card, Customer, Forecast, Location, Merchant
from issuer.vouchers import Wanted, draw
from tests.issuer.counting import Till, booked
from tests.issuer.elapsing import NOON, STAMPS, at, ends, look, statements
from tests.issuer.gifting import celebrate, give_voucher, tell_birthday
from tests.issuer.returning import merge, refund

COFFEE = {"unit": "reward", "reward_id": "R"}
TIERS = {
    "kind": "tiers",
    "tiers": [
        {"key": "silver", "names": {"de": "Silber", "en": "Silver"}, "threshold": 10_000},
        {"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 50_000},
    ],
}


@pytest.fixture
def now() -> datetime:
    return NOON


def known(till: Till, *card_ids: UUID, birthdays: bool = False) -> list[Facts]:
    with till.work() as session:
        cards = [session.get_one(Card, card_id) for card_id in card_ids]
        around = around_of(session, till.shop.merchant_id, till.now)
        return facts_of(session, till.keys, cards, around, till.now, birthdays=birthdays)


def one(till: Till, card_id: UUID, **more: Any) -> Facts:
    return known(till, card_id, **more)[0]


def days_later(till: Till, days: float) -> Till:
    return till.later(days * 86_400)


def reverse(till: Till, outcome: Any) -> None:
    booked(till.reverse(booked(outcome).posting.id))


def note(till: Till, card_id: UUID, kind: str, **data: Any) -> None:
    with till.work() as session:
        events.record(session, till.shop.merchant_id, kind, till.now, card_id, **data)


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


def test_how_many_stamps_are_missing_and_which_round_it_is(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 7)
    assert [(near.counter, near.missing, near.round) for near in one(till.later(9), card_id).nearly] == [
        ("stamps", 3, 0)
    ]
    till.later(10).stamped(card_id, 14)
    assert [(near.missing, near.round) for near in one(till.later(20), card_id).nearly] == [(9, 1)]


def test_a_round_keeps_what_it_was_promised(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 3)
    till.later(5).change_rule(5)
    assert one(till.later(9), card_id).nearly[0].missing == 7


def test_a_round_that_was_taken_back_counts_no_more(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    full = till.later(5).stamp(card_id)
    assert one(till.later(6), card_id).nearly[0].round == 1
    reverse(till.later(7), full)
    near = one(till.later(9), card_id).nearly[0]
    assert (near.missing, near.round) == (1, 0)


def test_a_second_counter_is_nearly_full_on_its_own(till: Till) -> None:
    lunch = {
        "kind": "stamps", "counter": "lunch", "names": {"de": "Essen", "en": "Lunch"}, "stamps_needed": 5,
        "reward_id": "R", "earn": "item", "items": ["lunch"],
    }  # fmt: skip
    till.set_rules(STAMPS, lunch)
    card_id = till.join()
    till.stamped(card_id, 2)
    assert {(near.counter, near.missing) for near in one(till.later(9), card_id).nearly} == {
        ("stamps", 8),
        ("stamps:lunch", 5),
    }


def test_the_reward_that_waits_longest_is_the_one_that_came_first_and_was_not_taken(till: Till) -> None:
    till.set_rules(STAMPS | {"stamps_needed": 2})
    card_id = till.join()
    brought = [days_later(till, day).stamped(card_id, 2) for day in (0, 1, 2)]
    later = days_later(till, 3)
    waiting = one(later, card_id).waiting
    assert [(one.key, one.since) for one in waiting] == [(str(brought[0].posting.id), till.now)]
    booked(later.redeem(card_id))
    waiting = one(later.later(9), card_id).waiting
    assert [(one.key, one.since) for one in waiting] == [(str(brought[1].posting.id), days_later(till, 1).now)]


def test_no_reward_waits_that_was_taken_or_taken_back(till: Till) -> None:
    till.set_rules(STAMPS | {"stamps_needed": 2})
    card_id, other = till.join(), till.join()
    till.stamped(card_id, 2)
    booked(till.later(5).redeem(card_id))
    reverse(till.later(5), till.stamp(other, 2))
    assert [facts.waiting for facts in known(till.later(9), card_id, other)] == [(), ()]


def test_a_reward_that_was_given_back_waits_as_long_as_before(till: Till) -> None:
    till.set_rules(STAMPS | {"stamps_needed": 2})
    card_id = till.join()
    brought = till.stamped(card_id, 2)
    reverse(till.later(9), till.later(5).redeem(card_id))
    assert [one.key for one in one(till.later(20), card_id).waiting] == [str(brought.posting.id)]


def test_what_the_card_warns_of_lapses(till: Till) -> None:
    till.set_rules(STAMPS, ends("stamps"))
    card_id = till.join()
    till.stamped(card_id, 3)
    later = at(till, "2026-12-28 12:00")
    look(later, card_id)
    assert [(one.unit, one.day) for one in one(later, card_id).lapsing] == [("stamps", date(2027, 1, 15))]


def test_a_gift_lapses_until_it_is_taken(till: Till) -> None:
    birthday = {"kind": "occasion", "key": "cake", "occasion": "birthday", "grant": COFFEE, "days_after": 14}
    till.set_rules(STAMPS, birthday)
    card_id = till.join(Profile(birthday=date(1990, 1, 15)))
    celebrate(till)
    assert [(one.unit, one.day) for one in one(till, card_id).lapsing] == [
        (reward_unit(till.shop.reward_id), date(2026, 1, 29))
    ]
    booked(till.later(5).redeem(card_id))
    assert one(till.later(9), card_id).lapsing == ()


def test_a_voucher_lapses_unless_an_offer_gave_it(till: Till) -> None:
    card_id = till.join()
    until = till.now + timedelta(days=3)
    voucher = give_voucher(till, card_id, valid_until=until)
    with till.work() as session:
        card = session.get_one(Card, card_id)
        draw(session, card, Wanted({"de": "A", "en": "A"}, Worth(cents=100), valid_until=until), till.now, "offer")
    assert [(one.unit, one.day) for one in one(till, card_id).lapsing] == [(f"voucher:{voucher.id}", date(2026, 1, 18))]


def test_a_voucher_without_an_end_does_not_lapse(till: Till) -> None:
    card_id = till.join()
    give_voucher(till, card_id)
    assert one(till, card_id).lapsing == ()


def test_a_tier_is_reached_when_it_rises_to_it(till: Till) -> None:
    till.set_rules({"kind": "points"}, TIERS)
    card_id = till.join()
    till.bought(card_id, 9_999)
    assert one(till.later(1), card_id).tier is None
    for seconds, cents in ((5, 1), (10, 40_000), (15, 100)):
        till.later(seconds).bought(card_id, cents)
        tier = one(till.later(seconds + 1), card_id).tier
        assert tier is not None
        assert (tier.key, tier.since) == {5: ("silver", till.later(5).now)}.get(seconds, ("gold", till.later(10).now))


def test_a_tier_of_before_anybody_noted_it_was_always_there(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        session.execute(update(Card).where(Card.id == card_id).values(tier="gold"))
    tier = one(till.later(9), card_id).tier
    assert tier is not None
    assert (tier.key, tier.since) == ("gold", till.now)


def test_what_another_system_told_is_known(till: Till) -> None:
    card_id, other = till.join(), till.join()
    note(till, card_id, events.HAPPENED, name="survey.answered")
    facts, others = known(till.later(9), card_id, other)
    assert [(one.name, one.at) for one in facts.happened] == [("survey.answered", till.now)]
    assert others.happened == ()


def test_a_birthday_is_known_where_it_is_asked_for(till: Till) -> None:
    card_id = till.join(Profile(birthday=date(2000, 2, 29)))
    assert one(till, card_id, birthdays=True).birthday == (2, 29)
    assert one(till, card_id).birthday is None


def test_no_birthday_is_known_of_who_told_none_or_took_it_back(till: Till) -> None:
    silent, sorry = till.join(Profile(name="Ida")), till.join(Profile(birthday=date(2000, 2, 29)))
    tell_birthday(till, sorry, Profile())
    assert [facts.birthday for facts in known(till, silent, sorry, birthdays=True)] == [None, None]


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
            known(till, *asked, birthdays=True)
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
            facts_of(session, till.keys, [card], around, till.now, birthdays=True)


def test_shops_have_their_own_zone_or_the_merchants_and_places_if_they_are_known(till: Till) -> None:
    with till.work() as session:
        session.execute(update(Location).values(latitude=52.5, longitude=13.4))
        second = Location(id=uuid4(), merchant_id=till.shop.merchant_id, name="Lisboa", zone="Europe/Lisbon")
        second.created_at = till.now
        session.add(second)
    with till.work() as session:
        around = around_of(session, till.shop.merchant_id, till.now)
    first, other = around.shops[till.shop.location_id], around.shops[second.id]
    assert (first.zone, first.placed) == ("Europe/Berlin", True)
    assert (other.zone, other.placed, around.zone) == ("Europe/Lisbon", False, "Europe/Berlin")


def test_only_forecasts_that_came_are_known(till: Till) -> None:
    hours = [till.now.replace(minute=0) + timedelta(hours=hour) for hour in range(3)]
    told = [(Decimal("28.5"), Decimal("0.0")), (None, None), (Decimal(20), Decimal(1))]
    with till.work() as session:
        for hour, (temperature, rain) in zip(hours, told, strict=True):
            session.add(
                Forecast(
                    location_id=till.shop.location_id,
                    hour=hour,
                    merchant_id=till.shop.merchant_id,
                    temperature=temperature,
                    rain=rain,
                    asked_at=till.now,
                )
            )
    with till.work() as session:
        around = around_of(session, till.shop.merchant_id, till.now)
    shop = till.shop.location_id
    assert around.forecasts == {(shop, hours[0]): told[0], (shop, hours[2]): told[2]}


def test_the_merchant_says_when_somebody_has_lapsed(till: Till) -> None:
    with till.work() as session:
        assert around_of(session, till.shop.merchant_id, till.now).lapsed_days == 90
        session.execute(update(Merchant).values(policy={"lapsed_days": 30}))
        assert around_of(session, till.shop.merchant_id, till.now).lapsed_days == 30


@pytest.fixture
def lived(till: Till) -> tuple[Till, UUID]:
    """A card of two-stamp rounds: a stamp on days 0, 1, 3 and 4, the first reward taken on day 2."""
    till.set_rules(STAMPS | {"stamps_needed": 2})
    card_id = till.join()
    for day in (0, 1, 3, 4):
        days_later(till, day).stamped(card_id)
        if day == 1:
            booked(days_later(till, 2).redeem(card_id))
    return till, card_id


@pytest.mark.parametrize(
    ("day", "visits", "missing", "rounds", "waiting"),
    [(0.5, 1, 1, 0, 0), (1.5, 2, 2, 1, 1), (2.5, 2, 2, 1, 0), (3.5, 3, 1, 1, 0), (4.5, 4, 2, 2, 1)],
)
def test_what_was_known_on_an_earlier_day_is_known_again(
    lived: tuple[Till, UUID], day: float, visits: int, missing: int, rounds: int, waiting: int
) -> None:
    till, card_id = lived
    later = days_later(till, 9)
    with later.work() as session:
        cards = [session.get_one(Card, card_id)]
        around = around_of(session, till.shop.merchant_id, later.now)
        found = records_of(session, till.keys, cards, around, later.now, KINDS, since=till.now)
    then = found[0].at(days_later(till, day).now)
    assert (len(then.visits), then.visit_days, then.nearly[0].missing) == (visits, visits, missing)
    assert (then.nearly[0].round, len(then.waiting)) == (rounds, waiting)
    assert then == one(days_later(till, 4.5), card_id) or day < 4.5


def test_before_the_first_visit_there_was_none(lived: tuple[Till, UUID]) -> None:
    till, card_id = lived
    later = days_later(till, 9)
    with later.work() as session:
        cards = [session.get_one(Card, card_id)]
        around = around_of(session, till.shop.merchant_id, later.now)
        found = records_of(session, till.keys, cards, around, later.now, KINDS, since=days_later(till, -1).now)
    before = found[0].at(days_later(till, -1).now)
    assert (before.visits, before.first_visit, before.visit_days, before.nearly[0].missing) == ((), None, 0, 2)


def test_a_program_without_stamps_is_never_nearly_there(till: Till) -> None:
    till.set_rules({"kind": "points"})
    card_id = till.join()
    till.bought(card_id, 480)
    assert one(till.later(9), card_id).nearly == ()

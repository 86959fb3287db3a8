"""What stands on a card, as offers know it: stamps that are missing, rewards that wait, what ends, its tier."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from issuer.customers import Profile
from issuer.rules.movement import reward_unit
from issuer.rules.vouchers import Worth
from issuer.schema import Card
from issuer.vouchers import Wanted, draw
from tests.issuer.counting import Till, booked
from tests.issuer.elapsing import NOON, STAMPS, at, ends, look
from tests.issuer.gifting import celebrate, give_voucher
from tests.issuer.knowing import days_later, known, one, reverse

COFFEE = {"unit": "reward", "reward_id": "R"}
TIERS: dict[str, Any] = {
    "kind": "tiers",
    "tiers": [
        {"key": "silver", "names": {"de": "Silber", "en": "Silver"}, "threshold": 10_000},
        {"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 50_000},
    ],
}


@pytest.fixture
def now() -> datetime:
    return NOON


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


def test_a_program_without_stamps_is_never_nearly_there(till: Till) -> None:
    till.set_rules({"kind": "points"})
    card_id = till.join()
    till.bought(card_id, 480)
    assert one(till.later(9), card_id).nearly == ()


def test_what_no_trigger_asks_for_is_not_read(till: Till) -> None:
    till.set_rules(STAMPS | {"stamps_needed": 2}, ends("stamps"))
    card_id = till.join()
    till.stamped(card_id, 3)
    give_voucher(till, card_id, valid_until=till.now + timedelta(days=3))
    read = {
        kind: (bool(facts.nearly), bool(facts.waiting), bool(facts.lapsing))
        for kind in ("nearly", "unused", "lapsing", "time")
        for facts in known(till.later(9), card_id, kinds=[kind])
    }
    assert read == {
        "nearly": (True, True, False),
        "unused": (False, True, False),
        "lapsing": (False, False, True),
        "time": (False, False, False),
    }

"""Occasions: welcome, birthday, anniversary, milestone: a reward that appears by itself in its window, once."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from issuer.customers import NOTHING, Profile, birthday_digest, complete_birthdays
from issuer.joining import Joining, join
from issuer.schema import Card, Merchant, PersonalData, Posting, Program
from tests.issuer.counting import Till, booked, lines, locked, refused
from tests.issuer.gifting import COFFEE, STAMPS, celebrate, duties, end_gift, end_gifts, rewards, tell_birthday

BERLIN = ZoneInfo("Europe/Berlin")


def occasion(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": "occasion", "key": "one", "occasion": kind, "grant": COFFEE, "days_after": 6} | more


def born(month: int, day: int, year: int = 1988) -> Profile:
    return Profile(birthday=date(year, month, day))


def on(till: Till, year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> Till:
    """The same till at an instant of the shop's clock."""
    return replace(till, now=datetime(year, month, day, hour, minute, tzinfo=BERLIN))


@pytest.fixture
def birthdays(till: Till) -> Till:
    till.set_rules(STAMPS, occasion("birthday", days_before=3))
    return till


@pytest.fixture
def anniversaries(till: Till) -> Till:
    till.set_rules(STAMPS, occasion("anniversary"))
    return till


# Welcome.


def test_a_new_card_begins_with_its_bonus_stamps_and_the_gift_for_joining(till: Till) -> None:
    till.set_rules(STAMPS | {"bonus": 2}, occasion("welcome"))
    card_id = till.join()
    assert till.lines(card_id) == [("stamps", 2, "bonus"), ("reward", 1, "bonus")]
    assert till.view(card_id).version == till.publication(card_id).wanted_version == 2


def test_a_card_that_begins_with_nothing_has_no_entries_and_stays_at_version_one(till: Till) -> None:
    card_id = till.join()
    assert till.lines(card_id) == []
    assert till.view(card_id).version == 1


def test_whoever_is_brought_along_from_another_system_is_not_welcomed(till: Till) -> None:
    till.set_rules(STAMPS | {"bonus": 2}, occasion("welcome"))
    with till.work() as session:
        program = session.get_one(Program, till.shop.program_id)
        card_id = join(session, till.keys, program, Joining("de", "import"), till.now).id
    assert till.holds(card_id) == {}


def test_bonus_stamps_and_welcome_stamps_together_complete_a_round(till: Till) -> None:
    till.set_rules(STAMPS | {"bonus": 9}, occasion("welcome", grant={"amount": 2}))
    assert till.holds(till.join()) == {"stamps": 1, f"reward:{till.shop.reward_id}": 1}


def test_a_welcome_gift_that_is_taken_back_by_the_shop_does_not_come_again(till: Till) -> None:
    till.set_rules(STAMPS, occasion("welcome"))
    card_id = till.join()
    with till.work() as session:
        posting = session.scalars(select(Posting.id).where(Posting.card_id == card_id)).one()
    booked(till.reverse(posting))
    assert celebrate(till) == 0
    assert till.holds(card_id) == {}


# Birthday.


@pytest.mark.parametrize("day", [7, 9, 10, 16])
def test_a_birthday_is_celebrated_on_each_day_of_its_window(birthdays: Till, day: int) -> None:
    card_id = on(birthdays, 2027, 1, 5).join(born(5, 10))
    assert celebrate(on(birthdays, 2027, 5, day)) == 1
    assert rewards(birthdays, card_id) == 1


@pytest.mark.parametrize(("month", "day"), [(5, 6), (5, 17), (4, 10), (6, 10), (10, 5), (1, 1)])
def test_a_birthday_is_not_celebrated_outside_of_its_window(birthdays: Till, month: int, day: int) -> None:
    card_id = on(birthdays, 2026, 12, 1).join(born(5, 10))
    assert celebrate(on(birthdays, 2027, month, day)) == 0
    assert rewards(birthdays, card_id) == 0


def test_a_birthday_begins_when_the_first_day_of_its_window_is_not_quiet_any_more(birthdays: Till) -> None:
    on(birthdays, 2026, 12, 1).join(born(5, 10))
    assert [celebrate(on(birthdays, 2027, 5, 7, hour)) for hour in (0, 7, 8)] == [0, 0, 1]


def test_a_shop_in_tokyo_celebrates_by_its_own_clock(birthdays: Till) -> None:
    with birthdays.work() as session:
        session.execute(update(Merchant).values(zone="Asia/Tokyo"))
    on(birthdays, 2026, 12, 1).join(born(5, 10))
    assert celebrate(on(birthdays, 2027, 5, 7, 0, 59)) == 0
    assert celebrate(on(birthdays, 2027, 5, 7, 1, 1)) == 1


def test_however_often_the_worker_looks_a_birthday_is_celebrated_once_a_year(birthdays: Till) -> None:
    card_id = on(birthdays, 2026, 12, 1).join(born(5, 10))
    assert [celebrate(on(birthdays, 2027, 5, day)) for day in (7, 8, 10, 10, 16)] == [1, 0, 0, 0, 0]
    assert celebrate(on(birthdays, 2028, 5, 10)) == 1
    assert rewards(birthdays, card_id) == 2


@pytest.mark.parametrize(("year", "month", "day"), [(2027, 2, 28), (2028, 2, 29), (2027, 2, 25), (2027, 3, 6)])
def test_whoever_was_born_on_29_february_has_a_birthday_every_year(
    birthdays: Till, year: int, month: int, day: int
) -> None:
    card_id = on(birthdays, 2026, 12, 1).join(born(2, 29))
    assert celebrate(on(birthdays, year, month, day)) == 1
    assert rewards(birthdays, card_id) == 1


@pytest.mark.parametrize(("year", "month", "day"), [(2027, 2, 24), (2027, 3, 7), (2028, 2, 25), (2028, 3, 7)])
def test_a_leap_days_window_is_as_long_as_any(birthdays: Till, year: int, month: int, day: int) -> None:
    on(birthdays, 2026, 12, 1).join(born(2, 29))
    assert celebrate(on(birthdays, year, month, day)) == 0


def test_a_window_over_new_year_is_one_and_belongs_to_the_year_of_its_day(birthdays: Till) -> None:
    eve, new_year = on(birthdays, 2026, 11, 1).join(born(12, 31)), on(birthdays, 2026, 11, 1).join(born(1, 1))
    assert celebrate(on(birthdays, 2026, 12, 29)) == 2
    assert [celebrate(on(birthdays, 2027, 1, day)) for day in (1, 3, 6)] == [0, 0, 0]
    assert (rewards(birthdays, eve), rewards(birthdays, new_year)) == (1, 1)
    assert celebrate(on(birthdays, 2027, 12, 30)) == 2


def test_whoever_joins_within_the_window_and_tells_it_has_the_gift_at_once(birthdays: Till) -> None:
    there = on(birthdays, 2027, 5, 12)
    card_id = there.join(born(5, 10))
    assert rewards(birthdays, card_id) == 1
    assert celebrate(there) == 0


def test_whoever_tells_their_birthday_within_the_window_has_the_gift_at_once(birthdays: Till) -> None:
    there = on(birthdays, 2027, 5, 9)
    card_id = there.join()
    assert celebrate(there) == 0
    tell_birthday(there, card_id, born(5, 10))
    assert rewards(birthdays, card_id) == 1
    assert celebrate(there) == 0


def test_whoever_tells_it_outside_of_the_window_waits(birthdays: Till) -> None:
    there = on(birthdays, 2027, 4, 9)
    card_id = there.join()
    tell_birthday(there, card_id, born(5, 10))
    assert rewards(birthdays, card_id) == 0


def test_a_birthday_that_is_changed_within_the_year_brings_no_second_gift(birthdays: Till) -> None:
    card_id = on(birthdays, 2026, 12, 1).join(born(5, 10))
    assert celebrate(on(birthdays, 2027, 5, 10)) == 1
    for month in (6, 7):
        tell_birthday(on(birthdays, 2027, month, 20), card_id, born(month, 20))
        assert celebrate(on(birthdays, 2027, month, 20)) == 0
    assert rewards(birthdays, card_id) == 1


def test_a_birthday_that_is_deleted_and_told_again_brings_no_second_gift(birthdays: Till) -> None:
    there = on(birthdays, 2027, 5, 10)
    card_id = there.join(born(5, 10))
    tell_birthday(there, card_id, NOTHING)
    tell_birthday(there, card_id, born(5, 11))
    assert rewards(birthdays, card_id) == 1


def test_a_birthday_that_is_deleted_is_celebrated_no_more(birthdays: Till) -> None:
    card_id = on(birthdays, 2026, 12, 1).join(born(5, 10))
    tell_birthday(on(birthdays, 2027, 1, 1), card_id, Profile("Erika"))
    with birthdays.work() as session:
        owner = session.get_one(Card, card_id).customer_id
        assert session.get_one(PersonalData, owner).birthday_digest is None
    assert celebrate(on(birthdays, 2027, 5, 10)) == 0


def test_a_birthday_is_kept_as_a_digest_of_month_and_day_under_the_houses_key(birthdays: Till) -> None:
    one, other = birthdays.join(born(5, 10)), birthdays.join(born(5, 10, 1950))
    with birthdays.work() as session:
        owners = [session.get_one(Card, card_id).customer_id for card_id in (one, other)]
        kept = {session.get_one(PersonalData, owner).birthday_digest for owner in owners}
    assert kept == {birthday_digest(birthdays.keys, 5, 10)}
    assert birthday_digest(replace(birthdays.keys, mail=b"x" * 32), 5, 10) not in kept
    assert len({birthday_digest(birthdays.keys, m, d) for m in range(1, 13) for d in range(1, 29)}) == 12 * 28


def test_birthdays_from_before_there_were_digests_are_completed_and_celebrated(birthdays: Till) -> None:
    on(birthdays, 2026, 12, 1).join(born(5, 10))
    with birthdays.work() as session:
        session.execute(update(PersonalData).values(birthday_digest=None))
    assert celebrate(on(birthdays, 2027, 5, 10)) == 1
    with birthdays.work() as session:
        assert complete_birthdays(session, birthdays.keys, 10) == 0


def test_cards_of_a_closed_program_go_on_and_celebrate(birthdays: Till) -> None:
    card_id, there = on(birthdays, 2026, 12, 1).join(born(5, 10)), on(birthdays, 2027, 5, 10)
    with birthdays.work() as session:
        session.get_one(Program, birthdays.shop.program_id).closed_at = there.now
    assert celebrate(there) == 1
    assert rewards(birthdays, card_id) == 1


def test_blocked_cards_celebrate_nothing(birthdays: Till) -> None:
    card_id, there = on(birthdays, 2026, 12, 1).join(born(5, 10)), on(birthdays, 2027, 5, 10)
    birthdays.set_state(card_id, "blocked")
    assert celebrate(there) == 0
    assert rewards(birthdays, card_id) == 0


def test_other_merchants_customers_are_not_celebrated_here(birthdays: Till, other_till: Till) -> None:
    on(other_till, 2026, 12, 1).join(born(5, 10))
    assert celebrate(on(birthdays, 2027, 5, 10)) == 0


def test_a_look_gives_no_more_than_it_may_and_the_next_goes_on(birthdays: Till) -> None:
    cards = [on(birthdays, 2026, 12, 1).join(born(5, 10)) for _ in range(5)]
    there = on(birthdays, 2027, 5, 10)
    assert [celebrate(there, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert [rewards(birthdays, card_id) for card_id in cards] == [1] * 5


def test_a_card_that_a_till_is_at_work_with_is_left_for_the_next_look(birthdays: Till) -> None:
    card_id, there = on(birthdays, 2026, 12, 1).join(born(5, 10)), on(birthdays, 2027, 5, 10)
    with birthdays.work() as session:
        locked(session, card_id)
        assert celebrate(there) == 0
    assert celebrate(there) == 1


# Anniversary.


def test_an_anniversary_is_the_day_on_which_the_card_was_made_at_the_shop(anniversaries: Till) -> None:
    card_id = on(anniversaries, 2025, 6, 1, 0, 30).join()
    assert celebrate(on(anniversaries, 2026, 5, 31, 20, 59)) == 0
    assert celebrate(on(anniversaries, 2026, 6, 1, 8)) == 1
    assert celebrate(on(anniversaries, 2026, 6, 7)) == 0
    assert rewards(anniversaries, card_id) == 1


@pytest.mark.parametrize(("year", "month", "day"), [(2025, 6, 1), (2025, 6, 7), (2026, 6, 8), (2025, 12, 1)])
def test_the_day_of_joining_is_no_anniversary_nor_is_any_other(
    anniversaries: Till, year: int, month: int, day: int
) -> None:
    on(anniversaries, 2025, 6, 1).join()
    assert celebrate(on(anniversaries, year, month, day)) == 0


def test_a_card_of_29_february_has_its_anniversary_on_the_28th(anniversaries: Till) -> None:
    on(anniversaries, 2024, 2, 29).join()
    assert celebrate(on(anniversaries, 2025, 2, 28)) == 1
    assert celebrate(on(anniversaries, 2028, 2, 28)) == 0
    assert celebrate(on(anniversaries, 2028, 2, 29)) == 1


def test_an_anniversarys_window_goes_over_new_year(anniversaries: Till) -> None:
    on(anniversaries, 2025, 12, 30).join()
    assert celebrate(on(anniversaries, 2026, 1, 2)) == 0
    assert celebrate(on(anniversaries, 2027, 1, 2)) == 1
    assert celebrate(on(anniversaries, 2027, 1, 3)) == 0


# Milestone.


@pytest.fixture
def milestones(till: Till) -> Till:
    till.set_rules(STAMPS, occasion("milestone", visits=3))
    return till


def _visit(till: Till, card_id: UUID, times: int, start: int = 0) -> list[Any]:
    return [till.later(60 * (start + number)).stamped(card_id) for number in range(times)]


def test_the_third_visit_brings_its_gift_in_the_same_posting(milestones: Till) -> None:
    card_id = milestones.join()
    visits = _visit(milestones, card_id, 4)
    gifts = [("reward", 1, "bonus") in lines(visit) for visit in visits]
    assert gifts == [False, False, True, False]
    assert rewards(milestones, card_id) == 1


def test_three_stamps_at_once_are_one_visit(milestones: Till) -> None:
    card_id = milestones.join()
    milestones.stamped(card_id, 3)
    assert rewards(milestones, card_id) == 0


def test_a_milestone_that_is_taken_back_comes_with_the_next_visit(milestones: Till) -> None:
    card_id = milestones.join()
    third = _visit(milestones, card_id, 3)[-1]
    booked(milestones.later(200).reverse(third.posting.id))
    assert rewards(milestones, card_id) == 0
    _visit(milestones, card_id, 2, start=5)
    assert rewards(milestones, card_id) == 1


def test_a_milestone_that_is_taken_back_later_comes_with_the_next_visit_too(milestones: Till) -> None:
    card_id = milestones.join()
    third = _visit(milestones, card_id, 4)[2]
    booked(milestones.later(300).reverse(third.posting.id))
    assert rewards(milestones, card_id) == 0
    _visit(milestones, card_id, 2, start=6)
    assert rewards(milestones, card_id) == 1


def test_another_visit_that_is_taken_back_does_not_bring_the_milestone_again(milestones: Till) -> None:
    card_id = milestones.join()
    first = _visit(milestones, card_id, 3)[0]
    booked(milestones.later(200).reverse(first.posting.id))
    _visit(milestones, card_id, 3, start=5)
    assert rewards(milestones, card_id) == 1


def test_a_milestone_that_was_handed_over_keeps_its_visit(milestones: Till) -> None:
    card_id = milestones.join()
    third = _visit(milestones, card_id, 3)[-1]
    booked(milestones.later(150).redeem(card_id))
    assert refused(milestones.later(200).reverse(third.posting.id)) == "already_spent"
    _visit(milestones, card_id, 1, start=5)
    assert rewards(milestones, card_id) == 0


# What is not taken is gone.


def test_a_gift_that_is_not_taken_within_its_window_is_gone_and_not_before(birthdays: Till) -> None:
    card_id = on(birthdays, 2027, 5, 10).join(born(5, 10))
    over = on(birthdays, 2027, 5, 17, 0, 0)
    assert duties(birthdays, card_id, "gift_end") == {"birthday:one 2027": over.now}
    assert end_gift(on(birthdays, 2027, 5, 16, 23, 59), card_id, "birthday:one 2027") is None
    assert [lines(ended) for ended in end_gifts(over, card_id)] == [[("reward", -1, "expiry")]]
    assert end_gifts(over.later(60), card_id) == []
    assert rewards(birthdays, card_id) == 0


def test_a_gift_that_was_taken_does_not_cost_a_reward_that_was_earned(birthdays: Till) -> None:
    card_id = on(birthdays, 2027, 5, 10).join(born(5, 10))
    there = on(birthdays, 2027, 5, 11)
    there.stamped(card_id, 10)
    booked(there.later(60).redeem(card_id))
    assert end_gifts(on(birthdays, 2027, 5, 17), card_id) == []
    assert rewards(birthdays, card_id) == 1


def test_a_reward_that_was_earned_stays_when_the_gift_goes(birthdays: Till) -> None:
    card_id = on(birthdays, 2027, 5, 10).join(born(5, 10))
    on(birthdays, 2027, 5, 11).stamped(card_id, 10)
    assert len(end_gifts(on(birthdays, 2027, 5, 17), card_id)) == 1
    assert rewards(birthdays, card_id) == 1


def test_a_redemption_that_was_taken_back_did_not_take_the_gift(birthdays: Till) -> None:
    card_id = on(birthdays, 2027, 5, 10).join(born(5, 10))
    there = on(birthdays, 2027, 5, 11)
    taken = booked(there.redeem(card_id))
    booked(there.later(10).reverse(taken.posting.id))
    assert len(end_gifts(on(birthdays, 2027, 5, 17), card_id)) == 1


def test_a_gift_ends_by_the_rule_that_it_was_given_by(birthdays: Till) -> None:
    card_id = on(birthdays, 2027, 5, 10).join(born(5, 10))
    on(birthdays, 2027, 5, 11).change_rules(STAMPS)
    assert len(end_gifts(on(birthdays, 2027, 5, 17), card_id)) == 1


def test_stamps_that_were_given_stay(till: Till) -> None:
    till.set_rules(STAMPS, occasion("welcome", grant={"amount": 2}))
    card_id = on(till, 2027, 5, 10).join()
    assert duties(till, card_id, "gift_end") == {}
    assert end_gift(on(till, 2028, 5, 10), card_id, "welcome:one once") is None
    assert till.holds(card_id) == {"stamps": 2}


@pytest.mark.parametrize("key", ["", "birthday:one", "birthday:one 2026", "birthday:other 2027", "cause:survey once"])
def test_a_gift_that_was_never_given_does_not_end(birthdays: Till, key: str) -> None:
    card_id = on(birthdays, 2027, 5, 10).join(born(5, 10))
    assert end_gift(on(birthdays, 2028, 5, 17), card_id, key) is None
    assert rewards(birthdays, card_id) == 1

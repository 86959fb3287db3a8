"""What was collected ends on the day that was promised, is told before, and is booked after the days of grace."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from issuer.prepaid import buy_visits
from issuer.publishing import CAMPAIGN
from issuer.rules.movement import reward_unit
from issuer.schema import Card, Posting
from tests.issuer.counting import Till, booked, lines, locked, refused
from tests.issuer.elapsing import NOON, POINTS, STAMPS, at, ends, look, planned, statements, told

PREPAID = {"kind": "prepaid", "names": {"de": "Sauna", "en": "Sauna"}, "visits": 10, "price": 9000}


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def stamping(till: Till) -> Till:
    till.set_rules(STAMPS, ends("stamps"))
    return till


@pytest.fixture
def pointing(till: Till) -> Till:
    till.set_rules(POINTS, ends("points"))
    return till


def expired(till: Till, card_id: Any) -> list[int]:
    """Amounts that were booked as over, oldest first."""
    return [amount for _, amount, cause in till.lines(card_id) if cause == "expiry"]


def test_stamps_end_when_their_day_and_the_days_of_grace_are_over(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    look(at(stamping, "2027-01-22 23:59"), card_id)
    assert stamping.holds(card_id) == {"stamps": 3}
    look(at(stamping, "2027-01-23 00:00"), card_id)
    assert stamping.holds(card_id) == {}
    assert expired(stamping, card_id) == [-3]


def test_what_is_over_is_one_posting_of_the_system_against_what_expired(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    later = at(stamping, "2027-02-01 04:00")
    look(later, card_id)
    with stamping.work() as session:
        posting = session.scalars(select(Posting).where(Posting.cause == "expiry")).one()
    assert (posting.actor, posting.occurred_at, posting.recorded_at) == ("system", later.now, later.now)


def test_a_card_is_published_once_for_what_is_over_and_at_a_campaigns_pace(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    version = stamping.view(card_id).version
    later = at(stamping, "2027-02-01 04:00")
    assert look(later, card_id)
    assert not look(later, card_id)
    assert stamping.view(card_id).version == version + 1
    row = stamping.publication(card_id)
    assert (row.wanted_version, row.reason) == (version + 1, "expiry")


def test_a_card_at_rest_waits_behind_the_tills_when_something_ends(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    with stamping.work() as session:
        session.merge(stamping.publication(card_id)).due_at = None
    look(at(stamping, "2027-02-01 04:00"), card_id)
    assert stamping.publication(card_id).priority == CAMPAIGN


def test_the_card_says_so_thirty_days_before_and_only_once(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    assert planned(stamping, card_id) == "2026-12-16 00:00"
    assert not look(at(stamping, "2026-12-15 23:59"), card_id)
    assert told(stamping, card_id) == {}
    assert look(at(stamping, "2026-12-16 08:00"), card_id)
    assert not look(at(stamping, "2026-12-17 08:00"), card_id)
    assert told(stamping, card_id) == {"ends:stamps": {"unit": "stamps", "amount": 3, "day": "2027-01-15"}}
    assert planned(stamping, card_id) == "2027-01-23 00:00"


def test_the_line_stands_through_the_grace_and_goes_with_what_ended(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    look(at(stamping, "2027-01-20 12:00"), card_id)
    assert told(stamping, card_id)["ends:stamps"]["day"] == "2027-01-15"
    look(at(stamping, "2027-01-23 00:00"), card_id)
    assert told(stamping, card_id) == {}
    assert planned(stamping, card_id) is None


def test_a_stamp_plans_the_first_look_and_later_ones_leave_it(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id)
    at(stamping, "2026-03-01 12:00").stamped(card_id)
    assert planned(stamping, card_id) == "2026-12-16 00:00"


def test_each_days_stamps_end_on_their_own_day(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 2)
    at(stamping, "2026-03-01 12:00").stamped(card_id, 3)
    look(at(stamping, "2027-01-23 00:00"), card_id)
    assert stamping.holds(card_id) == {"stamps": 3}
    assert planned(stamping, card_id) == "2027-01-30 00:00"
    look(at(stamping, "2027-01-30 08:00"), card_id)
    assert told(stamping, card_id) == {"ends:stamps": {"unit": "stamps", "amount": 3, "day": "2027-03-01"}}


def test_what_was_earned_first_is_spent_first(pointing: Till) -> None:
    card_id = pointing.join()
    pointing.bought(card_id, 6000)
    at(pointing, "2026-06-01 12:00").bought(card_id, 9000)
    booked(at(pointing, "2026-07-01 12:00").redeem(card_id))
    look(at(pointing, "2027-01-23 00:00"), card_id)
    assert pointing.holds(card_id) == {"points": 50}
    look(at(pointing, "2027-06-09 00:00"), card_id)
    assert expired(pointing, card_id) == [-50]


def test_a_reward_ends_from_the_day_its_round_was_full(till: Till) -> None:
    till.set_rules(STAMPS, ends("rewards", months=3))
    card_id = till.join()
    till.stamped(card_id, 9)
    at(till, "2026-05-01 12:00").stamped(card_id, 2)
    look(at(till, "2026-08-08 20:59"), card_id)
    unit = reward_unit(till.shop.reward_id)
    assert told(till, card_id) == {f"ends:{unit}": {"unit": unit, "amount": 1, "day": "2026-08-01"}}
    look(at(till, "2026-08-09 00:00"), card_id)
    assert till.holds(card_id) == {"stamps": 1}


def test_a_card_untouched_for_years_is_put_right_in_one_look(pointing: Till) -> None:
    card_id = pointing.join()
    for month in range(1, 13):
        at(pointing, f"2026-{month:02}-20 12:00").bought(card_id, 1000)
    assert look(at(pointing, "2031-01-01 00:00"), card_id)
    assert expired(pointing, card_id) == [-120]
    assert pointing.holds(card_id) == {}
    assert planned(pointing, card_id) is None


def test_what_was_earned_before_there_was_a_rule_never_ends(till: Till) -> None:
    till.set_rules(STAMPS)
    card_id = till.join()
    till.stamped(card_id, 4)
    at(till, "2026-02-01 12:00").change_rules(STAMPS, ends("stamps", months=1))
    at(till, "2026-03-01 12:00").stamped(card_id, 3)
    for day in ("2026-05-01", "2027-05-01", "2036-05-01"):
        look(at(till, f"{day} 12:00"), card_id)
        assert till.holds(card_id) == {"stamps": 4}


def test_what_is_over_never_takes_what_has_no_end_in_its_place(till: Till) -> None:
    """The second time the balance is all of stamps that never end, though others were earned later."""
    till.set_rules(STAMPS)
    card_id = till.join()
    till.stamped(card_id, 2)
    at(till, "2026-02-01 12:00").change_rules(STAMPS, ends("stamps", months=1, since="visit"))
    at(till, "2026-03-01 12:00").stamped(card_id, 3)
    look(at(till, "2026-05-01 12:00"), card_id)
    assert till.holds(card_id) == {"stamps": 2}
    at(till, "2026-06-01 12:00").stamped(card_id, 1)
    look(at(till, "2026-08-01 12:00"), card_id)
    assert till.holds(card_id) == {"stamps": 2}
    assert expired(till, card_id) == [-3, -1]


def test_what_was_earned_keeps_its_end_when_the_rule_is_taken_away(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    at(stamping, "2026-06-01 12:00").change_rules(STAMPS)
    at(stamping, "2026-07-01 12:00").stamped(card_id, 2)
    look(at(stamping, "2027-02-01 00:00"), card_id)
    assert stamping.holds(card_id) == {"stamps": 2}


def test_a_visit_moves_the_end_of_all_that_ends_by_the_last_visit(till: Till) -> None:
    till.set_rules(STAMPS, ends("stamps", since="visit"))
    card_id = till.join()
    till.stamped(card_id, 3)
    visit = at(till, "2026-12-20 12:00")
    look(visit, card_id)
    assert told(till, card_id)["ends:stamps"]["amount"] == 3
    visit.stamped(card_id)
    assert planned(till, card_id) == "2026-12-20 12:00"
    assert look(visit, card_id)
    assert told(till, card_id) == {}
    look(at(till, "2027-12-27 23:59"), card_id)
    assert till.holds(card_id) == {"stamps": 4}
    look(at(till, "2027-12-28 00:00"), card_id)
    assert till.holds(card_id) == {}


def test_what_a_till_has_set_aside_is_waited_for(till: Till) -> None:
    till.set_rules(STAMPS, ends("rewards"))
    card_id = till.join()
    till.stamped(card_id, 10)
    later = at(till, "2027-01-23 00:00")
    hold_id = later.held(card_id)
    assert look(later, card_id) is False
    assert planned(till, card_id) == "2027-01-23 00:01"
    booked_hold = later.confirm(hold_id)
    assert not hasattr(booked_hold, "code")
    look(later.later(60), card_id)
    assert expired(till, card_id) == []


def test_a_hold_that_ran_out_keeps_nothing_from_ending(till: Till) -> None:
    till.set_rules(STAMPS, ends("rewards"))
    card_id = till.join()
    till.stamped(card_id, 10)
    later = at(till, "2027-01-23 00:00")
    later.held(card_id)
    look(later, card_id)
    assert look(later.later(60), card_id)
    assert till.holds(card_id) == {}


def test_a_reward_can_be_taken_until_it_is_booked_as_over_and_not_after(till: Till) -> None:
    till.set_rules(STAMPS, ends("rewards"))
    taken, late = till.join(), till.join()
    for card_id in (taken, late):
        till.stamped(card_id, 10)
    booked(at(till, "2027-01-22 23:59").redeem(taken))
    later = at(till, "2027-01-23 00:00")
    look(later, late)
    assert refused(later.redeem(late)) == "nothing_to_redeem"


def test_what_is_spent_while_it_is_told_is_told_no_more(till: Till) -> None:
    till.set_rules({"kind": "cashback", "percent": "10"}, ends("credit"))
    card_id = till.join()
    till.bought(card_id, 5000)
    later = at(till, "2026-12-20 12:00")
    look(later, card_id)
    assert told(till, card_id)["ends:credit"]["amount"] == 500
    later.bought(card_id, 500, credit=500)
    assert planned(till, card_id) == "2026-12-20 12:00"
    look(later, card_id)
    assert told(till, card_id) == {}


def test_what_a_redemption_leaves_is_told_anew(pointing: Till) -> None:
    card_id = pointing.join()
    pointing.bought(card_id, 15_000)
    later = at(pointing, "2026-12-20 12:00")
    look(later, card_id)
    booked(later.redeem(card_id))
    assert planned(pointing, card_id) == "2026-12-20 12:00"
    look(later, card_id)
    assert told(pointing, card_id)["ends:points"]["amount"] == 50


def test_whoever_lost_all_stamps_begins_anew_under_the_rules_of_today(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    at(stamping, "2026-06-01 12:00").change_rules({**STAMPS, "stamps_needed": 5}, ends("stamps"))
    look(at(stamping, "2027-01-23 00:00"), card_id)
    outcome = at(stamping, "2027-02-01 12:00").stamped(card_id, 5)
    assert ("stamps", -5, "round") in lines(outcome)


def test_prepaid_visits_end_after_their_months_without_grace(till: Till) -> None:
    till.set_rules({**PREPAID, "valid_months": 6})
    card_id = till.join()
    with till.work() as session:
        buy_visits(session, locked(session, card_id), till.visit())
    assert planned(till, card_id) == "2026-06-15 00:00"
    look(at(till, "2026-07-15 23:59"), card_id)
    assert till.holds(card_id) == {"prepaid": 10}
    look(at(till, "2026-07-16 00:00"), card_id)
    assert till.holds(card_id) == {}


@pytest.mark.parametrize(
    ("earned", "months", "over"),
    [
        ("2026-01-29 12:00", 2, "2026-03-30 00:00"),  # the night of summer time is 23 hours
        ("2026-09-25 12:00", 1, "2026-10-26 00:00"),  # the night of winter time is 25
        ("2026-12-31 23:59", 12, "2028-01-01 00:00"),
        ("2027-01-01 00:00", 12, "2028-01-02 00:00"),
        ("2026-08-31 12:00", 6, "2027-03-01 00:00"),
    ],
)
def test_a_day_is_over_at_the_shops_midnight(till: Till, earned: str, months: int, over: str) -> None:
    till.set_rules(STAMPS, ends("stamps", months=months, grace_days=0, warn_days=1))
    card_id = till.join()
    at(till, earned).stamped(card_id)
    moment = at(till, over)
    look(moment.later(-1), card_id)
    assert till.holds(card_id) == {"stamps": 1}
    assert planned(till, card_id) == over
    look(moment, card_id)
    assert till.holds(card_id) == {}


def test_a_program_where_nothing_ends_asks_the_database_nothing(till: Till) -> None:
    till.set_rules(STAMPS)
    card_id = till.join()
    with statements(till) as said:
        till.stamped(card_id)
    assert not [one for one in said if "due" in one.split() or "notice" in one]


def test_a_program_where_something_ends_asks_it_once(stamping: Till) -> None:
    card_id = stamping.join()
    with statements(stamping) as said:
        stamping.stamped(card_id, 3)
    assert len([one for one in said if "INTO due" in one]) == 1
    assert len([one for one in said if "notice" in one]) == 1


def test_a_look_costs_the_same_however_much_was_earned_and_spent_before(pointing: Till) -> None:
    young, old = pointing.join(), pointing.join()
    for _ in range(60):
        pointing.bought(old, 10_000)
        booked(pointing.redeem(old))
    counts = []
    for card_id in (young, old):
        at(pointing, "2026-06-01 12:00").bought(card_id, 5000)
        with statements(pointing) as said:
            look(at(pointing, "2027-06-01 12:00"), card_id)
        counts.append(len(said))
        assert told(pointing, card_id)["ends:points"]["amount"] == 50
    assert counts[0] == counts[1]


def test_nothing_ends_twice_when_two_workers_look(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    later = at(stamping, "2027-02-01 00:00")
    assert [look(later, card_id), look(later, card_id)] == [True, False]
    assert expired(stamping, card_id) == [-3]


def test_a_blocked_cards_stamps_end_too(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    stamping.set_state(card_id, "blocked")
    look(at(stamping, "2027-02-01 00:00"), card_id)
    assert stamping.holds(card_id) == {}


def test_a_look_at_a_card_without_anything_leaves_it_alone(stamping: Till) -> None:
    card_id = stamping.join()
    assert not look(at(stamping, "2027-02-01 00:00"), card_id)
    assert stamping.view(card_id).version == 1
    with stamping.work() as session:
        assert session.get_one(Card, card_id).version == 1


def test_the_grace_may_be_nothing_and_the_warning_longer_than_the_life(till: Till) -> None:
    till.set_rules(STAMPS, ends("stamps", months=1, grace_days=0, warn_days=90))
    card_id = till.join()
    till.stamped(card_id)
    assert look(till, card_id)
    assert told(till, card_id)["ends:stamps"]["day"] == "2026-02-15"
    look(till.later(timedelta(days=32).total_seconds()), card_id)
    assert till.holds(card_id) == {}

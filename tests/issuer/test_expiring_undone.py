"""Nobody is surprised: what came late, given or taken back ends as it would have, or after the grace once more."""

from datetime import datetime

import pytest
from sqlalchemy import select

from issuer.schema import Posting
from tests.issuer.counting import Till, booked
from tests.issuer.elapsing import NOON, POINTS, STAMPS, at, ends, local, look, planned, told


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


def test_a_visit_that_was_taken_back_moves_nothing_but_leaves_the_grace(till: Till) -> None:
    till.set_rules(STAMPS, ends("stamps", since="visit"))
    card_id = till.join()
    till.stamped(card_id, 3)
    posting = at(till, "2027-01-10 12:00").stamped(card_id).posting
    booked(at(till, "2027-03-01 12:00").reverse(posting.id))
    look(at(till, "2027-03-08 23:59"), card_id)
    assert till.holds(card_id) == {"stamps": 3}
    look(at(till, "2027-03-09 00:00"), card_id)
    assert till.holds(card_id) == {}


def test_a_late_event_whose_day_has_passed_has_the_grace_all_the_same(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id)
    told_late = at(stamping, "2027-01-30 12:00")
    told_late.stamped(card_id, 2, occurred_at=local("2026-01-16 12:00"))
    look(told_late, card_id)
    assert stamping.holds(card_id) == {"stamps": 2}
    assert told(stamping, card_id)["ends:stamps"] == {"unit": "stamps", "amount": 2, "day": "2027-01-30"}
    look(at(stamping, "2027-02-06 23:59"), card_id)
    assert stamping.holds(card_id) == {"stamps": 2}
    look(at(stamping, "2027-02-07 00:00"), card_id)
    assert stamping.holds(card_id) == {}


def test_what_ends_first_is_spent_first_however_late_it_was_told(pointing: Till) -> None:
    """Booked second, earned first: it goes first."""
    card_id = pointing.join()
    at(pointing, "2026-06-01 12:00").bought(card_id, 10_000)
    at(pointing, "2026-06-02 12:00").bought(card_id, 10_000, occurred_at=local("2026-02-01 12:00"))
    booked(at(pointing, "2026-06-03 12:00").redeem(card_id))
    look(at(pointing, "2027-06-08 23:59"), card_id)
    assert pointing.holds(card_id) == {"points": 100}


def test_what_was_told_after_others_were_spent_ends_on_its_own_day(pointing: Till) -> None:
    """The points of May are spent when the late ones of January are told: what is left are those, not the others."""
    card_id = pointing.join()
    at(pointing, "2026-05-01 12:00").bought(card_id, 10_000)
    booked(at(pointing, "2026-05-02 12:00").redeem(card_id))
    at(pointing, "2026-06-01 12:00").bought(card_id, 10_000, occurred_at=local("2026-01-20 12:00"))
    look(at(pointing, "2027-01-27 20:59"), card_id)
    assert told(pointing, card_id)["ends:points"] == {"unit": "points", "amount": 100, "day": "2027-01-20"}
    look(at(pointing, "2027-01-28 00:00"), card_id)
    assert pointing.holds(card_id) == {}


def test_what_was_told_after_others_were_spent_and_over_has_the_grace_all_the_same(pointing: Till) -> None:
    card_id = pointing.join()
    at(pointing, "2026-02-01 12:00").bought(card_id, 10_000)
    booked(at(pointing, "2026-02-02 12:00").redeem(card_id))
    told_late = at(pointing, "2027-03-01 12:00")
    told_late.bought(card_id, 10_000, occurred_at=local("2026-01-20 12:00"))
    for moment in ("2027-03-01 12:00", "2027-03-08 23:59"):
        look(at(pointing, moment), card_id)
        assert pointing.holds(card_id) == {"points": 100}
    look(at(pointing, "2027-03-09 00:00"), card_id)
    assert pointing.holds(card_id) == {}


def test_what_never_ends_was_spent_before_a_late_event_and_does_not_keep_it(till: Till) -> None:
    till.set_rules(POINTS, ends("points"))
    card_id = till.join()
    at(till, "2026-03-01 12:00").change_rules(POINTS)
    at(till, "2026-04-01 12:00").bought(card_id, 10_000)
    booked(at(till, "2026-04-02 12:00").redeem(card_id))
    at(till, "2026-06-01 12:00").bought(card_id, 10_000, occurred_at=local("2026-02-01 12:00"))
    look(at(till, "2027-02-09 00:00"), card_id)
    assert till.holds(card_id) == {}


def test_what_is_left_of_a_late_event_is_found_however_much_was_booked_since(pointing: Till) -> None:
    card_id = pointing.join()
    pointing.bought(card_id, 5_000)
    late = at(pointing, "2026-03-01 12:00")
    late.bought(card_id, 10_000, occurred_at=local("2026-02-01 12:00"))
    for _ in range(40):
        late.bought(card_id, 10_000)
        booked(late.redeem(card_id))
    look(at(pointing, "2027-03-08 08:00"), card_id)
    assert told(pointing, card_id)["ends:points"]["day"] == "2027-03-01"
    assert pointing.holds(card_id) == {"points": 150}


def test_what_is_given_back_after_its_day_has_the_grace_again(pointing: Till) -> None:
    card_id = pointing.join()
    pointing.bought(card_id, 10_000)
    redeemed = booked(at(pointing, "2027-01-10 12:00").redeem(card_id))
    back = at(pointing, "2027-03-01 12:00")
    look(back, card_id)
    booked(back.reverse(redeemed.posting.id))
    assert planned(pointing, card_id) == "2027-03-01 12:00"
    look(at(pointing, "2027-03-08 20:59"), card_id)
    assert pointing.holds(card_id) == {"points": 100}
    assert told(pointing, card_id)["ends:points"]["day"] == "2027-03-01"
    look(at(pointing, "2027-03-09 00:00"), card_id)
    assert pointing.holds(card_id) == {}


def test_a_slip_of_the_till_does_not_move_an_end(pointing: Till) -> None:
    card_id = pointing.join()
    pointing.bought(card_id, 10_000)
    till = at(pointing, "2026-05-01 12:00")
    booked(till.reverse(booked(till.redeem(card_id)).posting.id))
    look(at(pointing, "2027-01-22 20:59"), card_id)
    assert told(pointing, card_id)["ends:points"]["day"] == "2027-01-15"


def test_what_was_booked_as_over_by_mistake_has_the_grace_once_more_when_it_is_given_back(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    look(at(stamping, "2027-01-23 00:00"), card_id)
    with stamping.work() as session:
        posting = session.scalars(select(Posting).where(Posting.cause == "expiry")).one()
    booked(at(stamping, "2027-02-10 12:00").reverse(posting.id))
    look(at(stamping, "2027-02-17 23:59"), card_id)
    assert stamping.holds(card_id) == {"stamps": 3}
    look(at(stamping, "2027-02-18 00:00"), card_id)
    assert stamping.holds(card_id) == {}


def test_an_earning_that_was_taken_back_leaves_the_older_days_as_they_were(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    posting = at(stamping, "2026-08-01 12:00").stamped(card_id, 3).posting
    booked(at(stamping, "2026-08-01 12:01").reverse(posting.id))
    look(at(stamping, "2027-01-23 00:00"), card_id)
    assert stamping.holds(card_id) == {}

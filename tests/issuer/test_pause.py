"""The pause between two stamps, counted by when things happened, not by when they were sent."""

from datetime import timedelta
from uuid import UUID

import pytest

from issuer.purchases import Bought, Order, buy
from issuer.refusals import Refusal
from tests.issuer.counting import Till, booked, locked, refused


@pytest.fixture
def till(till: Till) -> Till:
    """A café that wants five minutes between two stamps."""
    till.pause(300)
    return till


@pytest.mark.parametrize("seconds", [0, 1, 150, 299])
def test_a_second_stamp_within_the_pause_is_refused(till: Till, seconds: int) -> None:
    card_id = till.join()
    till.stamped(card_id)
    assert refused(till.later(seconds).stamp(card_id)) == "too_soon"
    assert till.balances(card_id) == (1, 0)


@pytest.mark.parametrize("seconds", [300, 301, 86400])
def test_a_stamp_after_the_pause_is_given(till: Till, seconds: int) -> None:
    card_id = till.join()
    till.stamped(card_id)
    booked(till.later(seconds).stamp(card_id))
    assert till.balances(card_id) == (2, 0)


def test_several_stamps_at_once_are_one_visit(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 3)
    assert till.balances(card_id) == (3, 0)


def test_another_card_does_not_wait(till: Till) -> None:
    till.stamped(till.join())
    till.stamped(till.join())


def test_a_program_without_a_pause_never_refuses(till: Till) -> None:
    till.pause(0)
    card_id = till.join()
    till.stamped(card_id)
    till.stamped(card_id)


def test_a_refused_stamp_does_not_prolong_the_pause(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id)
    refused(till.later(299).stamp(card_id))
    booked(till.later(300).stamp(card_id))


def test_a_stamp_that_was_taken_back_does_not_make_anybody_wait(till: Till) -> None:
    card_id = till.join()
    posted = till.stamped(card_id)
    booked(till.later(10).reverse(posted.posting.id))
    booked(till.later(20).stamp(card_id))


def test_taking_back_the_second_leaves_the_pause_after_the_first(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id)
    second = booked(till.later(300).stamp(card_id))
    booked(till.later(310).reverse(second.posting.id))
    booked(till.later(320).stamp(card_id))
    assert refused(till.later(330).stamp(card_id)) == "too_soon"


def test_a_redemption_is_no_visit_that_one_must_wait_after(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    booked(till.later(300).redeem(card_id))
    booked(till.later(301).stamp(card_id))


def test_a_stamp_sent_late_counts_by_when_it_happened(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, occurred_at=till.now - timedelta(hours=2))
    booked(till.stamp(card_id))


@pytest.mark.parametrize("seconds", [-299, -1, 0, 1, 299])
def test_a_late_stamp_too_near_to_one_already_booked_is_refused(till: Till, seconds: int) -> None:
    card_id = till.join()
    till.stamped(card_id)
    late = till.later(86400)
    assert refused(late.stamp(card_id, occurred_at=till.now + timedelta(seconds=seconds))) == "too_soon"


def test_a_late_stamp_between_two_others_with_room_on_both_sides_is_given(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id)
    booked(till.later(600).stamp(card_id))
    late = till.later(86400)
    booked(late.stamp(card_id, occurred_at=till.later(300).now))
    assert refused(late.stamp(card_id, occurred_at=till.later(301).now)) == "too_soon"


def test_two_late_stamps_of_one_moment_are_one_too_many(till: Till) -> None:
    card_id = till.join()
    then = till.now - timedelta(days=2)
    till.stamped(card_id, occurred_at=then)
    assert refused(till.stamp(card_id, occurred_at=then)) == "too_soon"


def _imported(till: Till, card_id: UUID) -> None:
    with till.work() as session:
        bought = buy(session, locked(session, card_id), Order(350), till.visit(), cause="import", pause=False)
    assert isinstance(bought, Bought)


def test_a_history_booked_afterwards_knows_no_pause(till: Till) -> None:
    card_id = till.join()
    _imported(till, card_id)
    _imported(till, card_id)
    assert till.balances(card_id) == (2, 0)


def test_after_an_imported_purchase_one_waits_like_after_any_other(till: Till) -> None:
    card_id = till.join()
    _imported(till, card_id)
    assert refused(till.later(1).stamp(card_id)) == "too_soon"


@pytest.mark.parametrize(
    ("pause", "elapsed", "wait"),
    [
        (30, 0, "30 s"),
        (300, 211, "89 s"),
        (300, 0, "5 min"),
        (300, 1, "5 min"),
        (3600, 0, "60 min"),
        (86400, 0, "24 h"),
    ],
)
def test_the_refusal_says_how_long_to_wait(till: Till, pause: int, elapsed: int, wait: str) -> None:
    till.pause(pause)
    card_id = till.join()
    till.stamped(card_id)
    outcome = till.later(elapsed).stamp(card_id)
    assert isinstance(outcome, Refusal)
    assert wait in outcome.sentence("en")
    assert wait in outcome.sentence("de")

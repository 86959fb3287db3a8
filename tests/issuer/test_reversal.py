"""Taking back: a counter-posting with all lines, once, and never what is spent already."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from issuer.counter import UNDO
from issuer.schema import Entry, Posting
from tests.issuer.counting import Till, booked, lines, refused


def test_taking_back_a_stamp_is_one_line_of_its_own(till: Till) -> None:
    card_id = till.join()
    posted = till.stamped(card_id)
    assert lines(till.reverse(posted.posting.id)) == [("stamps", -1, "reversal")]
    assert till.lines(card_id) == [("stamps", 1, "stamp"), ("stamps", -1, "reversal")]
    assert till.balances(card_id) == (0, 0)


def test_taking_back_the_tenth_stamp_undoes_all_three_lines(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    tenth = till.stamped(card_id)
    taken = lines(till.reverse(tenth.posting.id))
    assert taken == [("stamps", -1, "reversal"), ("stamps", 10, "reversal"), ("reward", -1, "reversal")]
    assert till.balances(card_id) == (9, 0)


def test_every_account_is_as_before_after_taking_back(till: Till) -> None:
    posted = till.stamped(till.join(), 23)
    till.reverse(posted.posting.id)
    with till.work() as session:
        sums = set(session.scalars(select(func.sum(Entry.amount)).group_by(Entry.account_id)))
    assert sums == {0}


def test_a_round_can_be_completed_again_after_its_tenth_stamp_was_taken_back(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    tenth = till.stamped(card_id)
    till.reverse(tenth.posting.id)
    till.stamped(card_id)
    assert till.balances(card_id) == (0, 1)


def test_stamps_given_since_complete_the_round_again_at_once(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    tenth = till.stamped(card_id)
    till.stamped(card_id, 3)
    lines = booked(till.reverse(tenth.posting.id)).entries
    assert [(line.amount, line.cause) for line in lines] == [
        (-1, "reversal"),
        (10, "reversal"),
        (-1, "reversal"),
        (-10, "round"),
        (1, "round"),
    ]
    assert till.balances(card_id) == (2, 1)


def test_nothing_is_taken_back_twice(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 5)
    posted = till.stamped(card_id)
    booked(till.reverse(posted.posting.id))
    assert refused(till.reverse(posted.posting.id)) == "already_reversed"
    assert till.balances(card_id) == (5, 0)


def test_a_reversal_is_not_reversed(till: Till) -> None:
    posted = till.stamped(till.join())
    reversal = booked(till.reverse(posted.posting.id))
    assert refused(till.reverse(reversal.posting.id)) == "already_reversed"


def test_the_tenth_stamp_stays_once_its_reward_is_spent(till: Till) -> None:
    card_id = till.join()
    tenth = till.stamped(card_id, 10)
    booked(till.redeem(card_id))
    assert refused(till.reverse(tenth.posting.id)) == "already_spent"
    assert till.balances(card_id) == (0, 0)


def test_the_tenth_stamp_stays_while_its_reward_is_set_aside(till: Till) -> None:
    card_id = till.join()
    tenth = till.stamped(card_id, 10)
    till.held(card_id)
    assert refused(till.reverse(tenth.posting.id)) == "already_spent"
    booked(till.later(60).reverse(tenth.posting.id))


def test_with_a_second_reward_waiting_the_first_round_may_be_taken_back(till: Till) -> None:
    card_id = till.join()
    first = till.stamped(card_id, 10)
    till.stamped(card_id, 10)
    booked(till.redeem(card_id))
    booked(till.reverse(first.posting.id))
    assert till.balances(card_id) == (0, 0)


def test_a_stamp_whose_round_was_exchanged_is_spent(till: Till) -> None:
    card_id = till.join()
    first = till.stamped(card_id)
    till.stamped(card_id, 9)
    assert refused(till.reverse(first.posting.id)) == "already_spent"
    assert till.balances(card_id) == (0, 1)


def test_a_stamp_of_an_exchanged_round_comes_out_of_the_next_one(till: Till) -> None:
    card_id = till.join()
    first = till.stamped(card_id)
    till.stamped(card_id, 11)
    booked(till.reverse(first.posting.id))
    assert till.balances(card_id) == (1, 1)


def test_taking_back_a_redemption_gives_the_reward_back(till: Till) -> None:
    card_id = till.join()
    tenth = till.stamped(card_id, 10)
    redeemed = booked(till.redeem(card_id))
    assert lines(till.reverse(redeemed.posting.id)) == [("reward", 1, "reversal")]
    assert till.balances(card_id) == (0, 1)
    booked(till.reverse(tenth.posting.id))


def test_a_redemption_is_taken_back_once(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    redeemed = booked(till.redeem(card_id))
    booked(till.reverse(redeemed.posting.id))
    assert refused(till.reverse(redeemed.posting.id)) == "already_reversed"
    assert till.balances(card_id) == (0, 1)


def test_a_confirmed_hold_stays_confirmed_when_its_redemption_is_taken_back(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    hold_id = till.held(card_id)
    outcome = till.confirm(hold_id)
    till.reverse(outcome.booked.posting.id)
    assert refused(till.confirm(hold_id)) == "already_spent"
    assert refused(till.cancel(hold_id)) == "already_spent"
    assert till.balances(card_id) == (0, 1)


def test_the_counter_posting_names_what_it_undoes(till: Till) -> None:
    posted = till.stamped(till.join())
    reversal = booked(till.later(5).reverse(posted.posting.id)).posting
    assert (reversal.reverses_id, reversal.cause) == (posted.posting.id, "reversal")
    assert reversal.recorded_at == till.later(5).now


def test_what_was_taken_back_is_still_in_the_book(till: Till) -> None:
    posted = till.stamped(till.join())
    till.reverse(posted.posting.id)
    with till.work() as session:
        assert session.scalar(select(func.count(Posting.id))) == 2
        assert session.get(Posting, posted.posting.id) is not None


def test_a_refused_reversal_books_nothing(till: Till) -> None:
    card_id = till.join()
    tenth = till.stamped(card_id, 10)
    till.redeem(card_id)
    before, version = till.lines(card_id), till.view(card_id).version
    till.reverse(tenth.posting.id)
    assert till.lines(card_id) == before
    assert till.view(card_id).version == version


@pytest.mark.parametrize(("seconds", "in_time"), [(0, True), (60, True), (61, False), (86400, False)])
def test_the_till_takes_back_for_one_minute_only(till: Till, seconds: int, in_time: bool) -> None:
    posted = till.stamped(till.join())
    outcome = till.later(seconds).reverse(posted.posting.id, within=UNDO)
    if in_time:
        booked(outcome)
    else:
        assert refused(outcome) == "too_late_to_undo"


def test_a_till_does_not_take_back_what_another_till_booked(till: Till) -> None:
    posted = till.stamped(till.join())
    assert refused(till.at_a_till().reverse(posted.posting.id, within=UNDO)) == "too_late_to_undo"


def test_without_a_limit_even_an_old_posting_is_taken_back(till: Till) -> None:
    posted = till.stamped(till.join())
    booked(till.later(timedelta(days=400).total_seconds()).reverse(posted.posting.id))

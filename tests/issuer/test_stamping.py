"""Stamps at the counter, and what is refused there."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from issuer.refusals import SENTENCES, Refusal
from issuer.schema import Entry, Event, Posting, Purchase, Reward
from tests.issuer.counting import Till, booked, lines, refused


def test_the_first_stamp_is_one_entry(till: Till) -> None:
    assert lines(till.stamp(till.join())) == [("stamps", 1, "stamp")]


def test_the_tenth_stamp_becomes_a_round_and_a_reward_in_three_lines(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    assert lines(till.stamp(card_id)) == [("stamps", 1, "stamp"), ("stamps", -10, "round"), ("reward", 1, "round")]
    assert till.balances(card_id) == (0, 1)


def test_redeeming_takes_the_reward_in_one_line(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    assert lines(till.redeem(card_id)) == [("reward", -1, "redemption")]
    assert till.balances(card_id) == (0, 0)


def test_the_lines_of_one_deed_are_one_posting(till: Till) -> None:
    posted = till.stamped(till.join(), 10)
    assert {entry.posting_id for entry in posted.entries} == {posted.posting.id}


@pytest.mark.parametrize(
    ("count", "stamps", "rewards"), [(1, 1, 0), (9, 9, 0), (10, 0, 1), (11, 1, 1), (35, 5, 3), (100, 0, 10)]
)
def test_many_stamps_at_once_complete_every_round_they_fill(till: Till, count: int, stamps: int, rewards: int) -> None:
    card_id = till.join()
    till.stamped(card_id, count)
    assert till.balances(card_id) == (stamps, rewards)


def test_a_further_round_begins_where_the_last_one_ended(till: Till) -> None:
    card_id = till.join()
    for _ in range(3):
        till.stamped(card_id, 7)
    assert till.balances(card_id) == (1, 2)


@pytest.mark.parametrize("state", ["blocked", "moved", "erased"])
def test_a_card_that_is_not_active_earns_nothing(till: Till, state: str) -> None:
    card_id = till.join()
    till.set_state(card_id, state)
    assert refused(till.stamp(card_id)) == "card_blocked"
    assert till.lines(card_id) == []


@pytest.mark.parametrize("state", ["blocked", "moved", "erased"])
def test_a_card_that_is_not_active_spends_nothing(till: Till, state: str) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    till.set_state(card_id, state)
    assert refused(till.hold(card_id)) == "card_blocked"
    assert refused(till.redeem(card_id)) == "card_blocked"
    assert till.balances(card_id) == (0, 1)


def test_a_card_blocked_between_scan_and_confirmation_spends_nothing(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    hold_id = till.held(card_id)
    till.set_state(card_id, "blocked")
    assert refused(till.confirm(hold_id)) == "card_blocked"
    assert till.balances(card_id) == (0, 1)


def test_no_reward_is_handed_over_before_the_round_is_full(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    assert refused(till.redeem(card_id)) == "nothing_to_redeem"
    assert till.balances(card_id) == (9, 0)


def test_a_reward_is_handed_over_once(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    booked(till.redeem(card_id))
    assert refused(till.redeem(card_id)) == "nothing_to_redeem"


def test_a_reward_of_another_program_of_the_merchant_is_refused(till: Till, other_till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    assert refused(till.redeem(card_id, uuid4())) == "wrong_program"
    assert refused(till.redeem(card_id, other_till.shop.reward_id)) == "wrong_program"


def test_a_reward_of_a_sister_program_is_refused(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    sister = till.open_program()
    with till.work() as session:
        reward_id = session.scalars(select(Reward.id).where(Reward.program_id == sister)).one()
    assert refused(till.redeem(card_id, reward_id)) == "wrong_program"


def test_a_reference_names_one_purchase_of_the_merchant(till: Till) -> None:
    first, second = till.join(), till.join()
    till.stamped(first, reference="bill 17")
    assert refused(till.stamp(first, reference="bill 17")) == "reference_reused"
    assert refused(till.stamp(second, reference="bill 17")) == "reference_reused"
    assert till.balances(first) == (1, 0)
    assert till.balances(second) == (0, 0)


def test_another_merchant_may_use_the_same_reference(till: Till, other_till: Till) -> None:
    till.stamped(till.join(), reference="bill 17")
    other_till.stamped(other_till.join(), reference="bill 17")


def test_a_reference_stays_taken_when_its_stamp_was_taken_back(till: Till) -> None:
    card_id = till.join()
    posted = till.stamped(card_id, reference="bill 17")
    till.reverse(posted.posting.id)
    assert refused(till.stamp(card_id, reference="bill 17")) == "reference_reused"


def test_a_purchase_keeps_what_was_said_of_it(till: Till) -> None:
    card_id = till.join()
    earlier = till.now - timedelta(hours=3)
    bought = till.bought(card_id, 1240, reference="bill 17", occurred_at=earlier)
    purchase, posted = bought.purchase, bought.booked
    assert (purchase.total, purchase.currency, purchase.reference) == (1240, "EUR", "bill 17")
    assert (purchase.occurred_at, purchase.recorded_at) == (earlier, till.now)
    assert (posted.posting.occurred_at, posted.posting.recorded_at) == (earlier, till.now)
    assert purchase.location_id == posted.posting.location_id == till.shop.location_id


def test_a_bare_stamp_is_no_purchase(till: Till) -> None:
    assert till.stamped(till.join()).posting.purchase_id is None


def test_a_refusal_books_nothing_and_is_remembered_as_an_event(till: Till) -> None:
    card_id = till.join()
    version = till.view(card_id).version
    assert refused(till.redeem(card_id)) == "nothing_to_redeem"
    with till.work() as session:
        event = session.scalars(select(Event).where(Event.card_id == card_id, Event.kind == "refused")).one()
        counts = [session.scalar(select(func.count(column))) for column in (Posting.id, Entry.id, Purchase.id)]
    assert event.data["code"] == "nothing_to_redeem"
    assert counts == [0, 0, 0]
    assert till.view(card_id).version == version


def test_a_refused_reference_leaves_no_purchase_behind(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, reference="bill 17")
    till.stamp(card_id, reference="bill 17")
    with till.work() as session:
        assert session.scalar(select(func.count(Purchase.id))) == 1


def test_who_stamped_and_where_is_written_down(till: Till) -> None:
    posting = till.stamped(till.join()).posting
    assert (posting.actor, posting.actor_id) == ("staff", till.shop.staff_id)
    assert posting.location_id == till.shop.location_id


def _filled(code: str) -> Refusal:
    return Refusal(code, dict.fromkeys(re.findall(r"%\((\w+)\)", SENTENCES[code]), "4"))


@pytest.mark.parametrize("code", sorted(SENTENCES))
@pytest.mark.parametrize("language", ["de", "en"])
def test_every_refusal_has_a_sentence_with_reason_and_next_step(code: str, language: str) -> None:
    sentence = _filled(code).sentence(language)
    assert "%" not in sentence
    assert sentence.count(".") >= 2
    assert sentence.endswith(".")


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_every_refusal_speaks_german(code: str) -> None:
    assert _filled(code).sentence("de") != _filled(code).sentence("en")

"""A reward set aside between scan and confirmation. No job ends a hold: time does, wherever it is looked at."""

from datetime import timedelta
from uuid import UUID

import pytest

from issuer.counter import HOLD, Redemption
from tests.issuer.counting import Till, booked, lines, refused


@pytest.fixture
def card_id(till: Till) -> UUID:
    """A card with one reward waiting."""
    card_id = till.join()
    till.stamped(card_id, 10)
    return card_id


def test_a_held_reward_is_still_the_cards_but_not_available(till: Till, card_id: UUID) -> None:
    till.held(card_id)
    assert till.balances(card_id) == (0, 1)
    assert till.available(card_id) == 0


def test_a_hold_books_nothing_and_changes_nothing_on_the_card(till: Till, card_id: UUID) -> None:
    before, version = till.lines(card_id), till.view(card_id).version
    till.held(card_id)
    assert till.lines(card_id) == before
    assert till.view(card_id).version == version


def test_the_last_reward_is_not_held_twice(till: Till, card_id: UUID) -> None:
    till.held(card_id)
    assert refused(till.hold(card_id)) == "nothing_to_redeem"
    assert refused(till.redeem(card_id)) == "nothing_to_redeem"


def test_available_is_the_balance_less_the_open_holds(till: Till, card_id: UUID) -> None:
    till.stamped(card_id, 20)
    till.held(card_id)
    till.held(card_id)
    assert till.available(card_id) == 1
    booked(till.redeem(card_id))
    assert till.available(card_id) == 0
    assert till.balances(card_id) == (0, 2)


def test_a_confirmed_hold_takes_the_reward(till: Till, card_id: UUID) -> None:
    outcome = till.confirm(till.held(card_id))
    assert isinstance(outcome, Redemption)
    assert outcome.booked is not None
    assert lines(outcome.booked) == [("reward", -1, "redemption")]
    assert (outcome.hold.state, outcome.hold.posting_id) == ("redeemed", outcome.booked.posting.id)
    assert till.balances(card_id) == (0, 0)


def test_a_hold_is_confirmed_once(till: Till, card_id: UUID) -> None:
    till.stamped(card_id, 10)
    hold_id = till.held(card_id)
    till.confirm(hold_id)
    assert refused(till.confirm(hold_id)) == "already_spent"
    assert till.balances(card_id) == (0, 1)


@pytest.mark.parametrize("seconds", [0, 1, 3600])
def test_a_hold_whose_minute_is_over_is_not_confirmed(till: Till, card_id: UUID, seconds: int) -> None:
    hold_id = till.held(card_id)
    assert refused(till.later(HOLD.total_seconds() + seconds).confirm(hold_id)) == "hold_expired"
    assert till.balances(card_id) == (0, 1)


def test_a_hold_is_confirmed_in_its_last_second(till: Till, card_id: UUID) -> None:
    hold_id = till.held(card_id)
    assert isinstance(till.later(59).confirm(hold_id), Redemption)


def test_a_hold_ends_without_any_job(till: Till, card_id: UUID) -> None:
    till.held(card_id)
    assert till.later(59).available(card_id) == 0
    assert till.later(60).available(card_id) == 1
    booked(till.later(60).redeem(card_id))


def test_an_expired_hold_stays_expired_when_its_reward_went_elsewhere(till: Till, card_id: UUID) -> None:
    hold_id = till.held(card_id)
    booked(till.later(61).redeem(card_id))
    assert refused(till.later(62).confirm(hold_id)) == "hold_expired"
    assert till.balances(card_id) == (0, 0)


def test_a_cancelled_hold_gives_the_reward_back_at_once(till: Till, card_id: UUID) -> None:
    till.cancel(till.held(card_id))
    assert till.available(card_id) == 1
    booked(till.redeem(card_id))


def test_a_cancelled_hold_is_not_confirmed(till: Till, card_id: UUID) -> None:
    hold_id = till.held(card_id)
    till.cancel(hold_id)
    assert refused(till.confirm(hold_id)) == "hold_expired"
    assert till.balances(card_id) == (0, 1)


def test_cancelling_twice_is_harmless(till: Till, card_id: UUID) -> None:
    hold_id = till.held(card_id)
    till.cancel(hold_id)
    outcome = till.cancel(hold_id)
    assert isinstance(outcome, Redemption)
    assert till.available(card_id) == 1


def test_a_confirmed_hold_is_not_cancelled(till: Till, card_id: UUID) -> None:
    hold_id = till.held(card_id)
    till.confirm(hold_id)
    assert refused(till.cancel(hold_id)) == "already_spent"
    assert till.balances(card_id) == (0, 0)


def test_an_expired_hold_may_be_cancelled(till: Till, card_id: UUID) -> None:
    hold_id = till.held(card_id)
    assert isinstance(till.later(61).cancel(hold_id), Redemption)
    assert till.later(61).available(card_id) == 1


def test_a_card_without_a_reward_has_nothing_to_hold(till: Till) -> None:
    assert refused(till.hold(till.join())) == "nothing_to_redeem"


def test_a_hold_lasts_one_minute(till: Till, card_id: UUID) -> None:
    outcome = till.hold(card_id)
    assert isinstance(outcome, Redemption)
    assert outcome.hold.expires_at == till.now + timedelta(seconds=60)

"""What a phone shows a note of: what is loud, three times a day at most, whatever happens to a worker."""

from uuid import UUID

import pytest

from issuer.google_relaying import MOST_NOTICES
from issuer.publishing import CAMPAIGN, publish
from tests.issuer.counting import Till, locked
from tests.issuer.google import Android

DAY = 24 * 3600


@pytest.fixture
def android(own_till: Till) -> Android:
    return Android(own_till)


@pytest.fixture
def card_id(android: Android) -> UUID:
    """A card that Google has."""
    return android.saved()


def test_three_notes_a_day_and_then_quietly(android: Android, card_id: UUID) -> None:
    notified = [android.changed(card_id, hour * 3600).push_claimed()[0].notify for hour in range(1, 6)]
    assert notified == [True] * MOST_NOTICES + [False] * 2


def test_a_day_later_a_note_may_be_shown_again(android: Android, card_id: UUID) -> None:
    for hour in range(1, 5):
        android.changed(card_id, hour * 3600).push_claimed()
    assert not android.changed(card_id, DAY + 3599).push_claimed()[0].notify
    assert android.changed(card_id, DAY + 3665).push_claimed()[0].notify
    assert len(android.row(android.pass_id(card_id)).notices) == MOST_NOTICES


def test_a_note_counts_from_the_claim_on_so_that_a_dead_worker_sends_no_fourth(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    tries = [after.later(20 * number).claim()[0].notify for number in range(5)]
    assert tries == [True] * MOST_NOTICES + [False] * 2


def test_a_note_that_surely_was_not_shown_does_not_count(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    for number in range(5):
        again = after.later(number)
        (claimed,) = again.claim()
        assert claimed.notify
        again.settle(claimed, sent=False, again_in=1, noticed=False)
    assert android.row(android.pass_id(card_id)).notices == []


def test_a_first_insert_calls_nobody_to_the_phone(android: Android) -> None:
    android.ask(android.till.join())
    android.number()
    assert [one.notify for one in android.claim()] == [False]


def test_a_campaigns_design_calls_nobody_to_the_phone(android: Android, card_id: UUID) -> None:
    with android.till.work() as session:
        publish(session, [locked(session, card_id)], "design", CAMPAIGN, android.later(5).till.now)
    assert [one.notify for one in android.later(5).numbered()] == [False]


@pytest.mark.parametrize("loud", [True, False])
def test_what_a_program_does_by_itself_shows_a_note_if_it_is_loud(
    android: Android, card_id: UUID, *, loud: bool
) -> None:
    with android.till.work() as session:
        publish(session, [locked(session, card_id)], "notice", CAMPAIGN, android.later(5).till.now, loud=loud)
    assert [one.notify for one in android.later(5).numbered()] == [loud]


def test_a_stamp_shows_a_note_though_something_silent_came_behind_it(android: Android, card_id: UUID) -> None:
    later = android.later(5)
    later.till.stamped(card_id)
    with android.till.work() as session:
        publish(session, [locked(session, card_id)], "offer", CAMPAIGN, later.till.now, loud=False)
    assert [one.notify for one in later.numbered()] == [True]

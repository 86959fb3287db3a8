"""What a merchant reads of a card in Google Wallet: how far Google is, and why it shows what it shows."""

from uuid import UUID

import pytest
from sqlalchemy import update

from issuer.google_history import GoogleView, google_view
from issuer.history import phone_counts
from issuer.moving import move
from issuer.schema import Card, GoogleObject
from tests.issuer.counting import Till, locked
from tests.issuer.google import Android


@pytest.fixture
def android(own_till: Till) -> Android:
    return Android(own_till)


def _view(android: Android, card_id: UUID) -> GoogleView:
    with android.till.work() as session:
        found = google_view(session, session.get_one(Card, card_id))
    assert found is not None
    return found


def _count(android: Android, card_id: UUID) -> dict[UUID, int]:
    with android.till.work() as session:
        return phone_counts(session, [card_id])


def _save(android: Android) -> None:
    with android.till.work() as session:
        session.execute(update(GoogleObject).values(has_users=True))


def test_a_card_that_nobody_asked_for_on_google_is_not_told_of(android: Android) -> None:
    card_id = android.till.join()
    with android.till.work() as session:
        assert google_view(session, session.get_one(Card, card_id)) is None


def test_a_card_on_its_way_says_so(android: Android) -> None:
    card_id = android.till.join()
    android.ask(card_id)
    view = _view(android, card_id)
    assert (view.pushed_version, view.up_to_date, view.out_of_step) == (None, False, False)
    assert view.sentence("en") == "The change is on its way to Google; it is sent within seconds."


def test_what_google_has_says_which_version_and_whether_anybody_has_it(android: Android) -> None:
    card_id = android.saved()
    assert _view(android, card_id).sentence("en").endswith("(1), but the card is in nobody's Google Wallet.")
    assert _count(android, card_id) == {}
    _save(android)
    view = _view(android, card_id)
    assert (view.pushed_version, view.pushed_at, view.up_to_date) == (1, android.till.now, True)
    assert view.sentence("en") == "Google has the newest version (1) and brings it to the phones by itself."
    assert _count(android, card_id) == {card_id: 1}


@pytest.mark.parametrize(("again_in", "words"), [(30, "sent again by itself"), (None, "with the next change")])
def test_what_google_did_not_take_says_its_answer(android: Android, again_in: float | None, words: str) -> None:
    card_id = android.saved()
    after = android.later(5)
    after.till.stamped(card_id)
    after.number()
    after.settle(*after.claim(), sent=False, again_in=again_in, answer="400 invalidResource")
    view = _view(android, card_id)
    assert (view.up_to_date, view.out_of_step) == (False, again_in is None)
    assert words in view.sentence("en")
    assert "400 invalidResource" in view.sentence("de")


def test_a_card_that_moved_is_on_no_google_until_somebody_asks_again(android: Android) -> None:
    card_id = android.saved()
    _save(android)
    with android.till.work() as session:
        move(session, android.till.keys, locked(session, card_id), android.later(5).till.visit())
        assert google_view(session, session.get_one(Card, card_id)) is None
    assert _count(android, card_id) == {}

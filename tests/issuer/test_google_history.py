"""What a merchant reads of a card in Google Wallet: how far Google is, and why it shows what it shows."""

from uuid import UUID

import pytest
from sqlalchemy import update

from issuer import events, push_stops
from issuer.google_history import GoogleView, google_view, stop_of_merchant
from issuer.history import phone_counts
from issuer.moving import move
from issuer.schema import Card, GoogleObject, PushStop
from tests.issuer.counting import Till, locked
from tests.issuer.google import Android, live_pass


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
    assert (view.pushed_version, view.up_to_date) == (None, False)
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


def _told(android: Android, card_id: UUID, kind: str, serial: str | None = None) -> None:
    with android.till.work() as session:
        serial = serial or live_pass(session, card_id).serial
        events.record(
            session, android.till.shop.merchant_id, kind, android.till.now, card_id, wallet="google", serial=serial
        )


def test_a_card_that_was_removed_is_not_said_to_be_in_a_wallet_as_if_nothing_had_been(android: Android) -> None:
    card_id = android.saved()
    _save(android)
    for kind in ("wallet_added", "wallet_removed"):
        _told(android, card_id, kind)
    assert "removed from a Google Wallet" in _view(android, card_id).sentence("en")
    _told(android, card_id, "wallet_added")
    assert "brings it to the phones" in _view(android, card_id).sentence("en")


def test_a_voucher_that_was_removed_says_nothing_of_its_card(android: Android) -> None:
    card_id = android.saved()
    _save(android)
    _told(android, card_id, "wallet_removed", serial="of a voucher")
    assert "brings it to the phones" in _view(android, card_id).sentence("en")


def test_what_google_did_not_take_says_its_answer(android: Android) -> None:
    card_id = android.saved()
    after = android.later(5)
    after.till.stamped(card_id)
    after.number()
    after.settle(*after.claim(), sent=False, again_in=30, answer="400 invalidResource")
    view = _view(android, card_id)
    assert not view.up_to_date
    assert "sent again by itself" in view.sentence("en")
    assert "400 invalidResource" in view.sentence("de")


def test_while_google_takes_nothing_no_card_is_said_to_be_on_its_way(android: Android) -> None:
    there, on_its_way = android.saved(), android.till.join()
    android.ask(on_its_way)
    stopped = PushStop(answer="403 permissionDenied", refused=True)
    said = _view(android, on_its_way).sentence("en", stopped)
    assert said.startswith("Google takes nothing at the moment (403 permissionDenied)")
    assert _view(android, there).sentence("en", stopped) == _view(android, there).sentence("en")


def test_what_keeps_a_merchants_cards_is_told_of_one_that_has_cards_at_google(android: Android) -> None:
    merchant_id, now = android.till.shop.merchant_id, android.till.now
    with android.till.work() as session:
        push_stops.stop(session, "google:1234", "403 permissionDenied", now, now, refused=True)
        assert stop_of_merchant(session, merchant_id, "1234") is None
    android.saved()
    with android.till.work() as session:
        found = stop_of_merchant(session, merchant_id, "1234")
        assert found is not None
        assert found.answer == "403 permissionDenied"
        assert stop_of_merchant(session, merchant_id, "5678") is None


def test_a_card_that_moved_is_on_no_google_until_somebody_asks_again(android: Android) -> None:
    card_id = android.saved()
    _save(android)
    with android.till.work() as session:
        move(session, android.till.keys, locked(session, card_id), android.later(5).till.visit())
        assert google_view(session, session.get_one(Card, card_id)) is None
    assert _count(android, card_id) == {}

"""Publications become objects at Google, one by one and in order, by any number of workers that may die anywhere."""

from datetime import timedelta

import pytest

from issuer.settings import SettingsRefused
from sandbox.google_faults import Fault
from tests.worker.google_scene import GoogleScene, GoogleServer
from worker.google_push import push_google

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def test_a_card_that_was_asked_for_is_inserted_after_its_class_and_comes_to_rest(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    card_id = google_scene.asked(stamps=3)
    assert google_scene.push() == 1
    assert google.asked() == [("POST", 200), ("POST", 200)]
    assert [call.id for call in google.calls()] == [google_scene.class_name, google_scene.name(card_id)]
    state = google_scene.state(card_id)
    assert (state.push_at, state.leased_until, state.pushed_version) == (None, None, 4)
    assert google_scene.row(card_id).inserted_at is not None
    assert google_scene.points(card_id) == ["3/10"]
    assert google_scene.shown(card_id)["classId"] == google_scene.class_name


def test_nothing_is_sent_twice(google_scene: GoogleScene, google: GoogleServer) -> None:
    google_scene.there()
    assert google_scene.push() == 0
    assert len(google.calls()) == 2


def test_a_stamp_changes_the_object_and_leaves_the_class_alone(google_scene: GoogleScene) -> None:
    card_id = google_scene.there()
    google_scene.changed(card_id)
    assert google_scene.push() == 1
    assert google_scene.calls(card_id) == [("POST", 200), ("PATCH", 200)]
    assert google_scene.points(card_id) == ["0/10", "1/10"]
    assert len(google_scene.google.calls(about=google_scene.class_name)) == 1


def test_several_changes_are_one_call(google_scene: GoogleScene) -> None:
    card_id = google_scene.there()
    google_scene.stamp(card_id)
    google_scene.stamp(card_id)
    google_scene.changed(card_id)
    google_scene.push()
    assert google_scene.points(card_id) == ["0/10", "3/10"]


def test_a_program_that_is_renamed_has_its_class_changed_before_the_next_card(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    card_id = google_scene.there()
    google_scene.rename("Neue Karte")
    google_scene.changed(card_id)
    google_scene.push()
    assert [(call.method, call.id) for call in google.calls()][2:] == [
        ("PATCH", google_scene.class_name),
        ("PATCH", google_scene.name(card_id)),
    ]
    assert google.google.store.get("LoyaltyClass", google_scene.class_name)["programName"] == "Neue Karte"


def test_an_object_that_google_has_unknown_to_us_is_changed(google_scene: GoogleScene, google: GoogleServer) -> None:
    """Its first worker died between Google's answer and its own note of it."""
    card_id = google_scene.asked()
    google.script(google_scene.name(card_id), Fault(drop=True, done=True))
    google_scene.push()
    google_scene.stamp(card_id)
    google_scene.number()
    google_scene.due_there(card_id)
    google_scene.push()
    assert google_scene.calls(card_id) == [("POST", None), ("POST", 409), ("PATCH", 200)]
    assert google_scene.points(card_id) == ["0/10", "1/10"]


def test_an_object_that_google_lost_is_inserted(google_scene: GoogleScene, google: GoogleServer) -> None:
    card_id = google_scene.there()
    del google.google.store._kept["LoyaltyObject", google_scene.name(card_id)]
    google_scene.changed(card_id)
    google_scene.push()
    assert google_scene.calls(card_id)[1:] == [("PATCH", 404), ("POST", 200)]
    assert google_scene.points(card_id) == ["1/10"]
    assert not google.calls(about=google_scene.name(card_id))[-1].notify


def test_a_class_that_google_has_unknown_to_us_is_changed(google_scene: GoogleScene, google: GoogleServer) -> None:
    google.script(google_scene.class_name, Fault(drop=True, done=True))
    card_id = google_scene.asked()
    google_scene.push()
    assert google_scene.calls(card_id) == []
    google_scene.due_there(card_id)
    google_scene.push()
    assert google.asked(about=google_scene.class_name) == [("POST", None), ("POST", 409), ("PATCH", 200)]
    assert google_scene.calls(card_id) == [("POST", 200)]


def test_a_class_that_google_lost_is_inserted_and_its_object_with_it(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    card_id = google_scene.there()
    google.google.store._kept.clear()
    google_scene.changed(card_id)
    assert google_scene.push() == 1
    assert timedelta() < google_scene.waits(card_id) <= 2 * SECOND
    google_scene.due_there(card_id)
    google_scene.push()
    assert google_scene.points(card_id) == ["1/10"]
    assert google_scene.state(card_id).push_at is None


def test_a_class_that_google_does_not_take_keeps_its_cards_waiting_and_says_why(
    google_scene: GoogleScene, google: GoogleServer, caplog: pytest.LogCaptureFixture
) -> None:
    google.script(google_scene.class_name, Fault(400, message="programLogo cannot be fetched"))
    card_id = google_scene.asked()
    google_scene.push()
    assert google_scene.calls(card_id) == []
    assert google_scene.waits(card_id) > MINUTE - SECOND
    assert "programLogo cannot be fetched" in caplog.text
    google_scene.due_there(card_id)
    google_scene.push()
    assert len(google.calls(about=google_scene.class_name)) == 1, "it rests for a minute"
    assert google_scene.calls(card_id) == []


def test_a_change_of_a_class_that_google_does_not_take_keeps_no_card_waiting(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    card_id = google_scene.there()
    google_scene.rename("Neue Karte")
    google.script(google_scene.class_name, Fault(400))
    google_scene.changed(card_id)
    google_scene.push()
    assert google_scene.points(card_id) == ["0/10", "1/10"]
    later = google_scene.later(MINUTE + SECOND)
    later.changed(card_id)
    later.push()
    assert google.google.store.get("LoyaltyClass", google_scene.class_name)["programName"] == "Neue Karte"


def test_a_pass_that_was_revoked_is_blanked_and_made_inactive(google_scene: GoogleScene) -> None:
    card_id = google_scene.there()
    google_scene.retire(card_id)
    google_scene.push()
    shown = google_scene.shown(card_id)
    assert shown["state"] == "INACTIVE"
    assert not {"barcode", "heroImage", "loyaltyPoints", "accountName", "textModulesData"} & shown.keys()
    assert google_scene.calls(card_id) == [("POST", 200), ("PATCH", 200)]


def test_a_pass_that_was_revoked_before_google_had_it_is_not_made_there(google_scene: GoogleScene) -> None:
    card_id = google_scene.asked()
    google_scene.retire(card_id)
    google_scene.push()
    assert google_scene.calls(card_id) == [("PATCH", 404)]
    assert google_scene.state(card_id).push_at is None
    assert google_scene.row(card_id).inserted_at is None


def test_without_an_account_that_can_be_read_nothing_is_claimed(google_scene: GoogleScene) -> None:
    card_id = google_scene.asked()
    google_scene.google.google.account.path.write_text("{}")
    with pytest.raises(SettingsRefused, match="key file"):
        push_google(google_scene.desk)
    assert google_scene.state(card_id).leased_until is None

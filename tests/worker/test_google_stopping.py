"""When Google takes nothing of the issuer, all waits, nothing is lost, one object at a time asks again."""

from datetime import timedelta

import pytest

from sandbox.google_faults import Fault
from signing.google_account import Account
from tests.worker.google_scene import GoogleScene, GoogleServer
from worker.google_wallet import GoogleWallet
from worker.relay import GoogleHints, Relay

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
DENIED = Fault(403, "permissionDenied")


def hinted(scene: GoogleScene) -> list[str]:
    """What the relay would hint of Google; its keys for callbacks aside."""
    said = list[str]()
    Relay(scene.office, said.append, google=GoogleHints(lambda: said.append("google"), lambda: None)).turn()
    return [one for one in said if one == "google"]


def test_a_refused_account_stops_all_and_keeps_the_queue_as_it_is(
    google_scene: GoogleScene, google: GoogleServer, caplog: pytest.LogCaptureFixture
) -> None:
    google_scene.there()
    cards = [google_scene.asked() for _ in range(20)]
    before = [google_scene.state(card_id).push_at for card_id in cards]
    google.script("*", *[DENIED] * 50)
    assert google_scene.push() == 0
    rows = [google_scene.state(card_id) for card_id in cards]
    assert [(row.leased_until, row.attempts) for row in rows] == [(None, 0)] * 20
    assert all(row.push_at is not None and row.push_at >= at for row, at in zip(rows, before, strict=True) if at)
    stopped = google_scene.stop()
    assert stopped is not None
    assert (stopped.refused, stopped.answer, stopped.probes) == (True, "403 permissionDenied", 0)
    assert len(google.calls()) <= 2 + 8, "no more than were under way"
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(said) == 1
    assert "403 permissionDenied" in said[0]
    assert google_scene.desk.google.issuer_id in said[0]


def test_a_grant_that_is_refused_stops_all_before_any_call(google_scene: GoogleScene, google: GoogleServer) -> None:
    info = dict(google.account.info, client_email="stranger@example.iam.gserviceaccount.com")
    account = Account(info["client_email"], google.account.key_id, google.account.key, info)
    google_scene.desk.__dict__["wallet"] = GoogleWallet(google.url, account)
    card_id = google_scene.asked()
    google_scene.push()
    stopped = google_scene.stop()
    assert stopped is not None
    assert (stopped.refused, stopped.answer) == (True, "invalid_grant")
    assert google.calls() == []
    assert google_scene.state(card_id).attempts == 0


def test_while_all_is_stopped_nothing_is_sent_nor_hinted(google_scene: GoogleScene, google: GoogleServer) -> None:
    card_id = google_scene.there()
    google_scene.changed(card_id)
    google.script("*", DENIED)
    google_scene.push()
    for later in (timedelta(), 59 * SECOND):
        scene = google_scene.later(later)
        assert hinted(scene) == []
        assert scene.push() == 0
    assert len(google_scene.calls(card_id)) == 2
    assert hinted(google_scene.later(MINUTE)) == ["google"]


def test_one_object_at_a_time_asks_again_and_later_each_time(google_scene: GoogleScene, google: GoogleServer) -> None:
    google_scene.there()
    for _ in range(4):
        google_scene.asked()
    google.script("*", *[DENIED] * 100)
    google_scene.push()
    first, later = len(google.calls()), timedelta()
    for probe in range(1, 6):
        stopped = google_scene.stop()
        assert stopped is not None
        wait = stopped.probe_at - google_scene.later(later).office.clock.now()
        assert MINUTE - SECOND < wait <= min(15 * MINUTE, MINUTE * 2 ** (probe - 1))
        later += wait + SECOND
        assert google_scene.later(later).push() == 0
        assert len(google.calls()) == first + probe


@pytest.mark.parametrize("fault", [Fault(), Fault(400), Fault(409), Fault(403, "quotaExceeded")], ids=str)
def test_a_proper_answer_to_the_probe_sends_all_that_was_kept(
    google_scene: GoogleScene, google: GoogleServer, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    google_scene.there()
    cards = [google_scene.asked() for _ in range(5)]
    google.script("*", *[DENIED] * 8)
    google_scene.push()
    google.script("*", fault)
    later = google_scene.later(2 * MINUTE)
    later.push()
    assert later.stop() is None
    assert "again" in "".join(record.getMessage() for record in caplog.records)
    assert sum(later.state(card_id).pushed_version == 1 for card_id in cards) >= 4


@pytest.mark.parametrize("fault", [Fault(503), Fault(429), Fault(drop=True), Fault(delay=0.7)], ids=str)
def test_a_probe_without_a_proper_answer_is_followed_by_another_within_a_minute(
    google_scene: GoogleScene, google: GoogleServer, fault: Fault
) -> None:
    google_scene.there()
    google_scene.asked()
    google.script("*", DENIED)
    google_scene.push()
    google.script("*", fault)
    later = google_scene.later(2 * MINUTE)
    later.push()
    stopped = later.stop()
    assert stopped is not None
    assert not stopped.refused
    assert stopped.probe_at - later.office.clock.now() <= MINUTE


def test_twenty_objects_in_trouble_with_no_answer_between_them_are_google_s_trouble(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    google_scene.there()
    google.script("*", *[Fault(503), Fault(429)] * 100)
    cards = [google_scene.asked() for _ in range(19)]
    google_scene.push()
    assert google_scene.stop() is None
    cards += [google_scene.asked() for _ in range(30)]
    google_scene.push()
    stopped = google_scene.stop()
    assert stopped is not None
    assert not stopped.refused
    assert len(google.calls()) < 2 + 19 + 30
    google.script("*")
    later = google_scene.later(2 * MINUTE)
    for card_id in cards:
        later.due_there(card_id)
    later.push()
    assert [later.state(card_id).pushed_version for card_id in cards] == [1] * 49


def test_trouble_that_stopped_all_is_forgotten_when_another_process_found_google_well(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    google_scene.there()
    google.script("*", *[Fault(503)] * 100)
    cards = [google_scene.asked() for _ in range(25)]
    google_scene.push()
    assert google_scene.stop() is not None
    google.script("*")
    later = google_scene.later(2 * MINUTE)
    other = later.second()
    later.due_there(cards[0])
    later.push(other)
    assert later.stop() is None
    later.changed(cards[0])
    google.script("*", Fault(503))
    later.desk.troubled = google_scene.desk.troubled
    later.push()
    assert later.stop() is None


def test_a_probe_waits_as_long_as_google_wants_to_be_left_alone(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    google_scene.there()
    google_scene.asked()
    google.script("*", DENIED)
    google_scene.push()
    google.script("*", Fault(503, retry_after=600))
    later = google_scene.later(2 * MINUTE)
    later.push()
    stopped = later.stop()
    assert stopped is not None
    assert 9 * MINUTE < stopped.probe_at - later.office.clock.now() <= 10 * MINUTE


def test_objects_behind_a_class_in_trouble_are_one_trouble(google_scene: GoogleScene, google: GoogleServer) -> None:
    cards = [google_scene.asked() for _ in range(25)]
    google.script(google_scene.class_name, Fault(503))
    google_scene.push()
    assert google_scene.stop() is None
    google_scene.due_there(cards[0])
    google_scene.push()
    assert google_scene.points(cards[0]) == ["0/10"]


def test_objects_in_trouble_among_others_that_are_answered_stop_nothing(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    google_scene.there()
    cards = [google_scene.asked() for _ in range(50)]
    google.script("*", *[Fault(503), Fault()] * 25)
    google_scene.push()
    assert google_scene.stop() is None
    assert sum(google_scene.state(card_id).pushed_version == 1 for card_id in cards) >= 25


def test_a_stop_of_a_pass_type_of_apple_s_leaves_google_alone(google_scene: GoogleScene) -> None:
    google_scene.stop_apple()
    card_id = google_scene.asked()
    assert hinted(google_scene) == ["google"]
    google_scene.push()
    assert google_scene.points(card_id) == ["0/10"]

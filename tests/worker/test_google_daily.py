"""Google is asked each day who has a pass, and in time for its keys; what it says wins, unless a callback is newer."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from issuer import events, google_root_keys
from issuer.google_callbacks import root_keys
from issuer.schema import Event, GoogleObject, GoogleRootKeys
from issuer.settings import SettingsRefused
from sandbox.google_faults import Fault
from signing.google_keys import RootKeysRefused
from tests.worker.google_scene import GoogleScene, GoogleServer
from worker import google_daily, google_wallet
from worker.app import make_celery
from worker.google_daily import reconcile, refresh_keys
from worker.google_desk import Desk
from worker.office import Office
from worker.relay import GoogleHints, Relay

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


def hold(scene: GoogleScene, card_id: UUID, *, saved: bool) -> None:
    """Somebody saves the card, or removes it, and no callback tells us."""
    store = scene.google.google.store
    store.hold(store.find("LoyaltyObject", scene.name(card_id)), saved)


def history(scene: GoogleScene, card_id: UUID) -> list[str]:
    told = select(Event.kind).where(Event.card_id == card_id, Event.data["wallet"].astext == "google")
    with scene.work() as session:
        kinds = session.scalars(told.order_by(Event.number)).all()
    return [kind for kind in kinds if kind.startswith("wallet")]


def test_a_card_that_somebody_has_unknown_to_us_is_found_and_told(google_scene: GoogleScene) -> None:
    card_id, other_id = google_scene.there(), google_scene.there()
    hold(google_scene, card_id, saved=True)
    assert reconcile(google_scene.desk) == 1
    assert [google_scene.row(one).has_users for one in (card_id, other_id)] == [True, False]
    assert google_scene.row(card_id).has_users_at is not None
    assert (history(google_scene, card_id), history(google_scene, other_id)) == (["wallet_added"], [])


def test_each_class_is_asked_about_once_a_day(google_scene: GoogleScene, google: GoogleServer) -> None:
    now = google_scene.office.clock.now()
    until_morning = DAY - (now - now.replace(hour=9, minute=0))
    card_id = google_scene.there()
    before = len(google.calls())
    for hours in (0, 0, 1):
        reconcile(google_scene.later(until_morning + hours * HOUR).desk)
    assert len(google.calls()) == before + 1
    hold(google_scene, card_id, saved=True)
    assert reconcile(google_scene.later(until_morning + DAY).desk) == 1


def test_a_card_that_nobody_has_any_more_is_found_and_told_once(google_scene: GoogleScene) -> None:
    card_id = google_scene.there()
    hold(google_scene, card_id, saved=True)
    reconcile(google_scene.desk)
    hold(google_scene, card_id, saved=False)
    assert reconcile(google_scene.later(DAY).desk) == 1
    assert not google_scene.row(card_id).has_users
    assert reconcile(google_scene.later(2 * DAY).desk) == 0
    assert history(google_scene, card_id) == ["wallet_added", "wallet_removed"]


def test_a_removal_that_a_callback_told_stands_in_the_history_once(google_scene: GoogleScene) -> None:
    """A callback tells of one wallet; whether it was the last is only known now."""
    card_id = google_scene.there()
    hold(google_scene, card_id, saved=True)
    reconcile(google_scene.desk)
    with google_scene.work() as session:
        now, told = google_scene.office.clock.now(), {"wallet": "google", "serial": google_scene.serial(card_id)}
        events.record(session, google_scene.cafe.merchant_id, "wallet_removed", now, card_id, **told)
    hold(google_scene, card_id, saved=False)
    assert reconcile(google_scene.later(DAY).desk) == 1
    assert history(google_scene, card_id) == ["wallet_added", "wallet_removed"]


def test_what_was_told_of_a_voucher_hides_nothing_of_its_card(google_scene: GoogleScene) -> None:
    card_id = google_scene.there()
    with google_scene.work() as session:
        now, told = google_scene.office.clock.now(), {"wallet": "google", "serial": "a-voucher"}
        events.record(session, google_scene.cafe.merchant_id, "wallet_added", now, card_id, **told)
    hold(google_scene, card_id, saved=True)
    assert reconcile(google_scene.desk) == 1
    assert history(google_scene, card_id) == ["wallet_added", "wallet_added"]


def test_a_key_file_that_cannot_be_used_costs_no_class_its_day(google_scene: GoogleScene, tmp_path: Path) -> None:
    card_id = google_scene.there()
    hold(google_scene, card_id, saved=True)
    (spoiled := tmp_path / "key.json").write_text("{")
    office = google_scene.office
    google = replace(google_scene.desk.google, service_account_file=spoiled)
    with pytest.raises(SettingsRefused):
        reconcile(Desk(Office(replace(office.settings, google=google)), google))
    assert reconcile(google_scene.desk) == 1


def test_what_a_callback_told_after_google_was_asked_is_newer(google_scene: GoogleScene) -> None:
    card_id = google_scene.there()
    later = google_scene.office.clock.now() + HOUR
    with google_scene.transaction() as session:
        session.execute(update(GoogleObject).values(has_users=True, has_users_at=later))
    assert reconcile(google_scene.desk) == 0
    assert google_scene.row(card_id).has_users


def test_all_pages_are_read(google_scene: GoogleScene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_wallet, "A_PAGE", 2)
    cards = [google_scene.there() for _ in range(5)]
    for card_id in cards:
        hold(google_scene, card_id, saved=True)
    assert reconcile(google_scene.desk) == 5


def test_a_page_that_does_not_come_leaves_the_rest_for_the_next_hour(
    google_scene: GoogleScene, google: GoogleServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(google_wallet, "A_PAGE", 2)
    cards = [google_scene.there() for _ in range(3)]
    for card_id in cards:
        hold(google_scene, card_id, saved=True)
    google.script("*", Fault(), Fault(503))
    assert reconcile(google_scene.desk) == 2
    assert "503 backendError" in caplog.text
    assert reconcile(google_scene.later(HOUR).desk) == 1


def test_an_object_of_google_s_that_we_do_not_know_is_passed_over(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    card_id = google_scene.there()
    body = {**google_scene.shown(card_id), "id": f"{google_scene.desk.google.issuer_id}.stranger"}
    google.google.store.insert("LoyaltyObject", {k: v for k, v in body.items() if not k.startswith("has")})
    hold(google_scene, card_id, saved=True)
    assert reconcile(google_scene.desk) == 1


def test_nothing_is_asked_while_google_refuses_us(google_scene: GoogleScene, google: GoogleServer) -> None:
    google_scene.there()
    google_scene.asked()
    google.script("*", Fault(403, "permissionDenied"))
    google_scene.push()
    before = len(google.calls())
    assert reconcile(google_scene.desk) == 0
    assert len(google.calls()) == before


def test_a_class_that_google_never_had_is_not_asked_about(google_scene: GoogleScene, google: GoogleServer) -> None:
    google.script(google_scene.class_name, Fault(400))
    google_scene.asked()
    google_scene.push()
    before = len(google.calls())
    reconcile(google_scene.desk)
    assert len(google.calls()) == before


def document(scene: GoogleScene) -> str | None:
    with scene.transaction() as session:
        row = session.get(GoogleRootKeys, 1)
        return row.document if row is not None else None


def test_the_keys_for_callbacks_are_fetched_and_can_be_believed(google_scene: GoogleScene) -> None:
    assert refresh_keys(google_scene.desk)
    with google_scene.transaction() as session:
        assert len(root_keys(session)) == 1


def test_keys_are_fetched_once_a_day(google_scene: GoogleScene, google: GoogleServer) -> None:
    google.script("keys", *[Fault()] * 10)
    fetched = [refresh_keys(google_scene.later(later).desk) for later in (0 * DAY, 23 * HOUR, DAY, 47 * HOUR)]
    assert fetched == [True, False, True, False]
    assert google.google.faults.left() == {"keys": 8}


def test_keys_that_a_clock_fetched_that_was_ahead_are_fetched_anew(google_scene: GoogleScene) -> None:
    for later in (400 * DAY, 0 * DAY):
        assert refresh_keys(google_scene.later(later).desk)
    assert not refresh_keys(google_scene.later(HOUR - SECOND).desk)


def test_keys_that_end_soon_are_asked_for_each_hour(google_scene: GoogleScene) -> None:
    refresh_keys(google_scene.desk)
    soon = google_scene.office.clock.now() + 2 * DAY
    with google_scene.transaction() as session:
        row = session.get_one(GoogleRootKeys, 1)
        said = json.loads(row.document)
        said["keys"][0]["keyExpiration"] = str(int(soon.timestamp() * 1000))
        row.document = json.dumps(said)
    assert [refresh_keys(google_scene.later(later).desk) for later in (59 * 60 * SECOND, HOUR + SECOND)] == [
        False,
        True,
    ]


@pytest.mark.parametrize("fault", [Fault(503), Fault(drop=True), Fault(404, "x"), Fault(429)], ids=str)
def test_keys_that_do_not_come_replace_none(
    google_scene: GoogleScene, google: GoogleServer, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    refresh_keys(google_scene.desk)
    before = document(google_scene)
    google.script("keys", fault)
    later = google_scene.later(DAY)
    assert not refresh_keys(later.desk)
    assert document(google_scene) == before
    assert "it is tried again" in caplog.text
    assert refresh_keys(later.desk)


@pytest.mark.parametrize(
    "served", [b"", b"<html>", b'{"keys": []}', b"\xff", b'{"keys": [{"protocolVersion": "ECv1"}]}']
)
def test_what_holds_no_key_to_trust_replaces_none(
    google_scene: GoogleScene, monkeypatch: pytest.MonkeyPatch, served: bytes
) -> None:
    refresh_keys(google_scene.desk)
    before = document(google_scene)
    monkeypatch.setattr(google_daily, "_fetched", lambda _url: served)
    assert not refresh_keys(google_scene.later(DAY).desk)
    assert document(google_scene) == before
    with google_scene.transaction() as session, pytest.raises(RootKeysRefused):
        google_root_keys.keep(session, served, google_scene.office.clock.now())


def hints(scene: GoogleScene, *, turns: int = 1) -> list[str]:
    """What a relay that has just begun tells the workers of Google."""
    said = list[str]()
    google = GoogleHints(lambda: said.append("push"), lambda: said.append("keys"))
    relay = Relay(scene.office, lambda _pass_type: None, google=google)
    for _ in range(turns):
        relay.turn()
    return said


def test_a_card_that_is_asked_for_is_numbered_and_hinted_at_once(google_scene: GoogleScene) -> None:
    refresh_keys(google_scene.desk)
    assert hints(google_scene) == []
    card_id = google_scene.asked(numbered=False)
    assert hints(google_scene, turns=2) == ["push"]
    assert google_scene.push() == 1
    assert google_scene.points(card_id) == ["0/10"]
    assert hints(google_scene) == []


def test_keys_that_are_missing_are_hinted_with_the_relay_s_first_turn(google_scene: GoogleScene) -> None:
    assert hints(google_scene, turns=3) == ["keys"]
    refresh_keys(google_scene.desk)
    assert hints(google_scene, turns=3) == []


def test_a_service_without_google_has_none_of_its_tasks_nor_hints(office: Office, google_scene: GoogleScene) -> None:
    google_scene.asked()
    without, with_google = make_celery(office.settings), make_celery(google_scene.office.settings)
    names = {"push_google", "reconcile_google", "refresh_google_keys"}
    assert names & set(without.tasks) == set()
    assert names <= set(with_google.tasks)
    assert "reconcile_google" not in without.conf.beat_schedule
    assert "reconcile_google" in with_google.conf.beat_schedule
    said = list[str]()
    Relay(office, said.append).turn()
    assert said == []


def test_the_tasks_do_what_they_are_called(google_scene: GoogleScene) -> None:
    card_id = google_scene.asked()
    celery = make_celery(google_scene.office.settings)
    celery.tasks["refresh_google_keys"]()
    celery.tasks["push_google"]()
    hold(google_scene, card_id, saved=True)
    celery.tasks["reconcile_google"]()
    assert document(google_scene) is not None
    assert google_scene.row(card_id).has_users


def test_an_account_that_cannot_be_read_is_said_in_one_line_and_the_queue_is_kept(
    google_scene: GoogleScene, google: GoogleServer, caplog: pytest.LogCaptureFixture
) -> None:
    card_id = google_scene.asked()
    path = google.google.account.path
    path.write_text("{}")
    celery = make_celery(google_scene.office.settings)
    for _ in range(5):
        celery.tasks["push_google"]()
    assert len(caplog.records) == 1
    assert "GOOGLE_SERVICE_ACCOUNT_FILE" in caplog.text
    assert google_scene.state(card_id).push_at is not None

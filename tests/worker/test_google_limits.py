"""No call above the rate, no note on a phone above the budget, the till before campaigns, no place that is refused."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from cli.processes import wait_until
from issuer import brands
from issuer.brands import pictures_of, revision_of
from issuer.design import Design
from issuer.design_publishing import publish_draft
from issuer.schema import BrandDraft
from passes.extras import Extras, Place
from sandbox.google_faults import Fault
from tests.worker.google_scene import GoogleScene, GoogleServer
from worker.google_rate import GoogleRate

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLACE = Place(latitude=52.5, longitude=13.4)


def set_rate(scene: GoogleScene, rate: int) -> None:
    scene.desk.office = replace(scene.office, settings=replace(scene.office.settings, google_rate=rate))
    scene.desk.office.__dict__["engine"] = scene.office.engine
    scene.desk.__dict__["rate"] = GoogleRate(scene.desk.redis, f"test {uuid4()}", rate)


def notes(google: GoogleServer) -> list[int | None]:
    """The answers to all calls that asked for a note on the phone."""
    return [call.status for call in google.calls() if call.notify]


def test_no_second_has_more_calls_than_the_rate_as_google_counts_them(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    google_scene.there()
    cards = [google_scene.there() for _ in range(25)] + [google_scene.asked() for _ in range(25)]
    google_scene.campaign(*cards[:25])
    google.google.calls.forget()
    google.allow(rate=40)
    set_rate(google_scene, 40)
    second = google_scene.second()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(google_scene.push, (google_scene.desk, second)))
    counted = google.google.calls.summary()
    assert counted["answers"] == {"200": 50}
    assert counted["highest_rate"] <= 40
    second.close()


def test_the_till_is_served_while_a_campaign_runs(google_scene: GoogleScene, google: GoogleServer) -> None:
    stamped, *others = [google_scene.there() for _ in range(40)]
    google_scene.campaign(*others)
    google.google.calls.forget()
    set_rate(google_scene, 20)
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(google_scene.push)
        assert wait_until(lambda: len(google.calls()) > 3, 10)
        google_scene.changed(stamped)
        before = len(google.calls())
        assert wait_until(lambda: google_scene.points(stamped)[-1] == "1/10", 20)
        google_scene.desk.rate.refill = 10_000.0
        assert turn.result(20) == 40
    order = [call.id for call in google.calls()]
    assert order.index(google_scene.name(stamped)) - before < 20


def test_what_the_till_wants_goes_before_a_campaign_that_waits_longer(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    drawn, *cards = [google_scene.there() for _ in range(13)]
    google_scene.changed(drawn)
    google_scene.push()
    google_scene.campaign(*cards[:6])
    for card_id in cards[6:]:
        google_scene.changed(card_id)
    google.google.calls.forget()
    set_rate(google_scene, 10)
    google_scene.desk.rate.refill = 100.0
    google_scene.push()
    order = [call.id for call in google.calls()]
    till = [order.index(google_scene.name(card_id)) for card_id in cards[6:]]
    assert max(till) <= 8, order


def test_a_stamp_shows_a_note_and_a_campaign_none(google_scene: GoogleScene, google: GoogleServer) -> None:
    card_id = google_scene.there()
    google_scene.campaign(card_id)
    google_scene.push()
    assert notes(google) == []
    google_scene.changed(card_id)
    google_scene.push()
    assert notes(google) == [200]


def test_three_notes_a_day_are_shown_and_the_fourth_update_goes_without(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    card_id = google_scene.there()
    for _ in range(5):
        google_scene.changed(card_id)
        google_scene.push()
    assert notes(google) == [200] * 3
    assert google_scene.points(card_id) == [f"{stamps}/10" for stamps in range(6)]
    for later, wanted in ((23 * HOUR, 3), (DAY + HOUR, 4)):
        scene = google_scene.later(later)
        scene.changed(card_id)
        scene.push()
        assert notes(google) == [200] * wanted
    assert google.google.store.find("LoyaltyObject", google_scene.name(card_id)).over == 0


def test_a_worker_that_died_after_its_note_was_shown_is_followed_by_no_fourth(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    card_id, scene = google_scene.there(), google_scene
    for death in range(1, 4):
        scene.changed(card_id)
        (claimed,) = scene.claims(timedelta(seconds=20))
        assert scene.send(claimed).noticed
        scene = google_scene.later(death * timedelta(minutes=1))
    for _ in range(3):
        scene.changed(card_id)
        scene.push()
    assert notes(google) == [200] * 3
    assert google.google.store.find("LoyaltyObject", scene.name(card_id)).over == 0
    assert scene.points(card_id)[-1] == "6/10"


def test_a_note_that_was_surely_not_shown_is_not_counted(google_scene: GoogleScene, google: GoogleServer) -> None:
    card_id = google_scene.there()
    google.script(google_scene.name(card_id), Fault(429), Fault(403, "rateLimitExceeded"), Fault(400))
    google_scene.changed(card_id)
    for _ in range(4):
        google_scene.push()
        google_scene.due_there(card_id)
    assert notes(google) == [429, 403, 400, 200]
    assert len(google_scene.row(card_id).notices) == 1


@pytest.mark.parametrize("fault", [Fault(503, done=True), Fault(drop=True, done=True)], ids=str)
def test_a_note_that_may_have_been_shown_is_counted(
    google_scene: GoogleScene, google: GoogleServer, fault: Fault
) -> None:
    card_id = google_scene.there()
    google.script(google_scene.name(card_id), fault)
    google_scene.changed(card_id)
    google_scene.push()
    assert len(google_scene.row(card_id).notices) == 1


def test_a_budget_that_google_calls_spent_is_no_reason_to_wait(google_scene: GoogleScene, google: GoogleServer) -> None:
    card_id = google_scene.there()
    google.allow(notifications=0)
    google_scene.changed(card_id)
    assert google_scene.push() == 1
    assert google_scene.calls(card_id)[1:] == [("PATCH", 403), ("PATCH", 200)]
    assert notes(google) == [403]
    assert google_scene.points(card_id)[-1] == "1/10"
    assert len(google_scene.row(card_id).notices) == 1, "else the next would be refused as well"


def test_a_quota_that_is_spent_without_any_note_is_waited_for(google_scene: GoogleScene, google: GoogleServer) -> None:
    card_id = google_scene.there()
    google.script(google_scene.name(card_id), *[Fault(403, "quotaExceeded")] * 3)
    google_scene.campaign(card_id)
    google_scene.push()
    assert google_scene.calls(card_id)[1:] == [("PATCH", 403)]
    assert timedelta() < google_scene.waits(card_id) <= timedelta(seconds=2)


def give_places(scene: GoogleScene) -> None:
    """The merchant's design names a place, and the settings say that Google takes them."""
    scene.desk.places, now = True, scene.office.clock.now()
    with scene.work() as session:
        brand = brands.brand_of_merchant(session)
        worn = brands.worn_now(session, brand)
        design = replace(Design.read(worn.design), wallet=Extras(places=(PLACE,)))
        draft = brands.save_draft(session, brand, design, pictures_of(worn), revision_of(worn), now)
        assert isinstance(draft, BrandDraft)
        publish_draft(session, brand, None, draft.revision, now)


def test_places_are_sent_where_google_takes_them(google_scene: GoogleScene, google: GoogleServer) -> None:
    google.allow(merchant_locations=True)
    give_places(google_scene)
    google_scene.there()
    shown = google.google.store.get("LoyaltyClass", google_scene.class_name)
    assert shown["merchantLocations"] == [{"latitude": PLACE.latitude, "longitude": PLACE.longitude}]


def test_places_that_google_refuses_are_left_out_from_then_on(
    google_scene: GoogleScene, google: GoogleServer, caplog: pytest.LogCaptureFixture
) -> None:
    give_places(google_scene)
    cards = [google_scene.asked() for _ in range(3)]
    google_scene.push()
    assert google.asked(about=google_scene.class_name)[:2] == [("POST", 400), ("POST", 200)]
    assert "merchantLocations" not in google.google.store.get("LoyaltyClass", google_scene.class_name)
    for card_id in cards:
        google_scene.changed(card_id)
    google_scene.push()
    assert [google_scene.points(card_id)[-1] for card_id in cards] == ["1/10"] * 3
    assert [status for _, status in google.asked() if status == 400] == [400]
    assert sum("TREUEPASS_GOOGLE_PLACES" in record.getMessage() for record in caplog.records) == 1

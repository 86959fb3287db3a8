"""Whatever goes wrong with one object keeps it waiting and no other, and nothing older ever follows something newer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from time import monotonic
from uuid import UUID

import pytest

from cli.processes import wait_until
from issuer.google_classes import class_turn
from issuer.publishing import AT_THE_TILL, CAMPAIGN
from sandbox.google_faults import Fault
from tests.conftest import Cafe
from tests.worker.google_scene import GoogleScene, GoogleServer
from tests.worker.scene import Scene
from worker import google_outcomes, google_sending
from worker.google_desk import Desk
from worker.google_errors import Answer, Meaning
from worker.google_sending import Sent, send_object
from worker.google_wallet import GoogleWallet

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LEASE = timedelta(seconds=20)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(500), "500 internalError"),
        (Fault(502), "502 not in Google's form"),
        (Fault(503), "503 backendError"),
        (Fault(429, retry_after=1), "429 rateLimitExceeded"),
        (Fault(403, "rateLimitExceeded"), "403 rateLimitExceeded"),
        (Fault(drop=True), "no connection"),
        (Fault(drop=True, done=True), "no connection"),
        (Fault(503, done=True), "503 backendError"),
    ],
    ids=str,
)
def test_what_has_no_proper_answer_is_tried_again_and_keeps_none_of_the_others_waiting(
    google_scene: GoogleScene, google: GoogleServer, fault: Fault, said: str
) -> None:
    card_id, other_id = google_scene.there(), google_scene.there()
    google.script(google_scene.name(card_id), fault)
    google_scene.changed(card_id)
    google_scene.changed(other_id)
    assert google_scene.push() == 2
    assert google_scene.row(card_id).answer == said
    assert timedelta() < google_scene.waits(card_id) <= 2 * SECOND
    assert (google_scene.state(other_id).push_at, google_scene.points(other_id)[-1]) == (None, "1/10")
    google_scene.due_there(card_id)
    google_scene.push()
    assert google_scene.points(card_id)[-1] == "1/10"
    assert (google_scene.state(card_id).pushed_version, google_scene.row(card_id).answer) == (2, None)


def test_nothing_is_sent_before_google_s_own_pause_is_over(google_scene: GoogleScene, google: GoogleServer) -> None:
    card_id = google_scene.there()
    google.script(google_scene.name(card_id), Fault(429, retry_after=90))
    google_scene.changed(card_id)
    google_scene.push()
    assert 80 * SECOND < google_scene.waits(card_id) <= 90 * SECOND


def test_what_google_will_never_take_waits_for_an_operator_and_tells_no_name(
    google_scene: GoogleScene, google: GoogleServer, caplog: pytest.LogCaptureFixture
) -> None:
    card_id, other_id = google_scene.there(), google_scene.there()
    google.script(google_scene.name(card_id), Fault(400, message="accountName: 'Mia Muster' is wrong"))
    google_scene.changed(card_id)
    google_scene.changed(other_id)
    google_scene.push()
    assert google_scene.waits(card_id) > MINUTE - SECOND
    assert google_scene.points(other_id)[-1] == "1/10"
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert str(google_scene.passes[card_id]) in errors[0]
    assert "400 invalidResource" in errors[0]
    assert "Mia" not in caplog.text


def test_waiting_times_grow_to_an_hour_and_no_further_and_begin_anew_with_a_change(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    card_id = google_scene.there()
    google.script(google_scene.name(card_id), *[Fault(503)] * 40)
    google_scene.changed(card_id)
    longest = timedelta()
    for attempt in range(1, 19):
        google_scene.push()
        assert timedelta(seconds=0.1) < google_scene.waits(card_id) <= min(timedelta(hours=1), SECOND * 2**attempt)
        longest = max(longest, google_scene.waits(card_id))
        google_scene.due_there(card_id)
    assert longest > timedelta(minutes=3)
    google_scene.changed(card_id)
    google_scene.push()
    assert google_scene.waits(card_id) <= 2 * SECOND


def test_an_object_that_cannot_be_made_keeps_none_of_the_others_waiting(
    google_scene: GoogleScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    card_id, other_id = google_scene.asked(), google_scene.asked()
    real = google_sending.object_of

    def stumbling(session: object, pass_id: UUID, *more: object, **options: object) -> object:
        if pass_id == google_scene.passes[card_id]:
            raise RuntimeError("broken")
        return real(session, pass_id, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(google_sending, "object_of", stumbling)
    google_scene.push()
    assert google_scene.waits(card_id) > MINUTE - SECOND
    assert google_scene.points(other_id) == ["0/10"]


def test_an_object_that_google_is_slow_with_holds_up_no_other(google_scene: GoogleScene, google: GoogleServer) -> None:
    slow, quick = google_scene.there(), google_scene.there()
    google.script(google_scene.name(slow), Fault(delay=0.4))
    google_scene.changed(slow)
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(google_scene.push)
        assert wait_until(lambda: google.google.faults.left() == {}, 5)
        began = monotonic()
        google_scene.changed(quick)
        assert google_scene.push() == 0, "the desk has an owner, who is told to look"
        assert wait_until(lambda: google_scene.points(quick)[-1] == "1/10", 1)
        assert monotonic() - began < 0.4
        assert google_scene.points(slow) == ["0/10"]
        assert turn.result(5) == 2
    assert google_scene.points(slow) == ["0/10", "1/10"]


def test_a_campaign_that_google_is_slow_with_leaves_threads_to_the_till(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    stamped, *others = [google_scene.there() for _ in range(12)]
    for card_id in others:
        google.script(google_scene.name(card_id), Fault(delay=0.4))
    google_scene.campaign(*others)
    google.google.calls.forget()
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(google_scene.push)
        assert wait_until(lambda: len(google.google.faults.left()) <= 6, 5)
        google_scene.changed(stamped)
        assert turn.result(5) == 12
    assert [call.id for call in google.calls()].index(google_scene.name(stamped)) == 0


def test_a_class_that_google_is_slow_with_holds_up_no_other(
    google_scene: GoogleScene, google: GoogleServer, other_cafe: Cafe
) -> None:
    other = GoogleScene(Scene(google_scene.office, other_cafe), google_scene.desk, google)
    google.script(google_scene.class_name, Fault(delay=0.4))
    slow, quick = google_scene.asked(), other.asked()
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(google_scene.push)
        assert wait_until(lambda: other.calls(quick) == [("POST", 200)], 5)
        assert google_scene.calls(slow) == []
        assert turn.result(5) == 2
    assert google_scene.calls(slow) == [("POST", 200)]


def test_a_new_class_that_one_worker_is_about_is_waited_for_by_another_until_its_lease_is_over(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    first = google_scene.asked()
    (claimed,) = google_scene.claims(LEASE)
    with google_scene.work() as session:
        now = google_scene.office.clock.now()
        assert class_turn(session, claimed, google_scene.desk.terms, now, LEASE).body is not None
    other = google_scene.asked()
    google_scene.push()
    assert google.calls() == []
    assert google_scene.waits(other) <= SECOND
    later = google_scene.later(LEASE + SECOND)
    assert later.push() == 2
    assert google.asked(about=google_scene.class_name) == [("POST", 200)]
    assert [google_scene.calls(card_id) for card_id in (first, other)] == [[("POST", 200)]] * 2


def test_a_call_without_an_answer_may_land_late_so_nothing_newer_follows_before_its_lease_is_over(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    card_id = google_scene.there()
    google.script(google_scene.name(card_id), Fault(delay=0.9))
    google_scene.changed(card_id)
    assert google_scene.push() == 0
    google_scene.changed(card_id)
    assert google_scene.push() == 0
    assert wait_until(lambda: google_scene.points(card_id) == ["0/10", "1/10"], 5)
    later = google_scene.later(LEASE + SECOND)
    assert later.push() == 1
    assert later.points(card_id) == ["0/10", "1/10", "2/10"]
    assert later.state(card_id).push_at is None


def test_a_change_that_is_numbered_while_its_call_is_under_way_gets_a_call_of_its_own(
    google_scene: GoogleScene, google: GoogleServer
) -> None:
    card_id = google_scene.there()
    google.script(google_scene.name(card_id), Fault(delay=0.3))
    google_scene.changed(card_id)
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(google_scene.push)
        assert wait_until(lambda: google.google.faults.left() == {}, 5)
        google_scene.changed(card_id)
        turn.result(5)
    google_scene.due_there(card_id)
    google_scene.push()
    assert google_scene.points(card_id) == ["0/10", "1/10", "2/10"]
    assert google_scene.state(card_id).pushed_version == 3


def test_what_a_worker_claimed_is_nobody_elses_until_its_lease_is_over(google_scene: GoogleScene) -> None:
    card_id = google_scene.asked()
    assert len(google_scene.claims(LEASE)) == 1
    assert google_scene.push() == 0
    assert google_scene.later(LEASE - SECOND).push() == 0
    assert google_scene.calls(card_id) == []
    assert google_scene.later(LEASE + SECOND).push() == 1
    assert google_scene.calls(card_id) == [("POST", 200)]


def test_a_worker_that_died_between_google_s_answer_and_its_own_note_does_no_harm(google_scene: GoogleScene) -> None:
    card_id = google_scene.asked()
    google_scene.push()
    google_scene.changed(card_id)
    (claimed,) = google_scene.claims(LEASE)
    assert send_object(google_scene.desk, claimed).answer is not None
    google_scene.changed(card_id)
    later = google_scene.later(LEASE + SECOND)
    assert later.push() == 1
    assert later.points(card_id) == ["0/10", "1/10", "2/10"]
    assert (later.state(card_id).pushed_version, later.state(card_id).push_at) == (3, None)


def test_a_worker_that_comes_late_sends_nothing_older_and_undoes_nothing(google_scene: GoogleScene) -> None:
    card_id = google_scene.there()
    google_scene.changed(card_id)
    (late,) = google_scene.claims(LEASE)
    later = google_scene.later(LEASE + SECOND)
    later.changed(card_id)
    assert later.push() == 1
    assert send_object(later.desk, late) == Sent(late, None)
    with later.transaction() as session:
        google_outcomes.settle(session, [Sent(late, None)], later.office.clock.now())
    assert later.points(card_id) == ["0/10", "2/10"]
    assert (later.state(card_id).pushed_version, later.state(card_id).push_at) == (3, None)


def test_a_call_is_not_begun_that_could_outlast_its_lease(google_scene: GoogleScene) -> None:
    """The longest takes half a second to connect and half a second to answer; clocks differ by one."""
    card_id = google_scene.there()
    google_scene.changed(card_id)
    (claimed,) = google_scene.claims(LEASE)
    late = google_scene.later(LEASE - timedelta(seconds=1.9))
    assert send_object(late.desk, claimed).answer is None
    assert len(google_scene.calls(card_id)) == 1
    in_time = google_scene.later(LEASE - timedelta(seconds=2.5))
    assert send_object(in_time.desk, claimed).answer is not None


def test_an_answer_after_the_lease_has_the_newest_state_sent_once_more(google_scene: GoogleScene) -> None:
    """As when Google has many addresses, and each of the first takes its time to refuse a connection."""
    card_id = google_scene.there()
    google_scene.changed(card_id)
    (claimed,) = google_scene.claims(LEASE)
    later = google_scene.later(LEASE + SECOND)
    later.changed(card_id)
    later.push()
    with later.transaction() as session:
        google_outcomes.settle(session, [Sent(claimed, Answer(Meaning.DONE, 200))], later.office.clock.now())
    assert later.number() == 1
    later.due_there(card_id)
    assert later.push() == 1
    assert later.points(card_id) == ["0/10", "2/10", "2/10"]


def test_a_lease_is_longer_than_the_longest_call(google_scene: GoogleScene) -> None:
    office, google = google_scene.office, google_scene.desk.google
    for seconds in (0, 1, 20, 60):
        desk = Desk(google_scene.later(timedelta()).office, google)
        desk.office = replace(office, settings=replace(office.settings, lease_seconds=seconds))
        assert desk.lease >= timedelta(seconds=20)
        assert desk.lease >= desk.longest + 4 * SECOND


def test_parallel_workers_keep_every_object_in_order(
    google_scene: GoogleScene, google: GoogleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = [google_scene.there() for _ in range(4)]
    google.script("*", *[Fault(503), Fault(), Fault(delay=0.02), Fault(drop=True, done=True)] * 6)
    desks, stop = [google_scene.desk, google_scene.second()], threading.Event()

    def work(desk: Desk) -> None:
        while not stop.is_set():
            google_scene.push(desk)
            stop.wait(0.01)

    with ThreadPoolExecutor(2) as pool:
        turns = [pool.submit(work, desk) for desk in desks]
        for _ in range(6):
            for card_id in cards:
                google_scene.changed(card_id)
        done = wait_until(lambda: all(settled(google_scene, card_id) for card_id in cards), 20)
        stop.set()
        for turn in turns:
            turn.result(20)
    assert done
    for card_id in cards:
        points = [int(str(shown).partition("/")[0]) for shown in google_scene.points(card_id)]
        assert all(older <= newer for older, newer in pairwise(points)), points
        assert points[-1] == 6
    desks[1].close()


def settled(scene: GoogleScene, card_id: UUID) -> bool:
    state = scene.state(card_id)
    if state.push_at is not None:
        scene.due_there(card_id)
    return state.push_at is None and state.due_at is None and state.pushed_version == scene.version(card_id)


def test_google_away_altogether_is_an_answer_for_each(
    google_scene: GoogleScene, google: GoogleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    card_id = google_scene.there()
    away = GoogleWallet("http://127.0.0.1:9", google.account, patience=(0.5, 0.5))
    away._credentials = google_scene.desk.wallet._credentials
    monkeypatch.setitem(google_scene.desk.__dict__, "wallet", away)
    google_scene.changed(card_id)
    google_scene.push()
    assert google_scene.row(card_id).answer == "no connection"
    assert google_scene.waits(card_id) <= 2 * SECOND


@pytest.mark.parametrize("priority", [AT_THE_TILL, CAMPAIGN])
def test_a_turn_that_would_come_too_late_is_not_waited_for_and_the_claim_is_given_back(
    google_scene: GoogleScene, priority: int
) -> None:
    card_id = google_scene.there()
    google_scene.owe(1_000_000)
    google_scene.changed(card_id) if priority == AT_THE_TILL else google_scene.campaign(card_id)
    began = monotonic()
    assert google_scene.push() == 0
    assert monotonic() - began < 2
    state = google_scene.state(card_id)
    assert (state.leased_until, state.attempts) == (None, 0)
    google_scene.owe(0)
    assert google_scene.push() == 1
    assert google_scene.calls(card_id) == [("POST", 200), ("PATCH", 200)]


def test_redis_away_is_no_call_and_no_claim_that_is_kept(google_scene: GoogleScene) -> None:
    card_id = google_scene.there()
    google_scene.changed(card_id)
    google_scene.desk.rate._run = google_scene.nobody_there()
    assert google_scene.push() == 0
    state = google_scene.state(card_id)
    assert (state.leased_until, state.attempts) == (None, 0)
    assert state.push_at is not None
    assert len(google_scene.calls(card_id)) == 1

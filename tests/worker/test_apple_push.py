"""Publications are pushed phone by phone, by any number of workers that may die anywhere."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cli.processes import wait_until
from issuer import relaying
from issuer.database import transaction
from issuer.relaying import Ended, Told
from issuer.settings import Settings
from sandbox.apns import Answer
from tests.conftest import PASS_TYPE
from tests.worker.scene import PushService, Scene, token_of
from worker.apple_push import push_waiting
from worker.lines import Lines
from worker.office import Office

LEASE = timedelta(seconds=20)
OPERATOR_RETRY = timedelta(minutes=1)
PATIENCE = "worker.apns.ApnsConnection.__init__.__kwdefaults__"


def push(office: Office, lines: Lines) -> int:
    return push_waiting(office, lines, PASS_TYPE)


def waits(scene: Scene, card_id: UUID) -> timedelta:
    """How long until the card is pushed again."""
    push_at = scene.publication(card_id).push_at
    assert push_at is not None
    return push_at - scene.office.clock.now()


def test_a_change_is_pushed_to_every_phone_of_the_card_and_comes_to_rest(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1, 2)
    assert push(office, lines) == 1
    assert sorted(service.accepted()) == [token_of(1), token_of(2)]
    row = scene.publication(card_id)
    assert (row.push_at, row.leased_until, row.pushed_version) == (None, None, 2)
    assert scene.pushed_versions(card_id) == {token_of(1): 2, token_of(2): 2}


def test_nothing_is_pushed_twice(scene: Scene, office: Office, lines: Lines, service: PushService) -> None:
    scene.changed_card(1)
    push(office, lines)
    assert push(office, lines) == 0
    assert len(service.pushes()) == 1


def test_a_card_on_no_phone_comes_to_rest_without_a_push(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card()
    assert push(office, lines) == 1
    assert scene.publication(card_id).push_at is None
    assert service.pushes() == []


def test_a_phone_with_several_changed_passes_is_woken_once(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    cards = [scene.changed_card(7) for _ in range(3)]
    assert push(office, lines) == 3
    assert service.accepted() == [token_of(7)]
    assert [scene.pushed_versions(card_id) for card_id in cards] == [{token_of(7): 2}] * 3


@pytest.mark.parametrize("answer", [Answer(503), Answer(500), Answer(hang=True), Answer(429, "TooManyUpdates")])
def test_a_phone_without_a_proper_answer_is_tried_again_and_keeps_none_of_the_others_waiting(
    scene: Scene,
    office: Office,
    lines: Lines,
    service: PushService,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
) -> None:
    monkeypatch.setattr(PATIENCE, {"patience": 0.5})
    card_id, other_id = scene.changed_card(1, 2), scene.changed_card(3)
    service.apns.script(token_of(1), [answer])
    push(office, lines)
    assert scene.pushed_versions(card_id) == {token_of(1): None, token_of(2): 2}
    assert scene.pushed_versions(other_id) == {token_of(3): 2}
    assert scene.publication(other_id).push_at is None
    assert timedelta() < waits(scene, card_id) <= timedelta(seconds=2)
    scene.due(card_id)
    push(office, lines)
    assert scene.pushed_versions(card_id) == {token_of(1): 2, token_of(2): 2}
    assert Counter(service.accepted()) == {token_of(1): 1, token_of(2): 1, token_of(3): 1}


def test_waiting_times_grow_to_an_hour_and_no_further(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1)
    service.apns.script(token_of(1), [Answer(503)] * 40)
    longest = timedelta()
    for attempt in range(1, 31):
        assert push(office, lines) == 1
        ceiling = min(timedelta(hours=1), timedelta(seconds=2**attempt))
        assert timedelta(seconds=0.1) < waits(scene, card_id) <= ceiling
        longest = max(longest, waits(scene, card_id))
        scene.due(card_id)
    assert longest > timedelta(minutes=5)


def test_a_new_change_begins_its_waiting_times_anew(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1)
    service.apns.script(token_of(1), [Answer(503)] * 8)
    for _ in range(7):
        push(office, lines)
        scene.due(card_id)
    scene.stamp(card_id)
    scene.number()
    scene.due(card_id)
    push(office, lines)
    assert waits(scene, card_id) <= timedelta(seconds=2)


def test_a_token_for_another_topic_is_our_fault_and_the_phone_is_kept(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1)
    service.apns.script(token_of(1), [Answer(400, "DeviceTokenNotForTopic")])
    other_id = scene.changed_card(2)
    push(office, lines)
    assert scene.answers(card_id) == ["400 DeviceTokenNotForTopic"]
    assert waits(scene, card_id) > OPERATOR_RETRY - timedelta(seconds=10)
    assert scene.pushed_versions(other_id) == {token_of(2): 2}


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def test_a_phone_that_apple_calls_gone_since_its_registration_is_forgotten_with_all_its_wishes(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id, other_id = scene.changed_card(1, 2), scene.card(1)
    later = milliseconds(datetime.now(UTC) + timedelta(seconds=5))
    service.apns.script(token_of(1), [Answer(410, "Unregistered", later)])
    push(office, lines)
    assert scene.pushed_versions(card_id) == {token_of(2): 2}
    assert scene.pushed_versions(other_id) == {}
    assert scene.publication(card_id).push_at is None


def test_a_phone_that_is_gone_leaves_none_of_its_cards_to_be_tried_again(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    first, second = scene.changed_card(1), scene.changed_card(1)
    service.apns.script(token_of(1), [Answer(410, "Unregistered", None)])
    push(office, lines)
    assert [scene.publication(card).push_at for card in (first, second)] == [None, None]


def test_a_phone_that_registered_after_the_moment_that_apple_names_is_kept_and_tried_again(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1)
    earlier = milliseconds(datetime.now(UTC) - timedelta(minutes=5))
    service.apns.script(token_of(1), [Answer(410, "Unregistered", earlier)])
    push(office, lines)
    assert scene.answers(card_id) == ["410 Unregistered"]
    scene.due(card_id)
    push(office, lines)
    assert scene.pushed_versions(card_id) == {token_of(1): 2}


def test_a_token_that_apple_calls_bad_is_forgotten(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1)
    service.apns.script(token_of(1), [Answer(400, "BadDeviceToken")])
    push(office, lines)
    assert scene.answers(card_id) == []
    assert scene.publication(card_id).push_at is None


def test_a_change_that_is_numbered_while_its_push_is_under_way_gets_a_push_of_its_own(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1)

    def meanwhile(_token: str) -> None:
        service.on_push = lambda _token: None
        scene.stamp(card_id)
        assert scene.number() == 1

    service.on_push = meanwhile
    push(office, lines)
    row = scene.publication(card_id)
    assert row.wanted_version == row.tagged_version == 3
    scene.due(card_id)
    push(office, lines)
    assert service.accepted() == [token_of(1)] * 2
    assert scene.pushed_versions(card_id) == {token_of(1): 3}
    assert scene.publication(card_id).push_at is None


def test_a_change_that_is_numbered_while_its_push_fails_is_not_put_off(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1, 2)
    service.apns.script(token_of(1), [Answer(400, "DeviceTokenNotForTopic")])

    def meanwhile(_token: str) -> None:
        service.on_push = lambda _token: None
        scene.stamp(card_id)
        scene.number()

    service.on_push = meanwhile
    push(office, lines)
    assert waits(scene, card_id) <= timedelta(seconds=1)


def test_a_phone_that_registers_while_a_push_is_under_way_is_told_too(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1)

    def meanwhile(_token: str) -> None:
        service.on_push = lambda _token: None
        scene.register(card_id, 2)

    service.on_push = meanwhile
    push(office, lines)
    scene.number()
    scene.due(card_id)
    push(office, lines)
    assert scene.pushed_versions(card_id)[token_of(2)] == 2


def test_what_a_worker_claimed_is_nobody_elses_until_its_lease_is_over(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1)
    assert len(scene.claim(LEASE)) == 1
    assert push(office, lines) == 0
    assert scene.claim(LEASE, later=timedelta(seconds=19)) == []
    assert service.pushes() == []
    assert scene.publication(card_id).push_at is not None


def test_what_a_dead_worker_claimed_is_taken_up_after_its_lease(
    scene: Scene, settings: Settings, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1)
    scene.claim(LEASE)
    later = Office(replace(settings, clock_offset=LEASE + timedelta(seconds=1)))
    assert push(later, lines) == 1
    assert scene.pushed_versions(card_id) == {token_of(1): 2}
    later.engine.dispose()


def test_a_worker_that_comes_late_does_not_undo_what_the_other_one_pushed(
    scene: Scene, settings: Settings, lines: Lines
) -> None:
    card_id = scene.changed_card(1)
    late = scene.claim(LEASE)[0]
    with transaction(scene.office.engine) as session:
        phone = relaying.wishes(session, [late])[0]
    scene.stamp(card_id)
    scene.number()
    later = Office(replace(settings, clock_offset=LEASE + timedelta(seconds=1)))
    push(later, lines)
    later.engine.dispose()
    now = scene.office.clock.now()
    with transaction(scene.office.engine) as session:
        relaying.note_answers(session, [Told(late, phone.device_id, "200", accepted=True)], now)
        relaying.settle(session, [Ended(late, None, told=1)], now)
    assert scene.pushed_versions(card_id) == {token_of(1): 3}
    assert scene.publication(card_id).pushed_version == 3


def test_two_workers_at_once_push_each_change_once(scene: Scene, settings: Settings, service: PushService) -> None:
    for phone in range(60):
        scene.changed_card(phone)
    offices = [Office(settings) for _ in range(2)]
    together = threading.Barrier(4)

    def work(office: Office) -> int:
        together.wait()
        return push(office, Lines(office))

    with ThreadPoolExecutor(4) as pool:
        settled = list(pool.map(work, offices * 2))
    assert sum(settled) == 60
    assert Counter(service.accepted()) == Counter(token_of(phone) for phone in range(60))
    for office in offices:
        office.engine.dispose()


def test_a_silent_phone_does_not_hold_up_what_another_thread_pushes(
    scene: Scene, office: Office, lines: Lines, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PATIENCE, {"patience": 2.0})
    scene.changed_card(1)
    service.apns.script(token_of(1), [Answer(hang=True)])
    arrived = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(push, office, lines)
        assert until_pushed(service, token_of(1))
        other_id = scene.changed_card(2)
        service.on_push = lambda _token: arrived.set()
        assert push(office, lines) == 0, "the line has an owner, who is told to look"
        assert arrived.wait(1.5)
        assert not stuck.done()
        assert wait_until(lambda: scene.publication(other_id).push_at is None, 1)
        assert stuck.result(timeout=5) == 2
    assert service.apns.connections()["ever"] == 1


def until_pushed(service: PushService, token: str) -> bool:
    return wait_until(lambda: any(one.token == token for one in service.pushes()), 5)

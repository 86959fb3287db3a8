"""A throttled phone is left alone, one that did not come is told once more, and a storm loses none of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from issuer import relaying
from issuer.database import transaction
from issuer.history import ASLEEP, PhoneView
from issuer.history import phones as phones_of
from issuer.relaying import REPEATED_AFTER
from issuer.schema import Card, Device, Registration
from sandbox.apns import Answer
from tests.conftest import PASS_TYPE
from tests.worker.scene import PushService, Scene, token_of
from worker.apple_push import push_waiting
from worker.lines import Lines
from worker.office import Office
from worker.relay import Relay

SECOND = timedelta(seconds=1)
At = Callable[[timedelta], Office]


def push(office: Office, lines: Lines) -> int:
    return push_waiting(office, lines, PASS_TYPE)


@pytest.fixture
def at(office: Office, scene: Scene) -> At:
    """The same office and its scene, so much later."""

    def at(later: timedelta) -> Office:
        moved = Office(replace(office.settings, clock_offset=later))
        moved.__dict__["engine"] = office.engine
        scene.office = moved
        return moved

    return at


def change(scene: Scene, *cards: UUID) -> None:
    for card_id in cards:
        scene.stamp(card_id)
    scene.number()
    for card_id in cards:
        scene.due(card_id)


def asked(service: PushService) -> int:
    """How often the first phone was pushed to."""
    return Counter(push.token for push in service.pushes())[token_of(1)]


def device(scene: Scene, phone: int) -> Device:
    with transaction(scene.office.engine) as session:
        return session.query(Device).filter_by(push_token=token_of(phone)).one()


def test_a_throttled_phone_is_left_alone_whatever_changes_and_then_told_once(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At
) -> None:
    first, second = scene.changed_card(1, 2), scene.card(1)
    service.apns.script(token_of(1), [Answer(429)] * 3)
    push(office, lines)
    later = timedelta()
    for throttles in (1, 2, 3):
        row = device(scene, 1)
        assert row.throttles == throttles
        assert row.throttled_until is not None
        wait = row.throttled_until - at(later).clock.now()
        assert wait <= SECOND * 2**throttles
        at(row.throttled_until - office.clock.now() - 2 * SECOND)
        change(scene, first, second)
        push(scene.office, lines)
        assert asked(service) == throttles, "it is asked nothing before that"
        later = row.throttled_until - office.clock.now() + SECOND
        push(at(later), lines)
    assert asked(service) == 4
    assert Counter(service.accepted())[token_of(1)] == 1
    assert (device(scene, 1).throttles, device(scene, 1).throttled_until) == (0, None)
    for card_id in (first, second):
        row = scene.publication(card_id)
        assert row.push_at is None
        assert scene.pushed_versions(card_id)[token_of(1)] == row.tagged_version


def test_a_throttled_phone_keeps_no_other_phone_of_its_card_waiting(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.changed_card(1, 2)
    service.apns.script(token_of(1), [Answer(429)] * 9)
    push(office, lines)
    change(scene, card_id)
    push(office, lines)
    assert scene.pushed_versions(card_id) == {token_of(1): None, token_of(2): 3}
    until = device(scene, 1).throttled_until
    assert scene.publication(card_id).push_at == until


def fetch(scene: Scene, card_id: UUID, version: int) -> None:
    with transaction(scene.office.engine) as session:
        session.query(Registration).filter_by(pass_id=scene.passes[card_id]).update({"fetched_version": version})


def seen(scene: Scene, card_id: UUID) -> PhoneView:
    with transaction(scene.office.engine, scene.cafe.merchant_id) as session:
        (view,) = phones_of(session, session.get_one(Card, card_id))
        return view


def carry(office: Office, lines: Lines) -> None:
    """What relay and worker do."""
    Relay(office, lambda _pass_type: None).turn()
    push(office, lines)


def test_a_phone_that_was_told_and_never_came_is_told_once_more_under_a_fresh_tag_and_then_shown_as_out_of_step(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At
) -> None:
    card_id = scene.changed_card(1)
    push(office, lines)
    tag = scene.publication(card_id).tag
    carry(at(REPEATED_AFTER - SECOND), lines)
    assert len(service.accepted()) == 1
    again = REPEATED_AFTER + SECOND
    for later in (again, again + 5 * SECOND):
        carry(at(later), lines)
    assert service.accepted() == [token_of(1)] * 2
    row = scene.publication(card_id)
    assert (row.tag or 0) > (tag or 0)
    assert (row.wanted_version, row.tagged_version) == (2, 2)
    assert not seen(scene, card_id).out_of_step(at(again).clock.now())
    late = at(again + ASLEEP + 10 * SECOND).clock.now()
    assert seen(scene, card_id).out_of_step(late)
    assert "zweimal" in seen(scene, card_id).sentence("de", late)
    for days in (1, 2, 30):
        carry(at(timedelta(days=days)), lines)
    assert len(service.accepted()) == 2


def test_a_phone_that_came_is_not_told_again(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At
) -> None:
    card_id = scene.changed_card(1)
    push(office, lines)
    fetch(scene, card_id, 2)
    carry(at(2 * REPEATED_AFTER), lines)
    carry(at(2 * REPEATED_AFTER + SECOND), lines)
    assert len(service.accepted()) == 1
    assert not seen(scene, card_id).out_of_step(scene.office.clock.now())


def test_of_a_cards_phones_only_those_that_did_not_come_are_told_again(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At
) -> None:
    card_id = scene.changed_card(1, 2)
    push(office, lines)
    with transaction(office.engine) as session:
        session.query(Registration).filter_by(device_id=device(scene, 1).id).update({"fetched_version": 2})
    for later in (REPEATED_AFTER + SECOND, REPEATED_AFTER + 2 * SECOND):
        carry(at(later), lines)
    assert Counter(service.accepted()) == {token_of(1): 1, token_of(2): 2}
    assert scene.publication(card_id).push_at is None


def test_a_phone_out_of_step_is_told_of_the_next_change(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At
) -> None:
    card_id = scene.changed_card(1)
    push(office, lines)
    for later in (REPEATED_AFTER + SECOND, REPEATED_AFTER + 2 * SECOND):
        carry(at(later), lines)
    at(timedelta(days=1))
    change(scene, card_id)
    push(scene.office, lines)
    assert len(service.accepted()) == 3
    assert not seen(scene, card_id).out_of_step(scene.office.clock.now() + timedelta(minutes=30))


def test_what_waits_for_a_push_is_not_repeated_beside_it(scene: Scene, office: Office, lines: Lines, at: At) -> None:
    card_id = scene.changed_card(1)
    push(office, lines)
    scene.stamp(card_id)
    moved = at(2 * REPEATED_AFTER)
    with transaction(office.engine) as session:
        assert relaying.repeat_unfetched(session, moved.clock.now()) == 0


def test_a_storm_of_dead_and_throttled_phones_and_goaways_loses_none_and_tells_none_twice(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At
) -> None:
    count = 240
    cards = [scene.changed_card(phone) for phone in range(count)]
    dead, throttled = set(range(0, count, 20)), set(range(7, count, 60))
    for phone in dead:
        service.apns.script(token_of(phone), [Answer(410)])
    for phone in throttled:
        service.apns.script(token_of(phone), [Answer(429)])
    for phone in (50, 130, 210):
        service.apns.script(token_of(phone), [Answer(goaway=True)])
    push(office, lines)
    push(at(timedelta(seconds=10)), lines)
    told = Counter(service.accepted())
    assert told == Counter(token_of(phone) for phone in range(count) if phone not in dead)
    asked = Counter(push.token for push in service.pushes() if push.status is not None)
    assert {asked[token_of(phone)] for phone in throttled} == {2}
    assert sum(asked.values()) == count + len(throttled)
    assert {scene.publication(card_id).push_at for card_id in cards} == {None}
    assert {len(scene.pushed_versions(card_id)) for card_id in cards} == {0, 1}

"""One connection a certificate, kept open, with one owner at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from cli.processes import wait_until
from issuer import certificates, relaying
from issuer.database import transaction
from issuer.schema import Certificate
from sandbox.apns import Answer
from tests.conftest import PASS_TYPE
from tests.worker.scene import PushService, Scene, token_of
from worker.apple_push import push_waiting
from worker.lines import Lines
from worker.office import Office


def push(office: Office, lines: Lines) -> int:
    return push_waiting(office, lines, PASS_TYPE)


def test_pushes_of_an_hour_go_over_one_connection(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    for phone in range(5):
        scene.changed_card(phone)
        push(office, lines)
    assert len(service.accepted()) == 5
    assert service.apns.connections() == {"open": 1, "ever": 1}


def test_threads_that_push_at_once_share_one_connection_and_push_each_change_once(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    for phone in range(40):
        scene.changed_card(phone)
    together = threading.Barrier(4)

    def work(_number: int) -> int:
        together.wait()
        return push(office, lines)

    with ThreadPoolExecutor(4) as pool:
        settled = list(pool.map(work, range(4)))
    assert sum(settled) == 40
    assert sorted(service.accepted()) == sorted(token_of(phone) for phone in range(40))
    assert service.apns.connections()["ever"] == 1


def test_a_change_that_comes_while_the_owner_is_about_to_leave_is_not_left_behind(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    line = lines.of(PASS_TYPE)
    with line.taken() as mine:
        assert mine
        card_id = scene.changed_card(1)
        assert push(office, lines) == 0
        assert line.wanted
    push(office, lines)
    assert scene.pushed_versions(card_id) == {token_of(1): 2}
    assert not line.wanted


def test_an_idle_connection_is_closed_and_the_next_push_opens_it_anew(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    scene.changed_card(1)
    push(office, lines)
    lines.close_idle()
    assert service.apns.connections()["open"] == 1
    lines.close_idle(0)
    assert wait_until(lambda: service.apns.connections()["open"] == 0, 5)
    scene.changed_card(2)
    push(office, lines)
    assert service.accepted() == [token_of(1), token_of(2)]
    assert service.apns.connections()["ever"] == 2


def test_a_connection_at_work_is_not_closed_as_idle(lines: Lines, scene: Scene) -> None:
    line = lines.of(PASS_TYPE)
    with line.taken():
        lines.close_idle(0)
        with line.taken() as mine:
            assert not mine


def test_a_renewed_certificate_gets_a_connection_of_its_own_and_the_old_one_is_closed(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    scene.changed_card(1)
    push(office, lines)
    with transaction(office.engine) as session:
        row = certificates.newest(session, PASS_TYPE)
        opened = certificates.opened(row, office.keys)
        session.delete(row)
        session.flush()
        certificates.store(session, office.keys, opened, office.clock.now())
        assert session.query(Certificate).count() == 1
    scene.changed_card(2)
    push(office, lines)
    assert service.accepted() == [token_of(1), token_of(2)]
    assert wait_until(lambda: service.apns.connections() == {"open": 1, "ever": 2}, 5)


def test_a_worker_that_stumbles_forgets_what_was_under_way_and_the_next_begins_afresh(
    scene: Scene, office: Office, lines: Lines, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    card_id = scene.changed_card(1)
    service.apns.script(token_of(1), [Answer(200)])

    def stumble(*_given: object, **_named: object) -> None:
        raise OSError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(relaying, "note_answers", stumble)
        with pytest.raises(OSError, match="away"):
            push(office, lines)
    assert not lines.of(PASS_TYPE).connection.is_waiting
    assert scene.publication(card_id).leased_until is not None
    other_id = scene.changed_card(2)
    assert push(office, lines) == 1
    assert scene.pushed_versions(other_id) == {token_of(2): 2}
    with transaction(office.engine) as session:
        later = office.clock.now() + timedelta(seconds=30)
        assert relaying.waiting_pass_types(session, later) == [PASS_TYPE]

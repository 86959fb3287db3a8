"""When Apple refuses a pass type or cannot be reached, all waits, nothing is lost, one push at a time asks again."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from issuer import certificates, push_stops, relaying
from issuer.database import transaction
from issuer.schema import PushStop
from sandbox.apns import Answer
from signing.certificates import PassCertificate
from tests.conftest import PASS_TYPE, Cafe
from tests.worker.scene import PushService, Scene, token_of
from worker.apple_push import push_waiting
from worker.lines import Lines
from worker.office import Office

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
PATIENCE = "worker.apns.ApnsConnection.__init__.__kwdefaults__"
At = Callable[[timedelta], Office]


def push(office: Office, lines: Lines) -> int:
    return push_waiting(office, lines, PASS_TYPE)


def stop_of(office: Office) -> PushStop | None:
    with transaction(office.engine) as session:
        return push_stops.stop_of(session, PASS_TYPE)


def hinted(office: Office) -> list[str]:
    """What the relay would hint."""
    with transaction(office.engine) as session:
        return relaying.waiting_pass_types(session, office.clock.now())


@pytest.fixture
def at(office: Office) -> At:
    """The same office, so much later."""

    def at(later: timedelta) -> Office:
        moved = Office(replace(office.settings, clock_offset=later))
        moved.__dict__["engine"] = office.engine
        return moved

    return at


def test_a_refused_certificate_stops_the_pass_type_and_keeps_the_queue_as_it_is(
    scene: Scene, office: Office, lines: Lines, service: PushService, caplog: pytest.LogCaptureFixture
) -> None:
    cards = [scene.changed_card(phone) for phone in range(5)]
    before = [scene.publication(card_id).push_at for card_id in cards]
    service.apns.script("*", [Answer(403)] * 20)
    assert push(office, lines) == 0
    rows = [scene.publication(card_id) for card_id in cards]
    assert [row.push_at for row in rows] == before
    assert [(row.leased_until, row.attempts) for row in rows] == [(None, 0)] * 5
    stopped = stop_of(office)
    assert stopped is not None
    assert (stopped.refused, stopped.answer, stopped.probes) == (True, "403 BadCertificate", 0)
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(said) == 1
    assert PASS_TYPE in said[0]
    assert "403 BadCertificate" in said[0]
    assert "treuepass certificate show" in said[0]


def test_while_a_pass_type_is_stopped_nothing_of_it_is_pushed_nor_hinted(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At
) -> None:
    scene.changed_card(1)
    service.apns.script("*", [Answer(403)])
    push(office, lines)
    scene.changed_card(2)
    for later in (timedelta(), 59 * SECOND):
        assert hinted(at(later)) == []
        assert push(at(later), lines) == 0
    assert len(service.pushes()) == 1
    assert hinted(at(MINUTE)) == [PASS_TYPE]


def test_a_stopped_pass_type_is_asked_about_with_one_push_and_later_each_time(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At
) -> None:
    for phone in range(5):
        scene.changed_card(phone)
    service.apns.script("*", [Answer(403)] * 100)
    push(office, lines)
    first, later = len(service.pushes()), timedelta()
    for probe in range(1, 9):
        stopped = stop_of(office)
        assert stopped is not None
        wait = stopped.probe_at - at(later).clock.now()
        assert MINUTE - SECOND < wait <= min(15 * MINUTE, MINUTE * 2 ** (probe - 1))
        later += wait + SECOND
        assert push(at(later), lines) == 0
        assert len(service.pushes()) == first + probe


def probed(at: At, lines: Lines, times: int) -> PushStop:
    """What is noted after so many more probes, each as soon as it may be."""
    later = timedelta()
    for _ in range(times):
        stopped = stop_of(at(later))
        assert stopped is not None
        later += max(timedelta(), stopped.probe_at - at(later).clock.now()) + SECOND
        assert push(at(later), lines) == 0
    found = stop_of(at(later))
    assert found is not None
    return found


def test_a_certificate_that_apple_has_revoked_is_known_by_the_same_answer_again_and_again(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At
) -> None:
    scene.changed_card(1)
    service.apns.script("*", [Answer(403)] * 20)
    push(office, lines)
    before = stop_of(office)
    assert before is not None
    assert not push_stops.is_invalid(before)
    after = probed(at, lines, push_stops.SURE)
    assert push_stops.is_invalid(after)
    assert after.probe_at - before.since >= push_stops.SURE * MINUTE


@pytest.mark.parametrize("reason", ["BadCertificateEnvironment", "Forbidden", "InvalidProviderToken"])
def test_no_other_refusal_says_that_of_a_certificate(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At, reason: str
) -> None:
    scene.changed_card(1)
    service.apns.script("*", [Answer(403, reason)] * 20)
    push(office, lines)
    assert not push_stops.is_invalid(probed(at, lines, push_stops.SURE + 2))


def test_hours_in_which_apple_was_away_do_not_count_against_the_certificate(office: Office, certificate: None) -> None:
    def told(answer: str, *, refused: bool) -> PushStop:
        now = office.clock.now()
        with transaction(office.engine) as session:
            push_stops.stop(session, PASS_TYPE, answer, now, now + MINUTE, refused=refused)
        stopped = stop_of(office)
        assert stopped is not None
        return stopped

    for number in range(30):
        assert told("503 ServiceUnavailable", refused=False).probes == number
    verdicts = [push_stops.is_invalid(told("403 BadCertificate", refused=True)) for _ in range(push_stops.SURE + 1)]
    assert verdicts == [False] * push_stops.SURE + [True]


@pytest.mark.parametrize("answer", [Answer(200), Answer(410), Answer(429)])
def test_a_proper_answer_to_the_probe_sends_all_that_was_kept(
    scene: Scene,
    office: Office,
    lines: Lines,
    service: PushService,
    at: At,
    answer: Answer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cards = [scene.changed_card(phone) for phone in range(5)]
    service.apns.script("*", [Answer(403)] * 5)
    push(office, lines)
    refused = len(service.pushes())
    service.apns.script("*", [answer])
    push(at(2 * MINUTE), lines)
    assert stop_of(office) is None
    assert "again" in caplog.records[-1].getMessage()
    assert len(service.pushes()) == refused + 5
    told = [version for card_id in cards for version in scene.pushed_versions(card_id).values()]
    assert told.count(2) == (5 if answer.status == 200 else 4)


def test_a_new_certificate_is_tried_at_once(
    scene: Scene, office: Office, lines: Lines, service: PushService, pass_certificate: PassCertificate
) -> None:
    card_id = scene.changed_card(1)
    service.apns.script("*", [Answer(403)])
    push(office, lines)
    with transaction(office.engine) as session:
        certificates.store(session, office.keys, pass_certificate, office.clock.now())
    assert hinted(office) == [PASS_TYPE]
    push(office, lines)
    assert scene.pushed_versions(card_id) == {token_of(1): 2}


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "TopicDisallowed"), (400, "BadTopic"), (403, "BadCertificateEnvironment"), (403, "Forbidden"), (413, None)],
)
def test_what_would_be_refused_to_every_phone_stops_the_pass_type(
    scene: Scene, office: Office, lines: Lines, service: PushService, status: int, reason: str | None
) -> None:
    scene.changed_card(1)
    service.apns.script("*", [Answer(status, reason or "PayloadTooLarge")])
    push(office, lines)
    assert stop_of(office) is not None


def test_a_stop_concerns_the_merchants_with_cards_of_that_type_and_no_other(
    scene: Scene, office: Office, lines: Lines, service: PushService, cafe: Cafe, other_cafe: Cafe
) -> None:
    scene.changed_card(1)
    service.apns.script("*", [Answer(403)])
    push(office, lines)
    with transaction(office.engine) as session:
        assert push_stops.stop_of_merchant(session, cafe.merchant_id) is not None
        assert push_stops.stop_of_merchant(session, other_cafe.merchant_id) is None


@contextmanager
def nobody_there(lines: Lines) -> Iterator[None]:
    """Apple's address, and nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    connection = lines.of(PASS_TYPE).connection
    url, connection._url = connection._url, f"https://127.0.0.1:{port}"
    yield
    connection._url = url


def test_when_apple_cannot_be_reached_all_waits_and_is_sent_within_a_minute_of_its_return(
    scene: Scene, office: Office, lines: Lines, service: PushService, at: At, caplog: pytest.LogCaptureFixture
) -> None:
    cards = [scene.changed_card(phone) for phone in range(300)]
    later = timedelta()
    with nobody_there(lines):
        for _ in range(12):
            assert push(at(later), lines) == 0
            stopped = stop_of(office)
            assert stopped is not None
            assert not stopped.refused
            wait = stopped.probe_at - at(later).clock.now()
            assert timedelta() < wait <= MINUTE
            later += wait + SECOND
    assert {scene.publication(card_id).attempts for card_id in cards} == {0}
    assert len([record for record in caplog.records if "cannot be reached" in record.getMessage()]) == 1
    assert push(at(later), lines) == 300
    assert sorted(service.accepted()) == sorted(token_of(phone) for phone in range(300))


def test_twenty_phones_in_trouble_with_no_answer_between_them_are_apples_trouble(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    for phone in range(19):
        scene.changed_card(phone)
    service.apns.script("*", [Answer(503)] * 19)
    push(office, lines)
    assert stop_of(office) is None
    scene.changed_card(100)
    service.apns.script("*", [Answer(503)])
    push(office, lines)
    stopped = stop_of(office)
    assert stopped is not None
    assert (stopped.refused, stopped.answer) == (False, "503 ServiceUnavailable")


def test_phones_in_trouble_among_others_that_are_answered_stop_nothing(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    for phone in range(60):
        scene.changed_card(phone)
    service.apns.script("*", [Answer(500), Answer(200)] * 30)
    push(office, lines)
    assert stop_of(office) is None
    assert len(service.accepted()) == 30


def test_a_stop_of_one_pass_type_leaves_another_alone(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    now = datetime.now(UTC)
    with transaction(office.engine) as session:
        push_stops.stop(session, "pass.example.other", "403 BadCertificate", now, now + MINUTE, refused=True)
    card_id = scene.changed_card(1)
    push(office, lines)
    assert scene.pushed_versions(card_id) == {token_of(1): 2}

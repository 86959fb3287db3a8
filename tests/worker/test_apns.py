"""Every token gets an answer, whatever the connection does, and no phone is woken twice for nothing."""

import socket
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from cli.processes import wait_until
from sandbox.apns import Answer
from sandbox.authority import Authority
from signing.certificates import PassCertificate
from tests.conftest import PASS_TYPE
from tests.worker.scene import PushService, token_of
from worker.apns import IN_FLIGHT, SILENCE, ApnsConnection, PushAnswer

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TOKEN = token_of(1)


def test_an_accepted_push_says_no_more_than_the_protocol_wants(
    connection: ApnsConnection, service: PushService
) -> None:
    assert connection.push([TOKEN], NOW)[TOKEN].accepted
    push = service.pushes()[0]
    assert (push.body, push.topic, push.priority, push.push_type) == ("{}", PASS_TYPE, None, None)
    assert push.expiration == str(int((NOW + timedelta(days=7)).timestamp()))


def test_no_token_is_no_push(connection: ApnsConnection, service: PushService) -> None:
    assert connection.push([], NOW) == {}
    assert service.pushes() == []


def test_a_token_named_twice_is_pushed_once(connection: ApnsConnection, service: PushService) -> None:
    assert list(connection.push([TOKEN, TOKEN], NOW)) == [TOKEN]
    assert service.accepted() == [TOKEN]


def test_a_batch_larger_than_the_streams_in_flight_goes_over_one_connection(
    connection: ApnsConnection, service: PushService
) -> None:
    tokens = [token_of(n) for n in range(350)]
    assert all(answer.accepted for answer in connection.push(tokens, NOW).values())
    connection.push(tokens[:1], NOW)
    assert sorted(service.accepted()) == sorted([*tokens, tokens[0]])
    assert service.apns.connections()["ever"] == 1


def test_a_dead_token_is_gone_since_the_moment_that_apple_names(
    connection: ApnsConnection, service: PushService
) -> None:
    service.apns.script(TOKEN, [Answer(410, "Unregistered", 1_795_000_000_123)])
    answer = connection.push([TOKEN], NOW)[TOKEN]
    assert answer.gone
    assert answer.gone_at == datetime.fromtimestamp(1_795_000_000.123, UTC)
    assert str(answer) == "410 Unregistered"


def test_a_moment_in_seconds_is_understood_too(connection: ApnsConnection, service: PushService) -> None:
    service.apns.script(TOKEN, [Answer(410, "Unregistered", 1_795_000_000)])
    assert connection.push([TOKEN], NOW)[TOKEN].gone_at == datetime.fromtimestamp(1_795_000_000, UTC)


@pytest.mark.parametrize("moment", [10**30, -(10**30), 10**16])
def test_a_moment_that_no_calendar_has_is_none(connection: ApnsConnection, service: PushService, moment: int) -> None:
    service.apns.script(TOKEN, [Answer(410, "Unregistered", moment)])
    assert connection.push([TOKEN], NOW)[TOKEN] == PushAnswer(410, "Unregistered")


@pytest.mark.parametrize(("reason", "kept"), [("a\x00b\nc", "abc"), ("r" * 5000, "r" * 200)])
def test_a_reason_is_kept_as_one_short_line_that_a_text_column_takes(
    connection: ApnsConnection, service: PushService, reason: str, kept: str
) -> None:
    service.apns.script(TOKEN, [Answer(503, reason)])
    assert connection.push([TOKEN], NOW)[TOKEN] == PushAnswer(503, kept)


@pytest.mark.parametrize(
    ("status", "reason", "accepted", "gone", "ours"),
    [
        (400, "BadDeviceToken", False, True, False),
        (400, "DeviceTokenNotForTopic", False, False, True),
        (400, "TopicDisallowed", False, False, True),
        (403, "BadCertificate", False, False, True),
        (413, "PayloadTooLarge", False, False, True),
        (429, "TooManyRequests", False, False, False),
        (500, "InternalServerError", False, False, False),
        (503, "ServiceUnavailable", False, False, False),
    ],
)
def test_each_refusal_says_whose_fault_it_is(
    connection: ApnsConnection, service: PushService, status: int, reason: str, accepted: bool, gone: bool, ours: bool
) -> None:
    service.apns.script(TOKEN, [Answer(status, reason)])
    answer = connection.push([TOKEN], NOW)[TOKEN]
    assert answer == PushAnswer(status, reason)
    assert (answer.accepted, answer.gone, answer.ours, answer.lost) == (accepted, gone, ours, False)


def test_a_refused_push_is_not_tried_again_at_once(connection: ApnsConnection, service: PushService) -> None:
    service.apns.script(TOKEN, [Answer(503), Answer(200)])
    assert connection.push([TOKEN], NOW)[TOKEN].status == 503
    assert len(service.pushes()) == 1


@pytest.mark.parametrize("token", ["a b", "../../device", f"{TOKEN}?x", "ü" * 40, "%zz"])
def test_a_token_that_no_phone_has_is_apples_to_refuse(connection: ApnsConnection, token: str) -> None:
    answers = connection.push([TOKEN, token], NOW)
    assert answers[token].reason == "BadDeviceToken"
    assert answers[TOKEN].accepted


def test_a_goaway_in_the_middle_of_a_batch_leaves_no_token_unanswered_and_none_pushed_twice(
    connection: ApnsConnection, service: PushService
) -> None:
    tokens = [token_of(n) for n in range(300)]
    service.apns.script(tokens[150], [Answer(goaway=True)])
    answers = connection.push(tokens, NOW)
    assert Counter(answer.status for answer in answers.values()) == {200: 300}
    assert Counter(service.accepted()) == Counter(tokens)
    assert service.apns.connections()["ever"] == 2


def test_a_connection_that_ended_while_idle_is_opened_anew(connection: ApnsConnection, service: PushService) -> None:
    connection.push([TOKEN], NOW)
    assert service.apns.go_away() == 1
    assert connection.push([TOKEN], NOW)[TOKEN].accepted
    assert service.accepted() == [TOKEN, TOKEN]


def test_a_connection_that_ends_every_time_is_given_up_after_three(
    connection: ApnsConnection, service: PushService
) -> None:
    service.apns.script("*", [Answer(goaway=True)] * 50)
    answer = connection.push([TOKEN], NOW)[TOKEN]
    assert answer.status == 0
    assert 1 <= len(service.pushes()) < 20
    service.apns.script("*", [])
    assert connection.push([TOKEN], NOW)[TOKEN].accepted


def test_one_silent_stream_holds_up_none_of_the_others_and_is_not_repeated(
    connection: ApnsConnection, service: PushService
) -> None:
    tokens = [token_of(n) for n in range(250)]
    service.apns.script(tokens[3], [Answer(hang=True)])
    begin = datetime.now(UTC)
    answers = connection.push(tokens, NOW)
    took = (datetime.now(UTC) - begin).total_seconds()
    assert answers[tokens[3]] == PushAnswer(0, SILENCE)
    assert Counter(answer.status for answer in answers.values()) == {200: 249, 0: 1}
    assert Counter(push.token for push in service.pushes()) == Counter(tokens)
    last = datetime.fromisoformat(service.pushes()[-1].at)
    assert (last - begin).total_seconds() < 0.9, "the others waited for the silent one"
    assert took < 2.5


def test_a_server_that_is_down_is_an_answer_for_every_token(
    authority: Authority, pass_certificate: PassCertificate
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    connection = ApnsConnection(f"https://127.0.0.1:{port}", str(authority.root), pass_certificate)
    tokens = [token_of(n) for n in range(150)]
    answers = connection.push(tokens, NOW)
    assert {answer.status for answer in answers.values()} == {0}
    assert set(answers) == set(tokens)
    assert "connect" in str(answers[tokens[0]])


def test_a_server_of_another_authority_gets_no_push(service: PushService, pass_certificate: PassCertificate) -> None:
    answer = ApnsConnection(service.url, None, pass_certificate).push([TOKEN], NOW)[TOKEN]
    assert answer.status == 0
    assert "certificate" in answer.reason
    assert service.pushes() == []


class Wire:
    """A TCP relay before the push service that can go deaf, as a router does that lost its memory."""

    def __init__(self, port: int) -> None:
        self._port, self._deaf, self._ends = port, set[int](), list[socket.socket]()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listening.getsockname()[1]}"
        self.opened = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def go_deaf(self) -> None:
        """Swallow what comes over the connections there are; new ones work."""
        self._deaf |= set(range(1, self.opened + 1))

    def cut(self) -> None:
        """End the connections there are without a farewell."""
        for end in self._ends:
            end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                self.opened += 1
                self._ends += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(*ends, self.opened), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, number: int) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if number not in self._deaf:
                    target.sendall(data)


def test_a_connection_gone_deaf_is_given_up_and_the_next_push_arrives(
    service: PushService, authority: Authority, pass_certificate: PassCertificate
) -> None:
    wire = Wire(service.port)
    connection = ApnsConnection(wire.url, str(authority.root), pass_certificate, patience=0.5)
    assert connection.push([TOKEN], NOW)[TOKEN].accepted
    wire.go_deaf()
    assert connection.push([TOKEN], NOW)[TOKEN].reason == SILENCE
    assert connection.push([TOKEN], NOW)[TOKEN].accepted
    assert wire.opened == 2
    wire.close()


def test_a_deaf_connection_costs_a_large_batch_only_what_was_under_way_on_it(
    service: PushService, authority: Authority, pass_certificate: PassCertificate
) -> None:
    wire = Wire(service.port)
    connection = ApnsConnection(wire.url, str(authority.root), pass_certificate, patience=0.5)
    assert connection.push([TOKEN], NOW)[TOKEN].accepted
    wire.go_deaf()
    tokens = [token_of(n) for n in range(1000)]
    answers = connection.push(tokens, NOW)
    assert set(answers) == set(tokens)
    silent = [token for token, answer in answers.items() if answer.reason == SILENCE]
    assert 1 <= len(silent) <= IN_FLIGHT
    assert Counter(service.accepted()) == Counter([TOKEN, *(set(tokens) - set(silent))])
    assert wire.opened == 2
    wire.close()


def test_a_silent_phone_among_others_does_not_end_the_connection(
    connection: ApnsConnection, service: PushService
) -> None:
    service.apns.script(token_of(3), [Answer(hang=True)])
    connection.begin("silent", token_of(3), NOW)
    told = dict[str, PushAnswer]()
    number = 100
    while "silent" not in told:
        if connection.room > IN_FLIGHT - 2:
            number += 1
            connection.begin(f"phone {number}", token_of(number), NOW)
        told |= dict(connection.answered(0.05))
    assert told.pop("silent").reason == SILENCE
    assert {answer.status for answer in told.values()} == {200}
    assert service.apns.connections()["ever"] == 1


def test_a_closed_connection_forgets_what_was_under_way_and_is_opened_anew_by_the_next_push(
    connection: ApnsConnection, service: PushService
) -> None:
    service.apns.script(TOKEN, [Answer(hang=True)])
    connection.begin("forgotten", TOKEN, NOW)
    assert wait_until(lambda: connection.answered(0.01) == [] and len(service.pushes()) == 1, 5)
    connection.close()
    assert not connection.is_waiting
    assert connection.answered(0.01) == []
    assert connection.push([TOKEN], NOW)[TOKEN].accepted
    assert wait_until(lambda: service.apns.connections()["open"] == 1, 5)


def test_no_more_pushes_are_under_way_than_there_is_room_for(connection: ApnsConnection, service: PushService) -> None:
    assert connection.room == IN_FLIGHT
    connection.begin("one", TOKEN, NOW)
    assert (connection.room, connection.is_waiting) == (IN_FLIGHT - 1, True)
    while connection.is_waiting:
        connection.answered(0.1)
    assert connection.room == IN_FLIGHT


def test_a_push_whose_connection_is_cut_before_the_answer_is_made_again(
    service: PushService, authority: Authority, pass_certificate: PassCertificate
) -> None:
    wire = Wire(service.port)
    connection = ApnsConnection(wire.url, str(authority.root), pass_certificate, patience=5)
    service.apns.script(TOKEN, [Answer(hang=True)])
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(connection.push, [TOKEN], NOW)
        assert wait_until(lambda: len(service.pushes()) == 1, 5)
        wire.cut()
        assert answers.result(timeout=5)[TOKEN].accepted
    assert service.accepted() == [TOKEN]
    wire.close()

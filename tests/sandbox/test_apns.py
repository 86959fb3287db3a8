import json
import socket
import ssl
from dataclasses import dataclass, field
from io import BytesIO

import pycurl
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, Event

from sandbox.apns import Answer, ScriptRefused, read_answer
from sandbox.authority import Authority
from tests.sandbox.parts import PASS_TYPE, RunningApns, until

TOKEN = "ab" * 32


@dataclass
class Answered:
    status: int
    body: dict[str, object]
    headers: dict[str, str]
    version: int


@dataclass
class Client:
    """pycurl as a provider uses it: one connection, a client certificate, one root to trust."""

    authority: Authority
    port: int
    certificates: Authority | None = None
    curl: pycurl.Curl = field(default_factory=pycurl.Curl)

    def __post_init__(self) -> None:
        curl = self.curl
        curl.setopt(curl.HTTP_VERSION, curl.CURL_HTTP_VERSION_2TLS)
        curl.setopt(curl.CAINFO, str(self.authority.root))
        curl.setopt(curl.TIMEOUT_MS, 4000)
        if self.certificates:
            curl.setopt(curl.SSLCERT_BLOB, self.certificates.pass_certificate.read_bytes())
            curl.setopt(curl.SSLKEY_BLOB, self.certificates.pass_key.read_bytes())

    def push(self, token: str = TOKEN, *, body: str = "{}", headers: tuple[str, ...] = ()) -> Answered:
        curl, received, lines = self.curl, BytesIO(), BytesIO()
        curl.setopt(curl.URL, f"https://127.0.0.1:{self.port}/3/device/{token}")
        curl.setopt(curl.POSTFIELDS, body)
        curl.setopt(curl.HTTPHEADER, list(headers))
        curl.setopt(curl.WRITEFUNCTION, received.write)
        curl.setopt(curl.HEADERFUNCTION, lines.write)
        curl.perform()
        pairs = [line.split(": ", 1) for line in lines.getvalue().decode().splitlines() if ": " in line]
        return Answered(
            status=curl.getinfo(curl.RESPONSE_CODE),
            body=json.loads(received.getvalue() or b"{}"),
            headers=dict(pairs),
            version=curl.getinfo(curl.INFO_HTTP_VERSION),
        )


@pytest.fixture
def client(authority: Authority, running: RunningApns) -> Client:
    return Client(authority, running.port, authority)


def test_a_push_is_accepted_over_http2_with_an_id_and_delivered(client: Client, running: RunningApns) -> None:
    answered = client.push(headers=(f"apns-topic: {PASS_TYPE}",))
    assert answered.status == 200
    assert answered.version == pycurl.CURL_HTTP_VERSION_2_0
    assert answered.headers["apns-id"]
    assert answered.body == {}
    assert running.delivered == [(TOKEN, PASS_TYPE)]


def test_without_a_topic_the_certificate_says_which(client: Client, running: RunningApns) -> None:
    assert client.push().status == 200
    assert running.delivered == [(TOKEN, PASS_TYPE)]


def test_an_id_given_by_the_provider_comes_back(client: Client) -> None:
    given = "EC1BF194-B3B2-424A-89A9-5A918A6E6B5E"
    assert client.push(headers=(f"apns-id: {given}",)).headers["apns-id"] == given


def test_a_client_without_a_certificate_is_refused(authority: Authority, running: RunningApns) -> None:
    with pytest.raises(pycurl.error):
        Client(authority, running.port).push()
    assert running.apns.pushes() == []


def test_a_certificate_of_another_authority_is_refused(
    authority: Authority, foreign_authority: Authority, running: RunningApns
) -> None:
    with pytest.raises(pycurl.error):
        Client(authority, running.port, foreign_authority).push()
    assert running.apns.pushes() == []


@pytest.mark.parametrize(
    ("push", "status", "reason"),
    [
        ((TOKEN, "{}", "apns-topic: pass.org.example.other"), 400, "TopicDisallowed"),
        (("not-a-token", "{}"), 400, "BadDeviceToken"),
        (("", "{}"), 400, "MissingDeviceToken"),
        ((TOKEN, ""), 400, "PayloadEmpty"),
        ((TOKEN, "x" * 4097), 413, "PayloadTooLarge"),
        ((TOKEN, "{}", "apns-priority: 7"), 400, "BadPriority"),
        ((TOKEN, "{}", "apns-expiration: soon"), 400, "BadExpirationDate"),
        ((TOKEN + "/more", "{}"), 404, "BadPath"),
    ],
)
def test_a_request_that_apns_would_refuse_gets_its_reason_and_reaches_no_phone(
    client: Client, running: RunningApns, push: tuple[str, ...], status: int, reason: str
) -> None:
    token, body, *headers = push
    answered = client.push(token, body=body, headers=tuple(headers))
    assert (answered.status, answered.body) == (status, {"reason": reason})
    assert running.delivered == []


def test_a_dead_token_is_answered_410_with_the_moment_it_died(client: Client, running: RunningApns) -> None:
    running.apns.script(TOKEN, [read_answer({"status": 410, "timestamp": 1_790_000_000_123})])
    answered = client.push()
    assert answered.status == 410
    assert answered.body == {"reason": "Unregistered", "timestamp": 1_790_000_000_123}
    assert running.delivered == []


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "BadCertificate"), (429, "TooManyRequests"), (503, "ServiceUnavailable")]
)
def test_a_scripted_answer_is_given_once_and_then_all_is_well(
    client: Client, running: RunningApns, status: int, reason: str
) -> None:
    running.apns.script(TOKEN, [Answer(status)])
    first, second = client.push(), client.push()
    assert (first.status, first.body) == (status, {"reason": reason})
    assert second.status == 200
    assert len(running.delivered) == 1


def test_a_script_for_one_token_leaves_the_others_alone(client: Client, running: RunningApns) -> None:
    running.apns.script(TOKEN, [Answer(503)])
    assert client.push("cd" * 32).status == 200
    assert client.push().status == 503


def test_a_script_for_all_tokens_holds_for_any(client: Client, running: RunningApns) -> None:
    running.apns.script("*", [Answer(429)])
    assert client.push("cd" * 32).status == 429


def test_a_push_that_hangs_is_never_answered_but_the_connection_lives(client: Client, running: RunningApns) -> None:
    running.apns.script(TOKEN, [Answer(hang=True)])
    client.curl.setopt(pycurl.TIMEOUT_MS, 300)
    with pytest.raises(pycurl.error):
        client.push()
    client.curl.setopt(pycurl.TIMEOUT_MS, 4000)
    assert client.push("cd" * 32).status == 200


def test_an_answer_without_sense_is_refused_in_a_sentence() -> None:
    with pytest.raises(ScriptRefused, match="no 'colour'"):
        read_answer({"colour": "red"})
    with pytest.raises(ScriptRefused, match="give one"):
        read_answer({"status": 418})
    with pytest.raises(ScriptRefused, match="whole numbers"):
        read_answer({"status": 410, "timestamp": "soon"})


def test_every_push_is_listed_with_what_was_answered(client: Client, running: RunningApns) -> None:
    running.apns.script(TOKEN, [Answer(410)])
    client.push()
    client.push(headers=("apns-priority: 5",))
    first, second = running.apns.pushes()
    assert (first.status, first.reason, first.topic) == (410, "Unregistered", PASS_TYPE)
    assert (second.status, second.priority, second.body) == (200, "5", "{}")
    assert running.apns.pushes(since=first.n) == [second]


def test_many_pushes_share_one_connection(client: Client, running: RunningApns) -> None:
    for number in range(30):
        assert client.push(f"{number:064x}").status == 200
    assert running.apns.connections() == {"open": 1, "ever": 1}


def _raw(authority: Authority, port: int) -> tuple[ssl.SSLSocket, H2Connection]:
    context = ssl.create_default_context(cafile=str(authority.root))
    context.load_cert_chain(authority.pass_certificate, authority.pass_key)
    context.set_alpn_protocols(["h2"])
    plain = socket.create_connection(("127.0.0.1", port), timeout=4)
    wire = context.wrap_socket(plain, server_hostname="127.0.0.1")
    h2 = H2Connection(H2Configuration(client_side=True))
    h2.initiate_connection()
    wire.sendall(h2.data_to_send())
    return wire, h2


def _send_push(wire: ssl.SSLSocket, h2: H2Connection, stream: int) -> None:
    headers = [
        (":method", "POST"),
        (":path", f"/3/device/{TOKEN}"),
        (":scheme", "https"),
        (":authority", "x"),
    ]
    h2.send_headers(stream, headers)
    h2.send_data(stream, b"{}", end_stream=True)
    wire.sendall(h2.data_to_send())


def _events_to_the_end(wire: ssl.SSLSocket, h2: H2Connection) -> list[Event]:
    events: list[Event] = []
    while data := wire.recv(65536):
        events += h2.receive_data(data)
    return events


def test_goaway_on_demand_is_a_real_frame_with_its_reason(authority: Authority, running: RunningApns) -> None:
    wire, h2 = _raw(authority, running.port)
    _send_push(wire, h2, 1)
    until(lambda: running.delivered)
    assert running.apns.go_away() == 1
    (last,) = [event for event in _events_to_the_end(wire, h2) if isinstance(event, ConnectionTerminated)]
    assert (last.error_code, last.last_stream_id) == (0, 1)
    assert last.additional_data == b'{"reason":"Shutdown"}'


def test_a_goaway_names_the_last_stream_that_was_answered(authority: Authority, running: RunningApns) -> None:
    running.apns.script(TOKEN, [Answer(200), Answer(goaway=True)])
    wire, h2 = _raw(authority, running.port)
    _send_push(wire, h2, 1)
    _send_push(wire, h2, 3)
    (last,) = [event for event in _events_to_the_end(wire, h2) if isinstance(event, ConnectionTerminated)]
    assert last.last_stream_id == 1
    assert len(running.delivered) == 1


def test_after_a_goaway_the_next_push_finds_a_new_connection(client: Client, running: RunningApns) -> None:
    assert client.push().status == 200
    running.apns.go_away()
    until(lambda: running.apns.connections()["open"] == 0)
    assert client.push().status == 200
    assert running.apns.connections()["ever"] == 2


def test_a_client_that_does_not_speak_http2_is_hung_up_on(authority: Authority, running: RunningApns) -> None:
    context = ssl.create_default_context(cafile=str(authority.root))
    context.load_cert_chain(authority.pass_certificate, authority.pass_key)
    plain = socket.create_connection(("127.0.0.1", running.port), timeout=4)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as wire:
        wire.sendall(b"POST /3/device/ab HTTP/1.1\r\nHost: x\r\n\r\n")
        assert wire.recv(100) == b""

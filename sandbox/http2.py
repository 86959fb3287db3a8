"""A small HTTP/2 server over TLS that demands a client certificate: the wire under the APNs stand-in.

Made on `h2` itself because the stand-in must see the client's certificate and send a GOAWAY when asked to;
servers that run applications (hypercorn) keep both to themselves. Source: RFC 9113.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from cryptography import x509
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from sandbox.authority import Authority

MAX_STREAMS = 1000
FAREWELL_SECONDS = 0.2
"""Between a GOAWAY frame and the end of its connection (RFC 9113, 6.8: what was answered must arrive)."""


@dataclass(frozen=True)
class Request:
    """One request in full. `client` is the UID in the subject of the client's certificate, "" without one."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    client: str
    connection: int


@dataclass(frozen=True)
class Reply:
    """What goes back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class GoAway:
    """In place of a reply: the connection ends with a GOAWAY frame and this stream was never looked at."""

    reason: bytes


Answering = Callable[[Request], Reply | GoAway | None]


@dataclass
class _Stream:
    headers: Mapping[str, str]
    body: bytearray = field(default_factory=bytearray)


class Connection(asyncio.Protocol):
    """One client's connection. Everything runs on the loop of its server."""

    def __init__(self, server: "Http2Server", number: int) -> None:
        self._server = server
        self._number = number
        self._client = ""
        self._open: dict[int, _Stream] = {}
        self._waiting: dict[int, bytes] = {}
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._transport: asyncio.Transport
        self._has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse what is not HTTP/2; else greet and tell how many streams may be open at once."""
        self._transport = cast("asyncio.Transport", transport)
        tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
        if tls.selected_alpn_protocol() != "h2":
            self._transport.close()
            return
        self._client = _uid(tls.getpeercert(binary_form=True))
        self._h2.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = MAX_STREAMS
        self._h2.initiate_connection()
        self._flush()
        self._server.connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget it, whoever hung up."""
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the wire; a client that breaks the protocol is told so by h2's own GOAWAY."""
        if self._has_ended:
            return
        try:
            for event in self._h2.receive_data(data):
                self._take(event)
        except ProtocolError:
            self._flush()
            self._transport.close()
            return
        self._flush()

    def go_away(self, reason: bytes) -> None:
        """End the connection; the last stream named is the last below which all have been answered."""
        if self._has_ended or self._transport.is_closing():
            return
        answered = min(self._open) - 2 if self._open else self._h2.highest_inbound_stream_id
        self._h2.close_connection(ErrorCodes.NO_ERROR, additional_data=reason, last_stream_id=max(answered, 0))
        self._flush()
        # Closed at once, with requests of the client unread, the kernel would throw away answers under way to it.
        self._has_ended = True
        asyncio.get_running_loop().call_later(FAREWELL_SECONDS, self._transport.close)
        # An idle client reads the farewell only when it next wants something: do not count it until then.
        self._server.connections.discard(self)

    def _take(self, event: Event) -> None:
        if self._has_ended or self._transport.is_closing():
            return
        if isinstance(event, RequestReceived):
            headers = {_text(name): _text(value) for name, value in event.headers}
            self._open[event.stream_id] = _Stream(headers)
        elif isinstance(event, DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self._open[event.stream_id].body += event.data
        elif isinstance(event, StreamEnded):
            self._answer(event.stream_id)
        elif isinstance(event, StreamReset):
            self._open.pop(event.stream_id, None)
            self._waiting.pop(event.stream_id, None)
        elif isinstance(event, WindowUpdated):
            self._send_waiting()
        elif isinstance(event, ConnectionTerminated):
            self._transport.close()

    def _answer(self, stream_id: int) -> None:
        stream = self._open[stream_id]
        headers = stream.headers
        request = Request(
            method=headers.get(":method", ""),
            path=headers.get(":path", ""),
            headers=headers,
            body=bytes(stream.body),
            client=self._client,
            connection=self._number,
        )
        reply = self._server.answering(request)
        if isinstance(reply, GoAway):
            self.go_away(reply.reason)
        elif reply is not None:
            self._send(stream_id, reply)

    def _send(self, stream_id: int, reply: Reply) -> None:
        del self._open[stream_id]
        headers = [(":status", str(reply.status)), *reply.headers.items()]
        self._h2.send_headers(stream_id, headers, end_stream=not reply.body)
        if reply.body:
            self._waiting[stream_id] = reply.body
            self._send_waiting()

    def _send_waiting(self) -> None:
        # Bodies are a line long; one that finds no room in the client's window waits whole for its update.
        for stream_id, body in list(self._waiting.items()):
            if self._h2.local_flow_control_window(stream_id) >= len(body):
                self._h2.send_data(stream_id, body, end_stream=True)
                del self._waiting[stream_id]

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data:
            self._transport.write(data)


class Http2Server:
    """Listens on an open socket, on a loop and thread of its own, from `start` to `stop`."""

    def __init__(self, authority: Authority, listening: socket.socket, answering: Answering) -> None:
        self.answering = answering
        self.connections: set[Connection] = set()
        self.accepted = 0
        self._tls = _tls(authority)
        self._socket = listening
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="apns", daemon=True)
        self._listens = threading.Event()

    def start(self) -> None:
        """Begin to answer; connections made before were already queued by the socket."""
        self._thread.start()

    def stop(self) -> None:
        """Say GOAWAY to everybody and end the thread."""
        self._listens.wait(timeout=1.5)
        self.go_away(b'{"reason":"Shutdown"}')
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=1.5)

    def go_away(self, reason: bytes) -> int:
        """Send a GOAWAY frame on every open connection and close it. Returns how many there were."""
        there = list(self.connections)
        for connection in there:
            self._loop.call_soon_threadsafe(connection.go_away, reason)
        return len(there)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(self._connect, sock=self._socket, ssl=self._tls, ssl_shutdown_timeout=1.0)
        )
        self._listens.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            # Some more turns of the loop let the farewells reach the wire.
            self._loop.run_until_complete(asyncio.sleep(0.05 + (FAREWELL_SECONDS if self.accepted else 0)))
            self._loop.close()

    def _connect(self) -> Connection:
        self.accepted += 1
        return Connection(self, self.accepted)


def _tls(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(authority.server_certificate, authority.server_key)
    context.load_verify_locations(authority.root)
    # Apple knows its own intermediates: a client may send its leaf alone.
    context.load_verify_locations(authority.intermediate)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _uid(certificate: bytes | None) -> str:
    if not certificate:
        return ""
    names = x509.load_der_x509_certificate(certificate).subject.get_attributes_for_oid(NameOID.USER_ID)
    return str(names[0].value) if names else ""


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")

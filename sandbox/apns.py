"""Apple's push service as a provider sees it: checks a push as APNs does, answers as told, keeps a list.

Source: Apple, "Communicating with APNs" (headers, status codes and reasons); "Adding a Web Service to Update
Passes" (empty payload, topic = pass type).
"""

import json
import re
import socket
import threading
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sandbox.authority import Authority
from sandbox.http2 import GoAway, Http2Server, Reply, Request

Deliver = Callable[[str, str], None]
ANY = "*"
KEPT_PUSHES = 20_000
MAX_PAYLOAD = 4096
_PATH = re.compile(r"/3/device/([^/?]*)")
_TOKEN = re.compile(r"[0-9a-fA-F]{32,200}")


class ScriptRefused(ValueError):
    """An answer that cannot be given; the message says what would be one."""


@dataclass(frozen=True)
class Answer:
    """What APNs shall answer once: a status with its reason, silence (`hang`) or the connection's end."""

    status: int = 200
    reason: str | None = None
    timestamp: int | None = None
    hang: bool = False
    goaway: bool = False


@dataclass(frozen=True)
class Push:
    """One push as it came in. `status` is what was answered, None for silence or GOAWAY; `at` is RFC 3339."""

    n: int
    at: str
    token: str
    topic: str
    status: int | None
    reason: str | None
    apns_id: str
    priority: str | None
    expiration: str | None
    push_type: str | None
    body: str
    connection: int


REASONS = {
    400: "BadDeviceToken",
    403: "BadCertificate",
    410: "Unregistered",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}


def read_answer(script: object) -> Answer:
    """Read one entry of a script.

    `{"status": 410, "reason"?, "timestamp"?}`, `{"hang": true}` or `{"goaway": true}`; `timestamp` is in
    milliseconds since 1970 and defaults to the moment of the answer, a missing reason is the usual one of
    the status. Raises ScriptRefused for anything else.
    """
    if not isinstance(script, dict):
        raise ScriptRefused(f"An answer is an object with a status, not {script!r}.")
    unknown = set(script) - set(Answer.__dataclass_fields__)
    if unknown:
        raise ScriptRefused(f"An answer has no {sorted(unknown)[0]!r}: use {', '.join(asdict(Answer()))}.")
    answer = Answer(**script)
    if type(answer.status) is not int or type(answer.timestamp) not in (int, type(None)):
        raise ScriptRefused("status and timestamp (milliseconds since 1970) are whole numbers.")
    if answer.status != 200 and answer.status not in REASONS and not answer.reason:
        raise ScriptRefused(f"Status {answer.status!r} has no usual reason: give one.")
    return answer


class Apns:
    """The push service. Thread-safe: pushes come on the server's thread, scripts and questions on others."""

    def __init__(self, authority: Authority, *, deliver: Deliver, now: Callable[[], datetime]) -> None:
        self._authority = authority
        self._deliver = deliver
        self._now = now
        self._lock = threading.Lock()
        self._answers: dict[str, deque[Answer]] = {}
        self._pushes: deque[Push] = deque(maxlen=KEPT_PUSHES)
        self._count = 0
        self._server: Http2Server | None = None

    def start(self, listening: socket.socket) -> None:
        """Serve on this listening socket until `stop`."""
        self._server = Http2Server(self._authority, listening, self.answer)
        self._server.start()

    def stop(self) -> None:
        """Say GOAWAY to all connections and end."""
        if self._server:
            self._server.stop()

    def script(self, token: str, answers: Sequence[Answer]) -> None:
        """Answer the next pushes to `token` ("*": to any) with these in turn, and then as usual again."""
        with self._lock:
            self._answers[token.lower()] = deque(answers)

    def go_away(self) -> int:
        """Send a real GOAWAY frame on every open connection; returns how many there were."""
        return self._server.go_away(b'{"reason":"Shutdown"}') if self._server else 0

    def pushes(self, since: int = 0) -> list[Push]:
        """The pushes with a number above `since`, oldest first; the last 20,000 are kept."""
        with self._lock:
            return [push for push in self._pushes if push.n > since]

    def connections(self) -> dict[str, int]:
        """How many connections are open now, and how many there ever were."""
        if not self._server:
            return {"open": 0, "ever": 0}
        return {"open": len(self._server.connections), "ever": self._server.accepted}

    def answer(self, request: Request) -> Reply | GoAway | None:
        """What APNs says to this request. A push answered 200 goes on to the phone that has the token."""
        token = _token_of(request)
        topic = request.headers.get("apns-topic") or request.client
        refused = _refusal(request, token, topic)
        answer = refused or self._scripted(token)
        apns_id = request.headers.get("apns-id") or str(uuid.uuid4()).upper()
        self._note(request, answer, token=token, topic=topic, apns_id=apns_id)
        if answer.goaway:
            return GoAway(b'{"reason":"Shutdown"}')
        if answer.hang:
            return None
        if answer.status == 200:
            self._deliver(token, topic)
        return self._reply(answer, apns_id)

    def _scripted(self, token: str) -> Answer:
        with self._lock:
            for key in (token, ANY):
                if self._answers.get(key):
                    return self._answers[key].popleft()
        return Answer()

    def _note(self, request: Request, answer: Answer, *, token: str, topic: str, apns_id: str) -> None:
        silent = answer.hang or answer.goaway
        headers = request.headers
        with self._lock:
            self._count += 1
            push = Push(
                n=self._count,
                at=self._now().isoformat(timespec="milliseconds"),
                token=token,
                topic=topic,
                status=None if silent else answer.status,
                reason=None if silent else _reason(answer),
                apns_id=apns_id,
                priority=headers.get("apns-priority"),
                expiration=headers.get("apns-expiration"),
                push_type=headers.get("apns-push-type"),
                body=request.body[:200].decode("utf-8", "replace"),
                connection=request.connection,
            )
            self._pushes.append(push)

    def _reply(self, answer: Answer, apns_id: str) -> Reply:
        headers = {"apns-id": apns_id}
        if answer.status == 200:
            return Reply(200, headers)
        body: dict[str, Any] = {"reason": _reason(answer)}
        if answer.status == 410:
            moment = int(self._now().timestamp() * 1000)
            body["timestamp"] = moment if answer.timestamp is None else answer.timestamp
        return Reply(answer.status, {**headers, "content-type": "application/json"}, json.dumps(body).encode())


def _reason(answer: Answer) -> str | None:
    return answer.reason or REASONS.get(answer.status)


def _token_of(request: Request) -> str:
    found = _PATH.fullmatch(request.path)
    return found[1].lower() if found else ""


def _refusal(request: Request, token: str, topic: str) -> Answer | None:
    """The first thing APNs would object to in this request, in its own words."""
    headers = request.headers
    objections = (
        (_PATH.fullmatch(request.path) is None, 404, "BadPath"),
        (request.method != "POST", 405, "MethodNotAllowed"),
        (not token, 400, "MissingDeviceToken"),
        (not _TOKEN.fullmatch(token), 400, "BadDeviceToken"),
        (not topic, 400, "MissingTopic"),
        (topic != request.client, 400, "TopicDisallowed"),
        (headers.get("apns-priority", "10") not in {"1", "5", "10"}, 400, "BadPriority"),
        (not headers.get("apns-expiration", "0").isdigit(), 400, "BadExpirationDate"),
        (not request.body, 400, "PayloadEmpty"),
        (len(request.body) > MAX_PAYLOAD, 413, "PayloadTooLarge"),
    )
    for wrong, status, reason in objections:
        if wrong:
            return Answer(status, reason)
    return None

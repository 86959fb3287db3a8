"""Apple's push service over one multiplexed HTTP/2 connection a certificate.

Source: Apple, "Communicating with APNs" (archive), "Adding a Web Service to Update Passes": body ``{}``, topic =
pass type, client certificate = the one that signed the pass.
"""

import json
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from time import monotonic
from typing import Any
from urllib.parse import quote

import certifi
import pycurl

from signing.certificates import PassCertificate

# At most; curl keeps to what Apple's SETTINGS allow (RFC 9113, 5.1.2), which changes with load.
IN_FLIGHT = 100
PATIENCE_SECONDS = 5.0
# The system asks a silent connection this often whether it lives, so that no router forgets it.
KEEPALIVE_SECONDS = 60
# Else curl opens a connection of its own accord after two idle minutes. `worker.lines` hangs up earlier than this.
LONGEST_IDLE_SECONDS = 86_400
KEPT_BY_APPLE = timedelta(days=7)
TRIES = 3
LONGEST_REASON = 200
SILENCE = "no answer in time"
DEAF = "the connection went deaf"


@dataclass(frozen=True)
class PushAnswer:
    """What APNs said of one token. ``status`` 0: no answer at all."""

    status: int
    reason: str = ""
    gone_at: datetime | None = None

    @property
    def accepted(self) -> bool:
        return self.status == 200

    @property
    def gone(self) -> bool:
        """The token is dead: forget the phone."""
        return self.status == 410 or self.reason == "BadDeviceToken"

    @property
    def lost(self) -> bool:
        """The connection ended before the answer: worth another try at once, which silence is not."""
        return self.status == 0 and self.reason != SILENCE

    @property
    def throttled(self) -> bool:
        """Too many pushes to this one phone."""
        return self.status == 429 and self.reason == "TooManyRequests"

    @property
    def ours(self) -> bool:
        """Our certificate or request is wrong: an operator must look, trying again soon does not help."""
        return not (self.accepted or self.gone) and 400 <= self.status < 500 and self.status != 429

    @property
    def refuses_all(self) -> bool:
        """Every other push of the pass type would be answered alike; a token of another type is one phone's matter."""
        return self.ours and self.reason != "DeviceTokenNotForTopic"

    @property
    def unsure(self) -> bool:
        """Apple's trouble or the way's there, none of this phone's."""
        return self.status == 0 or self.status >= 500

    def __str__(self) -> str:
        return f"{self.status} {self.reason}".strip() if self.status else self.reason


@dataclass(frozen=True)
class _Stream:
    """A push under way. ``begun``: on the monotonic clock."""

    errand: Hashable
    token: str
    now: datetime
    begun: float
    tries: int = 1


class _Handle:
    """One of curl's, with what its pushes have in common said once."""

    def __init__(self, options: Iterable[tuple[int, Any]]) -> None:
        self.curl, self.body, self.dressed_for = pycurl.Curl(), BytesIO(), 0
        for option, value in options:
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.POSTFIELDS, "{}")
        self.curl.setopt(pycurl.WRITEDATA, self.body)


class ApnsConnection:
    """Pushes for one pass type, kept open between them. For one thread at a time.

    A connection that ends under way (GOAWAY) is opened anew, unanswered streams are sent again. One on which nothing
    at all is heard while a push waits in vain is given up: it may be dead, and the system would not notice for a
    quarter of an hour.

    :param patience: seconds that one push may take
    """

    def __init__(
        self, url: str, ca_file: str | None, certificate: PassCertificate, *, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._url, self._topic = url, certificate.pass_type
        self._options = (
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
            (pycurl.PIPEWAIT, 1),
            (pycurl.CAINFO, ca_file or certifi.where()),
            (pycurl.SSLCERT_BLOB, certificate.certificate_pem()),
            (pycurl.SSLKEY_BLOB, certificate.key_pem()),
            (pycurl.POST, 1),
            (pycurl.TIMEOUT_MS, int(patience * 1000)),
            (pycurl.TCP_KEEPALIVE, 1),
            (pycurl.TCP_KEEPIDLE, KEEPALIVE_SECONDS),
            (pycurl.MAXAGE_CONN, LONGEST_IDLE_SECONDS),
            (pycurl.NOSIGNAL, 1),
        )
        self._idle: list[_Handle] = []
        self._flying = dict[pycurl.Curl, tuple[_Handle, _Stream]]()
        self._multi = _multi()
        self._heard_at = 0.0

    @property
    def room(self) -> int:
        """How many more pushes may be begun."""
        return max(0, IN_FLIGHT - len(self._flying))

    @property
    def is_waiting(self) -> bool:
        """Whether a push is under way."""
        return bool(self._flying)

    def begin(self, errand: Hashable, token: str, now: datetime) -> None:
        """Send a push on its way; `answered` tells of it under the name of ``errand``."""
        self._launch(_Stream(errand, token, now, monotonic()))

    def answered(self, wait: float) -> list[tuple[Any, PushAnswer]]:
        """What came in, waiting so many seconds for the first; pushes whose connection ended are sent again."""
        self._multi.perform()
        done = list(self._finished())
        if not done and self._flying:
            self._multi.select(wait)
            self._multi.perform()
            done = list(self._finished())
        if any(answer.status for _, answer in done):
            self._heard_at = monotonic()
        if any(answer.reason == SILENCE and stream.begun >= self._heard_at for stream, answer in done):
            done += self._give_up()
        return [(stream.errand, answer) for stream, answer in done if not self._sent_again(stream, answer)]

    def push(self, tokens: Iterable[str], now: datetime) -> dict[str, PushAnswer]:
        """Wake the phones behind these tokens and wait for all: every token gets an answer."""
        rest = deque(dict.fromkeys(tokens))
        answers = dict[str, PushAnswer]()
        while rest or self._flying:
            while rest and self.room:
                token = rest.popleft()
                self.begin(token, token, now)
            answers |= dict(self.answered(0.2))
        return answers

    def close(self) -> None:
        """Hang up; what is under way is forgotten. The next push opens the connection anew."""
        self._give_up()
        self._idle.clear()

    def _launch(self, stream: _Stream) -> None:
        handle = self._idle.pop() if self._idle else _Handle(self._options)
        curl, expires = handle.curl, int((stream.now + KEPT_BY_APPLE).timestamp())
        curl.setopt(pycurl.URL, f"{self._url}/3/device/{quote(stream.token, safe='')}")
        if handle.dressed_for != expires:
            curl.setopt(pycurl.HTTPHEADER, [f"apns-topic: {self._topic}", f"apns-expiration: {expires}"])
            handle.dressed_for = expires
        self._flying[curl] = handle, stream
        self._multi.add_handle(curl)

    def _sent_again(self, stream: _Stream, answer: PushAnswer) -> bool:
        if not answer.lost or stream.tries >= TRIES:
            return False
        self._launch(replace(stream, begun=monotonic(), tries=stream.tries + 1))
        return True

    def _finished(self) -> Iterator[tuple[_Stream, PushAnswer]]:
        left = 1
        while left:
            left, good, bad = self._multi.info_read(IN_FLIGHT)
            for curl in good:
                yield self._landed(curl, "")
            for curl, number, message in bad:
                yield self._landed(curl, SILENCE if number == pycurl.E_OPERATION_TIMEDOUT else message)

    def _landed(self, curl: pycurl.Curl, error: str) -> tuple[_Stream, PushAnswer]:
        handle, stream = self._flying.pop(curl)
        self._multi.remove_handle(curl)
        answer = _answer(curl, handle.body.getvalue(), error)
        handle.body.seek(0)
        handle.body.truncate()
        self._idle.append(handle)
        return stream, answer

    def _give_up(self) -> list[tuple[_Stream, PushAnswer]]:
        """Leave the connection; what was under way on it."""
        left = [self._landed(curl, DEAF) for curl in list(self._flying)]
        self._multi.close()
        self._multi = _multi()
        return left


def _multi() -> pycurl.CurlMulti:
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
    multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
    return multi


def _answer(handle: pycurl.Curl, body: bytes, error: str) -> PushAnswer:
    """Whatever a body holds, its token gets an answer: one that raised would keep its whole batch waiting."""
    if error:
        return PushAnswer(0, error)
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    said = said if isinstance(said, dict) else {}
    reason = "".join(sign for sign in str(said.get("reason", "")) if sign.isprintable())[:LONGEST_REASON]
    return PushAnswer(int(handle.getinfo(pycurl.RESPONSE_CODE)), reason, _moment(said.get("timestamp")))


def _moment(stamp: object) -> datetime | None:
    if not isinstance(stamp, int | float):
        return None
    # The unit (milliseconds) is not stated in every edition of the table; seconds are told by their size.
    try:
        return datetime.fromtimestamp(stamp / 1000 if stamp > 10**11 else stamp, UTC)
    except (ValueError, OverflowError, OSError):
        return None

"""Apple's push service over one multiplexed HTTP/2 connection a certificate.

Source: Apple, "Communicating with APNs" (archive), "Adding a Web Service to Update Passes": body ``{}``, topic =
pass type, client certificate = the one that signed the pass.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from time import monotonic
from urllib.parse import quote

import certifi
import pycurl

from signing.certificates import PassCertificate

IN_FLIGHT = 100
PATIENCE_SECONDS = 5.0
LONGEST_TURN_SECONDS = 10.0
KEPT_BY_APPLE = timedelta(days=7)
TRIES = 3
LONGEST_REASON = 200
SILENCE = "no answer in time"


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
    def ours(self) -> bool:
        """Our certificate or request is wrong: an operator must look, trying again soon does not help."""
        return not (self.accepted or self.gone) and 400 <= self.status < 500 and self.status != 429

    def __str__(self) -> str:
        return f"{self.status} {self.reason}".strip() if self.status else self.reason


class ApnsConnection:
    """Pushes for one pass type, kept open between them. For one thread at a time.

    :param patience: seconds that one push may take
    :param turn: seconds after which no further push of a call is begun
    """

    def __init__(
        self,
        url: str,
        ca_file: str | None,
        certificate: PassCertificate,
        *,
        patience: float = PATIENCE_SECONDS,
        turn: float = LONGEST_TURN_SECONDS,
    ) -> None:
        self._url, self._topic, self._turn = url, certificate.pass_type, turn
        self._options = (
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
            (pycurl.PIPEWAIT, 1),
            (pycurl.CAINFO, ca_file or certifi.where()),
            (pycurl.SSLCERT_BLOB, certificate.certificate_pem()),
            (pycurl.SSLKEY_BLOB, certificate.key_pem()),
            (pycurl.POST, 1),
            (pycurl.TIMEOUT_MS, int(patience * 1000)),
            (pycurl.NOSIGNAL, 1),
        )
        self._idle: list[pycurl.Curl] = []
        self._multi = _multi()

    def push(self, tokens: Iterable[str], now: datetime) -> dict[str, PushAnswer]:
        """Wake the phones behind these tokens; every token gets an answer.

        A connection that ends under way (GOAWAY) is opened anew, unanswered streams are sent again. One that
        has gone silent is given up: it may be dead, and the system would not notice for a quarter of an hour.
        """
        answers, deadline = dict[str, PushAnswer](), monotonic() + self._turn
        rest = list(dict.fromkeys(tokens))
        for _ in range(TRIES):
            answers |= self._round(rest, now, deadline)
            rest = [token for token, answer in answers.items() if answer.lost]
            if not rest:
                break
        if any(answer.reason == SILENCE for answer in answers.values()):
            self._multi.close()
            self._multi, self._idle = _multi(), []
        return answers

    def _round(self, tokens: list[str], now: datetime, deadline: float) -> dict[str, PushAnswer]:
        answers = dict.fromkeys(tokens, PushAnswer(0, SILENCE))
        waiting, flying = list(reversed(tokens)), dict[pycurl.Curl, tuple[str, BytesIO]]()
        while waiting or flying:
            if monotonic() > deadline:
                waiting.clear()
            while waiting and len(flying) < IN_FLIGHT:
                handle, body = self._request(waiting[-1], now)
                flying[handle] = (waiting.pop(), body)
                self._multi.add_handle(handle)
            self._multi.perform()
            done = self._finished()
            for handle, error in done:
                token, body = flying.pop(handle)
                self._multi.remove_handle(handle)
                self._idle.append(handle)
                answers[token] = _answer(handle, body.getvalue(), error)
            if not done:
                self._multi.select(0.2)
        return answers

    def _request(self, token: str, now: datetime) -> tuple[pycurl.Curl, BytesIO]:
        handle = self._idle.pop() if self._idle else self._handle()
        body = BytesIO()
        handle.setopt(pycurl.URL, f"{self._url}/3/device/{quote(token, safe='')}")
        handle.setopt(
            pycurl.HTTPHEADER,
            [f"apns-topic: {self._topic}", f"apns-expiration: {int((now + KEPT_BY_APPLE).timestamp())}"],
        )
        handle.setopt(pycurl.POSTFIELDS, "{}")
        handle.setopt(pycurl.WRITEDATA, body)
        return handle, body

    def _handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        for option, value in self._options:
            handle.setopt(option, value)
        return handle

    def _finished(self) -> list[tuple[pycurl.Curl, str]]:
        done: list[tuple[pycurl.Curl, str]] = []
        while True:
            left, good, bad = self._multi.info_read()
            done += [(handle, "") for handle in good]
            done += [
                (handle, SILENCE if number == pycurl.E_OPERATION_TIMEDOUT else message)
                for handle, number, message in bad
            ]
            if not left:
                return done


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

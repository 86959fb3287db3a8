"""Apple's web service protocol from the phone's side: one function call is one request.

Sources: Apple, "Adding a Web Service to Update Passes", "Register a Pass for Update Notifications", "Get the
List of Updatable Passes", "Send an Updated Pass", "Unregister a Pass for Update Notifications" and "Log a
Message".
"""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import requests

PKPASS = "application/vnd.apple.pkpass"
PATIENCE = (3.0, 8.0)
_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class TryLater(Exception):
    """No answer, or one that asks to come again. `line` says which request and what came of it."""

    def __init__(self, line: str) -> None:
        self.line = line
        super().__init__(line)


class GiveUp(Exception):
    """An answer that trying again will not better. `line` says which request and what came of it."""

    def __init__(self, line: str) -> None:
        self.line = line
        super().__init__(line)


@dataclass(frozen=True)
class Told:
    """What a request came to: its line for the log ("GET /v1/... -> 200") and the answer."""

    line: str
    answer: requests.Response


@dataclass(frozen=True)
class Changes:
    """The serials that changed and the tag to ask with next time; `tag` None when there was nothing (204)."""

    line: str
    serials: tuple[str, ...]
    tag: str | None


@dataclass(frozen=True)
class Fetched:
    """A pass as sent: `data` None when it has not changed (304)."""

    line: str
    data: bytes | None
    mime: str
    last_modified: str | None


class WebService:
    """One issuer's server as one device sees it. Not for several threads at once."""

    def __init__(self, url: str, device_id: str) -> None:
        self._base = url.rstrip("/")
        self._device = device_id
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = "Passd/1.0 (treuepass sandbox)"

    def register(self, pass_type: str, serial: str, token: str, push_token: str) -> str:
        """POST the wish to hear of changes; returns the line for the log."""
        path = self._registration(pass_type, serial)
        told = self._ask("POST", path, token=token, json={"pushToken": push_token})
        return told.line

    def unregister(self, pass_type: str, serial: str, token: str) -> str:
        """DELETE the wish; returns the line for the log."""
        return self._ask("DELETE", self._registration(pass_type, serial), token=token).line

    def changes(self, pass_type: str, tag: str | None) -> Changes:
        """GET what changed since the tag; without a tag, everything this device registered."""
        path = f"/v1/devices/{_q(self._device)}/registrations/{_q(pass_type)}"
        if tag is not None:
            path += f"?passesUpdatedSince={_q(tag)}"
        told = self._ask("GET", path)
        if told.answer.status_code == HTTPStatus.NO_CONTENT:
            return Changes(told.line, (), None)
        try:
            body = told.answer.json()
            serials, tag = body["serialNumbers"], body["lastUpdated"]
        except (ValueError, KeyError, TypeError) as error:
            raise GiveUp(f"{told.line} (no serialNumbers and lastUpdated in it)") from error
        if not isinstance(tag, str) or not isinstance(serials, list):
            raise GiveUp(f"{told.line} (lastUpdated must be a string, serialNumbers a list)")
        return Changes(told.line, tuple(str(serial) for serial in serials), tag)

    def fetch(self, pass_type: str, serial: str, token: str, last_modified: str | None) -> Fetched:
        """GET one pass, unless it is still the one of that Last-Modified."""
        headers = {"If-Modified-Since": last_modified} if last_modified else {}
        told = self._ask("GET", f"/v1/passes/{_q(pass_type)}/{_q(serial)}", token=token, headers=headers)
        answer = told.answer
        unchanged = answer.status_code == HTTPStatus.NOT_MODIFIED
        return Fetched(
            line=told.line,
            data=None if unchanged else answer.content,
            mime=answer.headers.get("Content-Type", ""),
            last_modified=answer.headers.get("Last-Modified"),
        )

    def complain(self, text: str) -> str:
        """POST a line to the issuer's log, as phones do when something the issuer did was wrong."""
        return self._ask("POST", "/v1/log", json={"logs": [text]}).line

    def _registration(self, pass_type: str, serial: str) -> str:
        return f"/v1/devices/{_q(self._device)}/registrations/{_q(pass_type)}/{_q(serial)}"

    def _ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        json: object = None,
    ) -> Told:
        allowed = {"Authorization": f"ApplePass {token}"} if token else {}
        line = f"{method} {urlsplit(self._base).path}{path}"
        try:
            answer = self._session.request(
                method,
                self._base + path,
                headers={**allowed, **(headers or {})},
                json=json,
                timeout=PATIENCE,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TryLater(f"{line} → {type(error).__name__}") from error
        line = f"{line} → {answer.status_code}"
        if answer.status_code >= 500 or answer.status_code in _LATER:
            raise TryLater(line)
        if answer.status_code >= 300 and answer.status_code != HTTPStatus.NOT_MODIFIED:
            raise GiveUp(line)
        return Told(line, answer)


def _q(part: str) -> str:
    return quote(part, safe="")

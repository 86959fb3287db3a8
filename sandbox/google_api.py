"""Google's addresses: the token endpoint, the Wallet API "walletobjects v1", the root keys of callbacks.

Source: walletobjects v1, discovery document. The base address is `<sandbox url>/google`.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import sleep
from typing import Any

from flask import Flask, Response, jsonify, request

from sandbox.apns import ANY
from sandbox.google import Google
from sandbox.google_account import ISSUER_ID
from sandbox.google_errors import GoogleRefused, invalid, not_permitted, too_fast
from sandbox.google_faults import Fault
from sandbox.google_resource import CLASS_OF, points
from sandbox.google_tokens import GrantRefused

KINDS = {f"{kind[0].lower()}{kind[1:]}": kind for pair in CLASS_OF.items() for kind in pair}
_API = f"/google/walletobjects/v1/<any({','.join(KINDS)}):path>"
_FRONT = "<!DOCTYPE html><html lang=en><title>Error {0}</title><p><b>{0}.</b> That’s an error.</p></html>"


class ConnectionDropped(Exception):
    """The caller shall hear nothing at all."""


@dataclass(frozen=True)
class _Asked:
    """One call: what it is about, and what it wants done."""

    kind: str
    name: str
    sent: Any
    do: Callable[[], dict[str, Any]]


class Api:
    """The views of the API. Each call is let in, perhaps falsified, carried out and counted."""

    def __init__(self, google: Google, now: Callable[[], datetime]) -> None:
        self._google = google
        self._now = now

    def token(self) -> Response:
        """`POST /google/token`: a signed assertion becomes a bearer token."""
        self._perhaps(self._google.faults.next("token"))
        google = self._google
        return jsonify(google.tokens.grant(request.form, google.account, life=google.settings.token_seconds))

    def keys(self) -> Response:
        """`GET /google/keys`: the root keys under which callbacks are signed."""
        self._perhaps(self._google.faults.next("keys"))
        return Response(self._google.signer.keys_document(self._now()), mimetype="application/json")

    def all(self, path: str) -> Response:
        """Insert, or list."""
        kind, store = KINDS[path], self._google.store
        if request.method == "GET":
            return self._answer(_Asked(kind, "", None, lambda: self._list(kind)))
        sent = _json()
        name = str(sent.get("id", "")) if isinstance(sent, dict) else ""
        return self._answer(_Asked(kind, name, sent, lambda: store.insert(kind, _object(sent))))

    def one(self, path: str, name: str) -> Response:
        """Get, patch, update."""
        kind, store, sent = KINDS[path], self._google.store, _json()
        deeds: dict[str, Callable[[], dict[str, Any]]] = {
            "GET": lambda: store.get(kind, name),
            "PATCH": lambda: store.patch(kind, name, _object(sent)),
            "PUT": lambda: store.update(kind, name, _object(sent)),
        }
        return self._answer(_Asked(kind, name, sent, deeds[request.method]))

    def message(self, path: str, name: str) -> Response:
        """Add a message."""
        kind, sent = KINDS[path], _json()
        return self._answer(_Asked(kind, name, sent, lambda: self._google.store.add_message(kind, name, _object(sent))))

    def _list(self, kind: str) -> dict[str, Any]:
        by = "classId" if kind in CLASS_OF else "issuerId"
        parent = request.args.get(by, "")
        if not parent:
            raise invalid(f"{by} is required.")
        if kind in CLASS_OF:
            self._google.store.find(CLASS_OF[kind], parent)
        elif parent != ISSUER_ID:
            raise not_permitted()
        most = request.args.get("maxResults")
        if most is not None and not (most.isdecimal() and int(most)):
            raise invalid(f"maxResults: {most!r} is no number above 0.")
        return self._google.store.page(kind, parent, int(most) if most else None, request.args.get("token"))

    def _answer(self, asked: _Asked) -> Response:
        try:
            self._google.tokens.check(request.headers.get("Authorization"))
            if not self._google.calls.admit(self._google.settings.rate):
                raise too_fast(self._google.settings.rate)
            body = self._carry_out(asked)
        except GoogleRefused as error:
            self._note(asked, error.status, error.reason)
            raise
        except ConnectionDropped:
            self._note(asked, None, None)
            raise
        self._note(asked, 200, None)
        return jsonify(body)

    def _carry_out(self, asked: _Asked) -> dict[str, Any]:
        fault = self._google.faults.next(*filter(None, (asked.name, ANY)))
        if not fault.done:
            self._perhaps(fault)
        try:
            body = asked.do()
        except GoogleRefused as error:
            if error.status == 400:
                self._google.store.note(asked.kind, asked.name, error.message)
            raise
        if fault.done:
            self._perhaps(fault)
        return body

    def _perhaps(self, fault: Fault) -> None:
        """Wait, hang up or refuse, as the script says."""
        if fault.delay:
            sleep(fault.delay)
        if fault.drop:
            raise ConnectionDropped
        if fault.status != 200:
            raise fault.error()

    def _note(self, asked: _Asked, status: int | None, reason: str | None) -> None:
        sent = asked.sent if isinstance(asked.sent, dict) else {}
        message = sent.get("message")
        by_message = isinstance(message, dict) and message.get("messageType") == "TEXT_AND_NOTIFY"
        call = {"method": request.method, "path": request.path, "id": asked.name, "status": status, "reason": reason}
        call |= {"points": _points(sent), "notify": by_message or sent.get("notifyPreference") == "NOTIFY_ON_UPDATE"}
        self._google.calls.note(call)


def add_google_api(app: Flask, google: Google, now: Callable[[], datetime]) -> None:
    """Add the token endpoint, the API and the root keys to the application."""
    api = Api(google, now)
    routes: list[tuple[str, Callable[..., Response], list[str]]] = [
        ("/google/token", api.token, ["POST"]),
        ("/google/keys", api.keys, ["GET"]),
        (_API, api.all, ["GET", "POST"]),
        (f"{_API}/<name>", api.one, ["GET", "PATCH", "PUT"]),
        (f"{_API}/<name>/addMessage", api.message, ["POST"]),
    ]
    for rule, view, methods in routes:
        app.add_url_rule(rule, f"google_{view.__name__}", view, methods=methods)
    app.register_error_handler(GoogleRefused, _refused)
    app.register_error_handler(GrantRefused, _no_grant)
    app.register_error_handler(ConnectionDropped, hang_up)


def _refused(error: GoogleRefused) -> Response:
    # A bad gateway is answered by the machine in front of the API, which speaks HTML.
    answer = Response(_FRONT.format(502), mimetype="text/html") if error.status == 502 else jsonify(error.body())
    answer.status_code = error.status
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _no_grant(error: GrantRefused) -> tuple[Response, int]:
    return jsonify(error=error.error, error_description=str(error)), 400


def hang_up(_error: ConnectionDropped) -> Response:
    """End the connection without a word."""
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response(status=500)


def _json() -> Any:
    return request.get_json(force=True, silent=True) if request.data else None


def _object(sent: object) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise invalid("Invalid JSON payload received. Expected an object.")
    return sent


def _points(sent: dict[str, Any]) -> str | None:
    try:
        return points(sent)
    except (AttributeError, ValueError, TypeError):
        return None

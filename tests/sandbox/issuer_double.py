"""A small issuer: Apple's web service over real HTTP, with a switch for each way to misbehave."""

import logging
import threading
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

from sandbox.authority import Authority
from tests.sandbox.making import make_pass, pass_json
from tests.sandbox.parts import PASS_TYPE

BIRTH = 1_700_000_000
TOKEN = "a-token-of-the-pass-0001"


@dataclass
class Issuer:
    """Knows some cards and how many stamps they have; keeps every call it received."""

    authority: Authority
    stamps: dict[str, int] = field(default_factory=lambda: {"CARD0001": 3})
    tags: dict[str, int] = field(default_factory=lambda: {"CARD0001": 1})
    registered: dict[tuple[str, str], str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    broken: Response | None = None
    sends: dict[str, Any] = field(default_factory=dict)
    without_date: bool = False
    port: int = 0

    def __post_init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.app = self._make_app()
        self._server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self.port = self._server.port
        self._run()

    def _run(self) -> None:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def go_down(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def come_up(self) -> None:
        self._server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self._run()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/apple"

    def card(self, serial: str = "CARD0001") -> bytes:
        return make_pass(self.authority, self.content(serial))

    def content(self, serial: str) -> dict[str, Any]:
        return pass_json(stamps=self.stamps[serial], serial=serial, webServiceURL=self.url, authenticationToken=TOKEN)

    def stamp(self, serial: str = "CARD0001") -> None:
        self.stamps[serial] += 1
        self.tags[serial] = max(self.tags.values()) + 1

    def said(self, beginning: str) -> list[str]:
        return [call for call in self.calls if call.startswith(beginning)]

    def _make_app(self) -> Flask:
        app = Flask(__name__)
        app.before_request(self._before)
        device = "/apple/v1/devices/<device>/registrations/<pass_type>"
        app.add_url_rule(f"{device}/<serial>", view_func=self._register, methods=["POST", "DELETE"])
        app.add_url_rule(device, view_func=self._list)
        app.add_url_rule("/apple/v1/passes/<pass_type>/<serial>", view_func=self._send)
        app.add_url_rule("/apple/v1/log", view_func=self._log, methods=["POST"])
        return app

    def _before(self) -> Response | None:
        self.calls.append(f"{request.method} {request.full_path.rstrip('?')}")
        if request.path == "/apple/v1/log" or not request.path.startswith("/apple/"):
            return None
        needs_token = "passesUpdatedSince" not in request.url and request.endpoint != "_list"
        if needs_token and request.headers.get("Authorization") != f"ApplePass {TOKEN}":
            return Response(status=401)
        return self.broken

    def _register(self, device: str, pass_type: str, serial: str) -> Response:
        assert pass_type == PASS_TYPE
        if request.method == "DELETE":
            self.registered.pop((device, serial), None)
            return Response(status=200)
        known = (device, serial) in self.registered
        self.registered[device, serial] = request.get_json()["pushToken"]
        return Response(status=200 if known else 201)

    def _list(self, device: str, pass_type: str) -> Response:
        assert pass_type == PASS_TYPE
        since = int(request.args.get("passesUpdatedSince", "0"))
        mine = {serial for (owner, serial) in self.registered if owner == device}
        changed = {serial: tag for serial, tag in self.tags.items() if tag > since and serial in mine}
        if not changed:
            return Response(status=204)
        return jsonify(serialNumbers=list(changed), lastUpdated=str(max(changed.values())))

    def _send(self, pass_type: str, serial: str) -> Response:
        assert pass_type == PASS_TYPE
        modified = formatdate(BIRTH + self.stamps[serial], usegmt=True)
        if request.headers.get("If-Modified-Since") == modified:
            return Response(status=304)
        data = self.sends.get("data", None) or self.card(serial)
        response = Response(data, mimetype=self.sends.get("mime", "application/vnd.apple.pkpass"))
        if not self.without_date:
            response.headers["Last-Modified"] = modified
        return response

    def _log(self) -> Response:
        self.logs += request.get_json()["logs"]
        return Response(status=200)

"""The control panel of the APNs stand-in, for tests and for people who want to see a phone go dead."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Flask, Response, jsonify, request

from sandbox.apns import Apns, ScriptRefused, read_answer


def add_apns_routes(app: Flask, apns: Apns) -> None:
    """Add `GET /apns/pushes`, `POST /apns/answers` and `POST /apns/goaway` to the application."""

    def pushes() -> Response:
        found = apns.pushes(request.args.get("since", 0, type=int))
        return jsonify(pushes=[asdict(push) for push in found], connections=apns.connections())

    def answers() -> Response:
        body = _object()
        token, script = body.get("token", "*"), body.get("answers")
        if not isinstance(token, str) or not isinstance(script, list):
            raise ScriptRefused('Send {"token": "..." or "*", "answers": [{"status": 410}, ...]}.')
        read = [read_answer(one) for one in script]
        apns.script(token, read)
        return jsonify(token=token, answers=[asdict(one) for one in read])

    def goaway() -> Response:
        return jsonify(connections=apns.go_away())

    views: list[tuple[str, Callable[[], Response], str]] = [
        ("/apns/pushes", pushes, "GET"),
        ("/apns/answers", answers, "POST"),
        ("/apns/goaway", goaway, "POST"),
    ]
    for rule, view, method in views:
        app.add_url_rule(rule, view.__name__, view, methods=[method])
    app.register_error_handler(ScriptRefused, _refused)


def _object() -> dict[str, Any]:
    body = request.get_json()
    return body if isinstance(body, dict) else {}


def _refused(error: ScriptRefused) -> tuple[Response, int]:
    return jsonify(detail=str(error)), 422

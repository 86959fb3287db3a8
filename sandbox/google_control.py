"""The control panel of the sandbox's Google, for tests and for people who want to see a worker in trouble."""

from collections.abc import Callable
from dataclasses import asdict

from flask import Flask, Response, jsonify, request

from sandbox.apns import ANY, ScriptRefused
from sandbox.google import Google
from sandbox.google_faults import read_fault
from sandbox.google_state import state


class Control:
    """The views."""

    def __init__(self, google: Google) -> None:
        self._google = google

    def counted(self) -> Response:
        """`GET /google/state.json`: see `sandbox.google_state`."""
        return jsonify(state(self._google))

    def calls(self) -> Response:
        """`GET /google/calls?since=`: every call with its answer, those above a number."""
        found = self._google.calls.since(request.args.get("since", 0, type=int))
        return jsonify(calls=[asdict(call) for call in found])

    def answers(self) -> Response:
        """`POST /google/answers`: a script in place of the one there was."""
        body = request.get_json()
        match = body.get("match", ANY) if isinstance(body, dict) else None
        script = body.get("answers") if isinstance(body, dict) else None
        if not isinstance(match, str) or not isinstance(script, list):
            raise ScriptRefused('Send {"match": an id, "token", "keys" or "*", "answers": [{"status": 503}, …]}.')
        read = [read_fault(one) for one in script]
        self._google.faults.script(match, read)
        return jsonify(match=match, answers=[asdict(one) for one in read])

    def settings(self) -> Response:
        """`POST /google/settings`: some of `GoogleSettings`; answers them all."""
        return jsonify(asdict(self._google.change_settings(request.get_json())))

    def revoke(self) -> Response:
        """`POST /google/revoke`: every bearer token is dead."""
        return jsonify(revoked=self._google.tokens.end_all())

    def forget(self) -> Response:
        """`POST /google/forget`: calls, rates and violations are counted from nothing again."""
        self._google.calls.forget()
        self._google.store.violations.clear()
        return jsonify(self._google.calls.summary())


def add_google_control(app: Flask, google: Google) -> None:
    """Add what counts and what scripts to the application."""
    control = Control(google)
    views: list[tuple[str, Callable[[], Response], str]] = [
        ("/google/state.json", control.counted, "GET"),
        ("/google/calls", control.calls, "GET"),
        ("/google/answers", control.answers, "POST"),
        ("/google/settings", control.settings, "POST"),
        ("/google/revoke", control.revoke, "POST"),
        ("/google/forget", control.forget, "POST"),
    ]
    for rule, view, method in views:
        app.add_url_rule(rule, f"google_{view.__name__}", view, methods=[method])

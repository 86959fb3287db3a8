"""Calls of the JSON API as an integrator makes them, every answer held against the published document."""

import re
from functools import cache
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from issuer.refusals import SENTENCES

PREFIX = "/api/v1"
# Contract, "JSON API v1": the codes an error may bear, by status.
CODES = {
    400: {"malformed_json", "idempotency_key_required"},
    401: {"unauthorized"},
    403: {"scope_missing"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    409: {
        "request_in_flight",
        *SENTENCES.keys() - {"too_late_to_undo"},
    },
    413: {"too_large"},
    422: {"invalid_body", "idempotency_key_reused"},
    429: {"rate_limited"},
    503: {"unavailable"},
}


@cache
def _document(app: Flask) -> dict[str, Any]:
    return app.test_client().get(f"{PREFIX}/openapi.json").get_json()


class Api:
    """A caller with a key; each answer must be one that the document or the contract's table of errors foresees."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client, self.token = client, token
        self.document = _document(client.application)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.send("GET", path, query_string=query)

    def post(self, path: str, body: object = None, *, key: str | None = None, **more: Any) -> TestResponse:
        """POST with a fresh Idempotency-Key unless told which."""
        headers = {"Idempotency-Key": key or str(uuid4())} | more.pop("headers", {})
        return self.send("POST", path, json=body, headers=headers, **more)

    def send(self, method: str, path: str, **how: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"} | (how.pop("headers", None) or {})
        answer = self.client.open(PREFIX + path, method=method, headers=headers, **how)
        self.check(method, path, answer)
        return answer

    def made(self, path: str, body: object = None, *, key: str | None = None) -> dict[str, Any]:
        """The body of a POST that must succeed."""
        answer = self.post(path, body, key=key)
        assert answer.status_code in (200, 201), answer.text
        return answer.get_json()

    def patched(self, path: str, body: object) -> dict[str, Any]:
        """The body of a PATCH that must succeed."""
        answer = self.send("PATCH", path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def found(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def check(self, method: str, path: str, answer: TestResponse) -> None:
        if answer.status_code >= 400:
            check_problem(answer)
        operation = self._operation(method, path)
        if operation is None:
            assert answer.status_code in (404, 405, 308, 413), f"{method} {path} is not in the document"
            return
        status = str(answer.status_code)
        if status in ("413", "503"):
            return
        assert status in operation["responses"], f"{method} {path} answered {status}, which the document leaves out"
        content = operation["responses"][status]["content"]
        assert answer.mimetype in content, f"{answer.mimetype} is not what the document promises"
        schema = content[answer.mimetype]["schema"] | {"components": self.document["components"]}
        Draft202012Validator(schema).validate(answer.get_json())

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for template, item in self.document["paths"].items():
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, PREFIX + path):
                return item.get(method.lower())
        return None


def check_problem(answer: TestResponse) -> dict[str, Any]:
    """RFC 9457, with a code that the contract lists under this status."""
    assert answer.mimetype == "application/problem+json", answer.text[:200]
    body = answer.get_json()
    assert body["status"] == answer.status_code
    assert body["code"] in CODES.get(answer.status_code, set()), body
    assert body["type"].startswith("http://127.0.0.1:8000/")
    assert body["title"]
    assert body["detail"].endswith("."), "a problem is told in a sentence"
    for error in body.get("errors", []):
        assert set(error) == {"field", "message"}
    return body


def refused(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem, which must be this one."""
    assert answer.status_code == status, answer.text
    body = check_problem(answer)
    assert body["code"] == code
    return body

"""Every problem is a document of RFC 9457, and every code stands in the table with what it means and what to do."""

import ast
import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_openapi3 import OpenAPI

from issuer.settings import Settings
from issuer.web import create_app
from issuer.web.problem_codes import CODES, PAGE_TITLES, PAGES_ONLY, explained, title
from tests.conftest import API_KEY, Cafe
from tests.structure.source import ROOT, python
from tests.web.asking import Api

TYPE = "application/problem+json"
STANDARD = {"type": str, "title": str, "status": int, "detail": str, "instance": str}
# Words of the machinery that a caller must not read (RFC 9457, 5).
INSIDE = re.compile(r"Traceback|File \"|\.py\b|sqlalchemy|psycopg|SELECT |0x[0-9a-f]{6}")
CREDIT = {
    "type": "https://example.com/probs/out-of-credit",
    "title": "You do not have enough credit.",
    "detail": "Your current balance is 30, but that costs 50.",
    "instance": "/account/12345/msgs/abc",
    "balance": 30,
    "accounts": ["/account/12345", "/account/67890"],
}
AGES = [{"detail": "must be a positive integer", "pointer": "#/age"}]
CASES = [
    (403, TYPE, CREDIT, True),
    (400, TYPE, {"type": "https://example.net/validation-error", "title": "Not valid.", "errors": AGES}, True),
    (404, TYPE, {"status": 404, "title": "Not Found"}, True),
    (500, TYPE, {}, True),
    (400, TYPE, {"type": "tag:mnot@mnot.net,2021-09-17:OutOfLuck"}, True),
    (400, TYPE, {"type": "/types/123", "title": "x"}, True),
    (403, f"{TYPE}; charset=utf-8", CREDIT, True),
    (400, TYPE, {"type": "about:blank", "status": 404}, False),
    (403, TYPE, {"status": "403"}, False),
    (400, TYPE, {"title": {"en": "x"}}, False),
    (403, "application/json", CREDIT, False),
    (400, TYPE, {"type": "https://example.com/p", "extensions": {"balance": 30}}, False),
    (403, TYPE, [CREDIT], False),
    (500, TYPE, {"type": "about:blank", "detail": 'Traceback (most recent call last): File "app/x.py"'}, False),
]
# Where codes are given to callers of the API.
GIVERS = [
    *python("issuer/web/api"),
    *(path for path in python("issuer/web") if path.stem in ("problems", "guards", "keyed", "limits")),
]


def conforms(status: int, content_type: str, body: object) -> bool:
    """RFC 9457: members, their types and the media type; and nothing of our insides."""
    if content_type.partition(";")[0].strip() != TYPE or not isinstance(body, dict):
        return False
    if any(name in body and not isinstance(body[name], kind) for name, kind in STANDARD.items()):
        return False
    return body.get("status", status) == status and "extensions" not in body and not INSIDE.search(json.dumps(body))


@pytest.mark.parametrize(("status", "content_type", "body", "good"), CASES)
def test_the_published_cases_are_judged_as_published(status: int, content_type: str, body: object, good: bool) -> None:
    assert conforms(status, content_type, body) is good


def _answers(api: Api, card: dict[str, Any], cafe: Cafe) -> Iterator[tuple[str, Any]]:
    stamps, stranger = f"/cards/{card['id']}/stamps", Api(api.client, "nobody")
    reward = {"reward_id": str(cafe.reward_id)}
    key = {"Idempotency-Key": f"p {card['id']}"}
    yield "malformed_json", api.send("POST", stamps, data=b"{", headers=key)
    yield "idempotency_key_required", api.send("POST", stamps, json={})
    yield "unauthorized", stranger.get("/cards")
    yield "not_found", api.get("/cards/none")
    yield "not_found", api.get("/nowhere")
    yield "method_not_allowed", api.send("DELETE", "/cards")
    yield "too_large", api.send("POST", "/cards", data=b" " * 2_000_000)
    yield "invalid_body", api.post(stamps, {"count": 0})
    yield "invalid_body", api.post(stamps, [1])
    yield "nothing_to_redeem", api.post(f"/cards/{card['id']}/redemptions", reward)
    api.send("POST", stamps, json={"count": 1}, headers=key)
    yield "idempotency_key_reused", api.send("POST", stamps, json={"count": 2}, headers=key)


def test_every_problem_we_send_conforms(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    for code, answer in _answers(api, card, cafe):
        body = answer.get_json()
        assert body["code"] == code
        assert conforms(answer.status_code, answer.content_type, body), answer.text
        assert body["status"] == answer.status_code
        assert body["title"] == title(code)


def test_what_breaks_on_our_side_conforms_and_says_nothing_of_our_insides(settings: Settings) -> None:
    app = create_app(settings)

    def broken() -> str:
        raise ZeroDivisionError('File "issuer/secret.py"')

    broken.guard, broken.guard_check = "open_to_all", lambda: None  # type: ignore[attr-defined]
    app.add_url_rule("/api/v1/broken", "broken", broken)
    answer = app.test_client().get("/api/v1/broken")
    assert conforms(500, answer.content_type, answer.get_json())
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
    app.extensions["treuepass"].engine.dispose()


def test_the_type_of_a_problem_leads_to_its_line_of_the_table(app: OpenAPI, api: Api) -> None:
    kind = api.get("/cards/none").get_json()["type"]
    page, _, anchor = kind.removeprefix("http://127.0.0.1:8000").partition("#")
    assert f'<tr id="{anchor}">' in app.test_client().get(page).text


def _calls(names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    for path in GIVERS:
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
                yield f"{path}:{node.lineno}", node


def _constant(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None


def test_every_code_that_is_given_anywhere_stands_in_the_table_with_its_status() -> None:
    found = set()
    for place, call in _calls({"Problem", "problem_body", "_shown"}):
        status, code = (_constant(argument) for argument in call.args[:2])
        if code is not None and code not in PAGE_TITLES:
            assert code in CODES, f"{place}: {code} is not in CODES"
            assert status in (None, CODES[code].status), place
            found.add(code)
    assert len(found) > 8


def test_every_code_says_what_it_means_and_what_to_do() -> None:
    for language in ("de", "en"):
        lines = explained(language)
        assert len({line.code for line in lines}) == len(lines)
        for line in lines:
            assert line.meaning, line.code
            assert line.remedy.endswith("."), line.code
            assert 400 <= line.status < 600


def test_the_table_speaks_german_too() -> None:
    for german, english in zip(
        sorted(explained("de"), key=lambda line: line.code),
        sorted(explained("en"), key=lambda line: line.code),
        strict=True,
    ):
        assert german.code == english.code
        assert (german.meaning, german.remedy) != (english.meaning, english.remedy), german.code


def test_the_page_shows_the_whole_table(app: Flask) -> None:
    page = html.unescape(app.test_client().get("/api/v1/docs?lang=en").text)
    for line in explained("en"):
        row = page.partition(f'<tr id="{line.code}">')[2].partition("</tr>")[0]
        for part in (f"<code>{line.code}</code>", str(line.status), line.meaning, line.remedy):
            assert part in row, line.code


def test_the_guide_for_integrators_names_every_code_but_for_new_refusals() -> None:
    """Refusals grow with the rules; the guide points to the page that lists them all."""
    guide = (ROOT / "docs/integrators.md").read_text()
    named = set(re.findall(r"^\| (\d{3}) \| `(\w+)` \| .+ \|$", guide, re.MULTILINE))
    assert named >= {(str(one.status), code) for code, one in CODES.items()}
    assert named <= {(str(line.status), line.code) for line in explained("en")}
    assert "/api/v1/docs#problems" in guide


def test_what_only_pages_say_is_not_in_the_table() -> None:
    assert {line.code for line in explained("en")}.isdisjoint(PAGES_ONLY | set(PAGE_TITLES))


def test_the_document_foresees_that_a_key_calls_too_often(api: Api) -> None:
    for path, item in api.document["paths"].items():
        for method, operation in item.items():
            assert "429" in operation["responses"], f"{method} {path}"


def test_a_key_is_never_repeated_in_a_problem(api: Api) -> None:
    for answer in (api.get("/cards/none"), Api(api.client, f"{API_KEY}x").get("/cards")):
        assert API_KEY not in answer.text

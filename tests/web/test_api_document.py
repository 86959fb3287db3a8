"""The published document says what the API does; and whatever is sent, no call answers 500."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from tests.conftest import API_KEY, Cafe
from tests.web.asking import CODES, PREFIX, Api
from tests.web.test_api_strangers import API_CALLS

FUZZ = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
FIELDS = [
    "program_id", "customer", "name", "mail", "birthday", "language", "count", "location_id", "occurred_at",
    "reference", "reward_id", "confirm", "pause_seconds",
]  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\x00", "\ud800", "9" * 5000, "2026-01-01T00:00:00Z", "de", 10**400, -1, 2**63])
)


def _objects(inner: Any) -> Any:
    return st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=5)


VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | _objects(inner), max_leaves=8)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def test_the_document_is_valid_openapi(api: Api) -> None:
    validate(api.document)
    assert api.document["openapi"].startswith("3.")


def test_the_document_describes_every_call_and_no_other(api: Api) -> None:
    mapped = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for method, rule in API_CALLS
        if rule.endpoint not in ("docs.document", "docs.page")
    }
    assert {(method, path) for method, path, _ in _operations(api.document)} == mapped


def test_the_contracts_calls_are_all_there(api: Api) -> None:
    calls = {f"{method} {path.removeprefix(PREFIX)}" for method, path, _ in _operations(api.document)}
    assert calls >= {
        "GET /programs", "GET /programs/{program_id}", "PATCH /programs/{program_id}", "GET /locations",
        "POST /cards", "GET /cards", "GET /cards/{card_id}", "POST /cards/{card_id}/stamps",
        "POST /cards/{card_id}/redemptions", "POST /redemptions/{redemption_id}/confirm",
        "POST /redemptions/{redemption_id}/cancel", "POST /entries/{entry_id}/reversal",
        "GET /cards/{card_id}/entries", "GET /cards/{card_id}/sync", "POST /cards/{card_id}/visits",
        "POST /cards/{card_id}/events", "GET /offers", "POST /offers", "GET /offers/{offer_id}",
        "PATCH /offers/{offer_id}", "POST /offers/{offer_id}/preview",
    }  # fmt: skip


def test_every_call_says_what_it_answers_when_it_refuses(api: Api) -> None:
    for method, path, operation in _operations(api.document):
        assert operation["summary"], path
        wanted = {"401", "403", "404", "422"} | ({"400", "409"} if method == "POST" else set())
        assert wanted <= set(operation["responses"]), f"{method} {path}"
        for status in wanted:
            assert list(operation["responses"][status]["content"]) == ["application/problem+json"]


def test_calls_that_demand_a_key_say_so(api: Api) -> None:
    demanding = {
        path
        for _, path, operation in _operations(api.document)
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "Idempotency-Key" and parameter["required"]
    }
    assert demanding == {path for method, path, _ in _operations(api.document) if method == "POST"} - {
        f"{PREFIX}/cards",
        f"{PREFIX}/programs",
        f"{PREFIX}/cards/{{card_id}}/quote",
        f"{PREFIX}/offers",
        f"{PREFIX}/offers/{{offer_id}}/preview",
    }


def test_the_document_as_a_page_explains_every_call_and_every_code(api: Api) -> None:
    page = api.client.get(f"{PREFIX}/docs")
    assert page.status_code == 200
    text = html.unescape(page.text)
    for _, path, operation in _operations(api.document):
        assert path in text
        assert operation["summary"] in text
    for code in set().union(*CODES.values()) - {"method_not_allowed", "too_large"}:
        assert f'id="{code}"' in text, f"problems point at docs#{code}"


@pytest.mark.parametrize(("method", "rule"), [call for call in API_CALLS if call[1].endpoint.startswith("api.")])
def test_no_call_answers_500_whatever_is_sent(
    client: FlaskClient, api: Api, full_card: dict[str, Any], cafe: Cafe, method: str, rule: Any
) -> None:
    known = [full_card["id"], str(cafe.program_id), str(cafe.reward_id)]
    headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json", "Idempotency-Key": "fuzz"}

    @FUZZ
    @given(
        body=_objects(VALUES) | VALUES,
        ident=st.sampled_from(known) | st.text(min_size=1, max_size=40),
        query=st.dictionaries(st.sampled_from(["limit", "after", "code", "lang"]), st.text(max_size=30), max_size=3),
    )
    def any_answer_is_ours(body: object, ident: str, query: dict[str, str]) -> None:
        path = re.sub(r"<(?:\w+:)?\w+>", _quoted(ident), rule.rule)
        parameters = "&".join(f"{name}={_quoted(value)}" for name, value in query.items())
        answer = client.open(path, method=method, query_string=parameters, data=json.dumps(body), headers=headers)
        assert answer.status_code < 500, answer.text
        assert answer.is_json or answer.status_code in (308, 405)

    any_answer_is_ours()


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")

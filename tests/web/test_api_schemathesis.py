"""Whatever a caller sends that the document describes, or that it does not: every answer is one that it promises.

`make soak` asks each call as often as CALLS says, with any SEED.
"""

import os
import re
from typing import Any
from uuid import uuid4

import pytest
import redis
import schemathesis
from flask_openapi3 import OpenAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.routing import Rule

from tests.conftest import API_KEY, Cafe
from tests.web.asking import PREFIX, Api
from tests.web.belongings import EVERYTHING, Ids, belongings, filled
from tests.web.test_api_strangers import API_CALLS

CALLS, SEED = int(os.environ.get("CALLS") or 8), int(os.environ.get("SEED") or 4)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]
HOW = {
    schemathesis.GenerationMode.POSITIVE: ["fitting", "ids", "drawn"],
    schemathesis.GenerationMode.NEGATIVE: ["ids", "drawn"],
}
RUN = settings(
    max_examples=CALLS,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
HEADERS = {"Authorization": f"Bearer {API_KEY}"}
DESCRIBED = [(method, rule) for method, rule in API_CALLS if rule.endpoint.startswith("api.")]


def _name(value: object) -> str:
    return value.rule.removeprefix(PREFIX) if isinstance(value, Rule) else str(value)


@pytest.fixture(scope="module")
def document(app: OpenAPI) -> Any:
    return schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", app)


@pytest.fixture(scope="module")
def looked_at(app: OpenAPI, cafe: Cafe) -> Ids:
    """What stays as it is: for the calls that only look."""
    return belongings(Api(app.test_client(), API_KEY), cafe)


@pytest.fixture
def ids(request: pytest.FixtureRequest, api: Api, cafe: Cafe, method: str) -> Any:
    return request.getfixturevalue("looked_at") if method == "GET" else belongings(api, cafe)


def _fields(operation: Any) -> list[str]:
    """The names of what the body of a call may hold."""
    found = operation.definition.raw.get("requestBody")
    if not found:
        return []
    schema = found["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return list(operation.schema.raw_schema["components"]["schemas"][schema]["properties"])


def _put_right(case: Any, how: str, ids: Ids, fields: list[str]) -> None:
    """Put ids of one's own where they belong, or send what fits, or leave what was drawn."""
    if how != "drawn":
        case.path_parameters = {name: ids[name] for name in case.path_parameters or {}}
    if how == "ids" and isinstance(case.body, dict):
        case.body = {name: ids.get(name, value) for name, value in case.body.items()}
    if how == "fitting":
        case.query = {}
        if case.method == "POST":
            case.headers["Idempotency-Key"] = str(uuid4())
        if fields:
            is_program = case.path.endswith("/programs")
            case.body = EVERYTHING if is_program else filled(fields, ids)


def _ask(case: Any, redis_url: str) -> int:
    """Send it; the answer must be one of those that the document describes."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    return int(case.call_and_validate(headers=HEADERS, checks=CHECKS).status_code)


@pytest.mark.parametrize(("method", "rule"), DESCRIBED, ids=_name)
def test_every_answer_is_one_that_the_document_describes(
    document: Any, ids: Ids, redis_url: str, method: str, rule: Rule
) -> None:
    operation = document[re.sub(r"<(\w+)>", r"{\1}", rule.rule)][method]
    fields, told = _fields(operation), set[int]()
    for mode in schemathesis.GenerationMode:

        @seed(SEED)
        @RUN
        @given(case=operation.as_strategy(generation_mode=mode), how=st.sampled_from(HOW[mode]))
        def ask(case: Any, how: str) -> None:
            _put_right(case, how, ids, fields)
            told.add(_ask(case, redis_url))

        ask()
    assert told & {200, 201}, f"nothing but {told}: nothing was tried"

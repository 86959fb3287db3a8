"""Another merchant's ids are not found, on every route there is: a new route is covered by itself."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_openapi3 import OpenAPI
from werkzeug.routing import Rule

from issuer.web import create_app
from tests.conftest import API_KEY, Cafe
from tests.web.asking import PREFIX, Api, refused
from tests.web.belongings import EURO, Ids, belongings, filled
from tests.web.conftest import web_settings

NOBODY = "00000000-0000-4000-8000-000000000000"
# Faces whose paths hold a secret, not an id: whoever knows it may see what it opens.
SECRETS = {"key", "slug", "number", "token", "filename", "library_id", "pass_type", "serial", "digest"}
# What a path of the console names that is nobody's; its ids are tried in test_console_strangers.
PLAIN = {"revision", "name", "size", "stamps", "form", "step", "issuer_id"}
CONSOLE = {"batch_id", "invitation_id", "key_id", "posting_id", "session_id", "staff_id", "till_id", "user_id"}


def unconnected_app() -> Flask:
    """The app as it is mapped; it never reaches its database."""
    return create_app(web_settings("postgresql://nobody@127.0.0.1:1/none", "redis://127.0.0.1:1", Path("var")))


def _calls() -> Iterator[tuple[str, Rule]]:
    for rule in unconnected_app().url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule


API_CALLS = [(method, rule) for method, rule in _calls() if rule.rule.startswith(PREFIX)]
ID_CALLS = [(method, rule) for method, rule in API_CALLS if rule.arguments]


def _name(value: object) -> str:
    return value.rule.removeprefix(PREFIX) if isinstance(value, Rule) else str(value)


@pytest.fixture(scope="module")
def mine(app: OpenAPI, cafe: Cafe) -> Ids:
    return belongings(Api(app.test_client(), API_KEY), cafe)


@pytest.fixture(scope="module")
def theirs(app: OpenAPI, other_cafe: Cafe) -> Ids:
    return belongings(Api(app.test_client(), f"{API_KEY}-other"), other_cafe)


def _fill(api: Api, method: str, rule: Rule, ids: Ids, body_ids: Ids) -> tuple[str, dict[str, Any] | None]:
    """Path and body of a call, the body from what the document demands, ids wherever they may stand."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ids[found[1]], rule.rule).removeprefix(PREFIX)
    operation = api.document["paths"][re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)][method.lower()]
    if "requestBody" not in operation:
        return path, None
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    fields = api.document["components"]["schemas"][name]["properties"]
    return path, filled(list(fields), body_ids)


def _send(api: Api, method: str, path: str, body: object) -> Any:
    if method == "POST":
        return api.post(path, body)
    return api.send(method, path, json=body) if body is not None else api.send(method, path)


@pytest.mark.parametrize(("method", "rule"), ID_CALLS, ids=_name)
def test_another_merchants_id_in_the_path_is_not_found(
    api: Api, mine: Ids, theirs: Ids, method: str, rule: Rule
) -> None:
    path, body = _fill(api, method, rule, theirs, mine)
    refused(_send(api, method, path, body), 404, "not_found")


@pytest.mark.parametrize(("method", "rule"), ID_CALLS, ids=_name)
def test_an_id_of_nothing_is_not_found(api: Api, mine: Ids, method: str, rule: Rule) -> None:
    for nothing in (NOBODY, "7", "x" * 500, "%00", "null", "..", "é"):
        path, body = _fill(api, method, rule, dict.fromkeys(mine, nothing), mine)
        refused(_send(api, method, path, body), 404, "not_found")


@pytest.mark.parametrize(("method", "rule"), ID_CALLS, ids=_name)
def test_ones_own_id_is_found(api: Api, cafe: Cafe, method: str, rule: Rule) -> None:
    mine = belongings(api, cafe)
    answer = _send(api, method, *_fill(api, method, rule, mine, mine))
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize(("method", "rule"), [call for call in API_CALLS if call[0] == "POST"], ids=_name)
def test_another_merchants_id_in_the_body_is_not_found(
    api: Api, mine: Ids, theirs: Ids, method: str, rule: Rule
) -> None:
    _, body = _fill(api, method, rule, mine, mine)
    for field in set(body or {}) & set(theirs):
        path, wrong = _fill(api, method, rule, mine, mine | {field: theirs[field]})
        refused(_send(api, method, path, wrong), 404, "not_found")


def test_every_id_that_a_body_may_hold_is_known_to_these_tests(api: Api, mine: Ids) -> None:
    schemas = api.document["components"]["schemas"].values()
    asked = {name for schema in schemas if schema.get("additionalProperties") is False for name in schema["properties"]}
    assert {name for name in asked if name.endswith("_id")} | {"from"} <= set(mine)


def test_another_merchants_reward_cannot_be_put_into_a_program(api: Api, mine: Ids, theirs: Ids) -> None:
    path, wrong = f"/programs/{mine['program_id']}", theirs["reward_id"]
    refused(api.send("PATCH", path, json={"rewards": [{"id": wrong, "name": "Mine"}]}), 404, "not_found")
    for change in ({"rule": {"reward_id": wrong}}, {"extras": [_gift(wrong)]}):
        assert wrong in refused(api.send("PATCH", path, json=change), 422, "invalid_body")["detail"]


def _gift(reward_id: str) -> dict[str, Any]:
    return {"kind": "goodwill", "a_week": 1, "grant": {"unit": "reward", "reward_id": reward_id}}


def test_another_merchants_voucher_is_unknown_here(api: Api, other_api: Api, mine: Ids, theirs: Ids) -> None:
    code = other_api.found(f"/cards/{theirs['card_id']}/vouchers")["items"][0]["code"]
    assert len(other_api.found("/vouchers", code=code)["items"]) == 1
    assert api.found("/vouchers", code=code)["items"] == []
    for call in ("purchases", "quote"):
        order = {"total": EURO, "voucher": code}
        refused(api.post(f"/cards/{mine['card_id']}/{call}", order), 409, "voucher_unknown")


def test_another_merchants_card_is_not_found_by_its_code(api: Api, other_api: Api, theirs: Ids) -> None:
    card = other_api.found(f"/cards/{theirs['card_id']}")
    for code in (card["code"], card["short_code"]):
        assert api.found("/cards", code=code)["items"] == []


def test_nothing_of_another_merchant_is_listed(api: Api, other_api: Api, theirs: Ids) -> None:
    assert other_api.found(f"/cards/{theirs['card_id']}")["id"] == theirs["card_id"]
    for path in ("/cards", "/programs", "/locations"):
        known = {item["id"] for item in api.found(path, limit=200)["items"]}
        assert known.isdisjoint(theirs.values())
        assert known


@pytest.mark.parametrize(("method", "rule"), API_CALLS, ids=_name)
def test_no_call_answers_without_a_key(api: Api, method: str, rule: Rule) -> None:
    if rule.endpoint in ("docs.document", "docs.page"):
        return
    path = re.sub(r"<(?:\w+:)?(\w+)>", NOBODY, rule.rule)
    refused(api.client.open(path, method=method, json={}), 401, "unauthorized")


def test_every_id_in_a_path_is_known_to_these_tests(mine: Ids) -> None:
    unknown = {name for _, rule in _calls() for name in rule.arguments} - set(mine) - SECRETS - PLAIN - CONSOLE
    assert not unknown, f"teach this file what {unknown} name"


def test_every_id_call_is_asked_as_every_face_has_some() -> None:
    asked: Callable[[str], int] = lambda start: sum(rule.rule.startswith(start) for _, rule in ID_CALLS)  # noqa: E731
    assert asked(f"{PREFIX}/cards/") >= 17
    assert asked(f"{PREFIX}/") >= 25

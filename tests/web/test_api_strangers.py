"""Another merchant's ids are not found, on every route there is: a new route is covered by itself."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from issuer.web import create_app
from tests.conftest import Cafe
from tests.web.asking import PREFIX, Api, refused
from tests.web.conftest import web_settings

Ids = dict[str, str]
NOBODY = "00000000-0000-4000-8000-000000000000"
# Faces whose paths hold a secret, not an id: whoever knows it may see what it opens.
SECRETS = {"key", "slug", "number", "token", "filename", "library_id", "pass_type", "serial"}
# What a path of the console names that is nobody's; its ids are tried in test_console_strangers.
PLAIN = {"revision", "name", "size", "form", "step"}
CONSOLE = {"batch_id", "invitation_id", "session_id", "staff_id", "till_id", "user_id"}


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


def _ids(api: Api, cafe: Cafe) -> Ids:
    """One id of each sort that this merchant owns, fit for the call to succeed."""
    program = {"program_id": str(cafe.program_id)}
    card_id = api.made("/cards", program)["id"]
    entry_id = api.made(f"/cards/{card_id}/stamps", {"count": 20})["entries"][0]["id"]
    reward_id = str(cafe.reward_id)
    second = api.made("/cards", program)["id"]
    api.made(f"/cards/{second}/stamps", {"count": 10})
    redemption_id = api.made(f"/cards/{second}/redemptions", {"reward_id": reward_id})["redemption"]["id"]
    return {
        "card_id": card_id,
        "entry_id": entry_id,
        "redemption_id": redemption_id,
        "reward_id": reward_id,
        "location_id": str(cafe.location_id),
        "program_id": str(cafe.program_id),
    }


@pytest.fixture
def mine(api: Api, cafe: Cafe) -> Ids:
    return _ids(api, cafe)


@pytest.fixture
def theirs(other_api: Api, other_cafe: Cafe) -> Ids:
    return _ids(other_api, other_cafe)


def _fill(api: Api, method: str, rule: Rule, ids: Ids, body_ids: Ids) -> tuple[str, dict[str, Any] | None]:
    """Path and body of a call, the body from what the document demands, ids wherever they may stand."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ids[found[1]], rule.rule).removeprefix(PREFIX)
    operation = api.document["paths"][re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)][method.lower()]
    if "requestBody" not in operation:
        return path, None
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    fields = api.document["components"]["schemas"][name]["properties"]
    return path, {field: body_ids[field] for field in fields if field in body_ids} | (
        {"pause_seconds": 0} if "pause_seconds" in fields else {}
    )


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
def test_ones_own_id_is_found(api: Api, mine: Ids, method: str, rule: Rule) -> None:
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
    assert asked(f"{PREFIX}/cards/") >= 5
    assert asked(f"{PREFIX}/") >= 9

"""Bad input gets one clear problem, whatever it is, and never a 500."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer import api_keys
from issuer.database import transaction
from issuer.web.api.complaints import PATTERNS
from tests.conftest import API_KEY, Cafe
from tests.web.asking import Api, check_problem, refused

JSON = {"Content-Type": "application/json", "Idempotency-Key": "k"}
UNREADABLE = [b"{", b"nonsense", b"{'count': 1}", b"\xff\xfe", b'{"count": 1,}', b'{"count": 1} x', b"\x00"]
DEEP = [b"[" * 100_000, b'{"a":' * 50_000, b"[" * 900 + b"]" * 900, b'{"count": ' + b"[" * 100_000]
ODD_TEXTS = ["", "\x00", "a\x00b", "\ud800", "x" * 201, "\u202e", "a\nb", 7, None, [], {}, True, 1.5]


@pytest.mark.parametrize("raw", UNREADABLE)
def test_a_body_that_is_no_json_is_malformed(api: Api, card: dict[str, Any], raw: bytes) -> None:
    for path in ("/cards", f"/cards/{card['id']}/stamps", f"/cards/{card['id']}/redemptions"):
        refused(api.send("POST", path, data=raw, headers=JSON), 400, "malformed_json")


@pytest.mark.parametrize("raw", UNREADABLE)
def test_a_change_that_is_no_json_is_malformed(api: Api, cafe: Cafe, raw: bytes) -> None:
    refused(api.send("PATCH", f"/programs/{cafe.program_id}", data=raw, headers=JSON), 400, "malformed_json")


@pytest.mark.parametrize("raw", DEEP)
def test_json_of_any_depth_is_refused_in_order(api: Api, card: dict[str, Any], raw: bytes) -> None:
    for path in ("/cards", f"/cards/{card['id']}/stamps", "/redemptions/x/confirm"):
        answer = api.send("POST", path, data=raw, headers=JSON)
        assert answer.status_code in (400, 404, 422)


@pytest.mark.parametrize("raw", [b"1", b'"x"', b"[]", b"null", b"true", b'"{}"', b'"\\ud800"', b"NaN", b"1e999", b"-0"])
def test_json_that_is_no_object_is_refused(api: Api, card: dict[str, Any], raw: bytes) -> None:
    for path in ("/cards", f"/cards/{card['id']}/stamps", f"/cards/{card['id']}/redemptions"):
        refused(api.send("POST", path, data=raw, headers=JSON), 422, "invalid_body")
    assert api.found(f"/cards/{card['id']}")["version"] == 1


def test_a_body_without_content_type_is_read_as_json(api: Api, card: dict[str, Any]) -> None:
    answer = api.send("POST", f"/cards/{card['id']}/stamps", data=b'{"count": 2}', headers={"Idempotency-Key": "q"})
    assert answer.get_json()["card"]["balances"] == {"stamps": 2}


@pytest.mark.parametrize("count", [0, -1, 101, 10**30, 1.5, "1", True, None, [1], float("nan"), float("inf")])
def test_a_count_is_a_whole_number_from_1_to_100(api: Api, card: dict[str, Any], count: object) -> None:
    body = refused(api.post(f"/cards/{card['id']}/stamps", {"count": count}), 422, "invalid_body")
    assert [error["field"] for error in body["errors"]] == ["count"]
    assert "count" in body["detail"]
    assert api.found(f"/cards/{card['id']}")["version"] == 1


def test_a_number_with_ten_thousand_digits_is_refused(api: Api, card: dict[str, Any]) -> None:
    raw = b'{"count": ' + b"9" * 10_000 + b"}"
    problem = refused(api.send("POST", f"/cards/{card['id']}/stamps", data=raw, headers=JSON), 422, "invalid_body")
    assert problem["detail"] == "The body holds a number of too many digits: write a smaller one."


@pytest.mark.parametrize("path", ["/cards", "/cards/{id}/stamps", "/cards/{id}/redemptions"])
def test_an_unknown_field_is_refused_by_name(api: Api, card: dict[str, Any], cafe: Cafe, path: str) -> None:
    right = {"/cards": {"program_id": str(cafe.program_id)}, "/cards/{id}/stamps": {}}
    body = right.get(path, {"reward_id": str(cafe.reward_id)}) | {"colour": "red"}
    problem = refused(api.post(path.format(**card), body), 422, "invalid_body")
    assert [error["field"] for error in problem["errors"]] == ["colour"]


def test_every_wrong_value_is_named_at_once(api: Api, cafe: Cafe) -> None:
    body = {"program_id": 7, "language": "fr", "customer": {"name": "", "mail": "x", "birthday": "soon", "shoe": 42}}
    named = {error["field"] for error in refused(api.post("/cards", body), 422, "invalid_body")["errors"]}
    assert named == {
        "program_id", "language", "customer.name", "customer.mail", "customer.birthday", "customer.shoe",
    }  # fmt: skip


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_text_that_cannot_be_stored_is_refused(api: Api, card: dict[str, Any], cafe: Cafe, text: object) -> None:
    joining = {"program_id": str(cafe.program_id), "customer": {"name": text}}
    stamping = {"reference": text}
    for path, body in (("/cards", joining), (f"/cards/{card['id']}/stamps", stamping)):
        answer = api.post(path, body)
        if text is None:
            assert answer.status_code == 201
        else:
            refused(answer, 422, "invalid_body")


@pytest.mark.parametrize("text", ["x", "ß" * 200, "🎫", "'; DROP TABLE card; --", "<b>", "%s {0}"])
def test_any_printable_text_is_taken_as_it_is(api: Api, card: dict[str, Any], text: str) -> None:
    made = api.made(f"/cards/{card['id']}/stamps", {"reference": text})
    assert made["entries"][0]["reference"] == text


@pytest.mark.parametrize(
    "instant",
    ["yesterday", "2026-01-31", "2026-01-31T12:00:00", "12:00", "2999-01-01T00:00:00Z", "1999-12-31T23:59:59Z",
     "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "", 10**30, [], True],
)  # fmt: skip
def test_an_instant_has_an_offset_and_lies_in_the_past(api: Api, card: dict[str, Any], instant: object) -> None:
    body = refused(api.post(f"/cards/{card['id']}/stamps", {"occurred_at": instant}), 422, "invalid_body")
    assert [error["field"] for error in body["errors"]] == ["occurred_at"]


@pytest.mark.parametrize("birthday", ["1899-12-31", "2999-01-01", "1990-02-30", "x", 10**30, "1990-01-01T00:00:01Z"])
def test_a_birthday_is_a_day_that_was(api: Api, cafe: Cafe, birthday: object) -> None:
    body = {"program_id": str(cafe.program_id), "customer": {"birthday": birthday}}
    refused(api.post("/cards", body), 422, "invalid_body")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "},
     {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {API_KEY}"}, {"Authorization": API_KEY},
     {"Authorization": f"Bearer {API_KEY}x"}, {"Authorization": "Bearer ä\x80"}],
)  # fmt: skip
def test_without_a_valid_key_nothing_is_answered(api: Api, card: dict[str, Any], headers: dict[str, str]) -> None:
    for method, path in (("GET", "/cards"), ("POST", "/cards"), ("POST", f"/cards/{card['id']}/stamps")):
        answer = api.client.open(f"/api/v1{path}", method=method, headers=headers)
        refused(answer, 401, "unauthorized")


def test_a_revoked_key_opens_nothing(api: Api, engine: Engine, cafe: Cafe, now: Any) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        key = api_keys.create_api_key(session, cafe.merchant_id, "lost", ["read", "write"], now)
        key.revoked_at = now
    refused(Api(api.client, "lost").get("/cards"), 401, "unauthorized")


def test_a_key_that_may_only_read_changes_nothing(api: Api, engine: Engine, cafe: Cafe, now: Any) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        api_keys.create_api_key(session, cafe.merchant_id, "reader", ["read"], now)
        api_keys.create_api_key(session, cafe.merchant_id, "writer", ["write"], now)
    reader, writer = Api(api.client, "reader"), Api(api.client, "writer")
    assert reader.get("/cards").status_code == 200
    refused(reader.post("/cards", {"program_id": str(cafe.program_id)}), 403, "scope_missing")
    refused(reader.send("PATCH", f"/programs/{cafe.program_id}", json={"pause_seconds": 1}), 403, "scope_missing")
    refused(writer.get("/cards"), 403, "scope_missing")


def test_a_path_that_is_none_is_not_found(api: Api) -> None:
    for path in ("/nothing", "/cards/x/y", "/", ""):
        refused(api.send("GET", path), 404, "not_found")


def test_a_method_that_a_path_does_not_know_is_refused(api: Api, card: dict[str, Any]) -> None:
    for method, path in (("DELETE", f"/cards/{card['id']}"), ("PUT", "/cards"), ("GET", f"/cards/{card['id']}/stamps")):
        assert check_problem(api.send(method, path))["code"] == "method_not_allowed"


def test_a_body_of_two_megabytes_is_too_large(api: Api) -> None:
    answer = api.send("POST", "/cards", data=b'{"x": "' + b"x" * 2_000_000 + b'"}', headers=JSON)
    refused(answer, 413, "too_large")


def test_answers_are_kept_by_no_cache(api: Api, card: dict[str, Any]) -> None:
    for answer in (api.get("/cards"), api.get(f"/cards/{card['id']}"), api.get("/cards/x")):
        assert answer.headers["Cache-Control"] == "no-store"


COMPLAINTS = [
    ("purchases", {"total": {"amount": "12,40", "currency": "EUR"}}, "total.amount",
     "“12,40” is not an amount: write digits, and up to two more after a point, like 12.40."),
    ("purchases", {"total": {"amount": "12.40", "currency": "euro"}}, "total.currency",
     "“euro” is not a currency: write its three capital letters, like EUR."),
    ("purchases", {}, "total", "This is missing: fill it in."),
    ("purchases", {"total": None}, "total", "This is missing: fill it in."),
    ("purchases", {"total": {"amount": "1", "currency": "EUR"}, "items": [None]}, "items.0",
     "This is missing: fill it in."),
    ("purchases", {"total": {"amount": "1", "currency": "EUR"}, "items": ["x"]}, "items.0",
     "Fields with names belong here, and “x” has none."),
    ("purchases", {"total": {"amount": "1", "currency": "EUR"}, "items": "x"}, "items",
     "“x” is not a list: send one, in square brackets."),
    ("stamps", {"count": "two"}, "count", "“two” is not a whole number: write digits only."),
    ("stamps", {"count": 101}, "count", "“101” is too large: write at most 100."),
    ("stamps", {"cuont": 1}, "cuont", "There is no field “cuont” here: take it away."),
    ("stamps", {"occurred_at": "2026-11-21T09:30:00"}, "occurred_at",
     "“2026-11-21T09:30:00” has no offset: write it like 2026-11-21T09:30:00+01:00."),
    ("stamps", {"occurred_at": "yesterday"}, "occurred_at",
     "“yesterday” is not an instant: write it like 2026-11-21T09:30:00+01:00."),
    ("stamps", {"reference": ""}, "reference", "“” is too short: write at least one character."),
    ("bonuses", {"cause": "rain"}, "cause",
     "“rain” is not possible here: choose one of signup, survey, review, event."),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "field", "message"), COMPLAINTS)
def test_a_value_that_cannot_be_used_is_named_with_the_remedy(
    api: Api, card: dict[str, Any], path: str, body: dict[str, Any], field: str, message: str
) -> None:
    problem = refused(api.post(f"/cards/{card['id']}/{path}", body), 422, "invalid_body")
    assert {"field": field, "message": message} in problem["errors"]
    assert f"{field}: {message}" in problem["detail"]


@pytest.mark.parametrize("mail", ["erika", "erika@", "@example.com", "a b@c"])
def test_an_address_that_is_none_is_told_how_to_write_one(api: Api, cafe: Cafe, mail: str) -> None:
    body = {"program_id": str(cafe.program_id), "customer": {"mail": mail}}
    problem = refused(api.post("/cards", body), 422, "invalid_body")
    told = f"“{mail}” is not an e-mail address: write one like name@example.com."
    assert problem["errors"] == [{"field": "customer.mail", "message": told}]


@pytest.mark.parametrize("name", ["\u200d", "\u200b\u200d", " \u00a0", "\u3164", "\u2800", "\ufe0f", "\u00ad"])
def test_a_name_without_a_sign_that_can_be_seen_is_refused(api: Api, cafe: Cafe, name: str) -> None:
    for path, body in (
        ("/cards", {"program_id": str(cafe.program_id), "customer": {"name": name}}),
        ("/programs", {"name": name, "rule": {"stamps_needed": 5}}),
        ("/programs", {"name": {"de": name, "en": "Card"}, "rule": {"stamps_needed": 5}}),
    ):
        refused(api.post(path, body), 422, "invalid_body")


@pytest.mark.parametrize("name", ["👩\u200d🍳", "مقهى", "é", "e\u0301", "☕\ufe0f", "7"])
def test_a_name_of_any_writing_is_taken(api: Api, cafe: Cafe, name: str) -> None:
    api.made("/cards", {"program_id": str(cafe.program_id), "customer": {"name": name}})


def test_nothing_of_our_checks_own_language_is_shown(api: Api, card: dict[str, Any]) -> None:
    for path, body, *_ in COMPLAINTS:
        text = api.post(f"/cards/{card['id']}/{path}", body).text
        for word in ("String should", "Input should", "Field required", "Extra inputs", "pattern", "pydantic", "^["):
            assert word not in text


def _patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from _patterns(inner)


def test_what_each_pattern_of_the_document_means_can_be_said(app: OpenAPI) -> None:
    # An unnamed one would be shown to callers as it is written.
    assert set(_patterns(app.api_doc)) == set(PATTERNS)

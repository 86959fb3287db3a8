"""The caller makes the key before the first try and keeps it until answered."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from issuer import api_keys
from issuer.database import transaction
from issuer.idempotency import LONGEST_KEY
from tests.conftest import Cafe
from tests.web.asking import Api, refused

REPLAYED = "Idempotency-Replayed"


def test_the_same_key_and_body_get_the_first_answer_again(api: Api, card: dict[str, Any]) -> None:
    path = f"/cards/{card['id']}/stamps"
    first = api.post(path, {"count": 2}, key="a")
    again = [api.post(path, {"count": 2}, key="a") for _ in range(2)]
    assert REPLAYED not in first.headers
    for replay in again:
        assert replay.headers[REPLAYED] == "true"
        assert (replay.status_code, replay.get_json()) == (201, first.get_json())
        assert replay.content_type == first.content_type
    assert api.found(f"/cards/{card['id']}")["balances"] == {"stamps": 2}


def test_spacing_and_order_do_not_make_another_body(api: Api, card: dict[str, Any]) -> None:
    path = f"/cards/{card['id']}/stamps"
    bodies = ['{"count":1,"reference":"r1"}', '{ "reference" : "r1",\n "count": 1 }']
    headers = {"Idempotency-Key": "b", "Content-Type": "application/json"}
    first, again = (api.send("POST", path, data=body, headers=headers) for body in bodies)
    assert (first.status_code, again.headers[REPLAYED]) == (201, "true")


def test_the_same_key_with_another_body_is_refused(api: Api, card: dict[str, Any]) -> None:
    path = f"/cards/{card['id']}/stamps"
    api.made(path, {"count": 1}, key="c")
    for body in ({"count": 2}, {}, {"count": 1, "reference": "x"}):
        refused(api.post(path, body, key="c"), 422, "idempotency_key_reused")
    assert api.found(f"/cards/{card['id']}")["balances"] == {"stamps": 1}


def test_a_refusal_at_the_counter_is_replayed_too(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    path, body = f"/cards/{card['id']}/redemptions", {"reward_id": str(cafe.reward_id), "confirm": True}
    first = refused(api.post(path, body, key="d"), 409, "nothing_to_redeem")
    api.made(f"/cards/{card['id']}/stamps", {"count": 10})
    again = api.post(path, body, key="d")
    assert (again.headers[REPLAYED], refused(again, 409, "nothing_to_redeem")) == ("true", first)
    assert api.made(path, body, key="d2")["redemption"]["state"] == "redeemed"


def test_a_body_that_was_refused_does_not_use_up_the_key(api: Api, card: dict[str, Any]) -> None:
    path = f"/cards/{card['id']}/stamps"
    refused(api.post(path, {"count": 0}, key="e"), 422, "invalid_body")
    refused(api.post(path, {"location_id": "nowhere"}, key="e"), 404, "not_found")
    assert api.made(path, {"count": 1}, key="e")["card"]["balances"] == {"stamps": 1}


@pytest.mark.parametrize("deed", ["confirm", "cancel"])
def test_ending_a_hold_is_replayed(api: Api, full_card: dict[str, Any], cafe: Cafe, deed: str) -> None:
    held = api.made(f"/cards/{full_card['id']}/redemptions", {"reward_id": str(cafe.reward_id)})["redemption"]["id"]
    first, again = (api.post(f"/redemptions/{held}/{deed}", key="f") for _ in range(2))
    assert (first.status_code, again.status_code, again.headers[REPLAYED]) == (200, 200, "true")
    assert first.get_json() == again.get_json()


def test_a_reversal_is_replayed(api: Api, card: dict[str, Any]) -> None:
    entry = api.made(f"/cards/{card['id']}/stamps", {"count": 3})["entries"][0]["id"]
    first, again = (api.post(f"/entries/{entry}/reversal", key="g") for _ in range(2))
    assert (first.status_code, first.get_json(), again.headers[REPLAYED]) == (201, again.get_json(), "true")


def test_one_key_may_name_two_requests_of_different_routes(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    second = api.made("/cards", {"program_id": str(cafe.program_id)})
    for one in (card, second):
        answer = api.post(f"/cards/{one['id']}/stamps", {"count": 1}, key="h")
        assert (answer.status_code, REPLAYED in answer.headers) == (201, False)


def test_two_callers_may_make_the_same_key(
    api: Api, engine: Engine, card: dict[str, Any], cafe: Cafe, now: Any
) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        api_keys.create_api_key(session, cafe.merchant_id, "second till system", ["read", "write"], now)
    path = f"/cards/{card['id']}/stamps"
    api.made(path, {"count": 1}, key="i")
    answer = Api(api.client, "second till system").post(path, {"count": 2}, key="i")
    assert (answer.status_code, REPLAYED in answer.headers) == (201, False)


@pytest.mark.parametrize("path", ["cards/{0}/stamps", "cards/{0}/redemptions", "redemptions/{0}/confirm",
                                  "redemptions/{0}/cancel", "entries/{0}/reversal"])  # fmt: skip
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "   "}])
def test_calls_that_book_demand_a_key_before_anything_else(api: Api, path: str, headers: dict[str, str]) -> None:
    for body in ({}, {"count": "x"}, {"nonsense": 1}):
        answer = api.send("POST", "/" + path.format("some-id"), json=body, headers=headers)
        refused(answer, 400, "idempotency_key_required")


@pytest.mark.parametrize("key", ["k" * (LONGEST_KEY + 1), "tab\tinside", "\x7f", "k" * 8000])
def test_a_key_that_cannot_be_kept_is_refused(api: Api, card: dict[str, Any], key: str) -> None:
    body = refused(api.post(f"/cards/{card['id']}/stamps", {}, key=key), 422, "invalid_body")
    assert body["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize("key", ["x", "k" * LONGEST_KEY, "ümlaut", '"quoted"', "a/b?c=d&e", "'; DROP TABLE card; --"])
def test_any_printable_key_will_do(api: Api, card: dict[str, Any], key: str) -> None:
    first, again = (api.post(f"/cards/{card['id']}/stamps", {}, key=key) for _ in range(2))
    assert (first.status_code, again.headers.get(REPLAYED)) == (201, "true")


def test_a_second_request_while_the_first_still_runs_is_told_to_come_back(
    api: Api, card: dict[str, Any], engine: Engine, cafe: Cafe
) -> None:
    path = f"/cards/{card['id']}/stamps"
    key_id = "SELECT id FROM api_key WHERE merchant_id = :merchant ORDER BY created_at LIMIT 1"
    row = (
        "INSERT INTO idempotency_key (merchant_id, actor, route, key, fingerprint, created_at)"
        f" SELECT :merchant, 'api ' || ({key_id}), :route, 'running', '', now()"
    )
    with transaction(engine, cafe.merchant_id) as running:
        running.execute(text(row), {"merchant": cafe.merchant_id, "route": f"POST /api/v1{path}"})
        answer = api.post(path, {}, key="running")
        refused(answer, 409, "request_in_flight")
        assert int(answer.headers["Retry-After"]) >= 1
        running.rollback()
    again = api.post(path, {}, key="running")
    assert (again.status_code, REPLAYED in again.headers) == (201, False)


def test_a_caller_of_a_card_that_stays_locked_is_asked_to_come_again(
    api: Api, card: dict[str, Any], engine: Engine, cafe: Cafe
) -> None:
    path = f"/cards/{card['id']}/stamps"
    with transaction(engine, cafe.merchant_id) as busy:
        busy.execute(text("SELECT id FROM card WHERE id = :id FOR UPDATE"), {"id": card["id"]})
        answer = api.post(path, {}, key="waiting")
        refused(answer, 503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    assert api.post(path, {}, key="waiting").status_code == 201

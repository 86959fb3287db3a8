"""The header Idempotency-Key, case by case as the working group's text has them, and what we chose where it leaves it.

draft-ietf-httpapi-idempotency-key-header-07; strings of RFC 8941, 3.3.3. Chosen: a bare key is taken too; a key is 1
to 255 characters of header; what is wrong with a key is 422; bodies are compared as JSON, not as bytes.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from time import monotonic
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, func, select, text

from issuer.database import transaction
from issuer.idempotency import KEPT, LONGEST_KEY, KeyMalformed, forget_old, read_key
from issuer.schema import IdempotencyKey
from tests.conftest import Cafe, plain
from tests.web.asking import Api, refused
from tests.web.conftest import Travel

REPLAYED = "Idempotency-Replayed"
PUBLISHED = '"8e03978e-40d5-43e8-bc93-6894a57f9324"'
BARE = "8e03978e-40d5-43e8-bc93-6894a57f9324"
KEYS = [
    pytest.param(PUBLISHED, BARE, id="the published example"),
    pytest.param(BARE, BARE, id="bare, as many servers take it"),
    pytest.param(r'"a\"b"', 'a"b', id="an escaped quote"),
    pytest.param(r'"a\\b"', "a\\b", id="an escaped backslash"),
    pytest.param('"x";p=1', "x", id="a parameter, which means nothing"),
    pytest.param('"x"; p="1,2";q', "x", id="two parameters"),
    pytest.param(f"  {PUBLISHED}  ", BARE, id="blanks around it"),
    pytest.param('"a, b"', "a, b", id="a comma in quotes"),
    pytest.param(":cHJldGVuZA==:", ":cHJldGVuZA==:", id="a byte sequence, which is a bare key to us"),
    pytest.param('"' + "a" * (LONGEST_KEY - 2) + '"', "a" * (LONGEST_KEY - 2), id="the longest in quotes"),
    pytest.param("a" * LONGEST_KEY, "a" * LONGEST_KEY, id="the longest bare"),
]
NO_KEYS = [
    pytest.param('""', id="empty"),
    pytest.param(r'"a\nb"', id="an escape that is none"),
    pytest.param('"ä"', id="not ASCII in quotes"),
    pytest.param('"abc', id="not closed"),
    pytest.param('"', id="a quote alone"),
    pytest.param('"abc"d', id="something behind it"),
    pytest.param(f'{PUBLISHED}, "x"', id="two values"),
    pytest.param("a, b", id="two bare values"),
    pytest.param('"' + "a" * 1000 + '"', id="too long"),
    pytest.param("a\tb", id="a tab"),
]


def _stamps(api: Api, card: dict[str, Any]) -> int:
    return int(api.found(f"/cards/{card['id']}")["balances"]["stamps"])


def _path(card: dict[str, Any]) -> str:
    return f"/cards/{card['id']}/stamps"


@pytest.mark.parametrize(("header", "key"), KEYS)
def test_a_key_is_read_from_its_header(header: str, key: str) -> None:
    assert read_key(header) == key


@pytest.mark.parametrize("header", ["", "   "])
def test_a_header_of_blanks_bears_no_key(header: str) -> None:
    assert read_key(header) is None


@pytest.mark.parametrize("header", NO_KEYS)
def test_what_is_no_key_is_refused_in_one_sentence(api: Api, card: dict[str, Any], header: str) -> None:
    with pytest.raises(KeyMalformed):
        read_key(header)
    problem = refused(api.post(_path(card), {}, key=header), 422, "invalid_body")
    assert [error["field"] for error in problem["errors"]] == ["Idempotency-Key"]
    assert _stamps(api, card) == 0


@pytest.mark.parametrize("header", NO_KEYS)
def test_a_call_that_may_do_without_a_key_refuses_a_wrong_one(api: Api, cafe: Cafe, header: str) -> None:
    """Taking it for none would book twice what its sender thinks is safe."""
    refused(api.post("/cards", {"program_id": str(cafe.program_id)}, key=header), 422, "invalid_body")


@pytest.mark.parametrize(("header", "key"), KEYS)
def test_every_spelling_of_a_key_is_answered_as_the_first(
    api: Api, card: dict[str, Any], header: str, key: str
) -> None:
    first, again = (api.post(_path(card), {}, key=header) for _ in range(2))
    assert (first.status_code, again.status_code, again.headers[REPLAYED]) == (201, 201, "true")
    assert first.get_json() == again.get_json()
    assert _stamps(api, card) == 1


def test_quotes_are_no_part_of_the_key(api: Api, card: dict[str, Any]) -> None:
    first, again = (api.post(_path(card), {}, key=key) for key in (PUBLISHED, BARE))
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")


def test_two_headers_are_one_too_many(api: Api, card: dict[str, Any]) -> None:
    headers = [("Authorization", f"Bearer {api.token}"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    refused(api.client.post(f"/api/v1{_path(card)}", json={}, headers=headers), 422, "invalid_body")


def test_a_first_request_is_done_once(api: Api, card: dict[str, Any]) -> None:
    assert api.post(_path(card), {"count": 1}, key=PUBLISHED).status_code == 201
    assert _stamps(api, card) == 1


def test_a_missing_key_is_told_before_anything_is_done(api: Api, card: dict[str, Any]) -> None:
    refused(api.send("POST", _path(card), json={"count": 1}), 400, "idempotency_key_required")
    assert _stamps(api, card) == 0


def test_a_retry_after_completion_gets_the_same_answer(api: Api, card: dict[str, Any]) -> None:
    first, again = (api.post(_path(card), {"count": 1}, key=PUBLISHED) for _ in range(2))
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert _stamps(api, card) == 1


def test_another_payload_under_the_same_key_is_refused(api: Api, card: dict[str, Any]) -> None:
    api.made(_path(card), {"count": 1}, key=PUBLISHED)
    refused(api.post(_path(card), {"count": 2}, key=PUBLISHED), 422, "idempotency_key_reused")
    assert _stamps(api, card) == 1


def test_the_order_of_the_names_makes_no_other_payload(api: Api, card: dict[str, Any]) -> None:
    bodies = [{"count": 1, "reference": f"order {card['id']}"}, {"reference": f"order {card['id']}", "count": 1}]
    first, again = (api.post(_path(card), body, key=PUBLISHED) for body in bodies)
    assert (first.status_code, again.headers[REPLAYED]) == (201, "true")


def test_concurrent_requests_have_one_effect(app: OpenAPI, api: Api, card: dict[str, Any]) -> None:
    ready = Barrier(6)

    def send(_: int) -> tuple[int, Any]:
        caller = Api(app.test_client(), api.token)
        ready.wait(30)
        answer = caller.post(_path(card), {"count": 1}, key=PUBLISHED)
        return answer.status_code, answer.get_json()

    with ThreadPoolExecutor(6) as callers:
        answers = list(callers.map(send, range(6)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({str(body) for status, body in answers if status == 201}) == 1
    assert _stamps(api, card) == 1


def test_an_error_of_the_body_is_not_kept_and_the_mended_body_is_taken(api: Api, card: dict[str, Any]) -> None:
    first, again = (api.post(_path(card), {"count": -1}, key=PUBLISHED) for _ in range(2))
    assert refused(first, 422, "invalid_body") == refused(again, 422, "invalid_body")
    assert REPLAYED not in again.headers
    assert api.post(_path(card), {"count": 1}, key=PUBLISHED).status_code == 201


def test_a_refusal_at_the_counter_is_kept(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    path, body = f"/cards/{card['id']}/redemptions", {"reward_id": str(cafe.reward_id)}
    first = refused(api.post(path, body, key=PUBLISHED), 409, "nothing_to_redeem")
    api.made(_path(card), {"count": 10})
    again = api.post(path, body, key=PUBLISHED)
    assert (refused(again, 409, "nothing_to_redeem"), again.headers[REPLAYED]) == (first, "true")


def test_keys_of_two_merchants_never_meet(api: Api, other_api: Api, cafe: Cafe, other_cafe: Cafe) -> None:
    key = str(uuid4())
    one = api.post("/cards", {"program_id": str(cafe.program_id)}, key=key)
    other = other_api.post("/cards", {"program_id": str(other_cafe.program_id)}, key=key)
    assert [answer.status_code for answer in (one, other)] == [201, 201]
    assert REPLAYED not in other.headers
    assert one.get_json()["id"] != other.get_json()["id"]


def test_keys_of_two_paths_never_meet(api: Api, full_card: dict[str, Any], cafe: Cafe) -> None:
    api.made(_path(full_card), {"count": 1}, key=PUBLISHED)
    body = {"reward_id": str(cafe.reward_id), "confirm": True}
    other = api.post(f"/cards/{full_card['id']}/redemptions", body, key=PUBLISHED)
    assert (other.status_code, REPLAYED in other.headers) == (201, False)
    assert other.get_json()["redemption"]["state"] == "redeemed"


def test_after_seven_days_the_key_is_a_new_one(api: Api, card: dict[str, Any], travel: Travel) -> None:
    api.made(_path(card), {"count": 1}, key=PUBLISHED)
    travel(KEPT - timedelta(minutes=1))
    assert api.post(_path(card), {"count": 1}, key=PUBLISHED).headers[REPLAYED] == "true"
    travel(KEPT + timedelta(minutes=1))
    late = api.post(_path(card), {"count": 2}, key=PUBLISHED)
    assert (late.status_code, REPLAYED in late.headers) == (201, False)
    assert _stamps(api, card) == 3
    assert api.post(_path(card), {"count": 2}, key=PUBLISHED).headers[REPLAYED] == "true"


def test_what_is_older_than_seven_days_is_tidied_away(
    api: Api, engine: Engine, cafe: Cafe, card: dict[str, Any], now: Any
) -> None:
    api.made(_path(card), {}, key="tidied")
    mine = select(func.count()).select_from(IdempotencyKey).where(IdempotencyKey.route.contains(card["id"]))
    with transaction(engine, cafe.merchant_id) as session:
        forget_old(session, now + KEPT - timedelta(minutes=5))
        assert session.scalar(mine) == 1
        forget_old(session, now + KEPT + timedelta(minutes=5))
        assert session.scalar(mine) == 0


def test_an_answer_that_never_arrived_is_given_again(api: Api, card: dict[str, Any]) -> None:
    api.client.post(
        f"/api/v1{_path(card)}",
        json={"count": 1},
        headers={"Authorization": f"Bearer {api.token}", "Idempotency-Key": PUBLISHED},
    ).close()
    assert api.post(_path(card), {"count": 1}, key=PUBLISHED).headers[REPLAYED] == "true"
    assert _stamps(api, card) == 1


def test_a_connection_killed_at_work_leaves_neither_stamp_nor_key(
    app: OpenAPI, api: Api, engine: Engine, cafe: Cafe, card: dict[str, Any], database_url: str
) -> None:
    """The request has claimed its key and waits for the card, which somebody else holds."""
    waiting = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
    database = database_url.partition("?")[0].rpartition("/")[2]
    with ThreadPoolExecutor(1) as caller, psycopg.connect(plain(database_url), autocommit=True) as admin:
        with transaction(engine, cafe.merchant_id) as holding:
            holding.execute(text("SELECT id FROM card WHERE id = :id FOR UPDATE"), {"id": card["id"]})
            sent = caller.submit(Api(app.test_client(), api.token).post, _path(card), {}, key=PUBLISHED)
            began = monotonic()
            while not admin.execute(waiting, [database]).fetchall() and monotonic() < began + 30:
                pass
        refused(sent.result(30), 503, "unavailable")
    assert _stamps(api, card) == 0
    retried = api.post(_path(card), {}, key=PUBLISHED)
    assert (retried.status_code, REPLAYED in retried.headers) == (201, False)


def test_the_second_of_two_waits_two_seconds_and_is_told_to_come_back(
    api: Api, engine: Engine, cafe: Cafe, card: dict[str, Any]
) -> None:
    api.made(_path(card), {}, key="to know the actor")
    copy = (
        "INSERT INTO idempotency_key (merchant_id, actor, route, key, fingerprint, created_at)"
        " SELECT merchant_id, actor, route, 'running', '', now() FROM idempotency_key"
        " WHERE route LIKE :card AND key = 'to know the actor'"
    )
    with transaction(engine, cafe.merchant_id) as running:
        running.execute(text(copy), {"card": f"%{card['id']}%"})
        began = monotonic()
        answer = api.post(_path(card), {}, key='"running"')
        waited = monotonic() - began
        running.rollback()
    refused(answer, 409, "request_in_flight")
    assert answer.headers["Retry-After"] == "1"
    assert 1.9 < waited < 4.5, "less than other locks are waited for"
    assert api.post(_path(card), {}, key="running").status_code == 201
    assert _stamps(api, card) == 2

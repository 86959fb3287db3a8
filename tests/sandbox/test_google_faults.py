"""The sandbox's Google answers as it is told: every kind of trouble a worker must live through."""

from time import monotonic
from typing import Any

import pytest
import requests

from tests.sandbox.google_parts import Client, reason


def _stamp(wallet: Client, card: str, points: str = "4/10") -> requests.Response:
    return wallet.call("PATCH", f"loyaltyObject/{card}", {"loyaltyPoints": {"balance": {"string": points}}})


def _shown(wallet: Client, card: str) -> str:
    return str(wallet.call("GET", f"loyaltyObject/{card}").json()["loyaltyPoints"]["balance"]["string"])


@pytest.mark.parametrize(
    ("answer", "status", "why"),
    [
        ({"status": 403, "reason": "permissionDenied"}, 403, "permissionDenied"),
        ({"status": 403, "reason": "quotaExceeded"}, 403, "quotaExceeded"),
        ({"status": 403, "reason": "rateLimitExceeded"}, 403, "rateLimitExceeded"),
        ({"status": 403, "reason": "userRateLimitExceeded"}, 403, "userRateLimitExceeded"),
        ({"status": 400}, 400, "invalidResource"),
        ({"status": 401}, 401, "authError"),
        ({"status": 404}, 404, "resourceNotFound"),
        ({"status": 409}, 409, "existingResource"),
        ({"status": 429}, 429, "rateLimitExceeded"),
        ({"status": 500}, 500, "internalError"),
        ({"status": 503}, 503, "backendError"),
        ({"status": 418, "reason": "teapot"}, 418, "teapot"),
    ],
    ids=str,
)
def test_a_scripted_answer_comes_once_and_nothing_is_done(
    wallet: Client, answer: dict[str, Any], status: int, why: str
) -> None:
    card = wallet.card()
    # The library asks again by itself after a 401: for it there are three.
    wallet.tell("answers", {"match": card, "answers": [answer] * (3 if status == 401 else 1)})
    assert reason(_stamp(wallet, card)) == (status, why)
    assert _shown(wallet, card) == "3/10"
    assert _stamp(wallet, card).status_code == 200


def test_a_bad_gateway_speaks_html(wallet: Client) -> None:
    card = wallet.card()
    wallet.tell("answers", {"match": card, "answers": [{"status": 502}]})
    answer = _stamp(wallet, card)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")


def test_a_scripted_answer_can_say_when_to_come_back(wallet: Client) -> None:
    card = wallet.card()
    wallet.tell("answers", {"match": card, "answers": [{"status": 429, "retry_after": 7}]})
    assert _stamp(wallet, card).headers["Retry-After"] == "7"


def test_the_answers_come_in_turn_and_200_is_the_usual_one(wallet: Client) -> None:
    card = wallet.card()
    wallet.tell("answers", {"match": card, "answers": [{"status": 503}, {}, {"status": 500}]})
    assert [_stamp(wallet, card).status_code for _ in range(4)] == [503, 200, 500, 200]


def test_a_star_matches_every_call_and_an_id_comes_first(wallet: Client) -> None:
    card, other = wallet.card(), wallet.card()
    wallet.tell("answers", {"match": "*", "answers": [{"status": 500}]})
    wallet.tell("answers", {"match": card, "answers": [{"status": 503}]})
    assert [_stamp(wallet, card).status_code, _stamp(wallet, other).status_code] == [503, 500]


def test_an_insert_is_matched_by_the_id_in_its_body(wallet: Client) -> None:
    body = {"id": "3388000000099999999.early", "classId": wallet.program(), "state": "ACTIVE"}
    wallet.tell("answers", {"match": body["id"], "answers": [{"status": 503}]})
    assert [wallet.call("POST", "loyaltyObject", body).status_code for _ in range(3)] == [503, 200, 409]


def test_a_dropped_connection_is_silence_and_nothing_is_done(wallet: Client) -> None:
    card = wallet.card()
    wallet.tell("answers", {"match": card, "answers": [{"drop": True}]})
    with pytest.raises(requests.ConnectionError):
        _stamp(wallet, card)
    assert _shown(wallet, card) == "3/10"


@pytest.mark.parametrize("lost", [{"drop": True, "done": True}, {"status": 503, "done": True}], ids=str)
def test_an_answer_can_be_lost_after_the_deed_was_done(wallet: Client, lost: dict[str, Any]) -> None:
    card = wallet.card()
    wallet.tell("answers", {"match": card, "answers": [lost]})
    try:
        assert _stamp(wallet, card).status_code == 503
    except requests.ConnectionError:
        assert "drop" in lost
    assert _shown(wallet, card) == "4/10"


def test_a_delay_makes_an_answer_late(wallet: Client) -> None:
    card = wallet.card()
    wallet.tell("answers", {"match": card, "answers": [{"delay": 0.2}]})
    begun = monotonic()
    assert _stamp(wallet, card).status_code == 200
    assert monotonic() - begun >= 0.2


def test_what_is_still_to_be_answered_shows_in_the_state(wallet: Client) -> None:
    card = wallet.card()
    wallet.tell("answers", {"match": card, "answers": [{"status": 503}] * 3})
    _stamp(wallet, card)
    assert wallet.state()["scripted"][card] == 2
    wallet.tell("answers", {"match": card, "answers": []})
    assert card not in wallet.state()["scripted"]


def test_a_scripted_refusal_is_no_fault_of_the_caller(wallet: Client) -> None:
    card = wallet.card()
    wallet.tell("forget", None)
    wallet.tell("answers", {"match": card, "answers": [{"status": 400}]})
    assert _stamp(wallet, card).status_code == 400
    assert wallet.state()["violations"] == []


def test_the_library_survives_a_token_that_died_on_the_way(wallet: Client) -> None:
    card = wallet.card()
    wallet.tell("answers", {"match": card, "answers": [{"status": 401}]})
    assert _stamp(wallet, card).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"match": 3, "answers": []},
        {"answers": "503"},
        {"answers": [503]},
        {"answers": [{"status": 403}]},
        {"answers": [{"status": 418}]},
        {"answers": [{"status": 302, "reason": "x"}]},
        {"answers": [{"status": "503"}]},
        {"answers": [{"delay": -1}]},
        {"answers": [{"delay": 3600}]},
        {"answers": [{"drop": 1}]},
        {"answers": [{"retry_after": "7"}]},
        {"answers": [{"hang": True}]},
    ],
    ids=str,
)
def test_a_script_without_sense_is_refused_with_a_sentence(wallet: Client, body: object) -> None:
    answer = wallet.tell("answers", body)
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith(".")

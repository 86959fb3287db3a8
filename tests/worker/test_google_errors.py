"""What Google says is told apart by its reason, not by its status; what is not Google's says nothing of a pass."""

import json
from typing import Any

import pytest
from google.auth.exceptions import RefreshError, TransportError

from worker.google_errors import LONGEST_REASON, NOT_GOOGLES, Answer, Meaning, no_answer, no_token, read_answer


def error(status: int, reason: str | None, message: str = "Something.", canonical: str = "") -> bytes:
    errors = [{"domain": "walletobjects", "reason": reason, "message": message}] if reason else []
    return json.dumps({"error": {"code": status, "message": message, "status": canonical, "errors": errors}}).encode()


@pytest.mark.parametrize(
    ("status", "reason", "meaning"),
    [
        (400, "invalidResource", Meaning.PERMANENT),
        (400, "badRequest", Meaning.PERMANENT),
        (412, "conditionNotMet", Meaning.PERMANENT),
        (401, "authError", Meaning.REFUSED),
        (401, "required", Meaning.REFUSED),
        (400, "required", Meaning.PERMANENT),
        (403, "permissionDenied", Meaning.REFUSED),
        (403, "accessNotConfigured", Meaning.REFUSED),
        (403, "quotaExceeded", Meaning.NOTICES_SPENT),
        (403, "rateLimitExceeded", Meaning.THROTTLED),
        (403, "userRateLimitExceeded", Meaning.THROTTLED),
        (403, "somethingNew", Meaning.PERMANENT),
        (404, "resourceNotFound", Meaning.NOT_THERE),
        (404, "classNotFound", Meaning.NOT_THERE),
        (400, "classNotFound", Meaning.NOT_THERE),
        (404, "somethingNew", Meaning.NOT_THERE),
        (409, "existingResource", Meaning.ALREADY_THERE),
        (409, "somethingNew", Meaning.ALREADY_THERE),
        (408, "somethingNew", Meaning.RETRY),
        (429, "rateLimitExceeded", Meaning.THROTTLED),
        (429, "quotaExceeded", Meaning.THROTTLED),
        (500, "internalError", Meaning.RETRY),
        (502, "badGateway", Meaning.RETRY),
        (503, "backendError", Meaning.RETRY),
        (503, "somethingNew", Meaning.RETRY),
    ],
)
def test_a_reason_means_what_to_do(status: int, reason: str, meaning: Meaning) -> None:
    answer = read_answer(status, error(status, reason))
    assert (answer.meaning, str(answer)) == (meaning, f"{status} {reason}")


def test_what_was_taken_is_done_and_says_what_google_has_now() -> None:
    answer = read_answer(200, b'{"id": "1.a", "hasUsers": true}')
    assert (answer.meaning, answer.body["hasUsers"]) == (Meaning.DONE, True)


def test_without_a_reason_the_canonical_code_is_said_and_the_status_counts() -> None:
    answer = read_answer(404, error(404, None, canonical="NOT_FOUND"))
    assert (answer.meaning, answer.reason) == (Meaning.NOT_THERE, "NOT_FOUND")


@pytest.mark.parametrize(
    "message",
    ["Issuer not allowlisted for Merchant Locations. Please contact support.", "issuer: no merchant locations"],
)
def test_places_that_the_issuer_is_not_allowlisted_for_are_told_from_other_wrong_bodies(message: str) -> None:
    assert read_answer(400, error(400, "invalidResource", message)).meaning is Meaning.NO_PLACES


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 409, 500])
@pytest.mark.parametrize(
    "content", [b"", b"<html>Blocked</html>", b"[]", b"null", b'"error"', b"\xff", b"[" * 100_000], ids=range(7)
)
def test_a_page_of_a_proxy_says_nothing_of_what_was_sent(status: int, content: bytes) -> None:
    assert read_answer(status, content) == Answer(Meaning.RETRY, status, NOT_GOOGLES)


@pytest.mark.parametrize("said", [{"error": "x"}, {"error": ["x"]}, {"oops": 1}, {"error": None}])
def test_json_of_somebody_elses_says_nothing_either(said: Any) -> None:
    assert read_answer(403, json.dumps(said).encode()).meaning is Meaning.RETRY


@pytest.mark.parametrize(("said", "pause"), [("90", 90), ("", 0), ("9" * 9, 3600), ("-1", 0), ("1.5", 0), ("soon", 0)])
def test_google_says_how_long_to_leave_it_alone(said: str, pause: int) -> None:
    assert read_answer(503, error(503, "backendError"), said).pause == pause


def test_too_many_calls_are_too_many_whoever_says_it() -> None:
    assert read_answer(429, b"<html>Slow down</html>").meaning is Meaning.THROTTLED


@pytest.mark.parametrize("errors", [[], [7], {}, "x", [{"reason": None}], [{"reason": 7}]], ids=range(6))
def test_an_error_of_another_shape_is_read_all_the_same(errors: Any) -> None:
    said = {"error": {"code": 403, "errors": errors, "message": None}}
    assert read_answer(403, json.dumps(said).encode()).meaning is Meaning.PERMANENT


def test_a_reason_is_short_and_of_one_line_whatever_it_was() -> None:
    answer = read_answer(400, error(400, "a\n\x00\x1b" + "b" * 500))
    assert answer.reason == "a" + "b" * (LONGEST_REASON - 1)


def test_what_google_quotes_of_a_body_is_in_no_representation_of_the_answer() -> None:
    answer = read_answer(400, error(400, "invalidResource", "accountName: 'Mia Muster' is too long"))
    assert "Mia" not in f"{answer} {answer!r}"
    assert "Mia" in answer.message


@pytest.mark.parametrize("late", [True, False])
def test_no_answer_at_all_is_for_later(late: bool) -> None:
    answer = no_answer(late=late)
    assert (answer.meaning, answer.status) == (Meaning.RETRY, 0)
    assert answer.troubled


@pytest.mark.parametrize(
    ("wrong", "meaning", "said"),
    [
        (RefreshError("invalid_grant: x", {"error": "invalid_grant"}), Meaning.REFUSED, "invalid_grant"),
        (RefreshError("unauthorized_client: x", {"error": "unauthorized_client"}), Meaning.REFUSED, "unauthorized"),
        (RefreshError("No access token in response.", {"token": "ya29.secret"}), Meaning.REFUSED, "no token"),
        (RefreshError("x", {"error": "internal_failure"}, retryable=True), Meaning.RETRY, "internal_failure"),
        (RefreshError("<html>"), Meaning.RETRY, "no token"),
        (TransportError("Name or service not known"), Meaning.RETRY, "no token"),
    ],
)
def test_without_a_token_it_is_our_account_that_is_refused_unless_nobody_was_asked(
    wrong: Exception, meaning: Meaning, said: str
) -> None:
    answer = no_token(wrong)  # type: ignore[arg-type]
    assert answer.meaning is meaning
    assert said in answer.reason
    assert "secret" not in f"{answer!r} {answer.message}"

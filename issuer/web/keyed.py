"""Requests that may come twice: one transaction holds the key, the work and the answer."""

from collections.abc import Callable
from uuid import UUID

from flask import jsonify, make_response, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer.database import transaction
from issuer.idempotency import Answer, Attempt, InFlight, KeyMalformed, KeyReused, fingerprint, once, read_key
from issuer.refusals import Refusal
from issuer.web.context import house, now
from issuer.web.problems import Problem, problem_body

HEADER = "Idempotency-Key"


def given_key(*, required: bool) -> str | None:
    """The caller's key.

    :raises Problem: absent though demanded, or nothing that a key may be
    """
    try:
        key = read_key(request.headers.get(HEADER, ""))
    except KeyMalformed as error:
        errors = [{"field": HEADER, "message": str(error)}]
        raise Problem(422, "invalid_body", f"{HEADER} {error}.", errors) from error
    if key is None and required:
        raise Problem(
            400,
            "idempotency_key_required",
            "Send a header Idempotency-Key, made before the first try and kept.",
        )
    return key


def answer_once(merchant_id: UUID, actor: str, work: Callable[[Session], Answer], *, required: bool = True) -> Response:
    """Do the work in one transaction, or give the answer that this key got before."""
    key = given_key(required=required)
    try:
        with transaction(house().engine, merchant_id) as session:
            if key is None:
                answer = work(session)
            else:
                body = request.get_json(force=True, silent=True)
                attempt = Attempt(merchant_id, actor, _route(), key, fingerprint(body))
                answer = once(session, attempt, lambda: work(session), now())
    except KeyReused as error:
        raise Problem(
            422,
            "idempotency_key_reused",
            f"The key {error} came with another body. Make a new key for a new request.",
        ) from error
    except InFlight as error:
        raise Problem(
            409,
            "request_in_flight",
            "The first request with this key still runs. Ask again in a second.",
            retry_after=1,
        ) from error
    return _response(answer)


def refused(refusal: Refusal, language: str) -> Answer:
    """A refusal as an answer, kept and replayed like any other."""
    return Answer(409, problem_body(409, refusal.code, refusal.sentence(language)))


def _route() -> str:
    return f"{request.method} {request.path}"


def _response(answer: Answer) -> Response:
    response = make_response(jsonify(answer.body), answer.status)
    if answer.status >= 400:
        response.content_type = "application/problem+json"
    if answer.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response

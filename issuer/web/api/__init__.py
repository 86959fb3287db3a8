"""JSON API v1: documented by the types it checks requests with."""

from typing import Any

from flask import request
from flask_openapi3 import APIBlueprint
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.wrappers import Response

from issuer.objections import follows_from_another, objection
from issuer.web.api.complaints import complaint
from issuer.web.api.types import NAMES, TEXT
from issuer.web.problems import Problem, problem_body, problem_response

PROBLEM = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}}
REFUSED: dict[str | int, Any] = {400: dict(PROBLEM), 409: dict(PROBLEM)}

api = APIBlueprint(
    "api",
    __name__,
    url_prefix="/api/v1",
    abp_security=[{"key": []}],
    abp_responses={status: dict(PROBLEM) for status in (401, 403, 404, 422, 429)},
)


@api.before_request
def refuse_malformed() -> None:
    """A body is JSON or an error of its own, before anybody looks for fields in it."""
    if request.method in ("POST", "PATCH") and request.get_data(cache=True):
        request.on_json_loading_failed = _malformed  # type: ignore[method-assign, assignment]
        if not isinstance(request.get_json(force=True), dict):
            message = 'must be an object like {"count": 1}'
            raise Problem(422, "invalid_body", f"The body {message}.", [{"field": "body", "message": message}])


def _malformed(error: Exception | None) -> None:
    if type(error) is ValueError:
        # Python reads no number of thousands of digits.
        message = "holds a number of too many digits: write a smaller one"
        raise Problem(422, "invalid_body", f"The body {message}.", [{"field": "body", "message": message}])
    raise Problem(400, "malformed_json", 'The body is not JSON. Send an object like {"count": 1}.')


def invalid(error: ValidationError) -> Response:
    """422 that names every value that cannot be used."""
    items = error.errors(include_url=False)
    meant = [item for item in items if not follows_from_another(item, items)]
    errors = [{"field": _field(item), "message": complaint(item)} for item in meant]
    named = " ".join(f"{item['field']}: {item['message'].removesuffix('.')}." for item in errors)
    return problem_response(problem_body(422, "invalid_body", named, errors))


def _field(item: ErrorDetails) -> str:
    """Where the caller wrote it, without the marks that our own types put between."""
    return ".".join(part for part in objection(item).about.split(".") if part not in (TEXT, NAMES)) or "body"


from issuer.web.api import (  # noqa: E402 (they add their views to `api`)
    cards,  # noqa: F401
    counter,  # noqa: F401
    gifts,  # noqa: F401
    moving,  # noqa: F401
    offer_redemptions,  # noqa: F401
    offers,  # noqa: F401
    programs,  # noqa: F401
    purchases,  # noqa: F401
)

"""Errors as documents: problem+json for machines (RFC 9457), a page with one sentence for people."""

from typing import Any

from flask import Flask, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.wrappers import Response

from issuer.idempotency import InFlight
from issuer.language import LANGUAGES, translator
from issuer.web.context import absolute, page_language
from issuer.web.problem_codes import title


class Problem(Exception):
    """An answer that ends the request. ``errors``: field and message of each value that is wrong."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: list[dict[str, str]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.retry_after = errors, retry_after

    def body(self) -> dict[str, Any]:
        return problem_body(self.status, self.code, self.detail, self.errors)


def not_found(what: str) -> Problem:
    return Problem(404, "not_found", f"There is no such {what}.")


def problem_body(status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": absolute(f"/api/v1/docs#{code}"),
        "title": title(code),
        "status": status,
        "code": code,
        "detail": detail,
    }
    return body | ({"errors": errors} if errors else {})


def problem_response(body: dict[str, Any], retry_after: int | None = None) -> Response:
    response = make_response(jsonify(body), body["status"])
    response.content_type = "application/problem+json"
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def install(app: Flask) -> None:
    """Answer every error in the manner of the face that was asked."""

    @app.errorhandler(Problem)
    def known(problem: Problem) -> Response:
        return problem_response(problem.body(), problem.retry_after)

    @app.errorhandler(CSRFError)
    def stale(_error: CSRFError) -> Response:
        _ = translator(_reader()).gettext
        return _shown(400, "csrf", _("This page is too old. Load it again and repeat the step."))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        return _http(error)

    @app.errorhandler(InFlight)
    def twice(_error: InFlight) -> Response:
        _ = translator(_reader()).gettext
        response = _shown(409, "request_in_flight", _("The first tap is still at work. Wait a moment, then try again."))
        response.headers["Retry-After"] = "1"
        return response

    @app.errorhandler(OperationalError)
    def busy(error: OperationalError) -> Response:
        """The database is away, or a lock was not to be had: nothing was booked, the caller may come again."""
        app.logger.warning("unavailable: %s", str(error.orig).splitlines()[:1])
        _ = translator(_reader()).gettext
        response = _shown(503, "unavailable", _("Too much is going on right now. Nothing was lost; please try again."))
        response.headers["Retry-After"] = "1"
        return response

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        app.logger.exception("unforeseen", exc_info=error)
        return _http(default_exceptions[500]())


def _reader() -> str:
    """Pages default to German, machines to English."""
    if request.path.startswith("/api/"):
        return request.accept_languages.best_match(LANGUAGES) or "en"
    return page_language()


def _http(error: HTTPException) -> Response:
    _ = translator(_reader()).gettext
    if error.code is not None and 300 <= error.code < 400:
        return error.get_response()
    known = {
        404: ("not_found", _("Nothing is here. The link may be old or mistyped.")),
        405: ("method_not_allowed", _("This cannot be done here.")),
        413: ("too_large", _("That is too much at once.")),
    }
    theirs = ("bad_request", _("This request cannot be understood."))
    ours = ("internal_error", _("Something broke on our side. Nothing was lost; please try again."))
    status = error.code or 500
    return _shown(status, *known.get(status, theirs if status < 500 else ours))


def _shown(status: int, code: str, sentence: str) -> Response:
    if request.path.startswith(("/apple/", "/google/")):
        return make_response("", status)
    if request.path.startswith("/api/") or request.is_json:
        return problem_response(problem_body(status, code, sentence))
    _ = translator(_reader()).gettext
    inside = request.path.startswith("/console/")
    page = render_template(
        "public/problem.html",
        title=sentence,
        sentence="",
        next_url="/console" if inside else "/",
        next_label=_("To the console") if inside else _("To the start page"),
    )
    return make_response(page, status)

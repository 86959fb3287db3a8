"""What every answer says to the browser: load only our own files, frame us nowhere, tell nobody the address."""

from flask import Flask, g, request
from werkzeug.http import parse_date
from werkzeug.wrappers import Response

from issuer.web.context import house

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# The scanner decodes with WebAssembly where the browser has no detector of its own.
SCANNER = {
    "script-src": "'self' 'wasm-unsafe-eval'",
    "media-src": "'self' blob:",
    "worker-src": "'self'",
}


DATES = ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE")


def allow_scanner() -> None:
    """Let the page of this request use the camera."""
    g.policy = POLICY | SCANNER


def install(app: Flask) -> None:
    @app.before_request
    def forget_unreadable_dates() -> None:
        """A date beyond all calendars is no date and is ignored (RFC 9110, 13.1.3)."""
        for name in DATES:
            try:
                parse_date(request.environ.get(name))
            except OverflowError:
                del request.environ[name]

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        policy = g.get("policy", POLICY)
        headers.setdefault("Content-Security-Policy", "; ".join(f"{k} {v}" for k, v in policy.items()))
        headers.setdefault("Referrer-Policy", "no-referrer")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        camera = "camera=(self)" if "policy" in g else "camera=()"
        headers.setdefault("Permissions-Policy", camera)
        if house().settings.secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if request.path.startswith("/static/vendor/"):
            headers["Cache-Control"] = "public, max-age=31536000"
        elif request.endpoint != "static":
            headers.setdefault("Cache-Control", "no-store")
        return response

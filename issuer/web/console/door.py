"""The cookie of a session: set when somebody comes in, taken when they go."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from issuer.people import SignedIn
from issuer.web.agents import device_words
from issuer.web.context import house
from issuer.web.guards import FIRST_RUN, console_cookie


def let_in(made: SignedIn, target: str) -> Response:
    """Lead to ``target`` with a session's cookie; who has no shop yet is led to found one."""
    response = redirect(target if made.merchant_id else FIRST_RUN, 303)
    secure = house().settings.secure
    response.set_cookie(console_cookie(), made.token, httponly=True, secure=secure, samesite="Lax", path=_cookie_path())
    return response


def let_out() -> Response:
    response = redirect(url_for("console.sign_in"), 303)
    response.delete_cookie(console_cookie(), path=_cookie_path(), secure=house().settings.secure, httponly=True)
    return response


def device() -> str | None:
    """Browser and system of this request in words."""
    return device_words(request.headers.get("User-Agent", ""))


def _cookie_path() -> str:
    """A name with ``__Host-`` is taken for the whole host only (RFC 6265bis, 4.1.3.2)."""
    return "/" if house().settings.secure else "/console"

"""Into the console and out of it."""

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from issuer import people
from issuer.database import transaction
from issuer.people import LONGEST_EMAIL
from issuer.web.console.door import device, let_in, let_out
from issuer.web.console.frame import blueprint
from issuer.web.context import house, now, printable
from issuer.web.guards import console_cookie, founding, open_to_all
from issuer.web.wording import said


@blueprint.get("/sign-in")
@open_to_all
def sign_in() -> str:
    return render_template("console/sign_in.html", error=None, email="")


@blueprint.post("/sign-in")
@open_to_all
def sign_in_now() -> Response:
    """A session with a token of its own; the one that this browser had ends."""
    email = printable(request.form.get("email", ""), LONGEST_EMAIL)
    with transaction(house().engine) as session:
        made = people.sign_in(session, email, request.form.get("password", ""), now(), device())
        if made is not None:
            people.sign_out(session, request.cookies.get(console_cookie(), ""))
    if made is None:
        error = said(
            "This address and password do not belong together, or too many tries were made. Wait, then try again."
        )
        return make_response(render_template("console/sign_in.html", error=error, email=email), 403)
    return let_in(made, _safe_next())


@blueprint.post("/sign-out")
@founding
def sign_out() -> Response:
    with transaction(house().engine) as session:
        people.sign_out(session, request.cookies.get(console_cookie(), ""))
    return let_out()


def _safe_next() -> str:
    """Back to where the session ended, but never to another site."""
    target = request.args.get("next", "")
    return target if target.startswith("/console") and "\\" not in target else url_for("console.cards")

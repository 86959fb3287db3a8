"""One's own account: the password, where one is signed in, and which shop the console shows."""

from typing import Any

from flask import flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from issuer import people
from issuer.database import transaction
from issuer.editing import Gone
from issuer.schema import LoginSession, User
from issuer.web.console.frame import Wrong, blueprint, frame, path_id, wrong
from issuer.web.console.team import ROLE_NAMES
from issuer.web.context import house, now
from issuer.web.guards import signed_in
from issuer.web.wording import ago, said, when


@blueprint.get("/account")
@signed_in
def account() -> str:
    return _page(None)


@blueprint.post("/account/password")
@signed_in
def change_password() -> Response:
    current, new = request.form.get("current", ""), request.form.get("new", "")
    with transaction(house().engine) as session:
        objection = people.change_password(session, g.live, current, new, now())
    if objection:
        return make_response(_page(wrong("password", objection)), 422)
    flash(said("Your password is changed. Every other session has ended."))
    return _back()


@blueprint.post("/account/sessions/<session_id>/end")
@signed_in
def end_session(session_id: str) -> Response:
    with transaction(house().engine) as session:
        people.end_session(session, g.user_id, path_id(session_id))
    flash(said("That session has ended."))
    return _back()


@blueprint.post("/account/sessions/end-others")
@signed_in
def end_other_sessions() -> Response:
    with transaction(house().engine) as session:
        people.end_other_sessions(session, g.user_id, g.live.id)
    flash(said("You are signed in here only."))
    return _back()


@blueprint.post("/account/shop")
@signed_in
def switch_shop() -> Response:
    """Show another merchant that one belongs to; any other is not found."""
    chosen = path_id(request.form.get("merchant_id", ""))
    with transaction(house().engine) as session:
        if not people.switch_merchant(session, g.live, chosen):
            raise Gone
    return redirect(url_for("console.cards"), 303)


def _back() -> Response:
    return redirect(url_for("console.account"), 303)


def _page(mistake: Wrong | None) -> str:
    with transaction(house().engine) as session:
        user = session.get_one(User, g.user_id)
        workplaces = people.workplaces(session, g.user_id)
        rows = people.sessions(session, g.user_id, now())
    with transaction(house().engine, g.merchant_id) as session:
        around = frame(session)
    return render_template(
        "console/account.html",
        email=user.email,
        role=said(ROLE_NAMES[g.role]),
        workplaces=workplaces,
        sessions=[_session(row, around["merchant"].zone) for row in rows],
        least=people.SHORTEST_PASSWORD,
        wrong=mistake,
        **around,
    )


def _session(row: LoginSession, zone: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "here": row.id == g.live.id,
        "device": row.agent or said("Unknown browser"),
        "since": when(row.created_at, zone),
        "seen": ago(row.last_seen_at, now()),
    }

"""The team: who may do what in the console, and the links that invite others."""

import secrets
from typing import Any

from flask import flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from issuer import people, team
from issuer.database import transaction
from issuer.editing import Objection
from issuer.refusals import N_
from issuer.schema import Invitation
from issuer.team import ROLES, Invited, Member
from issuer.web.console.door import device, let_in
from issuer.web.console.frame import Wrong, author, blueprint, frame, path_id, wrong
from issuer.web.context import absolute, house, now
from issuer.web.guards import console_cookie, console_role, open_to_all
from issuer.web.wording import ago, said, spoken, when

ROLE_NAMES = {"owner": N_("Owner"), "manager": N_("Manager"), "staff": N_("Staff")}
ROLE_RIGHTS = {
    "owner": N_("may do everything, also change the team"),
    "manager": N_("may do everything but change the team"),
    "staff": N_("may look up cards"),
}


@blueprint.get("/team")
@console_role("owner")
def show_team() -> str:
    return _page()


@blueprint.post("/team/invitations")
@console_role("owner")
def invite() -> Response:
    """Make a link and show it, this once: only its hash is kept."""
    token, email = secrets.token_urlsafe(24), request.form.get("email", "")
    with transaction(house().engine, g.merchant_id) as session:
        objection = team.invite(session, author(), email, request.form.get("role", ""), token)
    if objection:
        return make_response(_page(wrong("invite", objection)), 422)
    link = absolute(url_for("console.invitation", token=token))
    return make_response(_page(made={"link": link, "email": email.strip().lower(), "days": team.INVITED.days}), 201)


@blueprint.post("/team/invitations/<invitation_id>/revoke")
@console_role("owner")
def revoke_invitation(invitation_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        team.revoke(session, author(), path_id(invitation_id))
    flash(said("The invitation is withdrawn. Its link does nothing any more."))
    return _back()


@blueprint.post("/team/members/<user_id>/role")
@console_role("owner")
def change_role(user_id: str) -> Response:
    meant = path_id(user_id)
    with transaction(house().engine, g.merchant_id) as session:
        objection = team.change_role(session, author(), meant, request.form.get("role", ""))
    if objection:
        return make_response(_page(wrong(f"member-{meant}", objection)), 422)
    flash(said("The role is changed. It counts from the next click on."))
    return _back() if meant != g.user_id else redirect(url_for("console.cards"), 303)


@blueprint.post("/team/members/<user_id>/remove")
@console_role("owner")
def remove_member(user_id: str) -> Response:
    meant = path_id(user_id)
    with transaction(house().engine, g.merchant_id) as session:
        objection = team.remove(session, author(), meant)
    if objection:
        return make_response(_page(wrong(f"member-{meant}", objection)), 422)
    flash(said("The member is removed and signed out. A new invitation brings them back."))
    return _back()


@blueprint.get("/invitation/<token>")
@open_to_all
def invitation(token: str) -> Response:
    """Say who invites to what. Opening the link changes nothing: programs that preview links open it too."""
    return _door(token, None, 200)


@blueprint.post("/invitation/<token>")
@open_to_all
def accept_invitation(token: str) -> Response:
    password = request.form.get("password", "")
    with transaction(house().engine) as session:
        outcome = team.accept(session, token, password, now(), device())
        if isinstance(outcome, people.SignedIn):
            people.sign_out(session, request.cookies.get(console_cookie(), ""))
    if isinstance(outcome, people.SignedIn):
        return let_in(outcome, url_for("console.cards"))
    return _door(token, outcome, 422)


def _door(token: str, objection: Objection | None, status: int) -> Response:
    with transaction(house().engine) as session:
        invited = team.invited(session, token, now())
    if invited is None:
        return make_response(render_template("console/invitation.html", invited=None, error=None), 404)
    error = objection.sentence(spoken()) if objection else None
    return make_response(render_template("console/invitation.html", **_offer(invited), error=error), status)


def _offer(invited: Invited) -> dict[str, Any]:
    rights = said(ROLE_RIGHTS[invited.role])
    role = said(ROLE_NAMES[invited.role])
    return {"invited": invited, "role": role, "rights": rights, "least": people.SHORTEST_PASSWORD}


def _back() -> Response:
    return redirect(url_for("console.show_team"), 303)


def _page(mistake: Wrong | None = None, made: dict[str, Any] | None = None) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        members = team.members(session, g.merchant_id)
        open_links = team.invitations(session, g.merchant_id, now())
        around = frame(session)
    return render_template(
        "console/team.html",
        members=[_member(member) for member in members],
        invitations=[_invitation(row, around["merchant"].zone) for row in open_links],
        roles=[{"id": role, "name": said(ROLE_NAMES[role]), "rights": said(ROLE_RIGHTS[role])} for role in ROLES],
        made=made,
        wrong=mistake,
        **around,
    )


def _member(member: Member) -> dict[str, Any]:
    return {
        "id": member.user_id,
        "email": member.email,
        "role": member.role,
        "role_name": said(ROLE_NAMES[member.role]),
        "self": member.user_id == g.user_id,
        "seen": ago(member.seen_at, now()) if member.seen_at else None,
    }


def _invitation(row: Invitation, zone: str) -> dict[str, Any]:
    return {"id": row.id, "email": row.email, "role": said(ROLE_NAMES[row.role]), "until": when(row.expires_at, zone)}

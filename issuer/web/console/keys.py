"""Keys of the API: what each may do, when it was last used; a new one is shown once."""

from typing import Any

from flask import flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from issuer import api_keys
from issuer.api_keys import SCOPES, KeyView
from issuer.database import transaction
from issuer.refusals import N_
from issuer.web.console.frame import Wrong, author, blueprint, frame, path_id, wrong
from issuer.web.context import absolute, house, now
from issuer.web.guards import console_role
from issuer.web.wording import ago, said, when

SCOPE_NAMES = {"read": N_("Look"), "write": N_("Stamp and redeem"), "programs": N_("Change programs")}
SCOPE_RIGHTS = {
    "read": N_("sees cards, programs, shops and what was booked"),
    "write": N_("does what a till does: cards, stamps, purchases, redemptions, corrections; makes and changes offers"),
    "programs": N_("makes and changes programs, their rules and rewards"),
}
USUAL = ("read", "write")


@blueprint.get("/keys")
@console_role("owner")
def show_keys() -> str:
    return _page(USUAL)


@blueprint.post("/keys")
@console_role("owner")
def make_key() -> Response:
    """Make a key and show it, this once: only its hash is kept."""
    token, scopes = api_keys.fresh_token(), request.form.getlist("scopes")
    with transaction(house().engine, g.merchant_id) as session:
        objection = api_keys.make(session, author(), request.form.get("name", ""), scopes, token)
    if objection:
        return make_response(_page(scopes, wrong("make", objection)), 422)
    made = {"token": token, "example": _example(token) if "read" in scopes else None}
    response = make_response(_page(USUAL, made=made), 201)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/keys/<key_id>/revoke")
@console_role("owner")
def revoke_key(key_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        ended = api_keys.revoke(session, author(), path_id(key_id))
    flash(said("The key “%(name)s” is revoked. Its requests are refused from now on.") % {"name": ended.name})
    return redirect(url_for("console.show_keys"), 303)


def _example(token: str) -> str:
    """A call that changes nothing and answers at once."""
    return f'curl "{absolute("/api/v1/programs")}" -H "Authorization: Bearer {token}"'


def _page(ticked: Any, mistake: Wrong | None = None, made: dict[str, Any] | None = None) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        found = api_keys.every(session, g.merchant_id)
        around = frame(session)
    lines = [_line(view, around["merchant"].zone) for view in found]
    return render_template(
        "console/keys.html",
        live=[line for line in lines if not line["revoked"]],
        revoked=[line for line in lines if line["revoked"]],
        scopes=[{"id": one, "name": said(SCOPE_NAMES[one]), "rights": said(SCOPE_RIGHTS[one])} for one in SCOPES],
        ticked=ticked,
        longest=api_keys.LONGEST_NAME,
        made=made,
        wrong=mistake,
        **around,
    )


def _line(view: KeyView, zone: str) -> dict[str, Any]:
    key = view.key
    return {
        "id": key.id,
        "name": key.name or said("Without a name"),
        "ending": key.ending,
        "scopes": [said(SCOPE_NAMES[scope]) for scope in key.scopes],
        "made": when(key.created_at, zone),
        "maker": view.maker,
        "used": ago(key.last_used_at, now()) if key.last_used_at else None,
        "revoked": when(key.revoked_at, zone),
    }

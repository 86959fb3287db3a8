"""The people at the counter: their PINs are shown once, when they are made."""

from uuid import UUID

from flask import g, make_response, render_template, request
from werkzeug.wrappers import Response

from issuer import staffing
from issuer.database import transaction
from issuer.editing import Objection
from issuer.web.console.frame import author, blueprint, frame, path_id
from issuer.web.console.shops import answer, keepers
from issuer.web.context import house
from issuer.web.wording import said


@blueprint.post("/staff")
@keepers
def add_staff() -> Response:
    chosen = request.form.get("pin", "").strip()
    pin = chosen or staffing.draw_pin()
    with transaction(house().engine, g.merchant_id) as session:
        outcome = staffing.add(session, author(), request.form.get("name", ""), pin)
    if isinstance(outcome, Objection):
        return answer("staff-new", outcome, "")
    if chosen:
        return _chosen(outcome.name)
    return _drawn(outcome.name, pin)


@blueprint.post("/staff/<staff_id>/pin")
@keepers
def change_pin(staff_id: str) -> Response:
    meant, chosen = path_id(staff_id), request.form.get("pin", "").strip()
    pin = chosen or staffing.draw_pin()
    with transaction(house().engine, g.merchant_id) as session:
        outcome = staffing.change_pin(session, author(), meant, pin)
    if isinstance(outcome, Objection):
        return answer(_form(meant), outcome, "")
    if chosen:
        return _chosen(outcome.name)
    return _drawn(outcome.name, pin)


@blueprint.post("/staff/<staff_id>/name")
@keepers
def rename_staff(staff_id: str) -> Response:
    meant = path_id(staff_id)
    with transaction(house().engine, g.merchant_id) as session:
        objection = staffing.rename(session, author(), meant, request.form.get("name", ""))
    return answer(_form(meant), objection, said("The name is changed."))


@blueprint.post("/staff/<staff_id>/leave")
@keepers
def staff_leaves(staff_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        person = staffing.leave(session, author(), path_id(staff_id))
    done = said("%(name)s cannot open a till any more. What they booked keeps their name.")
    return answer("", None, done % {"name": person.name})


@blueprint.post("/staff/<staff_id>/return")
@keepers
def staff_returns(staff_id: str) -> Response:
    meant = path_id(staff_id)
    with transaction(house().engine, g.merchant_id) as session:
        outcome = staffing.come_back(session, author(), meant)
    if isinstance(outcome, Objection):
        return answer(_form(meant), outcome, "")
    return answer("", None, said("%(name)s is back, with the PIN they had.") % {"name": outcome.name})


def _form(staff_id: UUID) -> str:
    return f"staff-{staff_id}"


def _chosen(name: str) -> Response:
    return answer("", None, said("%(name)s may open the tills with the PIN you chose.") % {"name": name})


def _drawn(name: str, pin: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        around = frame(session)
    return make_response(render_template("console/pin.html", name=name, pin=pin, **around), 201)

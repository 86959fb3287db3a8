"""The till's door: enrol a browser once, open it with a PIN. What is done inside stands in `till_calls`."""

from datetime import datetime

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import tills
from issuer.database import set_merchant, transaction
from issuer.schema import Location, Merchant, Till
from issuer.tills import WrongPin
from issuer.web.context import house, now, parsed_id
from issuer.web.guards import TILL_COOKIE, any_till, open_to_all
from issuer.web.headers import allow_scanner
from issuer.web.wording import clock_time, said

blueprint = Blueprint("till", __name__, url_prefix="/till")

YEARS = 10 * 365 * 86400


@blueprint.get("")
@any_till
def page() -> str:
    """What this browser may do next: learn how to become a till, open it, or scan."""
    if g.till is None:
        return render_template("till/enrol.html", error=None)
    if g.staff is None:
        return _sign_in_page(None)
    allow_scanner()
    with transaction(house().engine, g.till.merchant_id) as session:
        merchant = session.get_one(Merchant, g.till.merchant_id)
        place = session.get_one(Location, g.till.location_id)
    return render_template("till/till.html", merchant=merchant, till={"name": place.name}, staff=g.staff)


@blueprint.get("/enrol/<token>")
@open_to_all
def enrol(token: str) -> Response:
    """Make this browser a till, or ask first when the link works but once: whatever previews links would use it up."""
    with transaction(house().engine) as session:
        link = tills.enrolment(session, token, now())
        if link is None or not link.single_use or _known_till(session):
            return _become(session, token)
        set_merchant(session, link.merchant_id)
        merchant = session.get_one(Merchant, link.merchant_id)
        place = session.get_one(Location, link.location_id)
    return make_response(render_template("till/become.html", merchant=merchant, place=place))


@blueprint.post("/enrol/<token>")
@open_to_all
def enrol_now(token: str) -> Response:
    with transaction(house().engine) as session:
        return _become(session, token)


def _known_till(session: Session) -> Till | None:
    return tills.till_of(session, request.cookies.get(TILL_COOKIE, ""), now())


def _become(session: Session, token: str) -> Response:
    """Make this browser a till; one that is a till already stays the one it is."""
    known = _known_till(session)
    made = None if known else tills.enrol(session, token, now())
    if known is None and made is None:
        sentence = said("This enrolment link is not valid any more. Ask the owner or manager for a new one.")
        return make_response(render_template("till/enrol.html", error=sentence), 404)
    response = redirect(url_for("till.page"), 303)
    if made is not None:
        response.set_cookie(
            TILL_COOKIE, made[1], max_age=YEARS, httponly=True, secure=house().settings.secure, samesite="Lax"
        )
    return response


@blueprint.post("/sign-in")
@any_till
def sign_in() -> Response | str:
    if g.till is None:
        return redirect(url_for("till.page"), 303)
    staff_id = parsed_id(request.form.get("staff_id", ""))
    if staff_id is None:
        return _sign_in_page(said("Choose who you are."))
    with transaction(house().engine, g.till.merchant_id) as session:
        till = session.get_one(Till, g.till.id)
        outcome = tills.open_till(session, till, staff_id, request.form.get("pin", ""), now())
    if isinstance(outcome, WrongPin):
        return make_response(_sign_in_page(_wrong_pin(outcome), outcome.locked_until), 403)
    return redirect(url_for("till.page"), 303)


@blueprint.post("/sign-out")
@any_till
def sign_out() -> Response:
    if g.till is not None:
        with transaction(house().engine, g.till.merchant_id) as session:
            tills.close_till(session.get_one(Till, g.till.id))
    return redirect(url_for("till.page"), 303)


def _sign_in_page(error: str | None, locked_until: datetime | None = None) -> str:
    with transaction(house().engine, g.till.merchant_id) as session:
        staff = [{"id": str(person.id), "name": person.name} for person in tills.staff_list(session)]
        zone = session.get_one(Merchant, g.till.merchant_id).zone
    until = clock_time(locked_until, zone) if locked_until else None
    return render_template("till/sign_in.html", staff=staff, error=None if until else error, locked_until=until)


def _wrong_pin(outcome: WrongPin) -> str:
    return said("This PIN is wrong. Tries left: %(left)s.") % {"left": outcome.left}

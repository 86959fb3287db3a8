"""Shops, the tills in them, and the page that makes a browser one."""

from typing import Any
from urllib.parse import quote

from flask import flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from issuer import shops, staffing, tills
from issuer.coordinates import coordinates_said
from issuer.database import transaction
from issuer.editing import Objection
from issuer.schema import Location, Staff
from issuer.shops import ShopFields, ShopView, TillView
from issuer.web.console.frame import Wrong, author, blueprint, frame, path_id, wrong
from issuer.web.context import absolute, house, now
from issuer.web.guards import console_role
from issuer.web.wording import ago, said
from issuer.zones import zones
from passes.qr import qr_svg

keepers = console_role("owner", "manager")


@blueprint.get("/shops")
@keepers
def show_shops() -> str:
    return shops_page()


@blueprint.post("/shops")
@keepers
def add_shop() -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        outcome = shops.add_shop(session, author(), _typed())
    objection = outcome if isinstance(outcome, Objection) else None
    return answer("shop-new", objection, said("The shop is there. Enrol its first till next."))


@blueprint.post("/shops/<location_id>")
@keepers
def change_shop(location_id: str) -> Response:
    meant = path_id(location_id)
    with transaction(house().engine, g.merchant_id) as session:
        objection = shops.change_shop(session, author(), meant, _typed())
    return answer(f"shop-{meant}", objection, said("The shop is changed."))


@blueprint.post("/shops/<location_id>/till")
@keepers
def enrol_till(location_id: str) -> Response:
    """A link and its QR, shown this once: only its hash is kept."""
    with transaction(house().engine, g.merchant_id) as session:
        place, token = shops.invite_till(session, author(), path_id(location_id))
        around = frame(session)
    link = absolute(url_for("till.enrol", token=token))
    page = render_template(
        "console/enrol.html",
        place=place,
        link=link,
        qr="data:image/svg+xml," + quote(qr_svg(link)),
        minutes=int(tills.ENROL_WITHIN.total_seconds() // 60),
        **around,
    )
    return make_response(page, 201)


@blueprint.post("/tills/<till_id>/name")
@keepers
def rename_till(till_id: str) -> Response:
    meant = path_id(till_id)
    with transaction(house().engine, g.merchant_id) as session:
        objection = shops.rename_till(session, author(), meant, request.form.get("name", ""))
    return answer(f"till-{meant}", objection, said("The till has its new name."))


@blueprint.post("/tills/<till_id>/revoke")
@keepers
def revoke_till(till_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        till = shops.revoke_till(session, author(), path_id(till_id))
    done = said("%(till)s is shut out. Was it a mistake? It can be let in again below.")
    return answer("", None, done % {"till": till_name(till.name)})


@blueprint.post("/tills/<till_id>/restore")
@keepers
def restore_till(till_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        till = shops.restore_till(session, author(), path_id(till_id))
    return answer("", None, said("%(till)s may book again, after a PIN.") % {"till": till_name(till.name)})


def answer(form: str, objection: Objection | None, done: str) -> Response:
    """Back to the page with what was done, or the page once more with the form that cannot be taken."""
    if objection:
        return make_response(shops_page(wrong(form, objection)), 422)
    flash(done)
    return redirect(url_for("console.show_shops"), 303)


def shops_page(mistake: Wrong | None = None) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        places = shops.shops(session, g.merchant_id, now())
        people = staffing.everybody(session)
        around = frame(session)
    return render_template(
        "console/shops.html",
        shops=[_shop(place) for place in places],
        staff=[_person(person) for person in people if person.disabled_at is None],
        gone=[_person(person) for person in people if person.disabled_at is not None],
        zones=zones(),
        pin={"fewest": staffing.FEWEST_DIGITS, "most": staffing.MOST_DIGITS},
        wrong=mistake,
        **around,
    )


def till_name(name: str) -> str:
    """A till that nobody named has a number."""
    return said("Till %(number)s") % {"number": name} if name.isdigit() else name


def _typed() -> ShopFields:
    return ShopFields(*(request.form.get(name, "") for name in ("name", "address", "at", "zone")))


def _shop(place: ShopView) -> dict[str, Any]:
    shop = place.location
    return {
        "id": shop.id,
        "name": shop.name,
        "address": shop.address or "",
        "at": _at(shop),
        "zone": shop.zone or "",
        "tills": [_till(till) for till in place.tills],
        "revoked": [_till(till) for till in place.revoked],
    }


def _at(shop: Location) -> str:
    if shop.latitude is None or shop.longitude is None:
        return ""
    return coordinates_said(shop.latitude, shop.longitude)


def _till(till: TillView) -> dict[str, Any]:
    seen = ago(till.seen_at, now())
    return {"id": till.id, "name": till_name(till.name), "on_shift": till.on_shift, "seen": seen}


def _person(person: Staff) -> dict[str, Any]:
    locked = person.locked_until is not None and person.locked_until > now()
    return {"id": person.id, "name": person.name, "locked": locked}

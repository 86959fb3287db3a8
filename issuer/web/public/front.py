"""The blueprint of the customers' pages, and the front door."""

from flask import Blueprint, render_template, url_for

from issuer.database import transaction
from issuer.programs import find_slug
from issuer.web.context import house
from issuer.web.guards import open_to_all

blueprint = Blueprint("public", __name__)


@blueprint.get("/")
@open_to_all
def home() -> str:
    settings = house().settings
    demo = {"sandbox_url": settings.sandbox_url, "join_url": _demo_join()} if settings.mode == "demo" else None
    return render_template("public/home.html", demo=demo)


def _demo_join() -> str | None:
    with transaction(house().engine) as session:
        row = find_slug(session, "demo")
    return url_for("public.join_page", slug=row.slug) if row else None

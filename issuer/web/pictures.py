"""A brand's pictures and colours for pages, cached for ever under the brand's version."""

from flask import Blueprint, Response, abort, url_for

from issuer.database import set_merchant, transaction
from issuer.issuing import Look, look_of
from issuer.programs import find_slug
from issuer.web.context import house
from issuer.web.guards import open_to_all
from passes.images import logo_set, shrunk

STAMP_PIXELS = 132

blueprint = Blueprint("pictures", __name__, url_prefix="/brand/<slug>/<int:number>")


@blueprint.get("/brand.css")
@open_to_all
def colours(slug: str, number: int) -> Response:
    """The brand's colours as custom properties, because pages may carry no inline style."""
    look = _look(slug)
    css = (
        f":root{{--brand-background:{look.colours.background};"
        f"--brand-foreground:{look.colours.foreground};--brand-label:{look.colours.label}}}"
    )
    return _kept(css.encode(), "text/css")


@blueprint.get("/logo.png")
@open_to_all
def logo(slug: str, number: int) -> Response:
    return _kept(logo_set(_look(slug).logo)["logo@2x.png"], "image/png")


@blueprint.get("/stamp.png")
@open_to_all
def stamp(slug: str, number: int) -> Response:
    return _kept(shrunk(_look(slug).stamp, STAMP_PIXELS), "image/png")


def urls(slug: str, number: int) -> dict[str, str]:
    """Addresses of a brand version's files, by what they are."""
    return {
        name: url_for(f"pictures.{endpoint}", slug=slug, number=number)
        for name, endpoint in (("brand_css_url", "colours"), ("logo_url", "logo"), ("stamp_url", "stamp"))
    }


def _look(slug: str) -> Look:
    with transaction(house().engine) as session:
        row = find_slug(session, slug)
        if row is None:
            abort(404)
        set_merchant(session, row.merchant_id)
        return look_of(session, row.program_id)


def _kept(data: bytes, mimetype: str) -> Response:
    response = Response(data, mimetype=mimetype)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response

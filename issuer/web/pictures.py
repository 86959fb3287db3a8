"""A brand's pictures and colours for pages, cached for ever under the brand's version."""

from flask import Blueprint, Response, abort, url_for
from sqlalchemy.orm import Session

from issuer.brands import once_worn_by
from issuer.database import set_merchant, transaction
from issuer.drawings import hero_png
from issuer.issuing import Look, look_from
from issuer.programs import find_slug
from issuer.schema import BrandVersion
from issuer.web.context import house
from issuer.web.guards import open_to_all
from passes.face import StampLook
from passes.google_images import round_logo
from passes.images import logo_set, shrunk
from passes.imprint import paper_of

STAMP_PIXELS = 132

blueprint = Blueprint("pictures", __name__, url_prefix="/brand/<slug>/<int:number>")


@blueprint.get("/brand.css")
@open_to_all
def colours(slug: str, number: int) -> Response:
    """The brand's colours as custom properties, because pages may carry no inline style."""
    return _kept(colour_sheet(_look(slug, number)), "text/css")


@blueprint.get("/logo.png")
@open_to_all
def logo(slug: str, number: int) -> Response:
    return _kept(logo_set(_look(slug, number).logo)["logo@2x.png"], "image/png")


@blueprint.get("/stamp.png")
@open_to_all
def stamp(slug: str, number: int) -> Response:
    return _kept(shrunk(_look(slug, number).stamp, STAMP_PIXELS), "image/png")


@blueprint.get("/round.png")
@open_to_all
def round_icon(slug: str, number: int) -> Response:
    """The logo of a Google class, as Google cuts it out."""
    look = _look(slug, number)
    return _kept(round_logo(look.icon, look.design.colours.background), "image/png")


@blueprint.get("/hero-<digest>.png")
@open_to_all
def hero(slug: str, number: int, digest: str) -> Response:
    """Google's banner, of one count of stamps (`issuer.drawings.hero_url`)."""
    with transaction(house().engine) as session:
        png = hero_png(session, _published(session, slug, number), digest)
    if png is None:
        abort(404)
    return _kept(png, "image/png")


def disc_of(look: Look) -> str:
    """The colour that a stamp is printed on."""
    return paper_of(StampLook(look.design.colours, look.stamp, look.design.shape))


def colour_sheet(look: Look) -> bytes:
    """A stylesheet of nothing but a brand's colours."""
    colours = look.design.colours
    css = (
        f":root{{--brand-background:{colours.background};--brand-foreground:{colours.foreground};"
        f"--brand-label:{colours.label};--brand-disc:{disc_of(look)}}}"
    )
    return css.encode()


def urls(slug: str, number: int) -> dict[str, str]:
    """Addresses of a brand version's files, by what they are."""
    return {
        name: url_for(f"pictures.{endpoint}", slug=slug, number=number)
        for name, endpoint in (("brand_css_url", "colours"), ("logo_url", "logo"), ("stamp_url", "stamp"))
    }


def _look(slug: str, number: int) -> Look:
    with transaction(house().engine) as session:
        return look_from(session, _published(session, slug, number))


def _published(session: Session, slug: str, number: int) -> BrandVersion:
    row = find_slug(session, slug)
    if row is None:
        abort(404)
    set_merchant(session, row.merchant_id)
    version = once_worn_by(session, row.program_id, number)
    if version is None:
        # Else a cache would keep today's look for ever under a number that is yet to be published.
        abort(404)
    return version


def _kept(data: bytes, mimetype: str) -> Response:
    response = Response(data, mimetype=mimetype)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response

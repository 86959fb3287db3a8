"""The pictures of a draft, drawn for whoever works on it."""

from collections.abc import Callable, Mapping

from flask import Response, abort, g, request

from issuer import brands
from issuer.branding import artworks
from issuer.cards import CardView
from issuer.database import transaction
from issuer.issuing import Look, look_from
from issuer.sample import CODE
from issuer.schema import Merchant
from issuer.sorts import sort_of
from issuer.web.console.frame import asked_program, blueprint
from issuer.web.console.promise import promise_of
from issuer.web.context import house, page_language
from issuer.web.guards import console_role
from issuer.web.pictures import STAMP_PIXELS, colour_sheet
from passes.apple import own_picture
from passes.band import strip_of
from passes.face import Colours, StampLook, Stamps
from passes.google_images import hero_image, round_logo
from passes.images import icon_set, logo_set, shrunk
from passes.qr import qr_svg


@blueprint.get("/design/files/<int:revision>/<name>")
@console_role("owner", "manager")
def design_picture(revision: int, name: str) -> Response:
    """A picture of the draft; the address changes with every save, so that a page shows the new one."""
    with transaction(house().engine, g.merchant_id) as session:
        merchant = session.get_one(Merchant, g.merchant_id)
        look = look_from(session, brands.in_work(session, brands.brand_of_merchant(session)))
        samples = promise_of(session, merchant, asked_program(request.args)).samples(merchant, page_language())
    png = _picture(look, samples, name.removesuffix(".png"))
    if png is None:
        abort(404)
    return kept_privately(png)


def _picture(look: Look, samples: Mapping[str, CardView], name: str) -> bytes | None:
    """ "logo", "icon", "round", "stamp", or "strip-half" and "hero-half" in any state; ``None`` for others."""
    kind, _, state = name.partition("-")
    if kind == "hero" and state in samples:
        return stamped(look, samples[state], kind)
    if kind == "strip" and state in samples:
        shown = samples[state]
        return own_picture(_art(look), _stamps(shown), 2, sort_of(shown))
    drawn: dict[str, Callable[[], bytes]] = {
        "logo": lambda: logo_set(look.logo)["logo@2x.png"],
        "icon": lambda: icon_set(look.icon)["icon@2x.png"],
        "round": lambda: round_logo(look.icon, look.design.colours.background),
        "stamp": lambda: shrunk(look.stamp, STAMP_PIXELS),
    }
    return drawn[name]() if name in drawn else None


def stamped(look: Look, shown: CardView, kind: str = "strip", colours: Colours | None = None) -> bytes:
    """The stamps as Apple's strip or Google's hero image; ``colours`` in place of the look's own."""
    art, stamps = _art(look, colours), _stamps(shown)
    return hero_image(art, stamps) if kind == "hero" else strip_of(art, stamps, 2)


def _art(look: Look, colours: Colours | None = None) -> StampLook:
    return StampLook(colours or look.design.colours, look.stamp, look.design.shape)


def _stamps(shown: CardView) -> Stamps | None:
    return Stamps(shown.needed, shown.shown) if shown.needed else None


@blueprint.get("/design/files/<int:revision>/colours.css")
@console_role("owner", "manager")
def draft_colours(revision: int) -> Response:
    """The draft's colours for pages that show it without a script."""
    with transaction(house().engine, g.merchant_id) as session:
        look = look_from(session, brands.in_work(session, brands.brand_of_merchant(session)))
    return Response(colour_sheet(look), mimetype="text/css")


@blueprint.get("/design/qr.svg")
@console_role("owner", "manager")
def sample_qr() -> Response:
    """A code that no till knows, of the size that real ones have."""
    return Response(qr_svg(CODE), mimetype="image/svg+xml")


@blueprint.get("/design/artwork/<name>.png")
@console_role("owner", "manager")
def artwork(name: str) -> Response:
    """A ready stamp picture to choose from."""
    found = artworks().get(name)
    if found is None:
        abort(404)
    return kept_privately(shrunk(found, STAMP_PIXELS))


def kept_privately(png: bytes) -> Response:
    """A picture for one browser, which asks each time whether it is still the one: addresses name no merchant."""
    response = Response(png, mimetype="image/png")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[return-value]

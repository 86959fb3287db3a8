"""The designer: a form at the left, the card at the right, and nothing that reaches customers before *Publish*."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from issuer import brands
from issuer.branding import artworks, brandings
from issuer.brands import Pictures, Worn, revision_of
from issuer.database import transaction
from issuer.design import SHAPE_NAMES, Design, read_form
from issuer.design_wallet import is_of_wallet
from issuer.language import LANGUAGES
from issuer.programs import locations, program_views
from issuer.refusals import N_, Refusal
from issuer.schema import Brand, BrandDraft, Merchant
from issuer.web.console.frame import asked_program, blueprint, frame
from issuer.web.console.previews import preview
from issuer.web.console.wallet_fields import ANCHORS, wallet_fields, with_shop
from issuer.web.context import house, now, page_language, printable
from issuer.web.guards import console_role, takes_up_to
from issuer.web.wording import said
from passes.stamps import SHAPES
from passes.uploads import (
    MOST_BYTES,
    WARNINGS,
    Fitted,
    UploadRefused,
    icon_from,
    logo_from,
    read_upload,
    stamp_from,
)

# Of what was typed, said again in a sentence about it.
MOST_TOLD = 40
MOST_PROGRAMS = 200
TOO_LARGE = N_("The file is too large; make the picture smaller, %(most)s kB are enough.")
# Beside the file itself, what a form wraps around it.
LARGEST_FORM = MOST_BYTES + 200_000


@blueprint.get("/design")
@console_role("owner", "manager")
def design() -> str:
    return _page()


@blueprint.post("/design")
@console_role("owner", "manager")
def save_design() -> AnyResponse:
    """Keep the draft. A script gets the preview back, a browser without one the whole page."""
    with transaction(house().engine, g.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        worn, wish = brands.in_work(session, brand), request.form.get("do", "")
        zone = session.get_one(Merchant, g.merchant_id).zone
        wanted, problems = read_form(request.form, Design.read(worn.design), zone)
        if wish == "repair":
            wanted = wanted.with_repaired_colours()
        elif wish.startswith("shop:"):
            wanted = _with_shop(session, wanted, wish)
        saved = _saved(session, brand, worn, wanted)
        if _wants_part() and not isinstance(saved, Refusal):
            return make_response(_part(session, saved, problems))
    if isinstance(saved, Refusal):
        sentence = saved.sentence(page_language())
        return make_response(sentence if _wants_part() else _page(sentence, given=request.form), 409)
    if problems:
        return make_response(_page(problems=problems, given=request.form), 422)
    return _back(**_onward(wish, saved))


def _with_shop(session: Session, wanted: Design, wish: str) -> Design:
    meant = [shop for shop in locations(session) if wish == f"shop:{shop.id}"]
    return with_shop(wanted, meant[0]) if meant else wanted


def _onward(wish: str, saved: Worn) -> dict[str, Any]:
    """To the rows of which there shall be one more; each time to another address, so that a browser asks for it."""
    kind = {"more": wish.partition(":")[2], "shop": "place"}.get(wish.partition(":")[0], "")
    return {"more": revision_of(saved), "_anchor": ANCHORS[kind]} if kind in ANCHORS else {}


def _back(**more: Any) -> AnyResponse:
    """To the designer, with the same card beside the form."""
    kept: dict[str, Any] = {name: request.values.get(name) or None for name in ("card_language", "program")}
    return redirect(url_for("console.design", **kept, **more), 303)


def _saved(session: Session, brand: Brand, worn: Worn, wanted: Design) -> Worn | Refusal:
    """The draft with what the form says; nothing is written when the form says what stands there already."""
    pictures = _chosen_artwork(session, worn)
    if (wanted, pictures) == (Design.read(worn.design), brands.pictures_of(worn)):
        return worn
    return brands.save_draft(session, brand, wanted, pictures, _revision(), now())


def _part(session: Session, saved: Worn, problems: Mapping[str, str]) -> str:
    merchant, program_id = session.get_one(Merchant, g.merchant_id), asked_program(request.form)
    shown = preview(session, merchant, saved, _card_language(request.form), program_id)
    return render_template(
        "console/preview/_all.html", preview=shown, problems=_told(problems), revision=revision_of(saved)
    )


def _told(problems: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with each field, in the page's language, with what was typed."""
    return {
        field: said(sentence) % {"given": printable(request.form.get(field, ""), MOST_TOLD)}
        for field, sentence in problems.items()
    }


@blueprint.post("/design/pictures")
@console_role("owner", "manager")
@takes_up_to(LARGEST_FORM)
def upload_picture() -> AnyResponse:
    """One upload becomes logo and icon, or the stamp."""
    kind = "stamp" if "stamp" in request.files else "logo"
    given = request.files.get(kind)
    try:
        with transaction(house().engine, g.merchant_id) as session:
            brand = brands.brand_of_merchant(session)
            worn = brands.in_work(session, brand)
            pictures, doubts = fitted_pictures(session, worn, kind, given.read() if given else b"")
            kept = brands.save_draft(session, brand, Design.read(worn.design), pictures, _revision(), now())
    except UploadRefused as refused:
        return make_response(_page(upload_sentence(refused)), 422)
    if isinstance(kept, Refusal):
        return make_response(_page(kept.sentence(page_language())), 409)
    return _back(doubts=",".join(doubts) or None)


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> AnyResponse:
    """A file that was not even read. ``request.form`` must not be asked for here: it would be refused again."""
    takes_files = request.max_content_length == LARGEST_FORM
    sentence = said(TOO_LARGE) % {"most": MOST_BYTES // 1000} if takes_files else said("That is too much at once.")
    if request.endpoint == "console.upload_picture":
        return make_response(_page(sentence), 413)
    words = {"title": sentence, "sentence": "", "next_url": request.path, "next_label": said("Back to the page")}
    return make_response(render_template("public/problem.html", **words), 413)


def upload_sentence(refused: UploadRefused) -> str:
    return said(refused.message) % refused.values


def doubt_sentences() -> list[str]:
    """What the merchant should know about the picture just uploaded."""
    return [said(WARNINGS[code]) for code in request.args.get("doubts", "").split(",") if code in WARNINGS]


def fitted_pictures(session: Session, worn: Worn, kind: str, data: bytes) -> tuple[Pictures, list[str]]:
    """The version's pictures with one replaced by an upload, and codes of doubts about it.

    :param kind: "logo", which brings the icon along, or "stamp"
    :raises UploadRefused: not a picture we take
    """
    picture, before = read_upload(data), brands.pictures_of(worn)

    def kept(fitted: Fitted) -> UUID:
        return brands.store_image(session, worn.merchant_id, fitted.png, now())

    if kind == "stamp":
        stamp = stamp_from(picture)
        return Pictures(before.icon, before.logo, kept(stamp)), list(stamp.warnings)
    logo, icon = logo_from(picture), icon_from(picture, Design.read(worn.design).colours.background)
    return Pictures(kept(icon), kept(logo), before.stamp), sorted({*logo.warnings, *icon.warnings})


@blueprint.post("/design/discard")
@console_role("owner", "manager")
def discard_design() -> AnyResponse:
    with transaction(house().engine, g.merchant_id) as session:
        brands.discard_draft(session, brands.brand_of_merchant(session))
    return _back()


def _page(
    error: str | None = None, problems: Mapping[str, str] | None = None, given: Mapping[str, str] | None = None
) -> str:
    """The whole page. ``given``: a form that could not be taken as it is, to be kept as it was typed."""
    with transaction(house().engine, g.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        worn = brands.in_work(session, brand)
        asked = given or request.args
        program_id, language = asked_program(asked), _card_language(asked)
        shown = preview(session, session.get_one(Merchant, g.merchant_id), worn, language, program_id)
        programs = _programs(session)
        shops = locations(session)
        differs = bool(brands.changes(brands.worn_now(session, brand), worn))
        around = frame(session)
    return render_template(
        "console/design.html",
        design=Design.read(worn.design),
        preview=shown,
        # What brings back the same card beside the form.
        same_card={"card_language": language} | ({"program": str(program_id)} if program_id else {}),
        programs=programs,
        problems=_told(problems or {}),
        wallet=wallet_fields(Design.read(worn.design), given or {}, around["merchant"].zone, shops),
        wallet_open="more" in request.args or any(map(is_of_wallet, problems or ())),
        anchors=ANCHORS,
        given=given or {},
        error=error,
        doubts=doubt_sentences(),
        # Who typed against an older draft goes on being told so, or the next save would overwrite the newer one.
        revision=_revision() if error and given else revision_of(worn),
        drafted=isinstance(worn, BrandDraft),
        differs=differs,
        most_bytes=MOST_BYTES,
        too_large=said(TOO_LARGE) % {"most": MOST_BYTES // 1000},
        shape_names={shape: said(SHAPE_NAMES[shape]) for shape in SHAPES},
        artwork_names=_artwork_names(),
        languages=LANGUAGES,
        **around,
    )


def _programs(session: Session) -> list[tuple[str, str]]:
    """Id and name of each program whose card can be shown."""
    found = program_views(session, limit=MOST_PROGRAMS)
    return [(str(one.program.id), one.name(page_language())) for one in found]


def _artwork_names() -> dict[str, str]:
    """Ready stamp pictures, called by their trade."""
    language = page_language()
    return {name: brandings()[name].trade_names[language] for name in artworks()}


def _chosen_artwork(session: Session, worn: Worn) -> Pictures:
    """The pictures, with the stamp replaced when a ready one was chosen."""
    before = brands.pictures_of(worn)
    ready = artworks().get(request.form.get("artwork", ""))
    if ready is None:
        return before
    return Pictures(before.icon, before.logo, brands.store_image(session, worn.merchant_id, ready, now()))


def _revision() -> int:
    return request.form.get("revision", 0, type=int)


def _card_language(asked: Mapping[str, str]) -> str:
    """What the card in the preview speaks."""
    wanted = asked.get("card_language", "")
    return wanted if wanted in LANGUAGES else page_language()


def _wants_part() -> bool:
    return request.headers.get("Accept", "").startswith("text/x-part")

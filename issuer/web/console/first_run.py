"""From nothing to a live card in five steps, each a page with one question."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, abort, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from issuer import brands, founding
from issuer.branding import brandings
from issuer.database import transaction
from issuer.design import Design
from issuer.editing import Objection
from issuer.founding import STEPS, Basics
from issuer.issuing import look_from
from issuer.language import LANGUAGES
from issuer.programs import program_views
from issuer.refusals import N_, Refusal
from issuer.schema import Merchant
from issuer.web.console.design import LARGEST_FORM, doubt_sentences, fitted_pictures, upload_sentence
from issuer.web.console.drawings import kept_privately, stamped
from issuer.web.console.frame import Wrong, blueprint, frame, wrong
from issuer.web.console.previews import preview
from issuer.web.console.promise import promise_of
from issuer.web.context import absolute, house, now, page_language
from issuer.web.guards import founding as founder
from issuer.web.guards import takes_up_to
from passes.face import Colours
from passes.images import read_png, shrunk
from passes.palettes import proposed
from passes.uploads import UploadRefused

# A logo so much wider than high is lettering and says the name itself.
LETTERING = 2.2
TRADE_PIXELS = 192
# Of the doubts about a logo; the others are about its icon, which can wait for the designer.
TOLD_AT_ONCE = ("small", "boxed")


@blueprint.get("/first-run")
@founder
def first_run() -> AnyResponse:
    """Where the merchant left off."""
    if g.merchant_id is None:
        return redirect(url_for("console.first_run_step", step="shop"), 303)
    with transaction(house().engine, g.merchant_id) as session:
        step = session.get_one(Merchant, g.merchant_id).setup_step
    if step is None:
        return redirect(url_for("console.cards"), 303)
    return redirect(url_for("console.first_run_step", step=step), 303)


@blueprint.get("/first-run/<step>")
@founder
def first_run_step(step: str) -> AnyResponse:
    return _page(step, None, 200)


@blueprint.post("/first-run/<step>")
@takes_up_to(LARGEST_FORM)
@founder
def first_run_answer(step: str) -> AnyResponse:
    """Take one answer and go on, or say what is wrong with it and keep it."""
    if step not in STEPS:
        return redirect(url_for("console.first_run"), 303)
    with transaction(house().engine, g.merchant_id) as session:
        if not _open(session, step):
            # Who taps "Go live" twice is shown what the first tap did.
            return redirect(url_for("console.first_run_done" if step == STEPS[-1] else "console.first_run"), 303)
        refused = ANSWERS[step](session)
        if refused is not None:
            session.rollback()
    if refused is not None:
        return _page(step, refused, 422)
    if step == STEPS[-1]:
        return redirect(url_for("console.first_run_done"), 303)
    on = STEPS[STEPS.index(step) + 1]
    return redirect(url_for("console.first_run_step", step=on, doubts=g.get("doubts")), 303)


@blueprint.get("/first-run/done")
@founder
def first_run_done() -> AnyResponse:
    """The card is live: what to print, what to send, what comes next."""
    if g.merchant_id is None:
        return redirect(url_for("console.first_run"), 303)
    with transaction(house().engine, g.merchant_id) as session:
        around, programs = frame(session), program_views(session, limit=1)
        if around["merchant"].setup_step is not None or not programs:
            return redirect(url_for("console.first_run"), 303)
        shown = preview(
            session, around["merchant"], brands.worn_now(session, brands.brand_of_merchant(session)), page_language()
        )
    join_path = url_for("public.join_page", slug=programs[0].program.slug)
    page = render_template(
        "console/first_run/done.html",
        join_url=absolute(join_path),
        face=shown["faces"][0]["card"],
        brand_css_url=None,
        sheet_url=url_for("console.draft_colours", revision=0),
        **around,
    )
    return make_response(page)


@blueprint.get("/first-run/palette/<int:number>.png")
@founder
def palette_picture(number: int) -> Response:
    """The stamps in one of the proposed palettes."""
    if g.merchant_id is None:
        abort(404)
    with transaction(house().engine, g.merchant_id) as session:
        merchant = session.get_one(Merchant, g.merchant_id)
        look = look_from(session, brands.in_work(session, brands.brand_of_merchant(session)))
        palettes = _palettes(session, merchant)
        shown = promise_of(session, merchant).samples(merchant, page_language())["half"]
    if not 0 <= number < len(palettes):
        abort(404)
    return kept_privately(stamped(look, shown, colours=palettes[number]))


@blueprint.get("/first-run/trades/<name>.png")
@founder
def trade_icon(name: str) -> Response:
    """The picture of a trade to choose."""
    ready = brandings().get(name)
    if ready is None:
        abort(404)
    return kept_privately(shrunk(ready.icon, TRADE_PIXELS))


def _open(session: Session, step: str) -> bool:
    """Whether this step may be answered now."""
    if g.merchant_id is None:
        return step == STEPS[0]
    return founding.reached(founding.in_turn(session, g.merchant_id), step)


def _page(step: str, refused: Wrong | None, status: int) -> AnyResponse:
    with transaction(house().engine, g.merchant_id) as session:
        if step not in STEPS or not _open(session, step):
            return redirect(url_for("console.first_run"), 303)
        shown = _shown(session, step) if g.merchant_id else {"kept": Basics("", "", "")}
    page = render_template(
        f"console/first_run/{step}.html",
        step=step,
        steps=STEPS,
        wrong=refused,
        trades={name: ready.trade_names[page_language()] for name, ready in brandings().items()},
        sign_out_url=url_for("console.sign_out"),
        **shown,
    )
    return make_response(page, status)


def _shown(session: Session, step: str) -> dict[str, Any]:
    """The shop that is there by now, and its card beside the question."""
    merchant = _merchant(session)
    worn = brands.in_work(session, brands.brand_of_merchant(session))
    design, palettes = Design.read(worn.design), _palettes(session, merchant) if step == "look" else ()
    chosen_before = merchant.setup_step != "look" and design.colours in palettes
    return {
        "merchant": merchant,
        "kept": Basics(merchant.name, merchant.trade or "", merchant.contact.get("address", "")),
        "preview": preview(session, merchant, worn, page_language()),
        "revision": brands.revision_of(worn),
        "promise": promise_of(session, merchant),
        "palettes": palettes,
        "doubts": doubt_sentences(),
        "chosen": design.colours if chosen_before else next(iter(palettes), None),
    }


def _palettes(session: Session, merchant: Merchant) -> tuple[Colours, ...]:
    look = look_from(session, brands.in_work(session, brands.brand_of_merchant(session)))
    return proposed(look.logo, Colours(**brandings()[merchant.trade or "cafe"].design["colours"]))


def _merchant(session: Session) -> Merchant:
    return session.get_one(Merchant, g.merchant_id)


def _refused(objection: Objection) -> Wrong:
    return wrong("step", objection)


def _shop(session: Session) -> Wrong | None:
    form = request.form
    basics = founding.read_basics(form.get("name", ""), form.get("trade", ""), form.get("address", ""))
    if isinstance(basics, Objection):
        return _refused(basics)
    if g.merchant_id is None:
        founding.found_shop(session, g.live, basics, now())
    else:
        founding.correct_shop(session, _merchant(session), basics, now())
    return None


def _logo(session: Session) -> Wrong | None:
    """Without a file the trade's own picture stays."""
    given = request.files.get("logo")
    if given and given.filename:
        worn = brands.in_work(session, brands.brand_of_merchant(session))
        try:
            pictures, doubts = fitted_pictures(session, worn, "logo", given.read())
        except UploadRefused as refused:
            return Wrong("step", "logo", upload_sentence(refused))
        g.doubts = ",".join(doubt for doubt in doubts if doubt in TOLD_AT_ONCE) or None
        founding.wear(session, None, pictures, not _is_lettering(session, pictures.logo), now())
    founding.step_done(_merchant(session), "logo")
    return None


def _is_lettering(session: Session, logo_id: UUID) -> bool:
    picture = read_png(brands.picture(session, logo_id))
    return picture.width / picture.height > LETTERING


def _look(session: Session) -> Wrong | None:
    """A palette is named by its background, so that a page from before another logo chooses nothing unseen."""
    wanted = request.form.get("palette", "")
    palette = next((one for one in _palettes(session, _merchant(session)) if one.background == wanted), None)
    if palette is None:
        return _refused(Objection(N_("Choose one of the colours shown here."), {}, "palette"))
    founding.wear(session, palette, None, None, now())
    founding.step_done(_merchant(session), "look")
    return None


def _rule(session: Session) -> Wrong | None:
    rewards = {language: request.form.get(f"reward_{language}", "") for language in LANGUAGES}
    rule = founding.read_rule(request.form.get("needed", ""), rewards)
    if isinstance(rule, Objection):
        return _refused(rule)
    founding.set_rule(session, _merchant(session), rule, now())
    founding.step_done(_merchant(session), "rule")
    return None


def _live(session: Session) -> Wrong | None:
    done = founding.go_live(session, _merchant(session), g.live, now())
    return Wrong("step", "", done.sentence(page_language())) if isinstance(done, Refusal) else None


ANSWERS: dict[str, Callable[[Session], Wrong | None]] = {
    "shop": _shop,
    "logo": _logo,
    "look": _look,
    "rule": _rule,
    "live": _live,
}

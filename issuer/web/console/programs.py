"""A merchant's programs: what there is, how a new one is made and how one is changed."""

from typing import Any
from uuid import UUID

from flask import abort, flash, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import program_keeping, program_reach
from issuer.database import transaction
from issuer.issuing import look_of
from issuer.language import LANGUAGES
from issuer.presets import preset, presets
from issuer.program_changes import Plan
from issuer.program_keeping import Overtaken, own_view
from issuer.programs import ProgramView, program_views
from issuer.refusals import N_, Refusal
from issuer.rules import MAIN
from issuer.rules.wording import Wording
from issuer.sample import every_stage, plan_of
from issuer.schema import Merchant
from issuer.web.console import program_effects
from issuer.web.console.frame import author, blueprint, frame, path_id
from issuer.web.console.previews import cut_warnings, logo_width
from issuer.web.console.program_fields import TITLES
from issuer.web.console.program_filling import filled
from issuer.web.console.program_forms import Typed, read
from issuer.web.console.program_layout import Layout
from issuer.web.console.program_trees import Tree, changed, flat, grown, parts_of, text_of
from issuer.web.context import absolute, house, page_language
from issuer.web.guards import console_role
from issuer.web.wording import said, when

keepers = console_role("owner", "manager")
MOST = 200
USUAL_TRADE = "cafe"
SAYING_NOTHING = ("look", "save", "review", "publish", "rename")
NOTHING = N_("Nothing is different yet: change something first.")
OVERTAKEN = N_(
    "These rules were changed in another window meanwhile: customers read version %(version)s now. "
    "Yours are kept below. Compare them, then send them again."
)


@blueprint.get("/programs")
@keepers
def programs() -> str:
    with transaction(house().engine, g.merchant_id) as session:
        around = _around(session)
        counts, found = program_reach.cards_of(session), program_views(session, limit=MOST)
    return render_template(
        "console/programs/list.html",
        programs=[_row(view, counts.get(view.program.id, 0)) for view in found],
        **around,
    )


@blueprint.get("/programs/new")
@keepers
def new_program() -> Response:
    """First the kind, then the form of that kind with what the trade usually says."""
    with transaction(house().engine, g.merchant_id) as session:
        around = _around(session)
    kind, trade, language = request.args.get("kind"), _trade(around["merchant"]), page_language()
    if kind in MAIN:
        return _form(filled(preset(trade, str(kind)), 0, language), around)
    words = [(key, plan, Wording(language, plan.rewards, around["merchant"].currency)) for key, plan in _kinds(trade)]
    shown = [{"kind": key, "title": said(TITLES[key]), "sentence": plan.rules.sentence(w)} for key, plan, w in words]
    return make_response(render_template("console/programs/kinds.html", kinds=shown, **around))


@blueprint.post("/programs/new")
@keepers
def found_program() -> Response:
    tree, wish = _sent(), request.form.get("do", "look")
    with transaction(house().engine, g.merchant_id) as session:
        around = _around(session)
        if not parts_of(tree) or text_of(parts_of(tree)[0], "kind") not in MAIN:
            return redirect(url_for("console.new_program"), 303)
        typed = read(tree)
        if wish != "save" or typed.plan is None:
            return _answer(tree, wish, around, typed)
        program = program_keeping.found(session, author(), typed.plan, typed.pause)
        if isinstance(program, Refusal):
            banner = program.sentence(page_language())
            return _form(tree, around, checked=typed, banner=banner, status=409)
    flash(said(N_("The program is there, and its join page is open.")))
    return redirect(url_for("console.program", program_id=program.id), 303)


@blueprint.get("/programs/<program_id>")
@keepers
def program(program_id: str) -> str:
    """What it says and said, and how many cards are under which promise."""
    with transaction(house().engine, g.merchant_id) as session:
        around, view = _around(session), own_view(session, path_id(program_id))
        said_so_far = program_reach.versions(session, view.program)
        promised = {one.version: one for one in program_reach.promised(session, view.program)}
        count = program_reach.cards_of(session).get(view.program.id, 0)
    zone = around["merchant"].zone
    return render_template(
        "console/programs/program.html",
        program=_row(view, count),
        sentences=[{"language": one, "sentences": view.sentences(one)} for one in LANGUAGES],
        pause=program_effects.exactly(view.program.pause_seconds) if view.program.pause_seconds else None,
        closed=when(view.program.closed_at, zone),
        versions=[_version(view, one, promised.get(one.number), zone) for one in said_so_far],
        **around,
    )


@blueprint.get("/programs/<program_id>/change")
@keepers
def change_rules(program_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        around, view = _around(session), own_view(session, path_id(program_id))
    return _form(filled(plan_of(view), view.program.pause_seconds, page_language()), around, view)


@blueprint.post("/programs/<program_id>/change")
@keepers
def send_rules(program_id: str) -> Response:
    """A button of the form, the look at what will happen, or what was decided there."""
    tree, wish, meant = _sent(), request.form.get("do", "look"), path_id(program_id)
    with transaction(house().engine, g.merchant_id) as session:
        around, view = _around(session), own_view(session, meant)
        typed = read(tree, plan_of(view).rewards, renaming=_renaming())
        if not parts_of(tree) or text_of(parts_of(tree)[0], "kind") != view.program.kind:
            return redirect(url_for("console.change_rules", program_id=meant), 303)
        if wish not in ("review", "rename", "publish") or typed.plan is None:
            return _answer(tree, wish, around, typed, view)
        if wish == "publish":
            return _published(session, tree, typed, typed.plan, view)
        if _same(view, typed.plan, typed.pause):
            return _form(tree, around, view, typed, banner=said(NOTHING), status=422)
        return _review(session, tree, typed, typed.plan, view)


@blueprint.post("/programs/<program_id>/close")
@keepers
def close_program(program_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        program_keeping.close(session, author(), path_id(program_id))
    flash(said(N_("Closed: nobody gets a new card. Open it again whenever you like.")))
    return redirect(url_for("console.program", program_id=program_id), 303)


@blueprint.post("/programs/<program_id>/open")
@keepers
def open_program(program_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        program_keeping.reopen(session, author(), path_id(program_id))
    flash(said(N_("Open again: the join page gives out cards.")))
    return redirect(url_for("console.program", program_id=program_id), 303)


def _around(session: Session) -> dict[str, Any]:
    """Nothing is added to a shop that is not founded to the end."""
    around = frame(session)
    if around["merchant"].setup_step is not None:
        abort(redirect(url_for("console.first_run"), 303))
    return around


def _trade(merchant: Merchant) -> str:
    return merchant.trade or USUAL_TRADE


def _kinds(trade: str) -> list[tuple[str, Any]]:
    return list(presets(trade).items())


def _sent() -> Tree:
    tree = grown(request.form.items(multi=True))
    return {name: tree[name] for name in ("names", "pause", "parts") if name in tree}


def _renaming() -> bool:
    return bool(request.form.get("rename")) or request.form.get("do") == "rename"


def _answer(tree: Tree, wish: str, around: dict[str, Any], typed: Typed, view: ProgramView | None = None) -> Response:
    """The form again: with one part more or less, or with what is wrong in it."""
    if wish in SAYING_NOTHING:
        status = 422 if wish != "look" and typed.objections else 200
        return _form(tree, around, view, typed, status=status)
    return _form(changed(tree, wish, _trade(around["merchant"]), page_language()), around, view)


def _form(
    tree: Tree,
    around: dict[str, Any],
    view: ProgramView | None = None,
    checked: Typed | None = None,
    *,
    banner: str | None = None,
    status: int = 200,
) -> Response:
    typed = checked or read(tree, plan_of(view).rewards if view else {})
    currency, language = around["merchant"].currency, page_language()
    layout = Layout(tree, checked.objections if checked else ())
    page = render_template(
        "console/programs/form.html",
        program=_row(view, 0) if view else None,
        version=view.program.current_version if view else None,
        renaming=_renaming(),
        names=layout.names(tree.get("names") or {}, "names"),
        pause=layout.plain("pause"),
        blocks=layout.blocks(typed.sentences(language, currency)),
        additions=layout.additions(),
        summary=layout.summary(),
        told=[{"language": one, "sentences": _told(typed, one, currency)} for one in LANGUAGES],
        banner=banner,
        **around,
    )
    return make_response(page, status)


def _told(typed: Typed, language: str, currency: str) -> list[str]:
    """What customers read; what staff may give is not told."""
    pairs = zip(typed.parts, typed.sentences(language, currency), strict=True)
    return [sentence for part, sentence in pairs if sentence and part["kind"] != "goodwill"]


def _same(view: ProgramView, plan: Plan, pause: int) -> bool:
    before = plan_of(view)
    named = all(before.rewards.get(key) == names for key, names in plan.rewards.items())
    return named and plan.names == before.names and plan.rules == before.rules and pause == view.program.pause_seconds


def _review(session: Session, tree: Tree, typed: Typed, plan: Plan, view: ProgramView) -> Response:
    """What publishing would do, said before it is done."""
    language, around = page_language(), _around(session)
    reached = program_reach.effects(session, view, plan.rules, house().settings.campaign_rate)
    versions = {one.number: one.rules for one in program_reach.versions(session, view.program)}
    words = Wording(language, plan.rewards, around["merchant"].currency)
    page = render_template(
        "console/programs/review.html",
        program=_row(view, 0),
        version=request.form.get("version", ""),
        kept=list(flat(tree)),
        renaming=_renaming(),
        before={"name": view.name(language), "sentences": view.sentences(language)},
        after={"name": plan.names[language], "sentences": plan.rules.sentences(words)},
        effects=program_effects.sentences(view, plan, typed.pause, reached, versions),
        renamed=[(old[language], new[language]) for old, new in typed.renamed],
        warnings=_cut(session, around["merchant"], view, plan),
        **around,
    )
    return make_response(page)


def _cut(session: Session, merchant: Merchant, view: ProgramView, plan: Plan) -> list[str]:
    """What an iPhone would cut off of the new cards."""
    look = look_of(session, view.program.id)
    return cut_warnings(merchant, look.design, logo_width(look), every_stage(merchant, plan))


def _published(session: Session, tree: Tree, typed: Typed, plan: Plan, view: ProgramView) -> Response:
    made_from = request.form.get("version", 0, type=int)
    done = program_keeping.change(session, author(), view.program.id, plan, typed.pause, made_from)
    if isinstance(done, Overtaken | Refusal):
        fresh, language = own_view(session, view.program.id), page_language()
        banner = done.sentence(language) if isinstance(done, Refusal) else said(OVERTAKEN) % {"version": done.version}
        return _form(tree, _around(session), fresh, typed, banner=banner, status=409)
    flash(said(N_("Published. The cards are told, a few at a time.")))
    return redirect(url_for("console.program", program_id=view.program.id), 303)


def _row(view: ProgramView, cards: int) -> dict[str, Any]:
    language, program_id = page_language(), view.program.id
    return {
        "name": view.name(language),
        "kind": said(TITLES[view.program.kind]),
        "sentence": view.sentence(language),
        "cards": cards,
        "version": view.program.current_version,
        "closed": view.program.closed_at is not None,
        "join_url": absolute(url_for("public.join_page", slug=view.program.slug)),
        "url": url_for("console.program", program_id=program_id),
        "change_url": url_for("console.change_rules", program_id=program_id),
        "close_url": url_for("console.close_program", program_id=program_id),
        "open_url": url_for("console.open_program", program_id=program_id),
        "print_url": url_for("console.print_page", program=program_id),
    }


def _version(
    view: ProgramView, one: program_reach.Said, promised: program_reach.Promised | None, zone: str
) -> dict[str, Any]:
    """Rewards bear today's names in every version."""
    language = page_language()
    return {
        "number": one.number,
        "name": one.names[language],
        "since": when(one.since, zone),
        "sentences": one.rules.sentences(view.words(language)),
        "current": one.number == view.program.current_version,
        "cards": promised.cards if promised else 0,
    }


def program_named(session: Session, text: str) -> UUID | None:
    """The program that a page was asked for: one of the merchant's, else none."""
    found = [view.program.id for view in program_views(session, limit=MOST)]
    return next((program_id for program_id in found if str(program_id) == text), None)

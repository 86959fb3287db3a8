"""What a merchant prints: signs that lead to the join page, and cards for people without a phone."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from issuer import paper
from issuer.database import transaction
from issuer.editing import Objection
from issuer.language import LANGUAGES
from issuer.paper import Batch
from issuer.printing import join_sign, printed_sheet
from issuer.programs import ProgramView, program_view, program_views
from issuer.schema import Merchant
from issuer.web.console.frame import Wrong, author, blueprint, frame, path_id, wrong
from issuer.web.context import absolute, house, page_language
from issuer.web.guards import console_role
from issuer.web.wording import said, when
from passes.face import FaceRefused
from passes.paper import JoinSign, poster_pdf, sticker_pdf, tent_pdf

SIZES = ("A4", "A5")
FORMS = ("round", "square")
MOST_PROGRAMS = 200
keepers = console_role("owner", "manager")


@blueprint.get("/print")
@keepers
def print_page() -> AnyResponse:
    return _page(None, 200)


@blueprint.get("/print/poster-<size>.pdf")
@keepers
def poster(size: str) -> Response:
    """For the counter or the window."""
    if size not in SIZES:
        raise NotFound
    return _sign("poster", lambda sign: poster_pdf(sign, size), f"poster-{size}")


@blueprint.get("/print/tent.pdf")
@keepers
def tent() -> Response:
    """For the tables: A4, folded once."""
    return _sign("tent", tent_pdf, "tent")


@blueprint.get("/print/stickers-<form>.pdf")
@keepers
def stickers(form: str) -> Response:
    """For cups, bags and the till."""
    if form not in FORMS:
        raise NotFound
    return _sign("sticker", lambda sign: sticker_pdf(sign, form), f"stickers-{form}")


def _sign(source: str, draw: Callable[[JoinSign], bytes], name: str) -> Response:
    """A sign whose code leads to the join page and says which sign it was."""
    with transaction(house().engine, g.merchant_id) as session:
        sign = join_sign(session, _program(session), _join_url(session, source), _language())
    return _pdf(draw(sign), name)


@blueprint.errorhandler(FaceRefused)
def cannot_be_drawn(refused: FaceRefused) -> AnyResponse:
    """An address too long for a code that can be read, say: the reason stands there as the drawing gave it."""
    words = {"title": said("This cannot be drawn as it is."), "sentence": str(refused)}
    page = render_template(
        "public/problem.html", **words, next_url=url_for("console.print_page"), next_label=said("Back to the page")
    )
    return make_response(page, 422)


@blueprint.post("/print/cards")
@keepers
def print_cards() -> AnyResponse:
    """New codes; their sheets are fetched from the list, again and again if need be."""
    with transaction(house().engine, g.merchant_id) as session:
        program, count = _program(session).program, paper.read_count(request.form.get("count", ""))
        if isinstance(count, int):
            paper.print_batch(session, house().keys, author(), program, count, _language())
    if isinstance(count, Objection):
        return _page(wrong("cards", count), 422)
    here = url_for("console.print_page", language=_language(), program=_chosen(), _anchor="batches")
    return redirect(here, 303)


@blueprint.get("/print/cards/<batch_id>.pdf")
@keepers
def sheet(batch_id: str) -> Response:
    """The cards of a batch that nobody has yet, ten on a page."""
    with transaction(house().engine, g.merchant_id) as session:
        batch, codes = paper.unused_codes(session, path_id(batch_id))
        program = program_view(session, batch.program_id)
        if program is None:
            raise NotFound
        data = printed_sheet(session, program, codes, batch.language)
    return _pdf(data, "cards")


@blueprint.post("/print/cards/<batch_id>/withdraw")
@keepers
def withdraw_cards(batch_id: str) -> AnyResponse:
    with transaction(house().engine, g.merchant_id) as session:
        paper.withdraw(session, author(), path_id(batch_id))
    return redirect(url_for("console.print_page", _anchor="batches"), 303)


def _page(refused: Wrong | None, status: int) -> AnyResponse:
    with transaction(house().engine, g.merchant_id) as session:
        around, language, meant = frame(session), page_language(), _program(session).program.id
        page = render_template(
            "console/print.html",
            wrong=refused,
            languages=LANGUAGES,
            chosen=_language(),
            program=_chosen(),
            programs=[(view.program.id, view.name(language), view.program.id == meant) for view in _programs(session)],
            join_url=_join_url(session, "link"),
            batches=[_row(batch, around["merchant"].zone) for batch in paper.batches(session)],
            most=paper.MOST_AT_ONCE,
            **around,
        )
    return make_response(page, status)


def _row(found: Batch, zone: str) -> dict[str, Any]:
    batch = found.batch
    return {
        "when": when(batch.created_at, zone),
        "count": batch.count,
        "used": found.used,
        "language": batch.language,
        "withdrawn": when(batch.revoked_at, zone),
        "pdf_url": url_for("console.sheet", batch_id=batch.id),
        "withdraw_url": url_for("console.withdraw_cards", batch_id=batch.id),
    }


def _program(session: Session) -> ProgramView:
    """What signs and cards are printed for; nothing is printed before its join page and its rule stand firm."""
    if session.get_one(Merchant, g.merchant_id).setup_step is not None:
        abort(redirect(url_for("console.first_run"), 303))
    wanted, found = _chosen(), _programs(session)
    meant = [view for view in found if wanted is None or str(view.program.id) == wanted]
    if not meant:
        raise NotFound
    return next((view for view in meant if view.program.closed_at is None), meant[0])


def _programs(session: Session) -> list[ProgramView]:
    return program_views(session, limit=MOST_PROGRAMS)


def _chosen() -> str | None:
    """The program that was asked for; without a wish it is the first that still gives out cards."""
    return request.values.get("program") or None


def _join_url(session: Session, source: str) -> str:
    slug = _program(session).program.slug
    return absolute(url_for("public.join_page", slug=slug, source=None if source == "link" else source))


def _language() -> str:
    wanted = request.values.get("language", "")
    return wanted if wanted in LANGUAGES else page_language()


def _pdf(data: bytes, name: str) -> Response:
    response = Response(data, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response

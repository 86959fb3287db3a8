"""For customers: the front door, the join page, the card's own page."""

from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from issuer import events, history, idempotency, registrations
from issuer.cards import CardView, find_key, view
from issuer.certificates import CertificateMissing
from issuer.database import set_merchant, transaction
from issuer.idempotency import Answer, Attempt
from issuer.issuing import current_pass, seal_for
from issuer.joining import Joining, join
from issuer.programs import find_slug, program_view
from issuer.rules.movement import reward_unit
from issuer.schema import Card, Merchant, ProgramSlug
from issuer.web.apple import PKPASS
from issuer.web.context import absolute, house, now, page_language, printable
from issuer.web.faces import card_face, sample_face, told_entries
from issuer.web.guards import card_key, open_to_all
from issuer.web.wording import nothing, said
from passes.qr import qr_png
from passes.qr import qr_svg as draw_svg

blueprint = Blueprint("public", __name__)

SHOWN_ENTRIES = 40
CARD_COOKIE = "treuepass_card_"


@blueprint.get("/")
@open_to_all
def home() -> str:
    settings = house().settings
    demo = {"sandbox_url": settings.sandbox_url, "join_url": _demo_join()} if settings.mode == "demo" else None
    return render_template("public/home.html", demo=demo)


@blueprint.get("/join/<slug>")
@open_to_all
def join_page(slug: str) -> str:
    with transaction(house().engine) as session:
        row = _program_row(session, slug)
        program = program_view(session, row.program_id)
        merchant = session.get_one(Merchant, row.merchant_id)
        if program is None:
            abort(404)
        language = page_language()
        face = sample_face(session, program, merchant.name, language)
        already = find_key(session, request.cookies.get(CARD_COOKIE + row.slug, ""))
    return render_template(
        "public/join.html",
        program={"name": program.name(language), "sentence": program.sentence(language)},
        card=face,
        already=url_for("public.card", key=request.cookies[CARD_COOKIE + row.slug]) if already else None,
        brand_css_url=face["brand_css_url"],
        join_id=idempotency.fresh_key(),
    )


@blueprint.post("/join/<slug>")
@open_to_all
def join_now(slug: str) -> AnyResponse:
    """One tap, one card: a second tap with the same form finds the first one's."""
    with transaction(house().engine) as session:
        row = _program_row(session, slug)
        attempt = Attempt(
            merchant_id=row.merchant_id,
            actor="customer",
            route=f"join {row.slug}",
            key=printable(request.form.get("join_id", ""), idempotency.LONGEST_KEY) or idempotency.fresh_key(),
            fingerprint=idempotency.fingerprint(None),
        )
        answer = idempotency.once(session, attempt, lambda: _join(session, row), now())
    target = url_for("public.card", key=answer.body["key"])
    response = redirect(target, 303)
    response.set_cookie(
        CARD_COOKIE + row.slug,
        answer.body["key"],
        max_age=365 * 86400,
        httponly=True,
        secure=house().settings.secure,
        samesite="Lax",
    )
    return response


@blueprint.get("/card/<key>")
@card_key
def card(key: str) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        shown, face = _card(session)
        merchant = session.get_one(Merchant, g.merchant_id)
        names = {reward_unit(shown.rule.reward_id): shown.reward_names[shown.language]}
        entries = history.entries(session, shown.id, limit=SHOWN_ENTRIES)
    g.language = shown.language
    apple_url = absolute(url_for("public.apple", key=key))
    sandbox = house().settings.sandbox_url
    return render_template(
        "public/card.html",
        card=face,
        brand_css_url=face["brand_css_url"],
        apple_url=apple_url,
        sandbox_add_url=f"{sandbox}/add?pass={apple_url}" if sandbox else None,
        qr_url=url_for("public.qr_png_file", key=key),
        state_url=url_for("public.state", key=key),
        platform=_platform(),
        entries=told_entries(entries, names, merchant.zone),
    )


@blueprint.get("/card/<key>/state.json")
@card_key
def state(key: str) -> AnyResponse:
    """The card as it is now, or 204 when the page shows that already."""
    with transaction(house().engine, g.merchant_id) as session:
        version = session.get_one(Card, g.card_id).version
        if request.args.get("version", type=int) == version:
            return nothing()
        _, face = _card(session)
    return jsonify(face)


@blueprint.get("/card/<key>/apple.pkpass")
@card_key
def apple(key: str) -> AnyResponse:
    with transaction(house().engine, g.merchant_id) as session:
        row = session.get_one(Card, g.card_id)
        issue = current_pass(session, row)
        try:
            sealed = seal_for(session, house().keys, issue, row, house().settings.public_url)
        except CertificateMissing:
            return _no_certificate()
        if request.method == "GET":
            registrations.note_download(issue, sealed.version, now())
            events.record(session, row.merchant_id, "downloaded", now(), row.id, version=sealed.version)
    response = Response(sealed.data, content_type=PKPASS)
    response.last_modified = sealed.modified
    response.headers["Content-Disposition"] = 'attachment; filename="card.pkpass"'
    return response


@blueprint.get("/card/<key>/qr.svg")
@card_key
def qr_svg(key: str) -> Response:
    return Response(draw_svg(_code()), mimetype="image/svg+xml")


@blueprint.get("/card/<key>/qr.png", endpoint="qr_png_file")
@card_key
def qr_picture(key: str) -> Response:
    return Response(qr_png(_code(), scale=16), mimetype="image/png")


def _code() -> str:
    with transaction(house().engine, g.merchant_id) as session:
        return view(session, session.get_one(Card, g.card_id)).code


def _card(session: Session) -> tuple[CardView, dict[str, Any]]:
    shown = view(session, session.get_one(Card, g.card_id))
    merchant = session.get_one(Merchant, g.merchant_id)
    program = program_view(session, shown.program_id)
    if program is None:
        abort(404)
    return shown, card_face(session, shown, merchant.name, program.program.slug)


def _join(session: Session, row: ProgramSlug) -> Answer:
    program = program_view(session, row.program_id)
    if program is None:
        abort(404)
    source = printable(request.args.get("source", "link"), 40)
    made = join(session, house().keys, program.program, Joining(page_language(), source), now())
    return Answer(303, {"key": made.web_key})


def _program_row(session: Session, slug: str) -> ProgramSlug:
    row = find_slug(session, slug)
    if row is None:
        abort(404)
    set_merchant(session, row.merchant_id)
    return row


def _demo_join() -> str | None:
    with transaction(house().engine) as session:
        row = find_slug(session, "demo")
    return url_for("public.join_page", slug=row.slug) if row else None


def _no_certificate() -> Response:
    page = render_template(
        "public/problem.html",
        title=said("The card cannot be put into Apple Wallet yet"),
        sentence=said("The shop's certificate for Apple Wallet is missing. Your card works on its web page."),
        next_url=request.path.rpartition("/")[0],
        next_label=said("Back to my card"),
    )
    return Response(page, 503, {"Retry-After": "600"}, mimetype="text/html")


def _platform() -> str:
    agent = request.user_agent.string
    if "iPhone" in agent or "iPad" in agent:
        return "ios"
    return "android" if "Android" in agent else "other"

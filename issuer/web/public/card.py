"""The card's own page, its files, and the language it speaks."""

import logging
from typing import Any
from urllib.parse import quote

from flask import Response, abort, g, jsonify, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from issuer import customers, events, history, referrals, registrations
from issuer.brands import worn_by
from issuer.cards import CardView, view
from issuer.certificates import CertificateMissing, CertificateRevoked
from issuer.database import transaction
from issuer.issuing import current_pass
from issuer.language import LANGUAGES, translator
from issuer.printing import printed_card
from issuer.programs import program_view
from issuer.rules.gifts import ReferralRule
from issuer.schema import Card, Merchant, Pass, Program
from issuer.sealing import NO_PASS, SealedPass, seal_for
from issuer.voucher_passes import has_some, passes_of
from issuer.web import pictures
from issuer.web.apple import PKPASS, sealed_file
from issuer.web.context import absolute, house, now
from issuer.web.faces import card_face, theirs_of, told_entries
from issuer.web.guards import card_key
from issuer.web.public.front import blueprint
from issuer.web.public.visitors import Visitor, chrome_link, visitor_of
from issuer.web.wording import nothing, said
from passes.qr import qr_png
from passes.qr import qr_svg as draw_svg
from signing.cms import CertificateOutOfDate
from signing.pkpasses import bundle_passes

log = logging.getLogger(__name__)

SHOWN_ENTRIES = 40
PKPASSES = "application/vnd.apple.pkpasses"


@blueprint.get("/card/<key>")
@card_key
def card(key: str) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        shown, face = _card(session)
        entries = history.entries(session, shown.id, limit=SHOWN_ENTRIES)
        savings = history.savings(session, shown.id, limit=SHOWN_ENTRIES)
        friends = _friends(session, shown)
    g.language = shown.language
    return render_template(
        "public/card.html",
        card=face,
        brand_css_url=face["brand_css_url"],
        other_language=next(one for one in LANGUAGES if one != shown.language),
        wallet_missing=request.args.get("wallet") == "missing",
        entries=told_entries(entries, savings, shown, SHOWN_ENTRIES),
        theirs=theirs_of(shown),
        friends=friends,
        **_ways(key, has_some(shown), visitor_of(request.user_agent.string)),
        **_addresses(key),
    )


@blueprint.post("/card/<key>/language")
@card_key
def choose_language(key: str) -> AnyResponse:
    wanted = request.form.get("language", "")
    if wanted not in LANGUAGES:
        abort(400)
    with transaction(house().engine, g.merchant_id) as session:
        customers.speak(session, g.card_id, wanted, now())
    return redirect(url_for("public.card", key=key), 303)


@blueprint.get("/card/<key>/state.json")
@card_key
def state(key: str) -> AnyResponse:
    """The card as it is now, or 204 when the page shows that already, and in these colours."""
    with transaction(house().engine, g.merchant_id) as session:
        row = session.get_one(Card, g.card_id)
        same = request.args.get("version", type=int) == row.version
        if same and request.args.get("brand") in (None, brand_css(session, row)):
            return nothing()
        _, face = _card(session)
    return jsonify(face)


@blueprint.get("/card/<key>/apple.pkpass")
@card_key
def apple(key: str) -> AnyResponse:
    try:
        with transaction(house().engine, g.merchant_id) as session:
            sealed = _sealed(session, current_pass(session, session.get_one(Card, g.card_id)))
    except NO_PASS as error:
        return _no_pass(error)
    response = sealed_file(sealed.parts, PKPASS)
    response.last_modified = sealed.modified
    response.headers["Content-Disposition"] = 'attachment; filename="card.pkpass"'
    return response


@blueprint.get("/card/<key>/apple.pkpasses")
@card_key
def apple_bundle(key: str) -> AnyResponse:
    """The card and each voucher on it as a pass of its own, added with one tap."""
    try:
        with transaction(house().engine, g.merchant_id) as session:
            issues = passes_of(session, house().keys, session.get_one(Card, g.card_id), now())
            found = [b"".join(_sealed(session, issue).parts) for issue in issues]
    except NO_PASS as error:
        return _no_pass(error)
    response = sealed_file([bundle_passes(found)], PKPASSES)
    response.headers["Content-Disposition"] = 'attachment; filename="cards.pkpasses"'
    return response


def _sealed(session: Session, issue: Pass) -> SealedPass:
    """A pass on its way to a phone, and a note of that."""
    sealed = seal_for(session, house().keys, issue, house().settings.public_url, house().clock.real())
    if request.method == "GET":
        registrations.note_download(issue, sealed.version, now())
        events.record(session, issue.merchant_id, "downloaded", now(), issue.card_id, version=sealed.version)
    return sealed


@blueprint.get("/card/<key>/card.pdf")
@card_key
def card_pdf(key: str) -> Response:
    """The same card on paper, for the purse."""
    with transaction(house().engine, g.merchant_id) as session:
        row = session.get_one(Card, g.card_id)
        program = program_view(session, row.program_id)
        if program is None:
            abort(404)
        data = printed_card(session, row, program)
    response = Response(data, mimetype="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="card.pdf"'
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
    face = card_face(session, shown, merchant.name, program.program.slug)
    return shown, face | {"language": shown.language}


def _friends(session: Session, shown: CardView) -> dict[str, str] | None:
    """The card's link for friends, and ways to send it, when the program gives something for bringing one."""
    program = program_view(session, shown.program_id)
    rule = program.rules.one(ReferralRule) if program else None
    if program is None or rule is None or shown.state != "active" or program.program.closed_at is not None:
        return None
    invite = referrals.invite_of(session, session.get_one(Card, shown.id))
    link = absolute(url_for("public.join_page", slug=program.program.slug, friend=invite))
    text = translator(shown.language).gettext("Here is a card for you: %(link)s") % {"link": link}
    return {
        "sentence": rule.sentence(program.words(shown.language)),
        "link": link,
        "mail_url": f"mailto:?body={quote(text)}",
        "message_url": f"sms:?&body={quote(text)}",
    }


def brand_css(session: Session, row: Card) -> str:
    """Address of the colours that a card wears now."""
    slug = session.get_one(Program, row.program_id).slug
    return pictures.urls(slug, worn_by(session, row.program_id).number)["brand_css_url"]


def _ways(key: str, has_vouchers: bool, visitor: Visitor) -> dict[str, Any]:
    """How this visitor may keep the card, the best way first, and where each leads."""
    apple_url, sandbox = absolute(url_for("public.apple", key=key)), house().settings.sandbox_url
    google_url = absolute(url_for("public.google", key=key))
    first, others = visitor.ways(google=house().google is not None, sandbox=sandbox is not None)
    return {
        "visitor": visitor,
        "first_ways": first,
        "further_ways": others,
        "apple_url": absolute(url_for("public.apple_bundle", key=key)) if has_vouchers else apple_url,
        # Inside another app Google would not know who is there.
        "google_url": chrome_link(google_url) if visitor.phone == "android" and visitor.inside_app else google_url,
        "sandbox_add_url": f"{sandbox}/add?pass={apple_url}" if sandbox else None,
    }


def _addresses(key: str) -> dict[str, str]:
    """Where the page's other links lead."""
    return {
        "qr_url": url_for("public.qr_png_file", key=key),
        "pdf_url": f"{url_for('public.card', key=key)}/card.pdf",
        "state_url": url_for("public.state", key=key),
        "data_url": url_for("public.data", key=key),
        "wishes_url": url_for("public.wishes", key=key),
        "language_url": url_for("public.choose_language", key=key),
    }


def _no_pass(error: Exception) -> Response:
    log.error("no pass for card %s: %s", g.card_id, error)
    if isinstance(error, CertificateMissing):
        sentence = said("The shop's certificate for Apple Wallet is missing. Your card works on its web page.")
    elif isinstance(error, CertificateOutOfDate | CertificateRevoked):
        sentence = said("The shop's certificate for Apple Wallet is not valid now. Your card works on its web page.")
    else:
        sentence = said("Something on the card is not as Apple Wallet wants it. Your card works on its web page.")
    page = render_template(
        "public/problem.html",
        title=said("The card cannot be put into Apple Wallet yet"),
        sentence=sentence,
        next_url=request.path.rpartition("/")[0],
        next_label=said("Back to my card"),
    )
    return Response(page, 503, {"Retry-After": "600"}, mimetype="text/html")

"""The join page: one tap, no data; what a customer tells on top is theirs to choose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from issuer import certificates, customers, google_saving, idempotency, referrals
from issuer.cards import find_key
from issuer.customers import Profile, ProfileRefused, Told
from issuer.database import set_merchant, transaction
from issuer.idempotency import Answer, Attempt
from issuer.joining import Joining, join, known_source
from issuer.programs import ProgramView, find_slug, program_view
from issuer.refusals import N_
from issuer.rules.gifts import OccasionRule, ReferralRule
from issuer.schema import Card, Merchant, ProgramSlug
from issuer.web.context import absolute, house, now, page_language, printable
from issuer.web.faces import sample_face
from issuer.web.guards import open_to_all
from issuer.web.public import told
from issuer.web.public.front import blueprint
from issuer.web.public.google import after_form
from issuer.web.public.visitors import Visitor, chrome_link, visitor_of
from issuer.web.wording import said
from passes.qr import qr_svg

CARD_COOKIE = "treuepass_card_"
LONGEST_INVITE = 40
APPLE, GOOGLE = "apple", "google"


@dataclass(frozen=True)
class Shop:
    """Whose join page it is."""

    row: ProgramSlug
    program: ProgramView
    merchant: Merchant


@blueprint.get("/join/<slug>")
@open_to_all
def join_page(slug: str) -> AnyResponse:
    with transaction(house().engine) as session:
        shop = _shop(session, slug)
        if shop.program.program.closed_at is not None:
            return _closed(session, shop)
        return make_response(_page(session, shop, idempotency.fresh_key()))


@blueprint.get("/join/<slug>/qr.svg", endpoint="join_qr")
@open_to_all
def join_code(slug: str) -> Response:
    """The way to this page for another phone."""
    with transaction(house().engine) as session:
        row = _shop(session, slug).row
    return Response(qr_svg(absolute(_address(row.slug))), mimetype="image/svg+xml")


@blueprint.post("/join/<slug>")
@open_to_all
def join_now(slug: str) -> AnyResponse:
    """One tap, one card: a second tap with the same form finds the first one's."""
    with transaction(house().engine) as session:
        shop = _shop(session, slug)
        if shop.program.program.closed_at is not None:
            return _closed(session, shop)
        join_id = printable(request.form.get("join_id", ""), idempotency.LONGEST_KEY) or idempotency.fresh_key()
        typed = told.typed()
        try:
            profile = told.read(typed, shop.merchant, page_language())
        except ProfileRefused as refused:
            return make_response(_page(session, shop, join_id, typed, refused.sentences), 422)
        key = _joined(session, shop, join_id)
        _remember(session, key, profile)
        response = redirect(_target(session, shop, key), 303)
    response.set_cookie(
        CARD_COOKIE + shop.row.slug,
        key,
        max_age=365 * 86400,
        httponly=True,
        secure=house().settings.secure,
        samesite="Lax",
    )
    return response


def _closed(session: Session, shop: Shop) -> AnyResponse:
    """The shop gives out no more of these cards; whoever has one is shown the way to it."""
    kept = request.cookies.get(CARD_COOKIE + shop.row.slug, "")
    mine = url_for("public.card", key=kept) if find_key(session, kept) else None
    page = render_template(
        "public/problem.html",
        title=said(N_("This card is not given out any more.")),
        sentence=said(N_("Cards that are out go on as promised. Ask at %(shop)s what there is instead."))
        % {"shop": shop.merchant.name},
        next_url=mine,
        next_label=said("Open my card"),
    )
    return make_response(page, 410)


def _joined(session: Session, shop: Shop, join_id: str) -> str:
    """The key of the card's page. Nothing personal goes into the answer that is kept for a second tap."""
    attempt = Attempt(
        merchant_id=shop.row.merchant_id,
        actor="customer",
        route=f"join {shop.row.slug}",
        key=join_id,
        fingerprint=idempotency.fingerprint(None),
    )

    def work() -> Answer:
        joining = Joining(page_language(), _source(), friend=_invite(session, shop) or None)
        made = join(session, house().keys, shop.program.program, joining, now())
        return Answer(303, {"key": made.web_key})

    return str(idempotency.once(session, attempt, work, now()).body["key"])


def _remember(session: Session, key: str, profile: Profile) -> None:
    row = find_key(session, key)
    if row is not None:
        owner = session.get_one(Card, row.card_id).customer_id
        customers.remember(session, house().keys, owner, profile, Told(_source(), page_language()), now())


def _target(session: Session, shop: Shop, key: str) -> str:
    """Straight to the wallet's file for an iPhone; else to the card's page, which says so when there is no file.

    For Google the card is asked for here already: it is mostly there when the browser is.
    """
    way = request.form.get("way")
    if way == GOOGLE and house().google is not None:
        _ask_google(session, key)
        return after_form(key)
    if way != APPLE:
        return url_for("public.card", key=key)
    if certificates.pass_type_for(session, shop.row.merchant_id) is None:
        return url_for("public.card", key=key, wallet="missing")
    return url_for("public.apple", key=key)


def _ask_google(session: Session, key: str) -> None:
    row = find_key(session, key)
    if row is not None:
        google_saving.ask(session, house().keys, session.get_one(Card, row.card_id), now())


def _page(
    session: Session, shop: Shop, join_id: str, typed: Mapping[str, str] | None = None, wrong: Mapping[str, str] = {}
) -> str:
    language, slug = page_language(), shop.row.slug
    face = sample_face(session, shop.program, shop.merchant, language)
    kept = request.cookies.get(CARD_COOKIE + slug, "")
    here = absolute(_address(slug))
    promise, *others = shop.program.rules.promises(shop.program.words(language))
    # Beside the card it is the page's heading.
    face["status"] = "" if face["status"] == promise else face["status"]
    return render_template(
        "public/join.html",
        program={"name": shop.program.name(language), "sentence": promise, "others": others},
        friend=_friend_line(session, shop, language),
        card=face,
        already=url_for("public.card", key=kept) if find_key(session, kept) else None,
        brand_css_url=face["brand_css_url"],
        join_id=join_id,
        told=told.fields(typed or {}, wrong),
        keeps_birthdays=any(rule.occasion == "birthday" for rule in shop.program.rules.each(OccasionRule)),
        wrong=wrong,
        here_url=here,
        qr_url=url_for("public.join_qr", slug=slug, **_from()),
        **_ways(visitor_of(request.user_agent.string), here),
    )


def _ways(visitor: Visitor, here: str) -> dict[str, Any]:
    return {
        "visitor": visitor,
        "chrome_url": chrome_link(here) if visitor.phone == "android" else None,
        "with_google": house().google is not None,
    }


def _shop(session: Session, slug: str) -> Shop:
    row = find_slug(session, slug)
    if row is None:
        abort(404)
    set_merchant(session, row.merchant_id)
    program = program_view(session, row.program_id)
    if program is None:
        abort(404)
    return Shop(row, program, session.get_one(Merchant, row.merchant_id))


def _source() -> str:
    return known_source(request.args.get("source", ""))


def _from() -> dict[str, Any]:
    """What a link to this page keeps of where the visitor came from, and who sent them."""
    kept = {"source": "" if _source() == "link" else _source(), "friend": _typed_invite()}
    return {name: value for name, value in kept.items() if value}


def _typed_invite() -> str:
    return printable(request.args.get("friend", ""), LONGEST_INVITE)


def _invite(session: Session, shop: Shop) -> str:
    """Who sent the visitor; nobody, when the visitor has a card already and is no new friend."""
    kept = request.cookies.get(CARD_COOKIE + shop.row.slug, "")
    return "" if find_key(session, kept) else _typed_invite()


def _friend_line(session: Session, shop: Shop, language: str) -> str | None:
    """What both sides get, when a friend's link led here."""
    rule, invite = shop.program.rules.one(ReferralRule), _invite(session, shop)
    if rule is None or not invite or referrals.referrer_of(session, shop.program.program.id, invite) is None:
        return None
    words = shop.program.words(language)
    line = said("A friend sent you here: with your first purchase you get %(yours)s, and they get %(theirs)s.")
    return line % {"yours": rule.friend.said(words), "theirs": rule.referrer.said(words)}


def _address(slug: str) -> str:
    return url_for("public.join_page", slug=slug, **_from())

"""The merchant's console: sign in, find a card, see why it did or did not change."""

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import history, people
from issuer.cards import CardView, newest, view, views
from issuer.database import transaction
from issuer.history import EntryView, PhoneView
from issuer.programs import program_views
from issuer.rules.movement import reward_unit
from issuer.schema import Card, Merchant
from issuer.web.context import house, now, page_language, parsed_id, printable
from issuer.web.faces import card_face, entry_words
from issuer.web.guards import CONSOLE_COOKIE, open_to_all, signed_in
from issuer.web.paging import after_of, token_of
from issuer.web.wording import ACTORS, said, when

blueprint = Blueprint("console", __name__, url_prefix="/console")

PAGE = 50
SHOWN_ENTRIES = 200
LONGEST_EMAIL = 254


@blueprint.get("/sign-in")
@open_to_all
def sign_in() -> str:
    return render_template("console/sign_in.html", error=None, email="")


@blueprint.post("/sign-in")
@open_to_all
def sign_in_now() -> Response:
    email = printable(request.form.get("email", ""), LONGEST_EMAIL)
    with transaction(house().engine) as session:
        made = people.sign_in(session, email, request.form.get("password", ""), now())
    if made is None:
        error = said(
            "This address and password do not belong together, or too many tries were made. Wait, then try again."
        )
        return make_response(render_template("console/sign_in.html", error=error, email=email), 403)
    response = redirect(_safe_next(), 303)
    response.set_cookie(
        CONSOLE_COOKIE,
        made.token,
        httponly=True,
        secure=house().settings.secure,
        samesite="Lax",
        path="/console",
    )
    return response


@blueprint.post("/sign-out")
@signed_in
def sign_out() -> Response:
    with transaction(house().engine) as session:
        people.sign_out(session, request.cookies.get(CONSOLE_COOKIE, ""))
    response = redirect(url_for("console.sign_in"), 303)
    response.delete_cookie(CONSOLE_COOKIE, path="/console")
    return response


@blueprint.get("")
@signed_in
def cards() -> str:
    query = printable(request.args.get("q", ""), 100).strip()
    with transaction(house().engine, g.merchant_id) as session:
        found = newest(session, limit=PAGE + 1, after=after_of(request.args.get("after")), search=query)
        shown = views(session, found[:PAGE])
        phones = history.phone_counts(session, [card.id for card in shown])
        last = history.last_changes(session, [card.id for card in shown])
        programs = program_views(session, limit=1)
        frame = _frame(session)
    zone = frame["merchant"].zone
    more = token_of(found[PAGE - 1].created_at, found[PAGE - 1].id) if len(found) > PAGE else None
    return render_template(
        "console/cards.html",
        cards=[_row(card, phones.get(card.id, 0), last.get(card.id), zone) for card in shown],
        query=query,
        next_url=url_for("console.cards", q=query or None, after=more) if more else None,
        join_url=url_for("public.join_page", slug=programs[0].program.slug) if programs else None,
        **frame,
    )


@blueprint.get("/cards/<card_id>")
@signed_in
def card(card_id: str) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        found = parsed_id(card_id)
        row = session.get(Card, found) if found else None
        if row is None:
            abort(404)
        shown = view(session, row)
        frame = _frame(session)
        merchant = frame["merchant"]
        slug = next(p.program.slug for p in program_views(session, limit=200) if p.program.id == row.program_id)
        face = card_face(session, shown, merchant.name, slug)
        entries = history.entries(session, row.id, limit=SHOWN_ENTRIES)
        phones = history.phones(session, row)
    names = {reward_unit(shown.rule.reward_id): shown.reward_names[page_language()]}
    return render_template(
        "console/card.html",
        card=face,
        entries=[_entry(entry, names, merchant.zone) for entry in entries],
        phones=[_phone(phone, merchant.zone) for phone in phones],
        no_phone_sentence=said(
            "No phone has this card in its wallet. Its web page and QR code show every change at once."
        ),
        brand_css_url=face["brand_css_url"],
        **frame,
    )


def _frame(session: Session) -> dict[str, Any]:
    return {"merchant": session.get_one(Merchant, g.merchant_id), "sign_out_url": url_for("console.sign_out")}


def _row(card: CardView, phones: int, last_at: datetime | None, zone: str) -> dict[str, Any]:
    return {
        "short_code": card.short_code,
        "name": card.customer_name,
        "stamps": card.shown,
        "needed": card.needed,
        "rewards": sum(reward.count for reward in card.rewards),
        "last_at": when(last_at, zone),
        "state": card.state,
        "url": url_for("console.card", card_id=card.id),
        "phones": phones,
    }


def _entry(entry: EntryView, names: dict[str, str], zone: str) -> dict[str, Any]:
    return {
        "what": entry_words(entry, names),
        "amount": entry.amount,
        "who": entry.who or said(ACTORS.get(entry.actor, entry.actor)),
        "where": entry.where,
        "when": when(entry.occurred_at, zone),
        "reference": entry.reference,
    }


def _phone(phone: PhoneView, zone: str) -> dict[str, Any]:
    return {
        "device": said("Phone %(ending)s") % {"ending": phone.device[-6:]},
        "sentence": phone.sentence(page_language(), now()),
        "pushed": when(phone.pushed_at, zone),
        "fetched": when(phone.fetched_at, zone),
        "ok": phone.up_to_date,
    }


def _safe_next() -> str:
    """Back to where the session ended, but never to another site."""
    target = request.args.get("next", "")
    return target if target.startswith("/console") and "\\" not in target else url_for("console.cards")

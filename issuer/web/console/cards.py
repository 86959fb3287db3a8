"""Find a card, see what happened on it and why a phone did or did not change."""

from datetime import datetime
from typing import Any

from flask import abort, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import customers, history, offer_results, push_stops
from issuer.cards import CardView, newest, view, views
from issuer.database import transaction
from issuer.google_history import GoogleView, google_view
from issuer.google_relaying import stop_key
from issuer.history import EntryView, PhoneView, Saving, Turn
from issuer.joining import source_of
from issuer.programs import program_view, program_views
from issuer.refusals import N_
from issuer.schema import Card, Consent, Merchant, PushStop
from issuer.telling import header_of, tell
from issuer.web.console import offer_words
from issuer.web.console.frame import blueprint, frame
from issuer.web.console.wallet_notes import wallet_notes
from issuer.web.context import absolute, house, now, page_language, parsed_id
from issuer.web.faces import card_face, entry_amount, entry_words, woven
from issuer.web.guards import signed_in
from issuer.web.paging import after_of, token_of
from issuer.web.public.told import day_text
from issuer.web.wording import ACTORS, REASONS, said, when

PAGE, LONGEST_QUERY = 50, 100
SHOWN_ENTRIES = 200
SHOWN_OFFERS = 20
SOURCES = {
    "poster": N_("Poster"),
    "tent": N_("Table tent"),
    "sticker": N_("Sticker"),
    "paper": N_("Paper card"),
    "till": N_("At the till"),
    "link": N_("Link"),
    "card": N_("Card's page"),
    "api": N_("Till system"),
    "import": N_("Import"),
}
TOLD = {"name": N_("Name"), "mail": N_("E-mail"), "birthday": N_("Birthday")}
LANGUAGES = {"de": N_("German"), "en": N_("English")}


@blueprint.get("")
@signed_in
def cards() -> str | Response:
    query = customers.one_line(request.args.get("q", ""))[:LONGEST_QUERY]
    with transaction(house().engine, g.merchant_id) as session:
        if session.get_one(Merchant, g.merchant_id).setup_step and _sees_all():
            return redirect(url_for("console.first_run"), 303)
        found = _found(session, query)
        shown = views(session, found[:PAGE])
        phones = history.phone_counts(session, [card.id for card in shown])
        last = history.last_changes(session, [card.id for card in shown])
        programs = program_views(session, limit=2)
        around = frame(session)
        notes = wallet_notes(session, around["merchant"])
    zone = around["merchant"].zone
    more = token_of(found[PAGE - 1].created_at, found[PAGE - 1].id) if len(found) > PAGE else None
    return render_template(
        "console/cards.html",
        notes=notes,
        cards=[_row(card, phones.get(card.id, 0), last.get(card.id), zone) for card in shown],
        several_programs=len(programs) > 1,
        query=query,
        first_page=not request.args.get("after"),
        sees_all=_sees_all(),
        next_url=url_for("console.cards", q=query or None, after=more) if more else None,
        join_url=url_for("public.join_page", slug=programs[0].program.slug) if programs else None,
        **around,
    )


@blueprint.get("/cards/<card_id>")
@signed_in
def card(card_id: str) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        found = parsed_id(card_id)
        row = session.get(Card, found) if found else None
        program = program_view(session, row.program_id) if row else None
        if row is None or program is None:
            abort(404)
        shown, around = view(session, row), frame(session)
        merchant = around["merchant"]
        face = card_face(session, shown, merchant.name, program.program.slug)
        entries = _entries(session, row, shown)
        phones, google = history.phones(session, row), google_view(session, row)
        offers = _offers(session, row, merchant.zone)
        stopped = _google_stopped(session)
        owner = _owner(session, row, shown, merchant)
    return render_template(
        "console/card.html",
        card=face,
        entries=entries,
        holds=_holds(shown),
        rewards=[{"name": one.names[page_language()], "count": one.count} for one in shown.rewards],
        phones=[
            *(_phone(phone, merchant.zone) for phone in phones),
            *([_google(google, stopped, merchant.zone)] if google else []),
        ],
        offers=offers,
        no_phone_sentence=said(
            "No phone has this card in its wallet. Its web page and QR code show every change at once."
        ),
        owner=owner,
        correct_url=url_for("console.correct", card_id=row.id) if _sees_all() else None,
        web_url=absolute(url_for("public.card", key=shown.web_key)),
        brand_css_url=face["brand_css_url"],
        **around,
    )


def _found(session: Session, query: str) -> list[Card]:
    """Only those who may read a mail address may search by one."""
    digest = customers.mail_digest(house().keys, query) if _sees_all() else None
    after = after_of(request.args.get("after"))
    return list(newest(session, limit=PAGE + 1, after=after, search=query, mail_digest=digest))


def _sees_all() -> bool:
    """Staff see the name only, by which they greet."""
    return bool(g.get("role", "owner") != "staff")


def _owner(session: Session, row: Card, shown: CardView, merchant: Merchant) -> dict[str, Any]:
    """Who has the card: how they came, and what they chose to tell."""
    known = customers.known(session, house().keys, row.customer_id)
    told = {"name": known.profile.name, "mail": known.profile.mail, "birthday": _day(known)}
    seen = TOLD if _sees_all() else {"name": TOLD["name"]}
    return {
        "facts": [(said(label), told[what]) for what, label in seen.items() if told[what]],
        "decisions": [_decision(one, merchant.zone) for one in known.decisions if one.purpose in seen],
        "joined": when(row.created_at, merchant.zone),
        "source": _source_word(source_of(session, row.id)),
        "language": said(LANGUAGES[shown.language]),
    }


def _day(known: customers.Known) -> str:
    return day_text(known.profile.birthday, page_language())


def _decision(one: Consent, zone: str) -> dict[str, Any]:
    return {
        "what": said(TOLD[one.purpose]),
        "given": one.given,
        "when": when(one.at, zone),
        "source": _source_word(one.source),
        "wording": one.wording,
    }


def _source_word(source: str | None) -> str | None:
    return said(SOURCES[source]) if source in SOURCES else source


def _row(card: CardView, phones: int, last_at: datetime | None, zone: str) -> dict[str, Any]:
    header = header_of(card, card.words(page_language()))
    return {
        "short_code": card.short_code,
        "name": card.customer_name,
        "program": card.program_names[page_language()],
        "header": header,
        "rewards": sum(reward.count for reward in card.rewards),
        "last_at": when(last_at, zone),
        "state": card.state,
        "url": url_for("console.card", card_id=card.id),
        "phones": phones,
    }


def _holds(shown: CardView) -> dict[str, Any]:
    """All that a card holds, in the words of whoever reads the page."""
    told = tell(shown, page_language())
    return {
        "facts": (told.header, *told.facts, *told.leftovers),
        "vouchers": told.all_vouchers,
        "sentences": [sentence for _, sentence in (*told.notices, *told.owed)],
    }


def _offers(session: Session, row: Card, zone: str) -> list[dict[str, Any]]:
    """Offers that the card shows, and those that it does not, with the reason; staff have no pages of offers."""
    return [
        {
            "name": one.offer_name,
            "url": url_for("console.offer", offer_id=one.offer_id) if _sees_all() else None,
            "reason": one.reason,
            "sentence": offer_words.reason_said(one.reason) if one.reason is not None else None,
            "at": when(one.at, zone),
            "until": when(one.until, zone) if one.until else None,
        }
        for one in offer_results.on_card(session, row.id, now(), SHOWN_OFFERS)
    ]


def _entries(session: Session, row: Card, shown: CardView) -> list[dict[str, Any]]:
    """All that happened, newest first: what was booked, what was cheaper, where the card went."""
    booked = history.entries(session, row.id, limit=SHOWN_ENTRIES)
    savings = history.savings(session, row.id, limit=SHOWN_ENTRIES)
    return woven(
        SHOWN_ENTRIES,
        ((entry.recorded_at, _entry(entry, shown)) for entry in booked if not entry.is_silent),
        ((one.recorded_at, _saving(one, shown)) for one in savings),
        ((turn.at, _turn(session, turn, shown.zone)) for turn in history.turns(session, row.id)),
    )


def _saving(one: Saving, shown: CardView) -> dict[str, Any]:
    words = shown.words(page_language())
    values = {"total": words.money(one.total), "saved": words.money(one.saved)}
    what = said("Purchase: %(total)s, %(saved)s off") % values
    return {"what": what, "when": when(one.occurred_at, shown.zone), "reference": one.reference}


def _turn(session: Session, turn: Turn, zone: str) -> dict[str, Any]:
    """ "Moved to a new phone", "Put together with card K7QM-3FX" with the way to that card."""
    other = session.get(Card, turn.other) if turn.other else None
    if other is None:
        return {"what": said("Moved to a new phone"), "when": when(turn.at, zone)}
    text = said("Went into card %(card)s") if turn.ended else said("Put together with card %(card)s")
    what = text % {"card": view(session, other).short_code}
    return {"what": what, "when": when(turn.at, zone), "url": url_for("console.card", card_id=other.id)}


def _entry(entry: EntryView, shown: CardView) -> dict[str, Any]:
    words = shown.words(page_language())
    return {
        "what": entry_words(entry, shown, words),
        "amount": entry_amount(entry, words),
        "up": entry.amount > 0,
        "who": entry.who or said(ACTORS.get(entry.actor, entry.actor)),
        "where": entry.where,
        "when": when(entry.occurred_at, shown.zone),
        "reference": entry.reference,
        "reason": None if entry.reason in REASONS else entry.reason,
    }


def _phone(phone: PhoneView, zone: str) -> dict[str, Any]:
    return {
        "device": said("Phone %(ending)s") % {"ending": phone.device[-6:]},
        "sentence": phone.sentence(page_language(), now()),
        "pushed": when(phone.pushed_at, zone),
        "fetched": when(phone.fetched_at, zone),
        "ok": phone.up_to_date,
        "out_of_step": phone.out_of_step(now()),
    }


def _google_stopped(session: Session) -> PushStop | None:
    google = house().settings.google
    return push_stops.stop_of(session, stop_key(google.issuer_id)) if google is not None else None


def _google(view: GoogleView, stopped: PushStop | None, zone: str) -> dict[str, Any]:
    return {
        "device": "Google Wallet",
        "sentence": view.sentence(page_language(), stopped),
        "pushed": when(view.pushed_at, zone),
        "ok": view.up_to_date,
        "out_of_step": False,
    }

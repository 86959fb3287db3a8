"""The staff's scanner: enrol once, open with a PIN, then one JSON call a tap."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from flask import Blueprint, g, jsonify, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import counter, tills
from issuer.cards import CardView, locked_card, view
from issuer.codes import code_row
from issuer.counter import UNDO, Redemption, Visit
from issuer.database import set_merchant, transaction
from issuer.history import last_earned
from issuer.idempotency import Answer
from issuer.issuing import count_text, rewards_text, status_text
from issuer.ledger import Actor, Booked, posting_of
from issuer.paper import card_for, was_withdrawn
from issuer.programs import program_view
from issuer.refusals import Refusal
from issuer.sample import sample_of
from issuer.schema import Card, CardCode, Location, Merchant, PaperBatch, Till
from issuer.tills import WrongPin
from issuer.web.context import house, now, page_language, parsed_id
from issuer.web.guards import TILL_COOKIE, any_till, open_to_all, till_staff
from issuer.web.headers import allow_scanner
from issuer.web.keyed import answer_once, refused
from issuer.web.problems import Problem
from issuer.web.wording import clock_time, said
from signing.codes import MistypedCode, NotOurCode

blueprint = Blueprint("till", __name__, url_prefix="/till")

Found = TypeVar("Found")

MOST_STAMPS = 100
YEARS = 10 * 365 * 86400


@blueprint.get("")
@any_till
def page() -> str:
    """What this browser may do next: learn how to become a till, open it, or scan."""
    if g.till is None:
        return render_template("till/enrol.html", error=None)
    if g.staff is None:
        return _sign_in_page(None)
    allow_scanner()
    with transaction(house().engine, g.till.merchant_id) as session:
        merchant = session.get_one(Merchant, g.till.merchant_id)
        place = session.get_one(Location, g.till.location_id)
    return render_template("till/till.html", merchant=merchant, till={"name": place.name}, staff=g.staff)


@blueprint.get("/enrol/<token>")
@open_to_all
def enrol(token: str) -> Response:
    """Make this browser a till, or ask first when the link works but once: whatever previews links would use it up."""
    with transaction(house().engine) as session:
        link = tills.enrolment(session, token, now())
        if link is None or not link.single_use or _known_till(session):
            return _become(session, token)
        set_merchant(session, link.merchant_id)
        merchant = session.get_one(Merchant, link.merchant_id)
        place = session.get_one(Location, link.location_id)
    return make_response(render_template("till/become.html", merchant=merchant, place=place))


@blueprint.post("/enrol/<token>")
@open_to_all
def enrol_now(token: str) -> Response:
    with transaction(house().engine) as session:
        return _become(session, token)


def _known_till(session: Session) -> Till | None:
    return tills.till_of(session, request.cookies.get(TILL_COOKIE, ""), now())


def _become(session: Session, token: str) -> Response:
    """Make this browser a till; one that is a till already stays the one it is."""
    known = _known_till(session)
    made = None if known else tills.enrol(session, token, now())
    if known is None and made is None:
        sentence = said("This enrolment link is not valid any more. Ask the owner or manager for a new one.")
        return make_response(render_template("till/enrol.html", error=sentence), 404)
    response = redirect(url_for("till.page"), 303)
    if made is not None:
        response.set_cookie(
            TILL_COOKIE, made[1], max_age=YEARS, httponly=True, secure=house().settings.secure, samesite="Lax"
        )
    return response


@blueprint.post("/sign-in")
@any_till
def sign_in() -> Response | str:
    if g.till is None:
        return redirect(url_for("till.page"), 303)
    staff_id = parsed_id(request.form.get("staff_id", ""))
    if staff_id is None:
        return _sign_in_page(said("Choose who you are."))
    with transaction(house().engine, g.till.merchant_id) as session:
        till = session.get_one(Till, g.till.id)
        outcome = tills.open_till(session, till, staff_id, request.form.get("pin", ""), now())
    if isinstance(outcome, WrongPin):
        return make_response(_sign_in_page(_wrong_pin(outcome), outcome.locked_until), 403)
    return redirect(url_for("till.page"), 303)


@blueprint.post("/sign-out")
@any_till
def sign_out() -> Response:
    if g.till is not None:
        with transaction(house().engine, g.till.merchant_id) as session:
            tills.close_till(session.get_one(Till, g.till.id))
    return redirect(url_for("till.page"), 303)


@blueprint.post("/lookup")
@till_staff
def lookup() -> Response:
    """The card behind a scanned or typed code, and what may be done with it."""
    text = str(_body().get("code", ""))[:500]
    with transaction(house().engine, g.till.merchant_id) as session:
        row = _read(lambda: code_row(session, g.till.merchant_id, text, house().keys.codes))
        if row is None:
            raise _not_taken(session, text)
        if row.card_id is None:
            return jsonify(_new_paper_card(session, row))
        card = session.get_one(Card, row.card_id)
        if card.state != "active":
            raise _unknown()
        shown = view(session, card)
        answer = {"card": _summary(session, shown), "sentence": _status(shown)}
    return jsonify(answer)


def _new_paper_card(session: Session, row: CardCode) -> dict[str, Any]:
    """What a till shows of a printed card before its first stamp; it is called by its code, having no id yet."""
    program = program_view(session, session.get_one(PaperBatch, row.batch_id).program_id)
    if program is None:
        raise _unknown()
    shown = sample_of(session.get_one(Merchant, g.till.merchant_id), program, page_language())
    card = _summary(session, replace(shown, short_code=row.short_code)) | {"id": row.code}
    return {"card": card, "sentence": said("A new paper card: it begins with its first stamp.")}


@blueprint.post("/stamps")
@till_staff
def stamps() -> Response:
    body = _body()
    count = body.get("count", 1)
    if type(count) is not int or not 1 <= count <= MOST_STAMPS:
        raise Problem(422, "invalid_body", said("Between 1 and 100 stamps can be given at once."))

    def work(session: Session) -> Answer:
        card = _begun(session, body)
        return _booked(session, card, counter.stamp(session, card, count, _visit()))

    return _once(work)


@blueprint.post("/redemptions")
@till_staff
def redemptions() -> Response:
    """Hold and confirm in one tap."""
    body = _body()
    reward_id = parsed_id(str(body.get("reward_id", "")))
    if reward_id is None:
        raise Problem(422, "invalid_body", said("This reward is not known. Scan the card again."))

    def work(session: Session) -> Answer:
        card = _locked(session, body)
        outcome = counter.redeem(session, card, reward_id, _visit())
        return _booked(session, card, outcome.booked if isinstance(outcome, Redemption) else outcome)

    return _once(work)


@blueprint.post("/undo")
@till_staff
def undo() -> Response:
    """A counter-entry for what this till booked within the last minute."""
    entry_id = parsed_id(str(_body().get("entry_id", "")))

    def work(session: Session) -> Answer:
        posting = posting_of(session, entry_id)
        card = locked_card(session, posting.card_id) if posting else None
        if posting is None or card is None:
            raise _unknown()
        return _booked(session, card, counter.reverse(session, card, posting, _visit(), within=UNDO))

    return _once(work)


def _once(work: Any) -> Response:
    return answer_once(g.till.merchant_id, f"till {g.till.id}", work)


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Problem(400, "malformed_json", said("The till sent something unreadable. Load the page again."))
    return body


def _visit() -> Visit:
    actor = Actor("staff", g.staff.id, till_id=g.till.id, location_id=g.till.location_id)
    return Visit(actor, now())


def _read(find: Callable[[], Found]) -> Found:
    """What is found by a code, or why the text is none."""
    try:
        return find()
    except MistypedCode as error:
        raise Problem(
            422,
            "not_our_code",
            said("One letter of this code is wrong. Compare it with the card and type it again."),
        ) from error
    except NotOurCode as error:
        raise Problem(
            422,
            "not_our_code",
            said("This is not the code of a stamp card. Scan the QR code on the customer's card."),
        ) from error


def _unknown() -> Problem:
    return Problem(404, "not_found", said("This shop has no such card. Ask the customer for their card of this shop."))


def _not_taken(session: Session, text: str) -> Problem:
    """Nothing is known under a code: it was printed here and withdrawn, or is not of this shop."""
    if not was_withdrawn(session, house().keys, g.till.merchant_id, text):
        return _unknown()
    return Problem(404, "not_found", said("This paper card was withdrawn unused. Give the customer another one."))


def _locked(session: Session, body: dict[str, Any]) -> Card:
    card_id = parsed_id(str(body.get("card_id", "")))
    card = locked_card(session, card_id) if card_id else None
    if card is None:
        raise _unknown()
    return card


def _begun(session: Session, body: dict[str, Any]) -> Card:
    """The card to stamp: one that is there, or a paper card that begins now, which the till calls by its code."""
    named = str(body.get("card_id", ""))[:500]
    if parsed_id(named):
        return _locked(session, body)
    card = _read(lambda: card_for(session, house().keys, g.till.merchant_id, named, now()))
    if card is None:
        raise _not_taken(session, named)
    return card


def _booked(session: Session, card: Card, outcome: Booked | Refusal | None) -> Answer:
    if isinstance(outcome, Refusal) or outcome is None:
        return refused(outcome or Refusal("nothing_to_redeem"), page_language())
    shown = view(session, card)
    earned = any(entry.cause == "round" and entry.amount > 0 for entry in outcome.entries)
    body: dict[str, Any] = {
        "headline": count_text(shown),
        "sentence": _status(shown),
        "entry_id": str(outcome.entries[0].id),
        "undo_until": (now() + UNDO).isoformat(),
        "undo_seconds": int(UNDO.total_seconds()),
        "reward": earned,
        "card": _summary(session, shown),
    }
    return Answer(201, body)


def _status(shown: CardView) -> str:
    """Staff read the till's language, and of the customer as of somebody else."""
    language = page_language()
    if not shown.rewards:
        return status_text(shown, language)
    return said("Waiting for the customer: %(reward)s") % {"reward": rewards_text(shown, language)}


def _summary(session: Session, shown: CardView) -> dict[str, Any]:
    language = page_language()
    last = last_earned(session, shown.id)
    return {
        "id": str(shown.id),
        "short_code": shown.short_code,
        "name": shown.customer_name,
        "stamps": shown.shown,
        "needed": shown.needed,
        "rewards": [
            {"reward_id": str(r.reward_id), "name": r.names[language], "count": r.count} for r in shown.rewards
        ],
        "last_at": last.isoformat() if last else None,
    }


def _sign_in_page(error: str | None, locked_until: datetime | None = None) -> str:
    with transaction(house().engine, g.till.merchant_id) as session:
        staff = [{"id": str(person.id), "name": person.name} for person in tills.staff_list(session)]
        zone = session.get_one(Merchant, g.till.merchant_id).zone
    until = clock_time(locked_until, zone) if locked_until else None
    return render_template("till/sign_in.html", staff=staff, error=None if until else error, locked_until=until)


def _wrong_pin(outcome: WrongPin) -> str:
    return said("This PIN is wrong. %(left)s more tries.") % {"left": outcome.left}

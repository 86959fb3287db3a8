"""Putting a card right: take back, refund, give vouchers, merge two cards, move one to a new phone."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from flask import abort, flash, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import counter, refunds, vouchers
from issuer.cards import CardView, VoucherView, heir_of, locked_card, view
from issuer.codes import find_code
from issuer.corrections import MOST_USES, VoucherForm, bills, correctable, read_cents
from issuer.database import transaction
from issuer.editing import Objection
from issuer.idempotency import Answer, Attempt, fingerprint, once
from issuer.ledger import Actor
from issuer.merging import locked_two, merge
from issuer.moving import move
from issuer.refusals import N_, Refusal
from issuer.schema import Card, Posting, Purchase, Voucher
from issuer.visits import Visit, inactive
from issuer.web.console.frame import Wrong, blueprint, frame, path_id, wrong
from issuer.web.context import absolute, house, now
from issuer.web.faces import entry_amount, entry_words
from issuer.web.guards import console_role
from issuer.web.wording import said, spoken, when
from passes.qr import qr_svg
from signing.codes import MistypedCode, NotOurCode

KEY = "attempt"
MANAGERS = ("owner", "manager")
Deed = Callable[[Session, Card], str | Refusal | Objection]


@blueprint.get("/cards/<card_id>/correct")
@console_role(*MANAGERS)
def correct(card_id: str) -> str:
    return _page(card_id, None)


@blueprint.post("/cards/<card_id>/correct/<posting_id>")
@console_role(*MANAGERS)
def take_back(card_id: str, posting_id: str) -> Response:
    """Take back one booking with all its lines."""

    def deed(session: Session, card: Card) -> str | Refusal:
        posting = session.get(Posting, path_id(posting_id))
        if posting is None or posting.card_id != card.id:
            abort(404)
        outcome = counter.reverse(session, card, posting, _visit())
        return outcome if isinstance(outcome, Refusal) else said("Taken back. The card shows it within seconds.")

    return _done(card_id, "back", deed)


@blueprint.post("/cards/<card_id>/refunds/<purchase_id>")
@console_role(*MANAGERS)
def refund(card_id: str, purchase_id: str) -> Response:
    """Refund a purchase, or the part that was typed."""

    def deed(session: Session, card: Card) -> str | Refusal | Objection:
        purchase = session.get(Purchase, path_id(purchase_id))
        if purchase is None or purchase.card_id != card.id:
            abort(404)
        typed = request.form.get("part", "").strip()
        total = read_cents(typed, f"part-{purchase.id}") if typed else None
        if isinstance(total, Objection):
            return total
        outcome = refunds.refund(session, card, purchase, total, _visit())
        return outcome if isinstance(outcome, Refusal) else said("Refunded: what it earned is taken back.")

    return _done(card_id, "refund", deed)


@blueprint.post("/cards/<card_id>/vouchers")
@console_role(*MANAGERS)
def give_voucher(card_id: str) -> Response:
    def deed(session: Session, card: Card) -> str | Refusal | Objection:
        zone = frame(session)["merchant"].zone
        form = VoucherForm(*(request.form.get(name, "") for name in VoucherForm.__dataclass_fields__))
        wanted = form.read(zone, now().date())
        if isinstance(wanted, Objection):
            return wanted
        if refusal := inactive(card):
            return refusal
        made = vouchers.issue(session, card, wanted, _visit(), "console")
        return said("The voucher %(code)s stands on the card.") % {"code": vouchers.shown_code(made.code)}

    return _done(card_id, "voucher", deed)


@blueprint.post("/cards/<card_id>/vouchers/<voucher_id>/revoke")
@console_role(*MANAGERS)
def revoke_voucher(card_id: str, voucher_id: str) -> Response:
    def deed(session: Session, card: Card) -> str | Refusal:
        voucher = session.get(Voucher, path_id(voucher_id))
        if voucher is None or voucher.card_id != card.id:
            abort(404)
        outcome = vouchers.revoke(session, voucher, _visit())
        return outcome if isinstance(outcome, Refusal) else said("The voucher is taken back.")

    return _done(card_id, "revoke", deed)


@blueprint.post("/cards/<card_id>/merge")
@console_role(*MANAGERS)
def merge_card(card_id: str) -> Response:
    """Take over another card of the same customer, named by its code."""

    def deed(session: Session, card: Card) -> str | Refusal | Objection:
        code = request.form.get("code", "").strip()[:500]
        other_id = _card_behind(session, code)
        if other_id is None:
            text = N_("No card has the code “%(code)s”: look at the other card again.")
            return Objection(text, {"code": code[:40]}, "code")
        locked_two(session, card.id, other_id)
        outcome = merge(session, house().keys, card, session.get_one(Card, other_id), _visit())
        return outcome if isinstance(outcome, Refusal) else said("The two cards are one now.")

    return _done(card_id, "merge", deed, lock=False)


@blueprint.post("/cards/<card_id>/move")
@console_role(*MANAGERS)
def move_card(card_id: str) -> Response:
    """A new pass, code and page; what is on the old phone ends."""

    def deed(session: Session, card: Card) -> str | Refusal:
        outcome = move(session, house().keys, card, _visit())
        if isinstance(outcome, Refusal):
            return outcome
        return said("The card is ready for the new phone. What is on the old one has ended.")

    return _done(card_id, "move", deed, then="console.moved_card")


@blueprint.get("/cards/<card_id>/moved")
@console_role(*MANAGERS)
def moved_card(card_id: str) -> str:
    """The way to the card, for the new phone."""
    with transaction(house().engine, g.merchant_id) as session:
        shown, around = view(session, session.get(Card, path_id(card_id)) or abort(404)), frame(session)
    if shown.state != "active":
        abort(404)
    link = absolute(url_for("public.card", key=shown.web_key))
    return render_template(
        "console/moved.html",
        card={"id": str(shown.id), "short_code": shown.short_code},
        link=link,
        qr="data:image/svg+xml," + quote(qr_svg(link)),
        **around,
    )


def _visit() -> Visit:
    return Visit(Actor("user", g.user_id), now())


def _card_behind(session: Session, code: str) -> Any:
    try:
        return find_code(session, g.merchant_id, code, house().keys.codes)
    except (NotOurCode, MistypedCode):
        return None


def _done(card_id: str, form: str, deed: Deed, *, lock: bool = True, then: str = "console.card") -> Response:
    """Do it once, however often the form is sent, and say what was done; else the page again with the reason."""
    problem: list[Objection] = []
    with transaction(house().engine, g.merchant_id) as session:
        card = (locked_card(session, path_id(card_id)) if lock else session.get(Card, path_id(card_id))) or abort(404)

        def work() -> Answer:
            outcome = deed(session, card)
            if isinstance(outcome, Refusal):
                return Answer(409, {"said": outcome.sentence(spoken())})
            if isinstance(outcome, Objection):
                problem.append(outcome)
                return Answer(422, {"said": outcome.sentence(spoken())})
            return Answer(201, {"said": outcome})

        answer = once(session, _attempt(), work, now())
        shown = heir_of(session, card).id
        if problem:
            session.rollback()
    if problem:
        return make_response(_page(card_id, wrong(form, problem[0])), 422)
    if answer.status == 409:
        return make_response(_page(card_id, Wrong(form, "", answer.body["said"])), 409)
    flash(answer.body["said"])
    return redirect(url_for(then, card_id=shown), 303)


def _attempt() -> Attempt:
    """The form's own key: a second tap of the same page is the first one again."""
    key = request.form.get(KEY, "")[:100] or str(uuid4())
    typed = {name: text for name, text in request.form.items() if name != "csrf_token"}
    return Attempt(g.merchant_id, f"user {g.user_id}", f"POST {request.path}", key, fingerprint(typed))


def _page(card_id: str, mistake: Wrong | None) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        card = session.get(Card, path_id(card_id)) or abort(404)
        shown, around = view(session, card), frame(session)
        zone = around["merchant"].zone
        bookings = [_booking(one, shown, zone) for one in correctable(session, card)]
        purchases = [_bill(one, shown, zone) for one in bills(session, card)]
    return render_template(
        "console/correct.html",
        card={"id": str(card.id), "short_code": shown.short_code, "active": shown.state == "active"},
        bookings=bookings,
        purchases=purchases,
        vouchers=[_voucher(one) for one in shown.vouchers],
        today=now().date().isoformat(),
        most_uses=MOST_USES,
        attempt=str(uuid4()),
        wrong=mistake,
        **around,
    )


def _voucher(one: VoucherView) -> dict[str, str]:
    return {"id": str(one.id), "name": one.names[spoken()], "code": vouchers.shown_code(one.code)}


def _booking(one: Any, shown: CardView, zone: str) -> dict[str, Any]:
    words, lines = shown.words(spoken()), [line for line in one.lines if not line.is_silent]
    return {
        "id": str(one.posting_id),
        "lines": [f"{entry_amount(line, words)} {entry_words(line, shown, words)}" for line in lines],
        "when": when(one.lines[0].occurred_at, zone),
    }


def _bill(one: Any, shown: CardView, zone: str) -> dict[str, Any]:
    words = shown.words(spoken())
    return {
        "id": str(one.purchase.id),
        "total": words.money(one.purchase.total),
        "left": words.money(one.left),
        "reference": one.purchase.reference,
        "when": when(one.purchase.occurred_at, zone),
    }

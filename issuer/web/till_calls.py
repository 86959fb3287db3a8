"""One JSON call a tap: look a card up, and whatever may be done with it. Each booking bears a key and counts once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import g, jsonify, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import counter, gifts, offer_redeeming, prepaid, purchases, vouchers
from issuer.cards import CardView, locked_card, view
from issuer.counter import UNDO, Redemption
from issuer.database import transaction
from issuer.gifts import Left
from issuer.idempotency import Answer
from issuer.ledger import Booked, available, posting_of
from issuer.merging import followed
from issuer.programs import program_view
from issuer.purchases import Bought, Order, Quote
from issuer.refusals import Refusal
from issuer.rules.movement import CREDIT
from issuer.rules.part import MOST_CENTS, Item
from issuer.sample import sample_of
from issuer.schema import Card, CardCode, Merchant, PaperBatch, Posting, Reward, Voucher
from issuer.web.context import house, now, page_language, parsed_id
from issuer.web.guards import till_staff
from issuer.web.keyed import answer_once
from issuer.web.problems import Problem
from issuer.web.till import blueprint
from issuer.web.till_actions import counted_items, purse_said
from issuer.web.till_codes import begun, locked, meant, unknown, visit
from issuer.web.till_shapes import answered, counted, earned, reckoned, sentence, summary, taken_off
from issuer.web.wording import said

MOST_AT_ONCE = 100
LONGEST = 500


@blueprint.post("/lookup")
@till_staff
def lookup() -> Response:
    """The card behind a scanned or typed code, and what may be done with it."""
    text = _text(_body(), "code")
    with transaction(house().engine, g.till.merchant_id) as session:
        found = meant(session, text)
        if found.card is None:
            return jsonify(_new_paper_card(session, found.printed))
        shown = view(session, found.card)
        note = found.refusal.sentence(page_language()) if found.refusal else ""
        if found.joined:
            text = said("Two cards became one. Everything is on card %(card)s now, which is this one.")
            note = text % {"card": shown.short_code}
        chosen = str(found.voucher.id) if found.voucher else None
        card = summary(session, shown, found.card)
        return jsonify({"card": card, "sentence": sentence(shown), "note": note, "chosen": chosen})


def _new_paper_card(session: Session, row: CardCode | None) -> dict[str, Any]:
    """What a till shows of a printed card before its first stamp; it is called by its code, having no id yet."""
    batch = session.get_one(PaperBatch, row.batch_id) if row else None
    program = program_view(session, batch.program_id) if batch else None
    if row is None or program is None:
        raise unknown()
    shown = sample_of(session.get_one(Merchant, g.till.merchant_id), program, page_language())
    told = said("A new paper card: it begins with its first stamp.")
    card = summary(session, replace(shown, short_code=row.short_code), None) | {"id": row.code, "sentence": told}
    return {"card": card, "sentence": told, "note": "", "chosen": None}


@blueprint.post("/stamps")
@till_staff
def stamps() -> Response:
    body = _body()
    count, which = body.get("count", 1), _text(body, "counter")
    if type(count) is not int or not 1 <= count <= MOST_AT_ONCE:
        raise Problem(422, "invalid_body", said("Between 1 and 100 stamps can be given at once."))

    def work(session: Session) -> Answer:
        card = begun(session, body)
        outcome = counter.stamp(session, card, count, visit(), counter=which)
        if isinstance(outcome, Refusal) or not which:
            return answered(session, card, outcome)
        shown = view(session, card)
        return answered(
            session, card, outcome, headline=counted(shown, f"stamps-{which}"), sentence=sentence(shown, which)
        )

    return _once(work)


@blueprint.post("/redemptions")
@till_staff
def redemptions() -> Response:
    """Hold and confirm in one tap: a reward that waits, or one that points are spent on."""
    body = _body()
    reward_id = parsed_id(_text(body, "reward_id"))
    if reward_id is None:
        raise Problem(422, "invalid_body", said("This reward is not known. Scan the card again."))

    def work(session: Session) -> Answer:
        card = locked(session, body)
        outcome = counter.redeem(session, card, reward_id, visit())
        booked = outcome.booked if isinstance(outcome, Redemption) else outcome
        if isinstance(booked, Refusal) or booked is None:
            return answered(session, card, booked or Refusal("nothing_to_redeem"))
        if view(session, card).rules.grid:
            return answered(session, card, booked)
        name = session.get_one(Reward, reward_id).names[page_language()]
        return answered(session, card, booked, headline=name)

    return _once(work)


@blueprint.post("/quote")
@till_staff
def quote() -> Response:
    """What an order would come to. Nothing is booked, and a paper card does not begin with it."""
    body = _body()
    total = _total(body)
    with transaction(house().engine, g.till.merchant_id) as session:
        tried = session.begin_nested()
        card = begun(session, body)
        found = _quoted(session, card, _order(session, card, body, total), paying=body.get("credit") is True)
        if isinstance(found, Refusal):
            raise Problem(409, found.code, found.sentence(page_language()))
        answer = reckoned(view(session, card), found)
        tried.rollback()
    return jsonify(answer)


def _quoted(session: Session, card: Card, order: Order, *, paying: bool) -> Quote | Refusal:
    """``paying``: with as much of the card's credit as there is to pay."""
    found = purchases.quote(session, card, order, visit())
    if isinstance(found, Refusal) or not paying:
        return found
    credit = min(available(session, card, CREDIT, now()), found.to_pay)
    return purchases.quote(session, card, replace(order, credit=credit), visit())


@blueprint.post("/purchases")
@till_staff
def buy() -> Response:
    """Book an amount; ``credit``: the cents that the quote said the card pays."""
    body = _body()
    total, credit = _total(body), body.get("credit", 0)
    if type(credit) is not int or not 0 <= credit <= total:
        raise Problem(422, "invalid_body", said("This credit cannot be paid with. Scan the card again."))

    def work(session: Session) -> Answer:
        card = begun(session, body)
        order = replace(_order(session, card, body, total), credit=credit)
        before = view(session, card)
        return _bought(session, card, purchases.buy(session, card, order, visit()), before)

    return _once(work)


@blueprint.post("/prepaid")
@till_staff
def sell() -> Response:
    """A block of visits, for its price of the day."""
    body = _body()

    def work(session: Session) -> Answer:
        card = begun(session, body)
        before = view(session, card)
        return _bought(session, card, prepaid.buy_visits(session, card, visit()), before)

    return _once(work)


@blueprint.post("/prepaid/uses")
@till_staff
def use() -> Response:
    body = _body()
    count = body.get("count", 1)
    if type(count) is not int or not 1 <= count <= MOST_AT_ONCE:
        raise Problem(422, "invalid_body", said("Between 1 and 100 visits can be used at once."))

    def work(session: Session) -> Answer:
        card = locked(session, body)
        outcome = prepaid.use_visits(session, card, count, visit())
        if isinstance(outcome, Refusal):
            return answered(session, card, outcome)
        return answered(session, card, outcome, headline=counted(view(session, card), "prepaid"))

    return _once(work)


@blueprint.post("/vouchers")
@till_staff
def burn() -> Response:
    """Use a voucher once, by its id or its code."""
    body = _body()

    def work(session: Session) -> Answer:
        card, code = locked(session, body), _voucher_code(session, body) or ""
        outcome = vouchers.redeem(session, card, code, visit())
        if isinstance(outcome, Refusal):
            return answered(session, card, outcome)
        row, words = vouchers.find(session, code), view(session, card).words(page_language())
        said_worth = vouchers.worth_of(row).said(words) if row else ""
        return answered(session, card, outcome, headline=said_worth)

    return _once(work)


@blueprint.post("/offers")
@till_staff
def redeem_offer() -> Response:
    """Hand over what an offer on the card promises."""
    body = _body()
    offer_id = parsed_id(_text(body, "offer_id"))
    if offer_id is None:
        raise Problem(422, "invalid_body", said("This offer is not known. Scan the card again."))

    def work(session: Session) -> Answer:
        card = locked(session, body)
        borne = (one for one in view(session, card).offers if one.offer_id == offer_id)
        what = next((one.content.in_(page_language()).card for one in borne), "")
        outcome = offer_redeeming.redeem(session, card, offer_id, visit())
        return answered(session, card, outcome, **({"headline": what} if what else {}))

    return _once(work)


@blueprint.post("/goodwill")
@till_staff
def give() -> Response:
    """A small present from the week's purse, with the staff's reason."""
    body = _body()

    def work(session: Session) -> Answer:
        card = locked(session, body)
        outcome = gifts.goodwill(session, card, _text(body, "reason"), visit())
        return _given(session, card, outcome, gifts.purse(session, card, now()))

    return _once(work)


@blueprint.post("/bonuses")
@till_staff
def add_bonus() -> Response:
    """What the program gives for another cause than a purchase."""
    body = _body()

    def work(session: Session) -> Answer:
        card = locked(session, body)
        return _given(session, card, gifts.bonus(session, card, _text(body, "cause"), visit()))

    return _once(work)


@blueprint.post("/undo")
@till_staff
def undo() -> Response:
    """A counter-entry for what this till booked within the last minute."""
    entry_id = parsed_id(_text(_body(), "entry_id"))

    def work(session: Session) -> Answer:
        # A purchase that earned nothing has no entry: it is called by its posting.
        posting = posting_of(session, entry_id) or (session.get(Posting, entry_id) if entry_id else None)
        card = locked_card(session, posting.card_id) if posting else None
        if posting is None or card is None:
            raise unknown()
        card = followed(session, card)
        return answered(session, card, counter.reverse(session, card, posting, visit(), within=UNDO))

    return _once(work)


def _bought(session: Session, card: Card, outcome: Bought | Refusal, before: CardView) -> Answer:
    """What to collect is the biggest; how it came to that, and what it earned, stand below."""
    if isinstance(outcome, Refusal):
        return answered(session, card, outcome)
    quote, shown = outcome.quote, view(session, card)
    told = [taken_off(before, quote) if quote.to_pay < quote.total else "", earned(shown, outcome.booked)]
    said_so = ". ".join(filter(None, told)) or sentence(shown)
    money = shown.words(page_language()).money(quote.to_pay)
    return answered(session, card, outcome.booked, headline=money, sentence=said_so)


def _given(session: Session, card: Card, outcome: Booked | Refusal, purse: Left | None = None) -> Answer:
    if isinstance(outcome, Refusal):
        return answered(session, card, outcome)
    shown = view(session, card)
    left = [purse_said(purse, shown.words(page_language()))] if purse else []
    return answered(session, card, outcome, sentence=". ".join([earned(shown, outcome) or sentence(shown), *left]))


def _order(session: Session, card: Card, body: dict[str, Any], total: int) -> Order:
    """What the till says of a purchase: an amount, how many items are stamped, a voucher."""
    count = body.get("items", 0)
    if type(count) is not int or not 0 <= count <= MOST_AT_ONCE:
        raise Problem(422, "invalid_body", said("Between 0 and 100 items can be stamped at once."))
    rule = counted_items(view(session, card).rules) if count else None
    sku = rule.items[0] if rule and rule.items else ""
    return Order(total, (Item(sku, "", count, 0),) if rule else (), voucher=_voucher_code(session, body))


def _voucher_code(session: Session, body: dict[str, Any]) -> str | None:
    """The code of the voucher that a request names. One that nobody knows is left to be refused as such."""
    voucher_id, code = parsed_id(_text(body, "voucher_id")), _text(body, "code")
    row = session.get(Voucher, voucher_id) if voucher_id else None
    if row is not None:
        return row.code
    return code or (_text(body, "voucher_id") or None)


def _total(body: dict[str, Any]) -> int:
    total = body.get("total")
    if type(total) is not int or not 1 <= total <= MOST_CENTS:
        told = said("This amount cannot be booked. Type an amount from 0.01 to 100,000.00.")
        raise Problem(422, "invalid_body", told)
    return total


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return "" if value is None else str(value)[:LONGEST]


def _once(work: Callable[[Session], Answer]) -> Response:
    return answer_once(g.till.merchant_id, f"till {g.till.id}", work)


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Problem(400, "malformed_json", said("The till sent something unreadable. Load the page again."))
    return body

"""Purchases: what an order comes to, booked, found again, taken back."""

from flask import g, jsonify
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import purchases, refunds
from issuer.database import transaction
from issuer.idempotency import Answer
from issuer.purchases import Order
from issuer.refunds import refunded_of
from issuer.refusals import Refusal
from issuer.rules.part import Item
from issuer.schema import Merchant, Purchase
from issuer.web.api import REFUSED, api, shapes
from issuer.web.api.acting import booked, locked, no, once, visit
from issuer.web.api.cards import found_card, place
from issuer.web.api.purchase_types import (
    Money,
    NewOrder,
    NewPurchase,
    NewRefund,
    PurchaseList,
    PurchaseOut,
    PurchasePath,
    PurchaseState,
    QuoteOut,
)
from issuer.web.api.types import CardPath, Demanded, Page
from issuer.web.context import house, parsed_id
from issuer.web.guards import api_key
from issuer.web.paging import token_of
from issuer.web.problems import Problem, not_found


@api.post(
    "/cards/<card_id>/quote",
    summary="What an order would come to with this card; nothing is booked",
    responses={200: QuoteOut, **REFUSED},
)
@api_key("write")
def quote(path: CardPath, body: NewOrder) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        card, order = found_card(session, path.card_id), _order(session, body)
        outcome = purchases.quote(session, card, order, visit(session, occurred_at=body.occurred_at))
        if isinstance(outcome, Refusal):
            answer = no(outcome)
            raise Problem(answer.status, answer.body["code"], answer.body["detail"])
        return jsonify(shapes.quote(outcome, body.total.currency))


@api.post(
    "/cards/<card_id>/purchases",
    summary="Book a purchase: it earns what the program says",
    responses={201: PurchaseOut, **REFUSED},
)
@api_key("write")
def create_purchase(path: CardPath, header: Demanded, body: NewPurchase) -> Response:
    def work(session: Session) -> Answer:
        here = visit(session, occurred_at=body.occurred_at, location=body.location_id, reference=body.reference)
        order, card = _order(session, body), locked(session, path.card_id)
        outcome = purchases.buy(session, card, order, here)
        if isinstance(outcome, Refusal):
            return no(outcome)
        return booked(session, card, outcome.booked, purchase=shapes.purchase(outcome.purchase, 0))

    return once(work)


@api.get("/cards/<card_id>/purchases", summary="A card's purchases, newest first", responses={200: PurchaseList})
@api_key("read")
def list_purchases(path: CardPath, query: Page) -> Response:
    after = place(query)
    with transaction(house().engine, g.merchant_id) as session:
        card = found_card(session, path.card_id)
        wanted = select(Purchase).where(Purchase.card_id == card.id)
        if after is not None:
            wanted = wanted.where(tuple_(Purchase.recorded_at, Purchase.id) < after)
        order = (Purchase.recorded_at.desc(), Purchase.id.desc())
        found = session.scalars(wanted.order_by(*order).limit(query.limit + 1)).all()
        items = [shapes.purchase(row, refunded_of(session, row)) for row in found[: query.limit]]
    last = found[query.limit - 1] if len(found) > query.limit else None
    return jsonify(items=items, next=token_of(last.recorded_at, last.id) if last else None)


@api.get("/purchases/<purchase_id>", summary="One purchase", responses={200: PurchaseState})
@api_key("read")
def get_purchase(path: PurchasePath) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        row = _found(session, path.purchase_id)
        return jsonify(shapes.purchase(row, refunded_of(session, row)))


@api.post(
    "/purchases/<purchase_id>/refunds",
    summary="Take back a purchase, whole or in part",
    responses={201: PurchaseOut, **REFUSED},
)
@api_key("write")
def create_refund(path: PurchasePath, header: Demanded, body: NewRefund) -> Response:
    def work(session: Session) -> Answer:
        purchase = _found(session, path.purchase_id)
        card = locked(session, str(refunds.bearer(session, purchase)))
        total = cents_of(session, body.total, "total") if body.total else None
        outcome = refunds.refund(session, card, purchase, total, visit(session))
        if isinstance(outcome, Refusal):
            return no(outcome)
        shown = shapes.purchase(purchase, refunded_of(session, purchase))
        return booked(session, card, outcome.booked, purchase=shown)

    return once(work)


def _found(session: Session, text: str) -> Purchase:
    purchase_id = parsed_id(text)
    row = session.get(Purchase, purchase_id) if purchase_id else None
    if row is None:
        raise not_found("purchase")
    return row


def _order(session: Session, body: NewOrder) -> Order:
    items = [
        Item(one.sku, one.name, one.quantity, cents_of(session, one.price, f"items.{number}.price") if one.price else 0)
        for number, one in enumerate(body.items or ())
    ]
    credit = cents_of(session, body.credit, "credit") if body.credit else 0
    return Order(cents_of(session, body.total, "total"), tuple(items), credit, body.voucher)


def cents_of(session: Session, given: Money, about: str) -> int:
    """:raises Problem: money that the shop does not take"""
    currency = session.scalars(select(Merchant.currency)).one()
    if given.currency != currency:
        message = f"is in {given.currency}, but this shop reckons in {currency}"
        field = f"{about}.currency"
        raise Problem(422, "invalid_body", f"{field} {message}.", [{"field": field, "message": message}])
    return given.cents

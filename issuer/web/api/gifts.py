"""Goodwill, other causes, vouchers, prepaid visits, friends."""

from flask import g, jsonify, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import gifts, prepaid, referrals, vouchers
from issuer.cards import view
from issuer.database import transaction
from issuer.idempotency import Answer
from issuer.ledger import balances
from issuer.refusals import Refusal
from issuer.rules.gifts import ReferralRule
from issuer.rules.movement import voucher_unit
from issuer.rules.vouchers import Worth
from issuer.schema import Card, Program, Voucher
from issuer.terms import terms_of
from issuer.visits import inactive
from issuer.vouchers import Wanted
from issuer.web.api import REFUSED, api, shapes
from issuer.web.api.acting import booked, locked, no, once, visit
from issuer.web.api.cards import found_card
from issuer.web.api.gift_types import (
    InviteOut,
    NewBonus,
    NewGoodwill,
    NewVisits,
    NewVoucher,
    NewWorth,
    UsedVisits,
    VoucherList,
    VoucherOut,
    VoucherPath,
    VoucherQuery,
)
from issuer.web.api.plans import both
from issuer.web.api.purchase_types import PurchaseOut
from issuer.web.api.purchases import cents_of
from issuer.web.api.types import BookedOut, CardPath, Demanded
from issuer.web.context import absolute, house, now, parsed_id
from issuer.web.guards import api_key
from issuer.web.problems import Problem, not_found


@api.post(
    "/cards/<card_id>/goodwill",
    summary="A small present with a reason, from the week's purse",
    responses={201: BookedOut, **REFUSED},
)
@api_key("write")
def give_goodwill(path: CardPath, header: Demanded, body: NewGoodwill) -> Response:
    def work(session: Session) -> Answer:
        here, card = visit(session, location=body.location_id), locked(session, path.card_id)
        return booked(session, card, gifts.goodwill(session, card, body.reason, here))

    return once(work)


@api.post(
    "/cards/<card_id>/bonuses",
    summary="What the program gives for another cause than a purchase",
    responses={201: BookedOut, **REFUSED},
)
@api_key("write")
def give_bonus(path: CardPath, header: Demanded, body: NewBonus) -> Response:
    def work(session: Session) -> Answer:
        here, card = visit(session, occurred_at=body.occurred_at), locked(session, path.card_id)
        return booked(session, card, gifts.bonus(session, card, body.cause, here))

    return once(work)


@api.post("/cards/<card_id>/vouchers", summary="Give a card a voucher", responses={201: VoucherOut, **REFUSED})
@api_key("write")
def create_voucher(path: CardPath, header: Demanded, body: NewVoucher) -> Response:
    def work(session: Session) -> Answer:
        worth = _worth(session, body.worth)
        card = locked(session, path.card_id)
        wanted = Wanted(both(body.name), worth, body.uses, body.valid_from, body.valid_until)
        if refusal := inactive(card):
            return no(refusal)
        made = vouchers.issue(session, card, wanted, visit(session), "api")
        return Answer(201, {"voucher": _shown(session, made), "card": shapes.card(view(session, card))})

    return once(work)


@api.get("/cards/<card_id>/vouchers", summary="A card's vouchers, newest first", responses={200: VoucherList})
@api_key("read")
def list_vouchers(path: CardPath) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        card = found_card(session, path.card_id)
        rows = session.scalars(
            select(Voucher).where(Voucher.card_id == card.id).order_by(Voucher.created_at.desc(), Voucher.id)
        )
        return jsonify(items=[_shown(session, row) for row in rows], next=None)


@api.get("/vouchers", summary="Find a voucher by its code", responses={200: VoucherList})
@api_key("read")
def find_voucher(query: VoucherQuery) -> Response:
    if query.code is None:
        message = "is missing: send the code that the customer shows"
        raise Problem(422, "invalid_body", f"code {message}.", [{"field": "code", "message": message}])
    with transaction(house().engine, g.merchant_id) as session:
        row = vouchers.find(session, query.code)
        return jsonify(items=[_shown(session, row)] if row else [], next=None)


@api.post(
    "/vouchers/<voucher_id>/redemptions",
    summary="Use a voucher once, without booking a purchase",
    responses={201: BookedOut, **REFUSED},
)
@api_key("write")
def redeem_voucher(path: VoucherPath, header: Demanded) -> Response:
    def work(session: Session) -> Answer:
        row, card = _voucher(session, path.voucher_id)
        return booked(session, card, vouchers.redeem(session, card, row.code, visit(session)))

    return once(work)


@api.post("/vouchers/<voucher_id>/revocation", summary="Take a voucher back", responses={201: BookedOut, **REFUSED})
@api_key("write")
def revoke_voucher(path: VoucherPath, header: Demanded) -> Response:
    def work(session: Session) -> Answer:
        row, card = _voucher(session, path.voucher_id)
        return booked(session, card, vouchers.revoke(session, row, visit(session)))

    return once(work)


@api.post(
    "/cards/<card_id>/prepaid",
    summary="Book the visits that a customer pays in advance",
    responses={201: PurchaseOut, **REFUSED},
)
@api_key("write")
def buy_visits(path: CardPath, header: Demanded, body: NewVisits) -> Response:
    def work(session: Session) -> Answer:
        here = visit(session, location=body.location_id, reference=body.reference)
        card = locked(session, path.card_id)
        outcome = prepaid.buy_visits(session, card, here)
        if isinstance(outcome, Refusal):
            return no(outcome)
        return booked(session, card, outcome.booked, purchase=shapes.purchase(outcome.purchase, 0))

    return once(work)


@api.post("/cards/<card_id>/prepaid/uses", summary="Count prepaid visits down", responses={201: BookedOut, **REFUSED})
@api_key("write")
def use_visits(path: CardPath, header: Demanded, body: UsedVisits) -> Response:
    def work(session: Session) -> Answer:
        here = visit(session, occurred_at=body.occurred_at, location=body.location_id)
        card = locked(session, path.card_id)
        return booked(session, card, prepaid.use_visits(session, card, body.count, here))

    return once(work)


@api.get("/cards/<card_id>/invite", summary="The link by which a customer brings a friend", responses={200: InviteOut})
@api_key("read")
def get_invite(path: CardPath) -> Response:
    """Not found when the program has no rule for friends."""
    with transaction(house().engine, g.merchant_id) as session:
        card = found_card(session, path.card_id)
        if terms_of(session, card, now()).current.one(ReferralRule) is None:
            raise not_found("invite")
        invite = referrals.invite_of(session, card)
        slug = session.get_one(Program, card.program_id).slug
    return jsonify(invite=invite, link=absolute(url_for("public.join_page", slug=slug, friend=invite)))


def _voucher(session: Session, text: str) -> tuple[Voucher, Card]:
    voucher_id = parsed_id(text)
    row = session.get(Voucher, voucher_id) if voucher_id else None
    if row is None:
        raise not_found("voucher")
    card = locked(session, str(row.card_id))
    session.refresh(row)
    return row, card


def _worth(session: Session, given: NewWorth) -> Worth:
    if given.money is not None:
        return Worth.model_validate({"cents": cents_of(session, given.money, "worth.money")})
    thing = both(given.thing) if given.thing is not None else None
    return Worth.model_validate({"percent": given.percent, "thing": thing})


def _shown(session: Session, row: Voucher) -> dict[str, object]:
    card = session.get_one(Card, row.card_id)
    left = balances(session, card).get(voucher_unit(row.id), 0)
    return shapes.voucher(row, left)

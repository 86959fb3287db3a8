"""Which card a text at the till means: scanned or typed, a pass's code, a paper card's, a voucher's, or an id."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import g
from sqlalchemy.orm import Session

from issuer import vouchers
from issuer.cards import locked_card
from issuer.codes import code_row
from issuer.ledger import Actor
from issuer.merging import where_to
from issuer.paper import card_for, was_withdrawn
from issuer.refusals import Refusal
from issuer.schema import Card, CardCode, Voucher
from issuer.visits import Visit
from issuer.web.context import house, now, parsed_id
from issuer.web.problems import Problem
from issuer.web.wording import said
from signing.codes import MistypedCode, NotOurCode

Found = TypeVar("Found")


@dataclass(frozen=True)
class Meant:
    """A card, or the code of a printed one that is none yet.

    ``voucher``: the one whose code it was, as long as it may be used; ``refusal``: why it may not. ``joined``: the code
    was of another card, which became one with this.
    """

    card: Card | None
    printed: CardCode | None = None
    voucher: Voucher | None = None
    refusal: Refusal | None = None
    joined: bool = False


def visit() -> Visit:
    """The circumstances of whatever is done at this till now."""
    actor = Actor("staff", g.staff.id, till_id=g.till.id, location_id=g.till.location_id)
    return Visit(actor, now())


def meant(session: Session, text: str) -> Meant:
    """:raises Problem: it is no code, or names nothing of this shop"""
    voucher = vouchers.find(session, text)
    if voucher is not None:
        return _bearing(session, voucher)
    row = _read(lambda: code_row(session, g.till.merchant_id, text, house().keys.codes))
    if row is None:
        return _followed(session, text)
    if row.card_id is None:
        return Meant(None, row)
    return Meant(_active(session.get_one(Card, row.card_id)))


def locked(session: Session, body: dict[str, Any]) -> Card:
    """The card of an id, with its lock. :raises Problem: this shop has none"""
    card_id = parsed_id(str(body.get("card_id", "")))
    card = locked_card(session, card_id) if card_id else None
    if card is None:
        raise unknown()
    return card


def begun(session: Session, body: dict[str, Any]) -> Card:
    """The card to book on: one that is there, or a paper card that begins now, which the till calls by its code."""
    named = str(body.get("card_id", ""))[:500]
    if parsed_id(named):
        return locked(session, body)
    card = _read(lambda: card_for(session, house().keys, g.till.merchant_id, named, now()))
    if card is None:
        raise _not_taken(session, named)
    return card


def unknown() -> Problem:
    return Problem(404, "not_found", said("This shop has no such card. Ask the customer for their card of this shop."))


def _bearing(session: Session, voucher: Voucher) -> Meant:
    """The card of a voucher's code; why the voucher is none any more, if so."""
    card = _active(session.get_one(Card, voucher.card_id))
    usable = vouchers.usable(session, card, voucher.code, visit())
    if isinstance(usable, Refusal):
        return Meant(card, refusal=usable)
    return Meant(card, voucher=voucher)


def _followed(session: Session, text: str) -> Meant:
    """A code that was revoked leads on when its card became another one; one of a lost phone leads nowhere."""
    row = code_row(session, g.till.merchant_id, text, house().keys.codes, revoked=True)
    card = where_to(session, row) if row is not None else None
    if row is None or card is None or card.state != "active":
        raise _not_taken(session, text)
    if card.id == row.card_id:
        raise Problem(
            404, "not_found", said("This code was replaced by a new one. Ask the customer for their new card.")
        )
    return Meant(card, joined=True)


def _active(card: Card) -> Card:
    if card.state != "active":
        raise unknown()
    return card


def _read(find: Callable[[], Found]) -> Found:
    """What is found by a code, or why the text is none."""
    try:
        return find()
    except MistypedCode as error:
        raise Problem(
            422,
            "not_our_code",
            said("There is a mistake in this code. Compare it with the card and type it again."),
        ) from error
    except NotOurCode as error:
        raise Problem(
            422,
            "not_our_code",
            said("This is not the code of a stamp card. Scan the QR code on the customer's card."),
        ) from error


def _not_taken(session: Session, text: str) -> Problem:
    """Nothing is known under a code: it was printed here and withdrawn, or is not of this shop."""
    if not was_withdrawn(session, house().keys, g.till.merchant_id, text):
        return unknown()
    return Problem(404, "not_found", said("This paper card was withdrawn unused. Give the customer another one."))

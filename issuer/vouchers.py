"""Vouchers of a card: issued, shown, burned by the ledger."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer import due, governing, offer_uses, offers_borne
from issuer.cards import locked_card
from issuer.ledger import Booked, available, post
from issuer.publishing import AT_THE_TILL, CAMPAIGN, publish
from issuer.refusals import Refusal
from issuer.rules.movement import Movement, voucher_unit
from issuer.rules.vouchers import Worth
from issuer.schema import Account, Card, Entry, Voucher
from issuer.visits import Visit, inactive, refuse
from signing.codes import SYMBOLS

CODE_LENGTH, GROUP = 26, 4
END, OFFER = due.VOUCHER_END, "offer"
_BETWEEN = re.compile(r"[\s\-\u2010-\u2014\u2212]+")
_MISREAD = str.maketrans("OIL", "011")


@dataclass(frozen=True)
class Wanted:
    """A voucher to be. ``names``: language to text; without dates it counts at once and for ever."""

    names: Mapping[str, str]
    worth: Worth
    uses: int = 1
    valid_from: datetime | None = None
    valid_until: datetime | None = None


def issue(session: Session, card: Card, wanted: Wanted, visit: Visit, origin: str) -> Voucher:
    """Give a locked card a voucher; whether it is active the caller asks first, by `visits.inactive`.

    :param origin: program, console, api or offer
    """
    row = draw(session, card, wanted, visit.now, origin)
    post(session, card, [uses_of(row)], visit.deed("bonus", note="voucher"))
    publish(session, [card], "voucher", AT_THE_TILL, visit.now)
    return row


def draw(session: Session, card: Card, wanted: Wanted, now: datetime, origin: str) -> Voucher:
    """A voucher whose uses the caller books: see `uses_of`."""
    row = Voucher(
        id=uuid4(),
        merchant_id=card.merchant_id,
        card_id=card.id,
        code="".join(secrets.choice(SYMBOLS) for _ in range(CODE_LENGTH)),
        names=dict(wanted.names),
        worth=wanted.worth.model_dump(mode="json"),
        uses=wanted.uses,
        valid_from=wanted.valid_from or now,
        valid_until=wanted.valid_until,
        origin=origin,
        created_at=now,
    )
    session.add(row)
    session.flush()
    if row.valid_until is not None:
        due.plan(session, card.id, card.merchant_id, END, str(row.id), row.valid_until)
    return row


def uses_of(voucher: Voucher) -> Movement:
    """What gives a new voucher its uses."""
    return Movement(voucher_unit(voucher.id), voucher.uses, "issued", "bonus")


def revived(session: Session, card: Card, voucher: Voucher) -> list[Movement]:
    """What gives a voucher of the card the uses again that went when its time was over."""
    expired = _expired(session, card, voucher)
    return [Movement(voucher_unit(voucher.id), expired, "expired", "adjustment")] if expired > 0 else []


def worth_of(voucher: Voucher) -> Worth:
    return Worth.model_validate(voucher.worth)


def shown_code(code: str) -> str:
    """A code as people read it: "7H2K-9QWX-…"."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def read_code(text: str) -> str:
    """A code as it is kept, however it was typed: small letters, blanks, hyphens, O for 0 and I or L for 1."""
    return _BETWEEN.sub("", text).upper().translate(_MISREAD)


def find(session: Session, code: str) -> Voucher | None:
    """The merchant's voucher of that code."""
    typed = read_code(code)
    # PostgreSQL's texts hold no NUL, and nothing else can be a code either.
    if len(typed) != CODE_LENGTH or not set(typed) <= set(SYMBOLS):
        return None
    return session.scalar(select(Voucher).where(Voucher.code == typed))


def usable(session: Session, card: Card, code: str, visit: Visit) -> Voucher | Refusal:
    """The card's voucher of that code, if it may be used: its dates are judged at the visit, however late it is told.

    Once revoked it is never used, whenever the visit was.
    """
    found = find(session, code)
    if found is None or found.card_id != card.id:
        return Refusal("voucher_unknown")
    if found.revoked_at is not None:
        return Refusal("voucher_revoked")
    if visit.at < found.valid_from or (found.valid_until is not None and found.valid_until <= visit.at):
        return Refusal("voucher_not_valid")
    if found.origin == OFFER and _outside_hours(session, found, visit):
        return Refusal("voucher_not_valid")
    if available(session, card, voucher_unit(found.id), visit.now) < 1 and not _expired(session, card, found):
        return Refusal("voucher_used")
    return found


def burned(session: Session, card: Card, voucher: Voucher, visit: Visit) -> list[Movement]:
    """One use less. One that was over when it was told of, but not when it happened, comes back for that."""
    unit = voucher_unit(voucher.id)
    back = [] if available(session, card, unit, visit.now) else [Movement(unit, 1, "expired", "adjustment")]
    return [*back, Movement(unit, -1, "redeemed", "redemption")]


def redeem(session: Session, card: Card, code: str, visit: Visit) -> Booked | Refusal:
    """Burn one use without a purchase. The card is locked."""
    found = inactive(card) or usable(session, card, code, visit)
    if isinstance(found, Refusal):
        return refuse(session, card, found, visit)
    booked = post(session, card, burned(session, card, found, visit), visit.deed("redemption", note="voucher"))
    offer_uses.voucher_used(session, card, found.id, booked)
    publish(session, [card], "redemption", AT_THE_TILL, visit.now)
    return booked


def revoke(session: Session, voucher: Voucher, visit: Visit) -> Booked | Refusal:
    """Take back what is left of a voucher, for good. Locks its card."""
    card = locked_card(session, voucher.card_id)
    if card is None:
        raise LookupError(f"Voucher {voucher.id} has no card.")
    session.refresh(voucher)
    if voucher.revoked_at is not None:
        return refuse(session, card, Refusal("voucher_revoked"), visit)
    left = available(session, card, voucher_unit(voucher.id), visit.now)
    if not left:
        return refuse(session, card, Refusal("voucher_used"), visit)
    voucher.revoked_at = visit.now
    due.drop(session, card.id, END, str(voucher.id))
    movement = Movement(voucher_unit(voucher.id), -left, "issued", "adjustment")
    booked = post(session, card, [movement], visit.deed("adjustment", note="voucher"))
    offer_uses.voucher_gone(session, voucher, visit.now)
    publish(session, [card], "voucher", AT_THE_TILL, visit.now)
    return booked


def end(session: Session, card: Card, key: str, visit: Visit) -> Booked | None:
    """Let a voucher go whose time is over, so that no face shows it any more. The card is locked.

    :param key: of the due row ``voucher_end``: the voucher's id
    """
    row = session.get(Voucher, UUID(key))
    if row is None or row.card_id != card.id or row.valid_until is None or visit.now < row.valid_until:
        return None
    left = available(session, card, voucher_unit(row.id), visit.now)
    if not left:
        return None
    movement = Movement(voucher_unit(row.id), -left, "expired", "expiry")
    booked = post(session, card, [movement], visit.deed("expiry", note="voucher"))
    publish(session, [card], "expiry", CAMPAIGN, visit.now, loud=governing.may_sound(session, card, visit.now))
    return booked


def regained(lines: Iterable[Movement]) -> set[UUID]:
    """Vouchers of which a use comes back."""
    return {UUID(line.unit[8:]) for line in lines if line.unit.startswith("voucher:") and line.amount > 0}


def given_back(session: Session, card: Card, lines: Iterable[Movement]) -> None:
    """A use came back, or moved to this card: its end is looked after again."""
    for row in session.scalars(select(Voucher).where(Voucher.id.in_(regained(lines)))):
        if row.valid_until is not None and row.revoked_at is None:
            due.plan(session, card.id, card.merchant_id, END, str(row.id), row.valid_until)


def _outside_hours(session: Session, voucher: Voucher, visit: Visit) -> bool:
    """Whether the offer that brought it counts at other hours only."""
    found = offers_borne.of_voucher(session, voucher.id, visit)
    return bool(found) and not any(one.counts(visit.at) for one in found)


def _expired(session: Session, card: Card, voucher: Voucher) -> int:
    """Uses that went because their time was over, less those that came back."""
    gone = Account.program_id == card.program_id, Account.unit == voucher_unit(voucher.id), Account.role == "expired"
    on_them = select(func.sum(Entry.amount)).join(Account, Account.id == Entry.account_id)
    return int(session.scalar(on_them.where(*gone)) or 0)

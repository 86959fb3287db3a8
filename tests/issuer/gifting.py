"""What a shop gives beside purchases, for tests: friends, presents, vouchers and days, each in a transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from issuer import customers, donations, due, gifts, occasions, referrals, vouchers
from issuer.customers import Profile, Told
from issuer.joining import Joining, join
from issuer.ledger import Booked
from issuer.refusals import Refusal
from issuer.rules.movement import reward_unit
from issuer.rules.vouchers import Worth
from issuer.schema import Card, Due, Program, ProgramVersion, Referral, Voucher
from issuer.vouchers import Wanted
from tests.issuer.counting import Till, locked

STAMPS = {"kind": "stamps", "stamps_needed": 10, "reward_id": "R"}
COFFEE = {"unit": "reward", "reward_id": "R"}
FIVE_OFF = Worth(cents=500)
NAMES = {"de": "Fünf Euro", "en": "Five euros"}


def invite(till: Till, card_id: UUID) -> str:
    with till.work() as session:
        return referrals.invite_of(session, session.get_one(Card, card_id))


def join_by(till: Till, link: str, profile: Profile | None = None) -> UUID:
    """A friend's card; the referrer's is a second older."""
    joining = Joining("de", "link", profile or Profile(), friend=link)
    with till.work() as session:
        program = session.get_one(Program, till.shop.program_id)
        return join(session, till.keys, program, joining, till.later(1).now).id


def brought(till: Till, card_id: UUID) -> Referral | None:
    """How it stands with a friend's card."""
    with till.work() as session:
        return session.get(Referral, card_id)


def rewards(till: Till, card_id: UUID) -> int:
    return till.holds(card_id).get(reward_unit(till.shop.reward_id), 0)


def give_goodwill(till: Till, card_id: UUID, reason: str = "The machine was broken.", **visit: Any) -> Booked | Refusal:
    with till.work() as session:
        return gifts.goodwill(session, locked(session, card_id), reason, till.visit(**visit))


def give_bonus(till: Till, card_id: UUID, cause: str, **visit: Any) -> Booked | Refusal:
    with till.work() as session:
        return gifts.bonus(session, locked(session, card_id), cause, till.visit(**visit))


def give_voucher(till: Till, card_id: UUID, worth: Worth = FIVE_OFF, **wanted: Any) -> Voucher:
    with till.work() as session:
        wish = Wanted(NAMES, worth, **wanted)
        return vouchers.issue(session, locked(session, card_id), wish, till.visit(), "console")


def voucher_code(till: Till, card_id: UUID) -> str:
    """The code of a card's voucher, used up or not."""
    with till.work() as session:
        return session.scalars(select(Voucher.code).where(Voucher.card_id == card_id)).one()


def use_voucher(till: Till, card_id: UUID, code: str, **visit: Any) -> Booked | Refusal:
    with till.work() as session:
        return vouchers.redeem(session, locked(session, card_id), code, till.visit(**visit))


def revoke(till: Till, voucher: Voucher) -> Booked | Refusal:
    with till.work() as session:
        return vouchers.revoke(session, session.get_one(Voucher, voucher.id), till.visit())


def tell_birthday(till: Till, card_id: UUID, profile: Profile) -> None:
    """As the customer does on the page of their data: what is left out is deleted."""
    with till.work() as session:
        owner = session.get_one(Card, card_id).customer_id
        customers.change(session, till.keys, owner, profile, Told("card", "de"), till.now)


def celebrate(till: Till, limit: int = 100) -> int:
    with till.work() as session:
        return occasions.celebrate(session, till.keys, till.shop.merchant_id, till.now, limit)


def duties(till: Till, card_id: UUID, what: str) -> dict[str, datetime]:
    """What is planned on a card, by key."""
    with till.work() as session:
        rows = session.scalars(select(Due).where(Due.card_id == card_id, Due.what == what)).all()
        return {row.key: row.due_at for row in rows}


def end_gifts(till: Till, card_id: UUID) -> list[Booked]:
    """What the worker does with the gifts of a card that are due at the till's instant."""
    ended = [end_gift(till, card_id, key) for key, at in duties(till, card_id, due.GIFT_END).items() if at <= till.now]
    return [booked for booked in ended if booked is not None]


def end_gift(till: Till, card_id: UUID, key: str) -> Booked | None:
    with till.work() as session:
        return occasions.end_gift(session, locked(session, card_id), key, till.now)


def end_voucher(till: Till, voucher: Voucher) -> Booked | None:
    with till.work() as session:
        return vouchers.end(session, locked(session, voucher.card_id), str(voucher.id), till.visit())


def refresh_donations(till: Till) -> bool:
    with till.work() as session:
        return donations.refresh(session, till.shop.program_id, till.now)


def since(till: Till, start: datetime) -> None:
    """Let the program's versions be as old as this, so that days gone by have rules."""
    with till.work() as session:
        session.execute(update(ProgramVersion).values(created_at=start))

"""What happens at the counter: stamp, set a reward aside, hand it over, take something back.

Every function takes a card that `cards.locked_card` has locked, books, publishes last, and answers with what was
booked or with a `Refusal`. Nothing here commits.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import events
from issuer.history import earned_between
from issuer.ledger import Actor, Booked, Deed, available, balances, completed_round, post, refuse_reversal, reversal_of
from issuer.programs import rule_for
from issuer.publishing import AT_THE_TILL, publish
from issuer.refusals import Refusal
from issuer.rules.movement import STAMPS, Movement, reward_unit
from issuer.rules.stamps import pause_left
from issuer.schema import Account, Card, Hold, Posting, Program, Purchase, Reward

HOLD = timedelta(seconds=60)
UNDO = timedelta(seconds=60)


@dataclass(frozen=True)
class Visit:
    """The circumstances of a deed. ``occurred_at`` may be earlier than ``now``; ``total`` in cents."""

    actor: Actor
    now: datetime
    occurred_at: datetime | None = None
    location_id: UUID | None = None
    reference: str | None = None
    cause: str = "stamp"
    total: int | None = None
    currency: str | None = None
    item_count: int | None = None

    @property
    def at(self) -> datetime:
        return self.occurred_at or self.now


@dataclass(frozen=True)
class Redemption:
    """A hold and, once the reward was handed over, its posting."""

    hold: Hold
    booked: Booked | None = None


def stamp(session: Session, card: Card, count: int, visit: Visit, *, pause: bool = True) -> Booked | Refusal:
    """Give ``count`` stamps; completed rounds become rewards in the same posting.

    :param pause: False for a history that is booked afterwards
    """
    program, rule = rule_for(session, card)
    refusal = _inactive(card) or (_too_soon(session, card, program, visit) if pause else None)
    if refusal:
        return _refuse(session, card, refusal, visit)
    purchase_id = _record_purchase(session, card, visit)
    if isinstance(purchase_id, Refusal):
        return _refuse(session, card, purchase_id, visit)
    movements = rule.earn(balances(session, card), count, visit.cause)
    booked = post(session, card, movements, _deed(visit, visit.cause, purchase_id=purchase_id))
    _move_on(card, program, movements)
    publish(session, [card], visit.cause, AT_THE_TILL, visit.now)
    return booked


def hold(session: Session, card: Card, reward_id: UUID, visit: Visit) -> Redemption | Refusal:
    """Set one reward aside for a minute."""
    refusal = _inactive(card) or _not_waiting(session, card, reward_id, visit.now)
    if refusal:
        return _refuse(session, card, refusal, visit)
    account_id = session.scalars(
        select(Account.id).where(Account.card_id == card.id, Account.unit == reward_unit(reward_id))
    ).one()
    row = Hold(
        id=uuid4(),
        merchant_id=card.merchant_id,
        card_id=card.id,
        account_id=account_id,
        reward_id=reward_id,
        amount=1,
        state="held",
        created_at=visit.now,
        expires_at=visit.now + HOLD,
    )
    session.add(row)
    session.flush()
    return Redemption(row)


def redeem(session: Session, card: Card, reward_id: UUID, visit: Visit) -> Redemption | Refusal:
    """Hold and confirm in one."""
    held = hold(session, card, reward_id, visit)
    return held if isinstance(held, Refusal) else confirm(session, card, held.hold, visit)


def confirm(session: Session, card: Card, row: Hold, visit: Visit) -> Redemption | Refusal:
    """Hand over what was held. A hold is confirmed once, and only while it lasts."""
    if row.state == "redeemed":
        return _refuse(session, card, Refusal("already_spent"), visit)
    if row.state == "cancelled" or row.expires_at <= visit.now:
        return _refuse(session, card, Refusal("hold_expired"), visit)
    if refusal := _inactive(card):
        return _refuse(session, card, refusal, visit)
    row.state = "redeemed"
    movement = Movement(reward_unit(row.reward_id), -row.amount, "redeemed", "redemption")
    booked = post(session, card, [movement], _deed(visit, "redemption"))
    row.posting_id = booked.posting.id
    publish(session, [card], "redemption", AT_THE_TILL, visit.now)
    return Redemption(row, booked)


def cancel(session: Session, card: Card, row: Hold, visit: Visit) -> Redemption | Refusal:
    """Give back what was held; cancelling twice is harmless."""
    if row.state == "redeemed":
        return _refuse(session, card, Refusal("already_spent"), visit)
    row.state = "cancelled"
    session.flush()
    return Redemption(row)


def reverse(
    session: Session, card: Card, posting: Posting, visit: Visit, *, within: timedelta | None = None
) -> Booked | Refusal:
    """Undo a posting with all its lines by a counter-posting.

    A round that is undone falls back under its old promise; what was stamped since may complete it again at once.

    :param within: the till may undo only what is younger, and only its own
    """
    refusal = refuse_reversal(session, posting) or _too_late(posting, visit, within)
    movements = reversal_of(session, posting)
    refusal = refusal or _spent(session, card, movements, visit.now)
    if refusal:
        return _refuse(session, card, refusal, visit)
    if completed_round(session, posting):
        card.program_version = posting.program_version
    program, rule = rule_for(session, card)
    left = balances(session, card).get(STAMPS, 0) + sum(line.amount for line in movements if line.unit == STAMPS)
    again = rule.complete(left)
    booked = post(session, card, [*movements, *again], _deed(visit, "reversal", reverses_id=posting.id))
    _move_on(card, program, again)
    publish(session, [card], "reversal", AT_THE_TILL, visit.now)
    return booked


def _move_on(card: Card, program: Program, movements: tuple[Movement, ...]) -> None:
    """A card keeps the promise its round began with until the round ends."""
    if any(line.cause == "round" for line in movements):
        card.program_version = program.current_version


def _deed(visit: Visit, cause: str, *, purchase_id: UUID | None = None, reverses_id: UUID | None = None) -> Deed:
    return Deed(
        cause=cause,
        actor=visit.actor,
        occurred_at=visit.at,
        recorded_at=visit.now,
        location_id=visit.location_id,
        purchase_id=purchase_id,
        reverses_id=reverses_id,
    )


def _refuse(session: Session, card: Card, refusal: Refusal, visit: Visit) -> Refusal:
    events.record(
        session,
        card.merchant_id,
        "refused",
        visit.now,
        card.id,
        code=refusal.code,
        till=str(visit.actor.till_id) if visit.actor.till_id else None,
    )
    session.flush()
    return refusal


def _inactive(card: Card) -> Refusal | None:
    return None if card.state == "active" else Refusal("card_blocked")


def _too_soon(session: Session, card: Card, program: Program, visit: Visit) -> Refusal | None:
    """A stamp that was taken back does not make the customer wait."""
    if not program.pause_seconds:
        return None
    pause = timedelta(seconds=program.pause_seconds)
    earned = earned_between(session, card.id, visit.at - pause, visit.at + pause)
    left = max((pause_left(at, visit.at, program.pause_seconds) for at in earned), default=timedelta())
    return Refusal("too_soon", {"wait": _span(left)}) if left > timedelta() else None


def _span(left: timedelta) -> str:
    """ "4 min", "35 s", "2 h": the same in both languages."""
    seconds = max(1, round(left.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 90 else f"{-(-minutes // 60)} h"


def _record_purchase(session: Session, card: Card, visit: Visit) -> UUID | Refusal | None:
    if visit.reference is None and visit.total is None:
        return None
    row = {
        "id": uuid4(),
        "merchant_id": card.merchant_id,
        "card_id": card.id,
        "location_id": visit.location_id or visit.actor.location_id,
        "till_id": visit.actor.till_id,
        "total": visit.total,
        "currency": visit.currency,
        "items": [{"quantity": visit.item_count}] if visit.item_count is not None else None,
        "reference": visit.reference,
        "occurred_at": visit.at,
        "recorded_at": visit.now,
    }
    made = session.scalar(insert(Purchase).values(row).on_conflict_do_nothing().returning(Purchase.id))
    return made or Refusal("reference_reused", {"reference": visit.reference or ""})


def _not_waiting(session: Session, card: Card, reward_id: UUID, now: datetime) -> Refusal | None:
    reward = session.get(Reward, reward_id)
    if reward is None or reward.program_id != card.program_id:
        return Refusal("wrong_program")
    waiting = available(session, card, reward_unit(reward_id), now)
    return None if waiting > 0 else Refusal("nothing_to_redeem")


def _too_late(posting: Posting, visit: Visit, within: timedelta | None) -> Refusal | None:
    if within is None:
        return None
    fresh = visit.now - posting.recorded_at <= within and posting.till_id == visit.actor.till_id
    return None if fresh else Refusal("too_late_to_undo")


def _spent(session: Session, card: Card, movements: tuple[Movement, ...], now: datetime) -> Refusal | None:
    net = Counter[str]()
    for movement in movements:
        net[movement.unit] += movement.amount
    short = [unit for unit, amount in net.items() if amount < 0 and available(session, card, unit, now) + amount < 0]
    return Refusal("already_spent") if short else None

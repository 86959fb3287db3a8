"""What happens at the counter: stamp, book a purchase, set a reward aside, hand it over, take something back.

Every function takes a card that `cards.locked_card` has locked, books, publishes last, and answers with what was
booked or with a `Refusal`. Nothing here commits.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import expiring, gifts, offer_uses, referrals, standing, vouchers
from issuer.earning import Earning, earn
from issuer.ledger import Booked, available, balances, free_balances, post, refuse_reversal, reversal_of, spendable
from issuer.merging import followed
from issuer.publishing import AT_THE_TILL, publish
from issuer.purchases import record
from issuer.refusals import Refusal
from issuer.rules.movement import POINTS, Movement, after, is_counter, is_internal, is_owed, reward_unit
from issuer.rules.part import Sale
from issuer.rules.settling import settled
from issuer.rules.tiers import TierRule
from issuer.schema import Account, Card, Entry, Hold, Posting, Program, Reward
from issuer.terms import Terms, move_on, promise, promise_again, terms_and_balances, terms_of
from issuer.visits import Visit, inactive, refuse, too_soon

HOLD = timedelta(seconds=60)
UNDO = timedelta(seconds=60)


@dataclass(frozen=True)
class Redemption:
    """A hold and, once the reward was handed over, its posting."""

    hold: Hold
    booked: Booked | None = None


def stamp(
    session: Session, card: Card, count: int, visit: Visit, *, counter: str = "", pause: bool = True
) -> Booked | Refusal:
    """Give ``count`` stamps; completed rounds become rewards in the same posting.

    :param counter: which of the card's counters; the main one's key is empty
    :param pause: False for a history that is booked afterwards
    """
    terms, before = terms_and_balances(session, card, visit.at, visit.shop_id)
    refusal = inactive(card) or (too_soon(session, card, terms.program, visit) if pause else None)
    if refusal is None and all(rule.counter != counter for rule in terms.counters):
        refusal = Refusal("no_stamps_here")
    if refusal:
        return refuse(session, card, refusal, visit)
    purchase_id = None
    if visit.reference is not None:
        recorded = record(session, card, visit, terms)
        if isinstance(recorded, Refusal):
            return refuse(session, card, recorded, visit)
        purchase_id = recorded
    sale = Sale(terms.local(visit.at), count=count, counter=counter, tier=card.tier)
    earning = Earning(visit.deed("stamp", purchase_id=purchase_id), sale, is_purchase=True)
    return earn(session, card, terms, earning, before)


def hold(session: Session, card: Card, reward_id: UUID, visit: Visit) -> Redemption | Refusal:
    """Set one reward, or the points that it costs, aside for a minute."""
    refusal = inactive(card) or _foreign(session, card, reward_id)
    found = refusal or _payable(session, card, reward_id, visit.now)
    if isinstance(found, Refusal):
        return refuse(session, card, found, visit)
    unit, amount = found
    account_id = session.scalars(select(Account.id).where(Account.card_id == card.id, Account.unit == unit)).one()
    row = Hold(
        id=uuid4(),
        merchant_id=card.merchant_id,
        card_id=card.id,
        account_id=account_id,
        reward_id=reward_id,
        amount=amount,
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
        return refuse(session, card, Refusal("already_spent"), visit)
    if row.state == "cancelled" or row.expires_at <= visit.now:
        return refuse(session, card, Refusal("hold_expired"), visit)
    if refusal := inactive(card):
        return refuse(session, card, refusal, visit)
    row.state = "redeemed"
    unit = session.scalars(select(Account.unit).where(Account.id == row.account_id)).one()
    movement = Movement(unit, -row.amount, "redeemed", "redemption")
    booked = post(session, card, [movement], visit.deed("redemption", reward_id=row.reward_id))
    row.posting_id = booked.posting.id
    if unit == POINTS:
        _end_promise(session, card)
    expiring.reconsider(session, card, visit.now)
    publish(session, [card], "redemption", AT_THE_TILL, visit.now)
    return Redemption(row, booked)


def cancel(session: Session, card: Card, row: Hold, visit: Visit) -> Redemption | Refusal:
    """Give back what was held; cancelling twice is harmless."""
    if row.state == "redeemed":
        return refuse(session, card, Refusal("already_spent"), visit)
    row.state = "cancelled"
    session.flush()
    return Redemption(row)


def reverse(
    session: Session, card: Card, posting: Posting, visit: Visit, *, within: timedelta | None = None
) -> Booked | Refusal:
    """Undo a posting with all its lines by a counter-posting.

    A round that is undone falls back under its old promise; what was stamped since may complete it again at once.
    What was booked on a card that was merged since is undone on the one that has its balances.

    :param within: the till may undo only what is younger, and only its own
    """
    card = followed(session, card)
    refusal = refuse_reversal(session, posting) or _too_late(posting, visit, within)
    if refusal:
        return refuse(session, card, refusal, visit)
    before = balances(session, card)
    lines = [_within(line, before) for line in reversal_of(session, posting)]
    promised = card.program_version, card.pins
    _renew_promises(session, card, posting)
    terms = terms_of(session, card, posting.occurred_at)
    free = free_balances(session, card, visit.now) if any(map(is_owed, before)) else before
    again = settled(terms.counters, after(free, lines))
    if refusal := spent(session, card, [*lines, *again], visit.now):
        card.program_version, card.pins = promised
        return refuse(session, card, refusal, visit)
    booked = post(session, card, [*lines, *again], visit.deed("reversal", reverses_id=posting.id))
    undone(session, card, terms, booked, posting, [*lines, *again])
    publish(session, [card], "reversal", AT_THE_TILL, visit.now)
    return booked


def undone(
    session: Session, card: Card, terms: Terms, booked: Booked, posting: Posting | None, lines: Iterable[Movement]
) -> None:
    """What follows when something was taken back: promises, tier, a friend's present, what ends when.

    :param posting: what was taken back as a whole, if so
    """
    move_on(card, terms, tuple(line for line in lines if line.cause == "round"))
    if terms.at.one(TierRule) is not None:
        standing.review(session, card, terms, balances(session, card), booked.posting.recorded_at)
    if posting is not None:
        referrals.taken_back(session, card, posting, booked)
        gifts.taken_back(session, card, terms, posting)
        offer_uses.taken_back(session, card, posting, vouchers.regained(lines), booked.posting.recorded_at)
    vouchers.given_back(session, card, lines)
    expiring.review(session, card, terms, booked.posting.recorded_at)


def spent(session: Session, card: Card, movements: Iterable[Movement], now: datetime) -> Refusal | None:
    """Whether something that is to be taken back is not there any more, or set aside."""
    net = Counter[str]()
    for movement in movements:
        net[movement.unit] += movement.amount
    if any(is_owed(unit) and amount > 0 for unit, amount in net.items()):
        return Refusal("already_spent")
    short = [unit for unit, amount in net.items() if amount < 0 and available(session, card, unit, now) + amount < 0]
    return Refusal("already_spent") if short else None


def _within(line: Movement, before: Mapping[str, int]) -> Movement:
    """What is counted for the rules' own reckoning is taken back as far as it is there."""
    if not is_internal(line.unit) or line.unit.endswith(":rest"):
        return line
    return Movement(line.unit, max(line.amount, -before.get(line.unit, 0)), line.counterpart, line.cause)


def _renew_promises(session: Session, card: Card, posting: Posting) -> None:
    lines = session.execute(
        select(Entry.unit, Entry.cause).where(Entry.posting_id == posting.id, Entry.card_id.is_not(None))
    ).all()
    for unit in {unit for unit, cause in lines if cause == "round" and is_counter(unit)}:
        promise_again(session, card, posting, unit)
    spent_points = any((unit, cause) == (POINTS, "redemption") for unit, cause in lines)
    if spent_points and terms_of(session, card, posting.occurred_at).promised.grid is None:
        promise_again(session, card, posting, POINTS)


def _end_promise(session: Session, card: Card) -> None:
    """Whoever spends points goes on under the prices of today; rounds of stamps keep theirs."""
    program = session.get_one(Program, card.program_id)
    terms = terms_of(session, card, program.created_at)
    if terms.promised.grid is None:
        promise(card, terms, program.current_version)


def _foreign(session: Session, card: Card, reward_id: UUID) -> Refusal | None:
    reward = session.get(Reward, reward_id)
    return Refusal("wrong_program") if reward is None or reward.program_id != card.program_id else None


def _payable(session: Session, card: Card, reward_id: UUID, now: datetime) -> tuple[str, int] | Refusal:
    """What a reward is paid with: one that waits, else the points that it costs."""
    if spendable(session, card, reward_unit(reward_id), now) > 0:
        return reward_unit(reward_id), 1
    terms = terms_of(session, card, now)
    price = terms.price_of(reward_id)
    if price is None:
        return Refusal("nothing_to_redeem")
    tiers = terms.current.one(TierRule)
    if price.tier and tiers and tiers.rank(card.tier) < tiers.rank(price.tier):
        return Refusal("tier_needed")
    there = spendable(session, card, POINTS, now)
    if there < price.price:
        return Refusal("not_enough", {"price": price.price, "there": there})
    return POINTS, price.price


def _too_late(posting: Posting, visit: Visit, within: timedelta | None) -> Refusal | None:
    if within is None:
        return None
    fresh = visit.now - posting.recorded_at <= within and posting.till_id == visit.actor.till_id
    return None if fresh else Refusal("too_late_to_undo")

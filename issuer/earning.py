"""What something earns, booked with all that follows from it: rounds, tiers, milestones, presents for friends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy.orm import Session

from issuer import expiring, occasions, offer_uses, referrals, standing
from issuer.ledger import Booked, Deed, balances, free_balances, post
from issuer.offers.counting import factor_of
from issuer.publishing import AT_THE_TILL, publish
from issuer.rules.movement import Movement, after, is_owed
from issuer.rules.part import Sale
from issuer.rules.settling import granted, settled
from issuer.schema import Card
from issuer.terms import Terms, move_on


@dataclass(frozen=True)
class Earning:
    """What is to be booked: a sale, or lines that were found elsewhere, or both.

    ``is_purchase``: a friend's present waits for it. ``voucher_id``: of the one that it uses. ``priority`` and
    ``loud``: see `issuer.publishing`.
    """

    deed: Deed
    sale: Sale | None = None
    lines: Sequence[Movement] = field(default=())
    is_purchase: bool = False
    voucher_id: UUID | None = None
    priority: int = AT_THE_TILL
    loud: bool | None = None


def earn(
    session: Session, card: Card, terms: Terms, earning: Earning, before: Mapping[str, int] | None = None
) -> Booked:
    """Book what is earned with everything that follows from it, and publish. The card is locked.

    :param before: the card's balances, if they were read already
    """
    deed, before = earning.deed, balances(session, card) if before is None else before
    lines = list(earning.lines)
    if earning.sale is not None:
        sale = replace(earning.sale, factor=factor_of(terms.multiplier))
        lines += granted(terms.earning.earned(sale), after(before, lines), deed.cause)
    brought = referrals.waiting(session, card, terms) if earning.is_purchase else None
    lines += referrals.friend_lines(brought)
    gifts = occasions.milestones(session, card, terms, before, after(before, lines), deed)
    lines += [gift.rule.grant.movement() for gift in gifts]
    lines += standing.tier_lines(session, card, terms, after(before, lines), deed)
    # Debts are not paid with what is set aside for somebody who stands at the counter.
    free = free_balances(session, card, deed.recorded_at) if any(map(is_owed, before)) else before
    lines += settled(terms.counters, after(free, lines))
    booked = post(session, card, lines, deed)
    move_on(card, terms, tuple(lines))
    _note_offers(session, card, terms, earning, booked)
    occasions.note(session, card, gifts, booked)
    referrals.reward_referrer(session, brought, booked, deed)
    expiring.plan(session, card, terms, lines, deed)
    publish(session, [card], deed.cause, earning.priority, deed.recorded_at, loud=earning.loud)
    return booked


def _note_offers(session: Session, card: Card, terms: Terms, earning: Earning, booked: Booked) -> None:
    """What an offer made of it, and the offer that brought a voucher."""
    if earning.sale is not None and terms.multiplier is not None:
        offer_uses.multiplied(session, card, terms.multiplier, booked)
    if earning.voucher_id is not None:
        offer_uses.voucher_used(session, card, earning.voucher_id, booked)

"""Gifts for something that was reached and is not any more, since a purchase was taken back: milestones, tiers.

A gift that is there untouched goes, and comes again when it is reached again. One of which anything was taken stays
with the customer, and does not come twice.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from issuer.occasions import what_of
from issuer.rules.gifts import OccasionRule
from issuer.rules.movement import VISITS, Movement, after, reward_unit
from issuer.rules.tiers import TierRule
from issuer.schema import Card, Entry, Granted, Posting
from issuer.terms import Terms, terms_of

Gift = tuple[str, int]
"""Unit and amount."""


def taken_gifts(
    session: Session, card: Card, lines: Sequence[Movement], free: Mapping[str, int], whole: Posting | None
) -> list[Movement]:
    """The movements by which such gifts go; whoever books them has freed them to be given again.

    :param lines: what is about to be taken back
    :param free: what the card has and nobody has set aside
    :param whole: the posting that is taken back as a whole, if so: what it brought itself is in the lines
    """
    if not any(line.amount < 0 and (line.unit == VISITS or line.unit.startswith("tier:")) for line in lines):
        return []
    taken = list[Movement]()
    for row in session.scalars(_given(card, whole)).all():
        now = after(free, [*lines, *taken])
        gift = _lost(session, card, row, now)
        if gift is None or now.get(gift[0], 0) < gift[1] or _is_touched(session, card, row, gift[0]):
            continue
        taken.append(Movement(gift[0], -gift[1], "issued", "adjustment"))
        if row.posting_id is None:
            session.delete(row)
        else:
            row.posting_id = None
    session.flush()
    return taken


def _given(card: Card, whole: Posting | None) -> Select[Granted]:
    """What a card was given for milestones and tiers."""
    milestone = and_(Granted.what.startswith("milestone:"), Granted.posting_id.is_not(None))
    rows = select(Granted).where(Granted.card_id == card.id, or_(milestone, Granted.what.startswith("tier:")))
    if whole is not None:
        own = or_(
            Granted.posting_id.is_not_distinct_from(whole.id),
            and_(Granted.posting_id.is_(None), Granted.at == whole.recorded_at),
        )
        rows = rows.where(~own)
    return rows.order_by(Granted.what, Granted.turn).execution_options(populate_existing=True)


def _lost(session: Session, card: Card, row: Granted, now: Mapping[str, int]) -> Gift | None:
    """What a gift was that is not reached any more, neither by the rules that it was given by nor by those of today."""
    terms = terms_of(session, card, row.at)
    return _milestone(terms, row, now) if row.what.startswith("milestone:") else _tier(terms, row, now)


def _milestone(terms: Terms, row: Granted, now: Mapping[str, int]) -> Gift | None:
    rules = [
        rule for rules in (terms.at, terms.current) for rule in rules.each(OccasionRule) if what_of(rule) == row.what
    ]
    if not rules or any((rule.visits or 0) <= now.get(VISITS, 0) for rule in rules):
        return None
    return rules[0].grant.ledger_unit, rules[0].grant.amount


def _tier(terms: Terms, row: Granted, now: Mapping[str, int]) -> Gift | None:
    found = [rules.one(TierRule) for rules in (terms.at, terms.current)]
    tiers = [tier for rule in found if rule and (tier := rule.named(row.what.removeprefix("tier:")))]
    if not tiers or any(tier.threshold <= now.get(row.turn, 0) for tier in tiers):
        return None
    return (reward_unit(tiers[0].reward_id), 1) if tiers[0].reward_id else None


def _is_touched(session: Session, card: Card, row: Granted, unit: str) -> bool:
    """Whether something of its unit was handed over since a gift came: the gift goes first."""
    undone = select(Posting.reverses_id).where(Posting.reverses_id == Entry.posting_id).exists()
    brought = Posting.id == row.posting_id if row.posting_id else Posting.recorded_at == row.at
    began = select(func.coalesce(func.min(Entry.number), 0)).join(Posting, Posting.id == Entry.posting_id)
    since = began.where(Posting.card_id == card.id, brought).scalar_subquery()
    query = select(Entry.id).where(
        Entry.card_id == card.id, Entry.unit == unit, Entry.number > since, Entry.cause == "redemption", ~undone
    )
    found: UUID | None = session.scalar(query.limit(1))
    return found is not None

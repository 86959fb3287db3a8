"""Rounds that fall back when the stamps that filled them are taken back: those of a posting, then the card's others.

Without this, whoever gives stamps back would keep what they had brought, and owe what nobody ever collects.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from issuer.ledger import card_lines
from issuer.rules.movement import WHOLE, Movement, after, is_counter, is_reward
from issuer.rules.refunding import Round, fallen_back, undone_rounds
from issuer.rules.stamps import Collecting
from issuer.schema import Card, Entry, Posting
from issuer.terms import promise_again

Side = tuple[Entry, str]
RuleOf = Callable[[str], Collecting | None]
"""The rule of a counter by its key."""

LOOKED_AT = 20
"""Rounds of a card that are looked at: more are never missing at once, short of a bill of hundreds of items."""


def fall_back(
    session: Session,
    card: Card,
    own: Sequence[tuple[Posting, Round]],
    rule_of: RuleOf,
    parts: Mapping[str, int],
    free: Mapping[str, int],
    cause: str,
) -> list[Movement]:
    """Give back the stamps of rounds, for what they brought, as far as that is there and stamps are missing.

    Each round falls back once, whatever was refunded before.

    :param own: rounds of what is taken back: they go first
    :param parts: what is about to be taken, by unit in parts of `WHOLE`
    :param free: what the card has and nobody has set aside
    """
    short = [unit for unit, amount in parts.items() if is_counter(unit) and amount // WHOLE > max(free.get(unit, 0), 0)]
    mine = {posting.id for posting, _ in own}
    standing = [one for unit in short for one in _standing(session, card, unit, rule_of)]
    known = {posting.id for posting, _ in standing}
    # Those of a card that was merged into this one are not among its own.
    rounds = [one for one in own if one[0].id not in known]
    rounds += sorted(standing, key=lambda one: one[0].id not in mine)
    lines = list[Movement]()
    for posting, one in rounds:
        for _, times in undone_rounds([one], parts, after(free, lines)):
            promise_again(session, card, posting, one.unit)
            lines += fallen_back(one, times, cause)
    return lines


def rounds_of(sides: Sequence[Side], rule_of: RuleOf, back: Mapping[str, int] | None = None) -> Iterator[Round]:
    """The rounds that a posting completed.

    :param sides: the card's entries of the posting, each with the role on its other side
    :param back: stamps that came back of them already, by unit
    """
    lines = [entry for entry, _ in sides if entry.cause == "round"]
    for stamps, given in zip(lines[::2], lines[1::2], strict=True):
        times = _times(stamps, given, rule_of)
        needed = -stamps.amount // times
        left = times - (back or {}).get(stamps.unit, 0) // needed
        yield Round(stamps.unit, needed, given.unit, given.amount // times, left)


def _times(stamps: Entry, given: Entry, rule_of: RuleOf) -> int:
    """How many rounds two lines are: each brings one reward; of money only the rule knows how much."""
    if is_reward(given.unit):
        return abs(given.amount)
    rule = rule_of(stamps.unit.partition(":")[2]) if is_counter(stamps.unit) else None
    return max(1, abs(stamps.amount) // rule.stamps_needed) if rule else 1


def _standing(session: Session, card: Card, unit: str, rule_of: RuleOf) -> list[tuple[Posting, Round]]:
    """The newest rounds of one counter that were not taken back, without those that have fallen back."""
    postings = _newest(session, card, unit)
    found = [
        (posting, one)
        for posting in postings
        for one in rounds_of(card_lines(session, posting), rule_of)
        if one.unit == unit
    ]
    for refund in _refunds_since(session, card, unit, postings[-1]) if postings else ():
        for one in _fallen(card_lines(session, refund), unit, rule_of):
            _strike(found, refund, one)
    return found


def _newest(session: Session, card: Card, unit: str) -> Sequence[Posting]:
    reversal = aliased(Posting)
    return session.scalars(
        select(Posting)
        .join(Entry, Entry.posting_id == Posting.id)
        .where(Entry.card_id == card.id, Entry.unit == unit, Entry.cause == "round", Entry.amount < 0)
        .where(~select(reversal.id).where(reversal.reverses_id == Posting.id).exists())
        .order_by(Entry.number.desc())
        .limit(LOOKED_AT)
    ).all()


def _refunds_since(session: Session, card: Card, unit: str, oldest: Posting) -> Sequence[Posting]:
    """Refunds by which stamps came back, oldest first."""
    back = select(Entry.posting_id).where(
        Entry.card_id == card.id, Entry.unit == unit, Entry.cause == "refund", Entry.amount > 0
    )
    since = (Posting.card_id == card.id, Posting.version > oldest.version, Posting.id.in_(back))
    return session.scalars(select(Posting).where(*since).order_by(Posting.version)).all()


def _fallen(sides: Sequence[Side], unit: str, rule_of: RuleOf) -> Iterator[Round]:
    """The rounds that a refund let fall back: see `refunding.fallen_back`."""
    for (stamps, role), (given, _) in pairwise(sides):
        if (stamps.unit, stamps.cause, role) == (unit, "refund", "exchanged"):
            times = _times(stamps, given, rule_of)
            yield Round(unit, stamps.amount // times, given.unit, -given.amount // times, times)


def _strike(found: list[tuple[Posting, Round]], refund: Posting, fallen: Round) -> None:
    """Count rounds as fallen back in the order in which they were: the purchase's own, then the newest."""
    left = fallen.times
    for place in sorted(range(len(found)), key=lambda place: found[place][0].purchase_id != refund.purchase_id):
        posting, one = found[place]
        if posting.version < refund.version and replace(one, times=fallen.times) == fallen:
            gone = min(left, one.times)
            found[place], left = (posting, replace(one, times=one.times - gone)), left - gone

"""Rounds that fall back when the stamps that filled them are taken back: those of a posting, then the card's others.

Without this, whoever gives stamps back would keep what they had brought, and owe what nobody ever collects.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

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

    :param own: rounds of what is taken back: they go first
    :param parts: what is about to be taken, by unit in parts of `WHOLE`
    :param free: what the card has and nobody has set aside
    """
    short = [unit for unit, amount in parts.items() if is_counter(unit) and amount // WHOLE > max(free.get(unit, 0), 0)]
    rounds = [*own, *(one for unit in short for one in _others(session, card, unit, rule_of))]
    lines = list[Movement]()
    for posting, one in rounds:
        for _, times in undone_rounds([one], parts, after(free, lines)):
            promise_again(card, posting, one.unit)
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
        return given.amount
    rule = rule_of(stamps.unit.partition(":")[2]) if is_counter(stamps.unit) else None
    return max(1, -stamps.amount // rule.stamps_needed) if rule else 1


def _others(session: Session, card: Card, unit: str, rule_of: RuleOf) -> Iterator[tuple[Posting, Round]]:
    """The newest rounds of one counter that were not taken back."""
    reversal = aliased(Posting)
    rows = session.scalars(
        select(Posting)
        .join(Entry, Entry.posting_id == Posting.id)
        .where(Entry.card_id == card.id, Entry.unit == unit, Entry.cause == "round")
        .where(~select(reversal.id).where(reversal.reverses_id == Posting.id).exists())
        .order_by(Entry.number.desc())
        .limit(LOOKED_AT)
    ).all()
    for posting in rows:
        found = rounds_of(card_lines(session, posting), rule_of)
        yield from ((posting, one) for one in found if one.unit == unit)

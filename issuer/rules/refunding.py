"""What a refund takes back: what should stay is reckoned as the purchase was, and the difference is taken."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from issuer.rules.movement import (
    PREPAID,
    REST,
    WHOLE,
    Movement,
    is_owed,
    is_rest,
    rest_unit,
)
from issuer.rules.part import Sale
from issuer.rules.prepaid import PrepaidRule
from issuer.rules.rules import Rules
from issuer.rules.settling import OWED, parts_of, taken
from issuer.rules.stamps import Collecting


@dataclass(frozen=True)
class Round:
    """One sort of round that a purchase completed: ``times`` a ``needed`` stamps for ``amount`` of ``given``."""

    unit: str
    needed: int
    given: str
    amount: int
    times: int


def staying(rules: Rules, sale: Sale, share: Fraction) -> dict[str, int]:
    """What stays of a purchase that is taken back in part, by unit in parts of `WHOLE`.

    :param sale: as it was, with the money that stays
    :param share: of the purchase that stays; what was counted by item or bought in advance stays in this proportion,
        rounded up in the customer's favour
    """
    amounts = rules.earned(sale)
    for rule in rules.each(Collecting):
        if rule.earn == "item" and rule.unit in amounts:
            amounts[rule.unit] = Fraction(ceil(amounts[rule.unit] * share))
    prepaid = rules.one(PrepaidRule)
    if prepaid is not None:
        amounts[PREPAID] = Fraction(ceil(prepaid.visits * share))
    return {unit: parts_of(amount) for unit, amount in amounts.items()}


def in_parts(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Amounts by unit in parts of `WHOLE`, remainders included; what is owed counts as taken."""
    found = Counter[str]()
    for unit, amount in lines:
        if is_owed(unit):
            found[unit.removeprefix(OWED)] -= amount * WHOLE
        elif is_rest(unit):
            found[unit.removesuffix(f":{REST}")] += amount
        else:
            found[unit] += amount * WHOLE
    return dict(found)


def too_much(booked: Mapping[str, int], stay: Mapping[str, int]) -> dict[str, int]:
    """What has to go, by unit in parts of `WHOLE`."""
    return {unit: parts - stay.get(unit, 0) for unit, parts in booked.items() if parts > max(stay.get(unit, 0), 0)}


def taken_parts(parts: Mapping[str, int], balances: Mapping[str, int], cause: str) -> Iterator[Movement]:
    """Take so many parts of `WHOLE`: from the remainder, then from the balance to zero; the rest is owed."""
    for unit, amount in parts.items():
        rest = balances.get(rest_unit(unit), 0)
        whole, left = divmod(rest - amount, WHOLE)
        if whole < 0:
            yield from taken(unit, -whole, balances.get(unit, 0), cause)
        if left != rest:
            yield Movement(rest_unit(unit), left - rest, "issued", cause)


def undone_rounds(
    rounds: Iterable[Round], parts: Mapping[str, int], balances: Mapping[str, int]
) -> Iterator[tuple[Round, int]]:
    """Rounds that fall back, and how often: as stamps are missing, and as far as what they brought is still there."""
    there = dict(balances)
    for one in rounds:
        missing = parts.get(one.unit, 0) // WHOLE - max(there.get(one.unit, 0), 0)
        times = min(-(-missing // one.needed), one.times, there.get(one.given, 0) // one.amount)
        if times > 0:
            there[one.given] -= times * one.amount
            there[one.unit] = there.get(one.unit, 0) + times * one.needed
            yield one, times


def fallen_back(one: Round, times: int, cause: str) -> Iterator[Movement]:
    """The movements of rounds that fall back."""
    yield Movement(one.unit, times * one.needed, "exchanged", cause)
    yield Movement(one.given, -times * one.amount, "issued", cause)

"""What a refund takes back: what should stay is reckoned as the purchase was, and the difference is taken."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

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
    :param share: of the purchase that stays. What was counted by item stays in this proportion, rounded up in the
        customer's favour. Visits that were bought in advance stay as far as the money that stays pays for them in
        whole: else whoever got back all but a cent would keep a visit for it
    """
    amounts = rules.earned(sale)
    for rule in rules.each(Collecting):
        if rule.earn == "item" and rule.unit in amounts:
            amounts[rule.unit] = Fraction(ceil(amounts[rule.unit] * share))
    prepaid = rules.one(PrepaidRule)
    if prepaid is not None:
        amounts[PREPAID] = Fraction(floor(prepaid.visits * share))
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


def too_much(booked: Mapping[str, int], stay: Mapping[str, int], ended: Mapping[str, int]) -> dict[str, int]:
    """What has to go, by unit in parts of `WHOLE`.

    :param ended: what was over before it was spent, in wholes: that is gone, and nobody owes it
    """
    left = {unit: parts - ended.get(unit, 0) * WHOLE for unit, parts in booked.items()}
    return {unit: parts - stay.get(unit, 0) for unit, parts in left.items() if parts > max(stay.get(unit, 0), 0)}


def presents_left(presents: Mapping[str, int], booked: Mapping[str, int], ended: Mapping[str, int]) -> dict[str, int]:
    """Presents that were not over before they were spent; what was earned beside them is reckoned to end first."""
    gone = {unit: max(0, ended.get(unit, 0) - max(0, booked.get(unit, 0)) // WHOLE) for unit in presents}
    return {unit: amount - gone[unit] for unit, amount in presents.items() if amount > gone[unit]}


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

"""From what something is worth to what is booked: remainders carried, debts paid, full rounds turned into rewards."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import ceil

from issuer.rules.movement import REST, WHOLE, Movement, after, is_internal, is_owed, is_rest, owed_unit, rest_unit
from issuer.rules.stamps import Collecting

OWED = "owed:"


def granted(amounts: Mapping[str, Fraction], balances: Mapping[str, int], cause: str) -> tuple[Movement, ...]:
    """Amounts for the card; what is no whole yet is carried beside it.

    A part is rounded up to the next of `WHOLE`, which is so fine that whole amounts come out exact.
    """
    return tuple(line for unit, amount in amounts.items() for line in _carried(unit, amount, balances, cause))


def _carried(unit: str, amount: Fraction, balances: Mapping[str, int], cause: str) -> Iterator[Movement]:
    rest = balances.get(rest_unit(unit), 0)
    whole, left = divmod(rest + parts_of(amount), WHOLE)
    if whole:
        yield Movement(unit, whole, "issued", cause)
    if left != rest:
        yield Movement(rest_unit(unit), left - rest, "issued", cause)


def parts_of(amount: Fraction) -> int:
    """An amount in parts of `WHOLE`."""
    return ceil(amount * WHOLE)


def settled(collecting: Iterable[Collecting], balances: Mapping[str, int]) -> tuple[Movement, ...]:
    """What follows from balances as they are: debts are paid, remainders put right, full rounds completed.

    Then debts again: a reward that is owed is paid by the one that a round brings, before it can be handed over.

    :param collecting: the rules of the card's counters, each of the version that its round is under
    """
    lines = list(_debts_paid(balances))
    lines += _rests_put_right(after(balances, lines))
    now = after(balances, lines)
    lines += [line for rule in collecting for line in rule.complete(now)]
    return (*lines, *_debts_paid(after(balances, lines)))


def _debts_paid(balances: Mapping[str, int]) -> Iterator[Movement]:
    for debt, owed in balances.items():
        unit = debt.removeprefix(OWED)
        paid = min(owed, balances.get(unit, 0)) if is_owed(debt) else 0
        if paid > 0:
            yield Movement(unit, -paid, "issued", "adjustment")
            yield Movement(debt, -paid, "issued", "adjustment")


def _rests_put_right(balances: Mapping[str, int]) -> Iterator[Movement]:
    """A remainder below zero, after something was taken back, is a whole less; one above a whole is one more."""
    for kept, rest in balances.items():
        whole, unit = rest // WHOLE, kept.removesuffix(f":{REST}")
        if whole and is_rest(kept):
            yield from moved_whole(unit, whole, balances.get(unit, 0))


def moved_whole(unit: str, whole: int, balance: int) -> Iterator[Movement]:
    """Wholes between a unit and its remainder; what the card has not got is owed."""
    yield Movement(rest_unit(unit), -whole * WHOLE, "issued", "adjustment")
    yield from (
        taken(unit, -whole, balance, "adjustment") if whole < 0 else [Movement(unit, whole, "issued", "adjustment")]
    )


def taken(unit: str, amount: int, balance: int, cause: str) -> Iterator[Movement]:
    """Take back so much: to zero, and the rest is owed, unless nobody would ever see it."""
    there = min(amount, max(balance, 0))
    if there:
        yield Movement(unit, -there, "issued", cause)
    if amount > there and not is_internal(unit):
        yield Movement(owed_unit(unit), amount - there, "issued", cause)

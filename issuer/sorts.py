"""Of what sort a card is, and what follows from that: its large line, when it is used up, when it ends by itself."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from issuer.cards import CardView
from issuer.rules.expiry import ExpiryRule
from issuer.rules.money import CashbackRule, DiscountRule
from issuer.rules.movement import CREDIT, POINTS, PREPAID, SPEND, is_internal
from issuer.rules.points import PointRule
from issuer.rules.prepaid import PrepaidRule
from issuer.rules.vouchers import VoucherRule
from issuer.statuses import leading, voucher_worth
from passes.face import Line, Sort
from passes.typed import Money, Number, Typed

BELONGING = ("prepaid", "discount")
"""Kinds of a program whose card says who belongs, and collects nothing by itself."""


def sort_by(kind: str, *, stamped: bool) -> Sort:
    """By the program's kind, which never changes. Where stamps are drawn the card needs the room to draw them in."""
    if kind == "voucher":
        return Sort.VOUCHER
    return Sort.MEMBERSHIP if kind in BELONGING and not stamped else Sort.LOYALTY


def sort_of(shown: CardView) -> Sort:
    """Of a card, whose rules may begin with another part than its program: the counters of its rounds go first."""
    return sort_by(shown.program_kind, stamped=shown.rules.grid is not None)


def large_lines(shown: CardView) -> Iterator[Line]:
    """What a voucher is worth, what a member is a member of, in full."""
    sort, words = sort_of(shown), shown.words()
    if sort is Sort.MEMBERSHIP:
        yield Line("name", "", shown.program_names[words.language])
    if sort is Sort.VOUCHER and shown.rules.grid is None and shown.vouchers:
        one = shown.vouchers[0]
        worths = ", ".join(voucher_worth(voucher, words) for voucher in shown.vouchers)
        yield Line("vouchers", one.names[words.language] if len(shown.vouchers) == 1 else "", worths)


def is_used_up(shown: CardView) -> bool:
    """Whether nothing is left on a card, and its rules will never bring more."""
    if not _is_voucher_alone(shown):
        return False
    return not any(amount > 0 for unit, amount in shown.balances.items() if not is_internal(unit))


def ends_at(shown: CardView) -> datetime | None:
    """When the last of its vouchers ends, by the shop's clock; ``None`` for a card that goes on."""
    ends = [voucher.valid_until for voucher in shown.vouchers]
    if not _is_voucher_alone(shown) or not ends:
        return None
    known = [end for end in ends if end is not None]
    return max(known).astimezone(ZoneInfo(shown.zone)) if len(known) == len(ends) else None


def _is_voucher_alone(shown: CardView) -> bool:
    brings_more = any(not isinstance(part, VoucherRule | ExpiryRule) for part in shown.rules.parts)
    return sort_of(shown) is Sort.VOUCHER and not brings_more


def balance_of(shown: CardView) -> Typed | None:
    """The balance that stands first, where it is nothing but an amount or a number."""
    rule, held = leading(shown.rules), shown.balances.get
    if isinstance(rule, CashbackRule):
        return Money(held(CREDIT, 0), shown.currency)
    if isinstance(rule, PointRule):
        return Number(held(POINTS, 0))
    if isinstance(rule, PrepaidRule):
        return Number(held(PREPAID, 0))
    if isinstance(rule, DiscountRule) and rule.by == "spend":
        return Number(rule.percent(0, held(SPEND, 0)) / 100, "Percent")
    return None

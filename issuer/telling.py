"""What a card shows, in words, for every kind of program: the one place that pass, web card, console and till read.

Pure: a `CardView` and a language in, texts out. Nothing here asks the clock: what a pass says must stay true until its
next version.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from issuer.amounts import amount_said, day_of_year, day_said, last_day, money_of, unit_said
from issuer.cards import CardView, Told, VoucherView
from issuer.refusals import N_
from issuer.rules import Rules
from issuer.rules.donation import DonationRule
from issuer.rules.money import CashbackRule, DiscountRule
from issuer.rules.movement import (
    CREDIT,
    DONATED,
    POINTS,
    PREPAID,
    SPEND,
    is_counter,
    is_internal,
    is_offer,
    is_owed,
    is_reward,
)
from issuer.rules.part import Part
from issuer.rules.points import PointRule
from issuer.rules.prepaid import PrepaidRule
from issuer.rules.stamps import Collecting, StampRule
from issuer.rules.tiers import TierRule
from issuer.rules.vouchers import VoucherRule
from issuer.rules.wording import Wording
from issuer.statuses import (
    can_choose,
    leading,
    missing_points,
    plural,
    status_text,
    worth_text,
)
from issuer.telling_offers import News, ToldOffer, news_of, told_offers
from issuer.telling_vouchers import ShownVoucher, told_voucher

_NO_KEY = re.compile(r"[^0-9A-Za-z_-]")


@dataclass(frozen=True)
class Fact:
    """A labelled value. ``done`` of ``most``: to be drawn as a bar, where it has an end."""

    key: str
    label: str
    value: str
    done: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Ending:
    """``amount`` of a ledger's ``unit`` counts up to ``day``, the last one. More of it may end later, or never."""

    unit: str
    amount: int
    day: date


@dataclass(frozen=True)
class Choice:
    """A reward that points are spent on. ``hint``: what is missing, or empty; ``is_theirs``: they may choose it."""

    name: str
    price: str
    hint: str
    is_theirs: bool


@dataclass(frozen=True)
class Telling:
    """All texts of a card in one language.

    ``header``: the balance that stands first. ``facts``: further ones, with the same keys for every card of the rules,
    because Google's class names them. ``leftovers``: what came from rules that do not hold any more. ``worth``: of the
    points, unless the status says it. ``notices`` and ``owed``: sentences with their keys. ``offers``: most important
    first. ``vouchers``: those that no offer tells of. ``news``: of offers that may sound.
    """

    header: Fact
    status: str
    facts: tuple[Fact, ...]
    leftovers: tuple[Fact, ...]
    worth: str | None
    choices: tuple[Choice, ...]
    vouchers: tuple[ShownVoucher, ...]
    notices: tuple[tuple[str, str], ...]
    owed: tuple[tuple[str, str], ...]
    donated: str | None
    promises: tuple[str, ...]
    offers: tuple[ToldOffer, ...]
    news: News | None

    @property
    def all_vouchers(self) -> tuple[ShownVoucher, ...]:
        """With those that offers brought."""
        return (*self.vouchers, *(one.voucher for one in self.offers if one.voucher))


def tell(shown: CardView, language: str | None = None) -> Telling:
    """The card's language unless told."""
    words, status = shown.words(language), status_text(shown, language)
    worth, offers = worth_text(shown, words), tuple(told_offers(shown, words))
    told_there = {one.voucher for one in offers}
    vouchers = (told_voucher(one, shown.zone, words) for one in shown.vouchers)
    return Telling(
        header=header_of(shown, words),
        status=status,
        facts=tuple(_facts(shown, words)),
        leftovers=tuple(_leftovers(shown, words)),
        worth=None if worth == status else worth,
        choices=tuple(_choices(shown, words)),
        vouchers=tuple(one for one in vouchers if one not in told_there),
        notices=tuple(_notices(shown, words)),
        owed=tuple(_owed(shown, words)),
        donated=_donated(shown, words),
        promises=shown.rules.promises(words),
        offers=offers,
        news=news_of(shown, words.language),
    )


def count_text(shown: CardView, language: str | None = None) -> str:
    """What stands first on a card: "3 / 10", "120", "€2.50". The card's language unless told."""
    return header_of(shown, shown.words(language)).value


def header_of(shown: CardView, words: Wording) -> Fact:
    """The balance that stands first, with what it is called."""
    rule = leading(shown.rules)
    return FACTS[rule.kind](shown, rule, words)


def _counter(shown: CardView, rule: Collecting, words: Wording) -> Fact:
    held = shown.balances.get(rule.unit, 0)
    done = rule.shown(shown.balances) if isinstance(rule, StampRule | DonationRule) else held
    key = f"stamps-{rule.counter}" if rule.counter else "stamps"
    label = rule.names.in_(words.language) if rule.names else words.say(N_("Stamps"))
    return Fact(key, label, f"{done} / {rule.stamps_needed}", done, rule.stamps_needed)


def _points(shown: CardView, rule: PointRule, words: Wording) -> Fact:
    return Fact("points", rule.name(words.language), words.number(shown.balances.get(POINTS, 0)))


def _credit(shown: CardView, rule: CashbackRule, words: Wording) -> Fact:
    del rule
    return Fact("credit", words.say(N_("Credit")), words.money(shown.balances.get(CREDIT, 0)))


def _prepaid(shown: CardView, rule: PrepaidRule, words: Wording) -> Fact:
    del rule
    return Fact("prepaid", words.say(N_("Visits")), words.number(shown.balances.get(PREPAID, 0)))


def _discount(shown: CardView, rule: DiscountRule, words: Wording) -> Fact:
    least = rule.percent(0, shown.balances.get(SPEND, 0) if rule.by == "spend" else 0)
    most = rule.steps[-1].percent if rule.by == "order" else least
    return Fact("discount", words.say(N_("Discount")), words.percent(least, most))


def _worths(shown: CardView, rule: VoucherRule, words: Wording) -> Fact:
    del rule
    if len(shown.vouchers) > 1:
        return Fact("voucher", words.say(N_("Vouchers")), words.number(len(shown.vouchers)))
    value = _short_worth(shown.vouchers[0], words) if shown.vouchers else words.say(N_("none left"))
    return Fact("voucher", words.say(N_("Voucher")), value)


def _short_worth(voucher: VoucherView, words: Wording) -> str:
    """ "15%", "€5.00", "Coffee"."""
    worth = voucher.worth
    if worth.percent is not None:
        value = words.percent(worth.percent)
    else:
        value = words.money(worth.cents) if worth.cents is not None else worth.said(words)
    return value if voucher.uses == 1 else f"{words.number(voucher.uses)} × {value}"


def _tier(shown: CardView, rule: TierRule, words: Wording) -> Fact:
    tier = rule.named(shown.tier)
    if tier is None:
        return Fact("tier", words.say(N_("Tier")), words.say(N_("none yet")))
    name = tier.names.in_(words.language)
    if shown.tier_until is None:
        return Fact("tier", words.say(N_("Tier")), name)
    day = day_said(last_day(shown.tier_until, shown.zone), words.language)
    return Fact("tier", words.say(N_("Tier")), words.say(N_("%(tier)s until %(day)s"), tier=name, day=day))


# Each is given the rule of its own kind, which `Part` alone does not say.
FACTS: Mapping[str, Callable[[CardView, Any, Wording], Fact]] = {
    "stamps": _counter,
    "donation": _counter,
    "points": _points,
    "cashback": _credit,
    "discount": _discount,
    "prepaid": _prepaid,
    "voucher": _worths,
    "tiers": _tier,
}


def _facts(shown: CardView, words: Wording) -> Iterator[Fact]:
    """Every other balance that the rules speak of, the tier first: the front has room for three of them."""
    first = leading(shown.rules)
    for rule in sorted(shown.rules.parts, key=_turn):
        if rule is not first and rule.kind in FACTS and rule.kind != "voucher":
            yield FACTS[rule.kind](shown, rule, words)


def _turn(rule: Part) -> int:
    order = ("tiers", "stamps", "donation", "points", "cashback", "prepaid", "discount")
    return order.index(rule.kind) if rule.kind in order else len(order)


def _leftovers(shown: CardView, words: Wording) -> Iterator[Fact]:
    """What a card still holds of units that its rules do not know any more."""
    for unit, amount in sorted(shown.balances.items()):
        if amount > 0 and _is_balance(unit) and not _is_spoken_of(unit, shown.rules):
            value = words.money(amount) if money_of(unit) else words.number(amount)
            yield Fact(f"left-{_NO_KEY.sub('-', unit)}", unit_said(unit, shown.rules, words), value)


def _is_balance(unit: str) -> bool:
    told_elsewhere = is_reward(unit) or is_owed(unit) or is_offer(unit) or unit.startswith("voucher:")
    return not (told_elsewhere or unit == DONATED or is_internal(unit))


def _is_spoken_of(unit: str, rules: Rules) -> bool:
    if is_counter(unit):
        return rules.counter(unit.partition(":")[2]) is not None
    kinds: Mapping[str, type[Part]] = {POINTS: PointRule, CREDIT: CashbackRule, PREPAID: PrepaidRule}
    return unit in kinds and rules.one(kinds[unit]) is not None


def _choices(shown: CardView, words: Wording) -> Iterator[Choice]:
    rule, tiers = shown.rules.one(PointRule), shown.rules.one(TierRule)
    for one in shown.prices:
        price = rule.amount(one.price, words) if rule else words.number(one.price)
        missing, tier = missing_points(shown, one), tiers.named(one.tier) if tiers else None
        if not can_choose(shown, one) and tier:
            hint = words.say(N_("from %(tier)s on"), tier=tier.names.in_(words.language))
        elif missing:
            hint = words.say(N_("%(number)s more"), number=words.number(missing))
        else:
            hint = ""
        yield Choice(one.names[words.language], price, hint, not hint)


def _notices(shown: CardView, words: Wording) -> Iterator[tuple[str, str]]:
    for told in shown.notices:
        say = NOTICES.get(told.kind)
        if say is not None:
            yield f"notice-{_NO_KEY.sub('-', told.key)}", say(told, shown, words)


def _ends(told: Told, shown: CardView, words: Wording) -> str:
    """ "3 stamps end on 3 December"."""
    unit, amount = str(told.values["unit"]), int(told.values["amount"])
    what = amount_said(unit, amount, shown.rules, words)
    values = {"what": what, "day": day_of_year(date.fromisoformat(told.values["day"]), words.language)}
    if money_of(unit):
        return words.say(N_("Only until %(day)s: %(what)s"), **values)
    return plural("%(what)s ends on %(day)s", "%(what)s end on %(day)s", amount, words, values)


def lasting(ends: Iterable[Ending], shown: CardView, language: str | None = None) -> list[str]:
    """ "10 visits: valid until 21 Nov 2027", of what is not warned of yet. The card's language unless told."""
    words = shown.words(language)
    return [
        words.say(
            N_("%(what)s: valid until %(day)s"),
            what=amount_said(one.unit, one.amount, shown.rules, words),
            day=day_said(one.day, words.language),
        )
        for one in ends
    ]


def _tier_ends(told: Told, shown: CardView, words: Wording) -> str:
    """ "Gold ends on 31 December: another €50.00 keeps it"."""
    rule = shown.rules.one(TierRule)
    tier = rule.named(told.values["tier"]) if rule else None
    name = tier.names.in_(words.language) if tier else str(told.values["tier"])
    day = day_of_year(date.fromisoformat(told.values["day"]), words.language)
    missing = int(told.values["missing"])
    if rule is None or not missing:
        return words.say(N_("%(tier)s ends on %(day)s"), tier=name, day=day)
    text = N_("%(tier)s ends on %(day)s; it stays with another %(missing)s")
    return words.say(text, tier=name, day=day, missing=rule.amount(missing, words))


NOTICES: Mapping[str, Callable[[Told, CardView, Wording], str]] = {"ends": _ends, "tier_ends": _tier_ends}


def _owed(shown: CardView, words: Wording) -> Iterator[tuple[str, str]]:
    """What a refund could not take back is told openly, and what will pay it."""
    for unit, amount in sorted(shown.balances.items()):
        if is_owed(unit) and amount > 0:
            what = amount_said(unit, amount, shown.rules, words)
            text = N_("Still owed after a refund: %(what)s. What you earn next pays it.")
            yield _NO_KEY.sub("-", unit), words.say(text, what=what)


def _donated(shown: CardView, words: Wording) -> str | None:
    """The shop's total, and this card's part of it; ``None`` before the first."""
    rule, own = shown.rules.one(DonationRule), shown.balances.get(DONATED, 0)
    total = max(shown.donated, own)
    if rule is None or not total:
        return None
    values = {"total": words.money(total), "to": rule.to.in_(words.language)}
    if not own:
        return words.say(N_("Together we have given %(total)s: %(to)s"), **values)
    text = N_("Together we have given %(total)s, you %(own)s of it: %(to)s")
    return words.say(text, own=words.money(own), **values)

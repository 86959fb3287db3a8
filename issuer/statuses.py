"""The one sentence of a card: what is theirs now, else how far it is. One piece for each kind of program."""

from collections.abc import Callable, Mapping
from typing import Any

from issuer.amounts import day_said, end_said, first_day
from issuer.cards import CardView, Priced, RewardCount, VoucherView
from issuer.language import translator
from issuer.refusals import N_
from issuer.rules import Rules
from issuer.rules.donation import DonationRule
from issuer.rules.money import CashbackRule, DiscountRule, Step
from issuer.rules.movement import CREDIT, POINTS, PREPAID, SPEND
from issuer.rules.part import Part
from issuer.rules.points import PointRule
from issuer.rules.prepaid import PrepaidRule
from issuer.rules.stamps import StampRule
from issuer.rules.tiers import TierRule
from issuer.rules.vouchers import VoucherRule
from issuer.rules.wording import Wording


def leading(rules: Rules) -> Part:
    """The rule whose balance stands first on the card: the one whose stamps are drawn, else the program's kind."""
    return rules.grid or rules.main


def status_text(shown: CardView, language: str | None = None) -> str:
    """What is theirs now, else how far it is. The card's language unless told."""
    words = shown.words(language)
    if shown.rewards:
        return words.say(N_("Yours now: %(reward)s"), reward=rewards_text(shown, words.language))
    rule = leading(shown.rules)
    return SENTENCES[rule.kind](shown, rule, words)


def counter_text(shown: CardView, counter: str, language: str) -> str:
    """How far a further counter is: "Lunch: 4 more stamps for: Soup"; the card's own sentence without one."""
    rule, words = shown.rules.counter(counter), shown.words(language)
    if not isinstance(rule, StampRule) or rule.names is None:
        return status_text(shown, language)
    return f"{rule.names.in_(language)}: {_stamps(shown, rule, words)}"


def rewards_text(shown: CardView, language: str) -> str:
    """What waits on a card: "Coffee, 2 × Cake"."""
    return ", ".join(_waiting(reward, language) for reward in shown.rewards)


def _waiting(reward: RewardCount, language: str) -> str:
    name = reward.names[language]
    return name if reward.count == 1 else f"{reward.count} × {name}"


def can_choose(shown: CardView, price: Priced) -> bool:
    """Whether a card's tier is high enough for a reward."""
    tiers = shown.rules.one(TierRule)
    return not price.tier or tiers is None or tiers.rank(shown.tier) >= tiers.rank(price.tier)


def missing_points(shown: CardView, price: Priced) -> int:
    return max(0, price.price - shown.balances.get(POINTS, 0))


def worth_text(shown: CardView, words: Wording) -> str | None:
    """ "120 points are worth €1.20"; ``None`` where they have no value, or there are none."""
    rule, there = shown.rules.one(PointRule), shown.balances.get(POINTS, 0)
    money = rule.worth(there) if rule and there else None
    if rule is None or money is None:
        return None
    values = {"points": rule.amount(there, words), "money": words.money(money)}
    return plural("%(points)s is worth %(money)s", "%(points)s are worth %(money)s", there, words, values)


def plural(one: str, many: str, number: int, words: Wording, values: Mapping[str, str]) -> str:
    """A sentence that depends on a number: ``%(num)s``, as people write it, and other values are filled in."""
    return translator(words.language).ngettext(one, many, number) % {"num": words.number(number), **values}


def _stamps(shown: CardView, rule: StampRule, words: Wording) -> str:
    values = {"reward": words.reward(rule.reward_id)}
    left = rule.stamps_needed - rule.shown(shown.balances)
    return plural("%(num)s more stamp for: %(reward)s", "%(num)s more stamps for: %(reward)s", left, words, values)


def _donation(shown: CardView, rule: DonationRule, words: Wording) -> str:
    values = {"money": words.money(rule.cents), "to": rule.to.in_(words.language)}
    return plural(
        "%(num)s more stamp for %(money)s: %(to)s",
        "%(num)s more stamps for %(money)s: %(to)s",
        rule.stamps_needed - shown.shown,
        words,
        values,
    )


def _points(shown: CardView, rule: PointRule, words: Wording) -> str:
    reachable = [price for price in shown.prices if can_choose(shown, price)]
    yours = [price.names[words.language] for price in reachable if not missing_points(shown, price)]
    if yours:
        return words.say(N_("Yours to choose: %(rewards)s"), rewards=", ".join(yours))
    if not reachable:
        return worth_text(shown, words) or rule.sentence(words)
    nearest = reachable[0]
    missing, values = missing_points(shown, nearest), {"reward": nearest.names[words.language]}
    if rule.names:
        return words.say(N_("%(points)s more for: %(reward)s"), points=rule.amount(missing, words), **values)
    return plural("%(num)s more point for: %(reward)s", "%(num)s more points for: %(reward)s", missing, words, values)


def _cashback(shown: CardView, rule: CashbackRule, words: Wording) -> str:
    there = shown.balances.get(CREDIT, 0)
    return words.say(N_("%(money)s to pay with"), money=words.money(there)) if there else rule.sentence(words)


def _prepaid(shown: CardView, rule: PrepaidRule, words: Wording) -> str:
    there = shown.balances.get(PREPAID, 0)
    return words.plural("%(num)s visit left", "%(num)s visits left", there) if there else rule.sentence(words)


def _discount(shown: CardView, rule: DiscountRule, words: Wording) -> str:
    if rule.by == "order":
        return rule.sentence(words)
    spent = shown.balances.get(SPEND, 0)
    now = words.percent(rule.percent(0, spent))
    coming = next((step for step in rule.steps if step.from_cents > spent), None)
    if coming is None:
        return words.say(N_("%(percent)s off each order"), percent=now)
    values = _coming(coming, spent, words)
    if not rule.percent(0, spent):
        return words.say(N_("%(next)s off each order after another %(money)s"), **values)
    return words.say(N_("%(percent)s off each order, %(next)s after another %(money)s"), percent=now, **values)


def _coming(step: Step, spent: int, words: Wording) -> dict[str, str]:
    return {"next": words.percent(step.percent), "money": words.money(step.from_cents - spent)}


def _voucher(shown: CardView, rule: VoucherRule, words: Wording) -> str:
    del rule
    if not shown.vouchers:
        return words.say(N_("No voucher is left on this card"))
    worths = [voucher_worth(voucher, words) for voucher in shown.vouchers]
    if len(worths) > 1:
        return words.say(N_("Your vouchers: %(vouchers)s"), vouchers=", ".join(worths))
    days = voucher_days(shown.vouchers[0], shown.zone, words)
    if not days:
        return words.say(N_("Yours now: %(reward)s"), reward=worths[0])
    return words.say(N_("Yours %(days)s: %(voucher)s"), days=days, voucher=worths[0])


def voucher_worth(voucher: VoucherView, words: Wording) -> str:
    """ "15% off", "2 × Coffee"."""
    worth = voucher.worth.said(words)
    return worth if voucher.uses == 1 else f"{words.number(voucher.uses)} × {worth}"


def voucher_days(voucher: VoucherView, zone: str, words: Wording) -> str:
    """ "until 31 Dec 2026", "from 1 Dec to 24 Dec 2026, 18:00"; empty for one that counts at once and for ever.

    No clock is asked: what a pass says must stay true until its next version.
    """
    values = {"first": day_said(first_day(voucher.valid_from, zone), words.language), "last": ""}
    if voucher.valid_until is not None:
        values["last"] = end_said(voucher.valid_until, zone, words)
    if voucher.starts_later and values["last"]:
        return words.say(N_("from %(first)s to %(last)s"), **values)
    if voucher.starts_later:
        return words.say(N_("from %(first)s"), **values)
    return words.say(N_("until %(last)s"), **values) if values["last"] else ""


# Each is given the rule of its own kind, which `Part` alone does not say.
SENTENCES: Mapping[str, Callable[[CardView, Any, Wording], str]] = {
    "stamps": _stamps,
    "donation": _donation,
    "points": _points,
    "cashback": _cashback,
    "discount": _discount,
    "prepaid": _prepaid,
    "voucher": _voucher,
}

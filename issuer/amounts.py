"""Amounts of the ledger's units, and days, as people say them."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date

from issuer.offers.hours_said import clock_said
from issuer.refusals import N_
from issuer.rules import Rules
from issuer.rules.movement import CREDIT, DONATED, POINTS, PREPAID, STAMPS, is_counter, is_offer, is_reward
from issuer.rules.points import PointRule
from issuer.rules.wording import Wording

DAYS = {"de": "d. MMM y", "en": "d MMM y"}
DAYS_OF_THE_YEAR = {"de": "d. MMMM", "en": "d MMMM"}
NAMES = {
    STAMPS: N_("Stamps"),
    POINTS: N_("Points"),
    CREDIT: N_("Credit"),
    PREPAID: N_("Visits"),
    DONATED: N_("Given"),
}
VOUCHER, OFFER = N_("Voucher"), N_("Offer")


def amount_said(unit: str, amount: int, rules: Rules, words: Wording) -> str:
    """ "3 stamps", "3 × Lunch", "120 points", "€2.50 of credit", "7 visits", "Coffee", "2 × Coffee".

    :param unit: of the ledger, none of those that are internal; of what is owed, what is owed is said
    """
    unit = unit.removeprefix("owed:")
    if money_of(unit):
        money = words.money(amount)
        return words.say(N_("%(money)s of credit"), money=money) if unit == CREDIT else money
    if unit == POINTS and (rule := rules.one(PointRule)):
        return rule.amount(amount, words)
    named = _own_name(unit, rules, words)
    if named is not None:
        return named if amount == 1 and not is_counter(unit) else f"{words.number(amount)} × {named}"
    if unit == POINTS:
        return words.plural("%(num)s point", "%(num)s points", amount)
    if unit == PREPAID:
        return words.plural("%(num)s visit", "%(num)s visits", amount)
    return words.plural("%(num)s stamp", "%(num)s stamps", amount)


def unit_said(unit: str, rules: Rules, words: Wording) -> str:
    """What a unit is called: "Stamps", "Lunch", "Points", "Coffee"."""
    if unit == POINTS and (rule := rules.one(PointRule)):
        return rule.name(words.language)
    return _own_name(unit, rules, words) or words.say(NAMES.get(unit, NAMES[STAMPS]))


def _own_name(unit: str, rules: Rules, words: Wording) -> str | None:
    """What the merchant calls a counter or a reward; ``None`` for stamps without a name."""
    if is_reward(unit):
        return _reward(unit, words.rewards, words)
    if is_counter(unit):
        rule = rules.counter(unit.partition(":")[2])
        return rule.names.in_(words.language) if rule and rule.names else None
    if is_offer(unit):
        return words.say(OFFER)
    return words.say(VOUCHER) if unit.startswith("voucher:") else None


def _reward(unit: str, names: Mapping[UUID, Mapping[str, str]], words: Wording) -> str:
    found = names.get(UUID(unit.removeprefix("reward:")))
    return found[words.language] if found else words.say(N_("Reward"))


def money_of(unit: str) -> bool:
    """Whether a unit, or what is owed of it, counts cents."""
    return unit.removeprefix("owed:") in (CREDIT, DONATED)


def day_said(day: date, language: str) -> str:
    """ "31 Dec 2026"."""
    return str(format_date(day, DAYS[language], locale=language))


def day_of_year(day: date, language: str) -> str:
    """ "3 December", of a day so near that the year is clear."""
    return str(format_date(day, DAYS_OF_THE_YEAR[language], locale=language))


def last_day(end: datetime, zone: str) -> date:
    """The last local day before an instant at which something is over."""
    return (end - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()


def end_said(end: datetime, zone: str, words: Wording) -> str:
    """The last day before something is over, and the hour where that is within a day: "31 Dec 2026, 10:00"."""
    local = end.astimezone(ZoneInfo(zone))
    if local.time() == time(0):
        return day_said(last_day(end, zone), words.language)
    return f"{day_said(local.date(), words.language)}, {clock_said(local.time(), words)}"


def first_day(start: datetime, zone: str) -> date:
    """The local day on which something begins."""
    return start.astimezone(ZoneInfo(zone)).date()

"""When what was collected ends, told before, with grace."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from issuer.refusals import N_
from issuer.rules.movement import CREDIT, POINTS, is_counter, is_reward
from issuer.rules.part import Part
from issuer.rules.wording import Wording

WHAT = {
    "stamps": N_("Stamps"),
    "points": N_("Points"),
    "credit": N_("Credit"),
    "rewards": N_("Rewards"),
}


class ExpiryRule(Part):
    """``what`` ends ``months`` after it was earned, or after the last visit (``since``), at the end of that day.

    The card says so ``warn_days`` before; it is booked ``grace_days`` after the day that the card names.
    """

    kind: Literal["expiry"] = "expiry"
    what: Literal["stamps", "points", "credit", "rewards"]
    months: Annotated[int, Field(ge=1, le=60)]
    since: Literal["earned", "visit"] = "earned"
    warn_days: Annotated[int, Field(ge=1, le=90)] = 30
    grace_days: Annotated[int, Field(ge=0, le=90)] = 7

    def covers(self, unit: str) -> bool:
        """Whether a unit of the ledger ends by this rule."""
        return {
            "stamps": is_counter(unit),
            "points": unit == POINTS,
            "credit": unit == CREDIT,
            "rewards": is_reward(unit),
        }[self.what]

    def last_day(self, local: datetime) -> date:
        """The last day on which something of this local instant still counts."""
        return months_after(local.date(), self.months)

    def sentence(self, words: Wording) -> str:
        what, months = words.say(WHAT[self.what]), words.plural("%(num)s month", "%(num)s months", self.months)
        if self.since == "visit":
            return words.say(N_("%(what)s: valid for %(months)s after the last visit"), what=what, months=months)
        return words.say(N_("%(what)s: valid for %(months)s from the day of earning"), what=what, months=months)


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the month's last day when it is shorter."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def end_of(day: date, zone: str) -> datetime:
    """The instant at which a local day is over."""
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=ZoneInfo(zone))


def ending(balance: int, earned: Iterable[tuple[date | None, int]], today: date) -> tuple[int, date | None, int]:
    """How much of a balance is over, and what ends next: (over, last day of the next, amount of it).

    What was earned first is spent first, so a balance consists of what was earned last. What ``earned`` does not
    account for is older than all of it, and over: a caller may leave out what ended long ago.

    :param earned: newest first: the last day of what was earned (``None``: never ends) and its amount
    """
    left, over, coming = balance, 0, Counter[date]()
    for last, amount in earned:
        if left <= 0:
            break
        part = min(left, amount)
        left -= part
        if last is not None and last < today:
            over += part
        elif last is not None:
            coming[last] += part
    next_day = min(coming, default=None)
    return over + max(left, 0), next_day, coming[next_day] if next_day else 0

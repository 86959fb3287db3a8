"""What is given without a purchase: for a friend, on a day, from the staff's purse, for anything else."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.part import Grant, Key, Names, Part
from issuer.rules.wording import Wording

LEAP_DAY = (2, 29)
YEARLY = ("birthday", "anniversary")
MOST_DAYS = 364


def _rewards(*grants: Grant) -> tuple[UUID, ...]:
    return tuple(grant.reward_id for grant in grants if grant.reward_id)


class ReferralRule(Part):
    """Both sides are given something on the friend's first purchase, once."""

    kind: Literal["referral"] = "referral"
    friend: Grant
    referrer: Grant

    def reward_ids(self) -> tuple[UUID, ...]:
        return _rewards(self.friend, self.referrer)

    def grants(self) -> Iterator[tuple[str, Grant]]:
        yield from (("friend", self.friend), ("referrer", self.referrer))

    def sentence(self, words: Wording) -> str:
        text = N_("Bring a friend: with their first purchase you get %(yours)s, and they get %(theirs)s")
        return words.say(text, yours=self.referrer.said(words), theirs=self.friend.said(words))


OCCASIONS = {
    "welcome": N_("For joining: %(gift)s"),
    "birthday": N_("On your birthday: %(gift)s"),
    "anniversary": N_("On the anniversary of your card: %(gift)s"),
    "milestone": N_("On your visit number %(visits)s: %(gift)s"),
}


class OccasionRule(Part):
    """A gift that appears by itself within its window, once. ``key`` tells occasions of one program apart.

    ``days_before`` and ``days_after`` span the window around the day; a reward not taken until then is gone.
    ``visits``: the milestone.
    """

    kind: Literal["occasion"] = "occasion"
    key: Key
    occasion: Literal["welcome", "birthday", "anniversary", "milestone"]
    grant: Grant
    days_before: Annotated[int, Field(ge=0, le=30)] = 0
    days_after: Annotated[int, Field(ge=0, le=365)] = 14
    visits: Annotated[int, Field(ge=2, le=10_000)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.occasion == "milestone" and self.visits is None:
            raise conflict("visits_missing", N_("A milestone is a visit's number: say which."), "visits")
        if self.occasion != "milestone" and self.visits is not None:
            text = N_("Only a milestone is a visit's number: take “%(visits)s” away, or choose the milestone.")
            raise conflict("visits_idle", text, "visits", visits=self.visits)
        if self.occasion in YEARLY and self.days_before + self.days_after > MOST_DAYS:
            text = N_("A window of %(days)s days reaches into the next year's: leave at most %(most)s in all.")
            days = self.days_before + self.days_after
            raise conflict("windows_overlap", text, "days_after", days=days, most=MOST_DAYS)
        return self

    def reward_ids(self) -> tuple[UUID, ...]:
        return _rewards(self.grant)

    def grants(self) -> Iterator[tuple[str, Grant]]:
        yield "grant", self.grant

    def sentence(self, words: Wording) -> str:
        gift = self.grant.said(words)
        return words.say(OCCASIONS[self.occasion], gift=gift, visits=words.number(self.visits or 0))

    @property
    def waits_for_morning(self) -> bool:
        """Whether nothing is lost when it comes some hours after midnight."""
        return self.days_before + self.days_after > 0

    def window(self, day: date) -> tuple[date, date]:
        """First and last day of the window around a day."""
        return day - timedelta(days=self.days_before), day + timedelta(days=self.days_after)

    def day_in_window(self, born: tuple[int, int], today: date) -> date | None:
        """The return of (month, day) whose window holds today; a leap day's is 28 February in other years.

        Windows of two years never overlap. Whoever joined today has an anniversary at once: the caller asks for later.
        """
        for year in (today.year - 1, today.year, today.year + 1):
            day = in_year(born, year)
            first, last = self.window(day)
            if first <= today <= last:
                return day
        return None


def in_year(born: tuple[int, int], year: int) -> date:
    """The return of (month, day) in a year; a leap day's is 28 February in other years."""
    if born == LEAP_DAY and not (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)):
        return date(year, 2, 28)
    return date(year, *born)


class GoodwillRule(Part):
    """Staff may give ``grant`` with a reason, at most ``a_week`` times in a calendar week over the whole shop."""

    kind: Literal["goodwill"] = "goodwill"
    grant: Grant = Grant()
    a_week: Annotated[int, Field(ge=1, le=1000)] = 10

    def reward_ids(self) -> tuple[UUID, ...]:
        return _rewards(self.grant)

    def grants(self) -> Iterator[tuple[str, Grant]]:
        yield "grant", self.grant

    def sentence(self, words: Wording) -> str:
        gift = self.grant.said(words)
        often = words.plural("%(num)s time a week", "%(num)s times a week", self.a_week)
        return words.say(N_("Staff may give %(gift)s, up to %(often)s"), gift=gift, often=often)


CAUSES = {
    "signup": N_("for signing up"),
    "survey": N_("for a survey"),
    "review": N_("for a review"),
    "event": N_("for coming to an event"),
}


class Bonus(BaseModel):
    """``once``: a card is given it one time only, however often it is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    cause: Literal["signup", "survey", "review", "event"]
    names: Names | None = None
    grant: Grant
    once: bool = True


class CauseRule(Part):
    """Other causes to give something, each told by the merchant's own system or staff."""

    kind: Literal["causes"] = "causes"
    bonuses: Annotated[tuple[Bonus, ...], Field(min_length=1, max_length=4)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({bonus.cause for bonus in self.bonuses}) < len(self.bonuses):
            raise conflict("cause_repeated", N_("A cause stands in the list twice: name each cause once."), "bonuses")
        return self

    def reward_ids(self) -> tuple[UUID, ...]:
        return _rewards(*(bonus.grant for bonus in self.bonuses))

    def grants(self) -> Iterator[tuple[str, Grant]]:
        yield from ((f"bonuses.{number}.grant", bonus.grant) for number, bonus in enumerate(self.bonuses))

    def bonus_for(self, cause: str) -> Bonus | None:
        return next((bonus for bonus in self.bonuses if bonus.cause == cause), None)

    def sentence(self, words: Wording) -> str:
        return "; ".join(self._each(words))

    def _each(self, words: Wording) -> Iterator[str]:
        for bonus in self.bonuses:
            gift = bonus.grant.said(words)
            if bonus.names:
                yield f"{bonus.names.in_(words.language)}: {gift}"
            else:
                yield f"{gift} {words.say(CAUSES[bonus.cause])}"

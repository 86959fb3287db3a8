"""Silver, Gold, Platinum: reached within a window, kept to the end of the next one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.movement import tier_unit
from issuer.rules.part import Key, Names, Part, Sale
from issuer.rules.wording import Wording

MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
WINDOWS = {
    "month": N_("in a calendar month"),
    "quarter": N_("in a quarter"),
    "half": N_("in half a year"),
    "year": N_("in a calendar year"),
}


class Tier(BaseModel):
    """``threshold``: points, cents or visits in a window. ``factor``: points and credit come so much faster.

    ``reward_id``: given once a window when the tier is reached.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: Key
    names: Names
    threshold: Annotated[int, Field(ge=1, le=100_000_000)]
    factor: Annotated[Decimal, Field(ge=1, le=10, decimal_places=2)] = Decimal(1)
    reward_id: UUID | None = None


@dataclass(frozen=True)
class Standing:
    """The tier of a card, and the local midnight at which it ends unless it is reached again."""

    tier: str | None
    until: datetime | None


class TierRule(Part):
    """Tiers by ``by`` within calendar windows, lowest first."""

    kind: Literal["tiers"] = "tiers"
    by: Literal["points", "spend", "visits"] = "spend"
    window: Literal["month", "quarter", "half", "year"] = "year"
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=5)]
    announce_days: Annotated[int, Field(ge=1, le=90)] = 30

    @model_validator(mode="after")
    def _rising(self) -> Self:
        thresholds = [tier.threshold for tier in self.tiers]
        if thresholds != sorted(set(thresholds)):
            text = N_("A tier does not need more than the one before it: put the tiers in order, lowest first.")
            raise conflict("tiers_unordered", text, "tiers")
        if len({tier.key for tier in self.tiers}) < len(self.tiers):
            raise conflict("tier_repeated", N_("Two tiers have the same key: give each its own."), "tiers")
        return self

    def reward_ids(self) -> tuple[UUID, ...]:
        return tuple(tier.reward_id for tier in self.tiers if tier.reward_id)

    def named(self, key: str | None) -> Tier | None:
        return next((tier for tier in self.tiers if tier.key == key), None)

    def rank(self, key: str | None) -> int:
        """0 for no tier, 1 for the lowest."""
        return next((rank for rank, tier in enumerate(self.tiers, 1) if tier.key == key), 0)

    def factor(self, key: str | None) -> Fraction:
        tier = self.named(key)
        return Fraction(tier.factor) if tier else Fraction(1)

    def unit(self, local: datetime) -> str:
        """Where progress at this instant is counted."""
        return self._unit(self._window(local.date()))

    def begin(self, local: datetime) -> datetime:
        """The local midnight at which the window of this instant began."""
        return self._midnight(self._window(local.date()), local)

    def _unit(self, start: date) -> str:
        # With the measure: cents must not be read as visits once the shop counts those.
        return tier_unit(f"{self.by}:{start.isoformat()}")

    def progress(self, sale: Sale, points: Fraction) -> Iterator[tuple[str, Fraction]]:
        """What a sale counts towards a tier; ``points``: that it earns, parts of one included."""
        amount = {"points": points, "spend": Fraction(sale.total or 0), "visits": Fraction(1)}[self.by]
        if amount:
            yield self.unit(sale.local), amount

    def reached(self, progress: int) -> Tier | None:
        return next((tier for tier in reversed(self.tiers) if progress >= tier.threshold), None)

    def standing(self, balances: Mapping[str, int], local: datetime) -> Standing:
        """The tier by this window's and the last one's progress: it falls at a window's end only."""
        start = self._window(local.date())
        last, following = self._window(start - timedelta(days=1)), self._after(start)
        now = self.reached(balances.get(self._unit(start), 0))
        before = self.reached(balances.get(self._unit(last), 0))
        if now and self.rank(now.key) >= self.rank(before.key if before else None):
            return Standing(now.key, self._midnight(self._after(following), local))
        return Standing(before.key, self._midnight(following, local)) if before else Standing(None, None)

    def missing(self, balances: Mapping[str, int], local: datetime, key: str) -> int:
        """What is still needed in this window to reach or keep a tier."""
        tier = self.named(key)
        return max(0, tier.threshold - balances.get(self.unit(local), 0)) if tier else 0

    def amount(self, amount: int, words: Wording) -> str:
        """ "€50.00", "3 visits" or "120 points"."""
        if self.by == "spend":
            return words.money(amount)
        if self.by == "points":
            return words.plural("%(num)s point", "%(num)s points", amount)
        return words.plural("%(num)s visit", "%(num)s visits", amount)

    def sentence(self, words: Wording) -> str:
        steps = ", ".join(self._step(tier, words) for tier in self.tiers)
        text = N_("Tiers by what is reached %(window)s: %(steps)s")
        return words.say(text, window=words.say(WINDOWS[self.window]), steps=steps)

    def _step(self, tier: Tier, words: Wording) -> str:
        extras = []
        if tier.factor > 1:
            extras.append(words.say(N_("%(factor)s × as fast"), factor=words.number(tier.factor)))
        if tier.reward_id:
            extras.append(words.reward(tier.reward_id))
        gained = f" ({', '.join(extras)})" if extras else ""
        amount = self.amount(tier.threshold, words)
        return words.say(N_("%(tier)s from %(amount)s"), tier=tier.names.in_(words.language), amount=amount) + gained

    def _window(self, day: date) -> date:
        length = MONTHS[self.window]
        return day.replace(month=(day.month - 1) // length * length + 1, day=1)

    def _after(self, start: date) -> date:
        months = start.month - 1 + MONTHS[self.window]
        return start.replace(year=start.year + months // 12, month=months % 12 + 1)

    @staticmethod
    def _midnight(day: date, local: datetime) -> datetime:
        return datetime.combine(day, time(0), tzinfo=local.tzinfo)

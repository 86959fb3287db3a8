"""All the rules of one version of a program, as one value."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import floor
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from issuer.refusals import N_
from issuer.rules.conflicts import conflict
from issuer.rules.donation import DonationRule
from issuer.rules.expiry import ExpiryRule
from issuer.rules.gifts import CauseRule, GoodwillRule, OccasionRule, ReferralRule
from issuer.rules.money import CashbackRule, DiscountRule
from issuer.rules.movement import CREDIT, POINTS, SPEND, VISITS, Movement, is_counter
from issuer.rules.part import Grant, Part, Sale
from issuer.rules.points import PointRule
from issuer.rules.prepaid import PrepaidRule
from issuer.rules.stamps import Collecting, StampRule
from issuer.rules.tiers import TierRule
from issuer.rules.vouchers import VoucherRule
from issuer.rules.wording import Wording

MAIN = ("stamps", "points", "cashback", "discount", "prepaid", "voucher", "donation")
"""Kinds that a program can be of; the others are added to one of these."""

AnyPart = Annotated[
    StampRule
    | DonationRule
    | PointRule
    | TierRule
    | CashbackRule
    | DiscountRule
    | PrepaidRule
    | VoucherRule
    | ReferralRule
    | OccasionRule
    | GoodwillRule
    | CauseRule
    | ExpiryRule,
    Field(discriminator="kind"),
]
One = TypeVar("One", bound=Part)
SEVERAL = (StampRule, OccasionRule, ExpiryRule)
FASTER = (POINTS, CREDIT)


class Rules(BaseModel):
    """The first part says of what kind the program is; the others are added to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    parts: Annotated[tuple[AnyPart, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for problem in _conflicts(self):
            raise problem
        return self

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """The rules that a version of a program holds."""
        return cls.model_validate(stored)

    def stored(self) -> dict[str, Any]:
        """As JSON for ``program_version.rule``."""
        return self.model_dump(mode="json")

    @property
    def main(self) -> Part:
        return self.parts[0]

    @property
    def kind(self) -> str:
        return self.main.kind

    def each(self, kind: type[One]) -> Iterator[One]:
        return (part for part in self.parts if isinstance(part, kind))

    def one(self, kind: type[One]) -> One | None:
        return next(self.each(kind), None)

    def counter(self, key: str) -> Collecting | None:
        """The rule of a counter on the card."""
        return next((part for part in self.each(Collecting) if part.counter == key), None)

    @property
    def grid(self) -> StampRule | DonationRule | None:
        """The rule whose stamps are drawn; ``None`` for a card without stamps."""
        found = self.counter("")
        return found if isinstance(found, StampRule | DonationRule) else None

    def reward_ids(self) -> tuple[UUID, ...]:
        return tuple(dict.fromkeys(reward_id for part in self.parts for reward_id in part.reward_ids()))

    def sentence(self, words: Wording) -> str:
        """What the program is about, in one sentence."""
        return self.main.sentence(words)

    def sentences(self, words: Wording) -> tuple[str, ...]:
        """What each part says, the main one first."""
        return tuple(part.sentence(words) for part in self.parts)

    def promises(self, words: Wording) -> tuple[str, ...]:
        """What customers are told: all but what staff may give."""
        return tuple(part.sentence(words) for part in self.parts if not isinstance(part, GoodwillRule))

    def start(self) -> tuple[Movement, ...]:
        return tuple(line for part in self.parts for line in part.start())

    def earned(self, sale: Sale) -> dict[str, Fraction]:
        """What a sale is worth by unit, tiers and progress towards them included."""
        amounts: dict[str, Fraction] = {}
        tiers = self.one(TierRule)
        for part in self.parts:
            for unit, amount in part.earned(sale):
                faster = tiers.factor(sale.tier) if tiers and unit in FASTER else 1
                amounts[unit] = amounts.get(unit, Fraction()) + _multiplied(unit, amount * faster, sale.factor)
        if tiers is not None:
            amounts |= dict(tiers.progress(sale, amounts.get(POINTS, Fraction())))
        if any(part.visits for part in self.each(OccasionRule)):
            amounts[VISITS] = Fraction(1)
        return amounts

    def off(self, total: int, spent: int) -> int:
        """Cents off an order by the program's own discount."""
        rule = self.one(DiscountRule)
        return rule.off(total, spent) if rule else 0


def _multiplied(unit: str, amount: Fraction, factor: Fraction) -> Fraction:
    """Stamps are whole, rounded down; of the rest a remainder is carried. What was spent stays what it was."""
    if unit == SPEND:
        return amount
    return Fraction(floor(amount * factor)) if is_counter(unit) else amount * factor


def _conflicts(rules: Rules) -> Iterator[PydanticCustomError]:
    if rules.kind not in MAIN:
        text = N_("A program cannot begin with “%(kind)s”: put one of %(kinds)s first.")
        yield conflict("kind_not_main", text, "parts.0.kind", kind=rules.kind, kinds=", ".join(MAIN))
    yield from _repeated(rules)
    if any(rules.each(Collecting)) and rules.grid is None:
        text = N_("Every counter has a key: leave one empty, it is the one whose stamps are drawn.")
        yield conflict("grid_missing", text, "parts")
    yield from _unfit_tiers(rules)
    for number, part in enumerate(rules.parts):
        for where, grant in part.grants():
            yield from _impossible(rules, grant, f"parts.{number}.{where}")
        if isinstance(part, ExpiryRule) and not _can_end(rules, part):
            text = N_("“%(what)s” cannot end: the program has none. Take this rule away.")
            yield conflict("nothing_to_end", text, f"parts.{number}.what", what=part.what)


def _repeated(rules: Rules) -> Iterator[PydanticCustomError]:
    once = Counter(part.kind for part in rules.parts if not isinstance(part, SEVERAL))
    for kind in (kind for kind, times in once.items() if times > 1):
        text = N_("“%(kind)s” stands here twice: a program has it once.")
        yield conflict("part_repeated", text, "parts", kind=kind)
    for counter in _twice(part.counter for part in rules.each(Collecting)):
        text = N_("Two counters have the key “%(counter)s”: give each its own. Only one may have none.")
        yield conflict("counter_repeated", text, "parts", counter=counter)
    for key in _twice(part.key for part in rules.each(OccasionRule)):
        text = N_("Two occasions have the key “%(key)s”: give each its own.")
        yield conflict("occasion_repeated", text, "parts", key=key)
    for what in _twice(part.what for part in rules.each(ExpiryRule)):
        text = N_("Two rules say when “%(what)s” ends: leave one of them.")
        yield conflict("end_repeated", text, "parts", what=what)


def _twice(keys: Iterable[str]) -> Iterator[str]:
    return (key for key, times in Counter(keys).items() if times > 1)


def _unfit_tiers(rules: Rules) -> Iterator[PydanticCustomError]:
    tiers, points = rules.one(TierRule), rules.one(PointRule)
    if tiers is not None and tiers.by == "points" and points is None:
        text = N_("Tiers by points need points: add points, or count visits or what is spent.")
        yield conflict("tiers_without_points", text, "parts")
    earns = points or rules.one(CashbackRule)
    if tiers is not None and not earns and any(tier.factor > 1 for tier in tiers.tiers):
        text = N_("Only points and credit come faster with a tier, and the program has none: leave the factor at 1.")
        yield conflict("nothing_faster", text, "parts")
    for price in points.prices if points else ():
        if price.tier and not (tiers and tiers.named(price.tier)):
            text = N_("No tier is called “%(tier)s”: choose one of the program's tiers, or none.")
            yield conflict("tier_unknown", text, "parts", tier=price.tier)


def _can_end(rules: Rules, part: ExpiryRule) -> bool:
    return {
        "stamps": rules.grid is not None,
        "points": rules.one(PointRule) is not None,
        "credit": rules.one(CashbackRule) is not None,
        "rewards": bool(rules.reward_ids()),
    }[part.what]


def _impossible(rules: Rules, grant: Grant, where: str) -> Iterator[PydanticCustomError]:
    if grant.unit == "stamps" and rules.counter(grant.counter) is None:
        text = N_("Stamps cannot be given: the card has no such counter. Give something that the program has.")
        yield conflict("no_such_counter", text, f"{where}.counter" if grant.counter else f"{where}.unit")
    if grant.unit == "points" and rules.one(PointRule) is None:
        text = N_("Points cannot be given: the program has none. Give something that it has.")
        yield conflict("no_points_to_give", text, f"{where}.unit")
    if grant.unit == "credit" and rules.one(CashbackRule) is None:
        text = N_("Credit cannot be given: the program has none. Give something that it has.")
        yield conflict("no_credit_to_give", text, f"{where}.unit")

"""A card of nobody's, to show a design before anyone holds it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid5

from issuer.cards import CardView, Priced, RewardCount, VoucherView
from issuer.language import LANGUAGES
from issuer.program_changes import Plan
from issuer.programs import ProgramView
from issuer.rules import Rules
from issuer.rules.donation import DonationRule
from issuer.rules.money import CashbackRule, DiscountRule
from issuer.rules.movement import CREDIT, POINTS, PREPAID, SPEND, after, reward_unit, voucher_unit
from issuer.rules.points import PointRule
from issuer.rules.prepaid import PrepaidRule
from issuer.rules.stamps import Collecting, StampRule
from issuer.rules.tiers import TierRule
from issuer.rules.vouchers import VoucherRule
from issuer.schema import Merchant

NOBODY = UUID(int=0)
CODE = "T1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
SHORT_CODE = "K7QM-3FX"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
VOUCHER = uuid5(NOBODY, "voucher")
STAGES = ("empty", "half", "full")
"""How much is on a sample: nothing, about half of it, as much as a card ever shows."""
PLENTY_OF_POINTS, PLENTY_OF_CREDIT, PLENTY_OF_SPENDING = 120, 500, 100_00


def plan_of(view: ProgramView) -> Plan:
    """What a program is now, as it would be asked for."""
    return Plan(dict(view.version.names), view.rules, {reward.id: dict(reward.names) for reward in view.rewards})


def sample_of(merchant: Merchant, program: ProgramView, language: str) -> CardView:
    """A new card of this program, with what a new card begins with."""
    begun = after({}, program.rules.start())
    rule = program.rules.one(VoucherRule)
    given = {voucher_unit(VOUCHER): rule.uses} if rule else {}
    return sample_card(merchant, plan_of(program), begun | given, language)


def sample_card(
    merchant: Merchant, plan: Plan, balances: Mapping[str, int], language: str, tier: str | None = None
) -> CardView:
    """A card with so much on it. The program's own voucher is counted as the unit of `VOUCHER`."""
    waiting = [RewardCount(key, names, balances.get(reward_unit(key), 0)) for key, names in plan.rewards.items()]
    points = plan.rules.one(PointRule)
    return CardView(
        id=NOBODY,
        merchant_id=merchant.id,
        program_id=NOBODY,
        program_kind=plan.rules.kind,
        program_names=plan.names,
        serial="",
        code=CODE,
        short_code=SHORT_CODE,
        state="active",
        version=1,
        language=language,
        web_key="…",
        created_at=LONG_AGO,
        customer_name=None,
        balances=balances,
        rules=plan.rules,
        reward_names=plan.rewards,
        rewards=tuple(reward for reward in waiting if reward.count),
        currency=merchant.currency,
        zone=merchant.zone,
        prices=tuple(
            Priced(one.reward_id, plan.rewards[one.reward_id], one.price, one.tier)
            for one in (sorted(points.prices, key=lambda price: price.price) if points else ())
        ),
        tier=tier,
        vouchers=_vouchers(plan.rules, balances),
    )


def _vouchers(rules: Rules, balances: Mapping[str, int]) -> tuple[VoucherView, ...]:
    rule, uses = rules.one(VoucherRule), balances.get(voucher_unit(VOUCHER), 0)
    if rule is None or not uses:
        return ()
    names = {"de": rule.names.de, "en": rule.names.en}
    return (VoucherView(VOUCHER, "", names, rule.worth, uses, LONG_AGO, None),)


def staged(merchant: Merchant, plan: Plan, stage: str, language: str) -> CardView:
    """A sample as full as ``stage``, one of `STAGES`, says."""
    share = STAGES.index(stage)
    tiers = plan.rules.one(TierRule)
    tier = tiers.tiers[0 if share == 1 else -1].key if tiers and share else None
    return sample_card(merchant, plan, _balances(plan.rules, share) if share else {}, language, tier)


def every_stage(merchant: Merchant, plan: Plan) -> Iterator[CardView]:
    """A sample of every stage in every language."""
    for language in LANGUAGES:
        yield from (staged(merchant, plan, stage, language) for stage in STAGES)


def _balances(rules: Rules, share: int) -> dict[str, int]:
    """:param share: 1 for half, 2 for all"""
    points, prepaid, voucher = rules.one(PointRule), rules.one(PrepaidRule), rules.one(VoucherRule)
    most = {
        POINTS: max((price.price for price in points.prices), default=PLENTY_OF_POINTS) if points else 0,
        CREDIT: PLENTY_OF_CREDIT if rules.one(CashbackRule) else 0,
        PREPAID: prepaid.visits if prepaid else 0,
        SPEND: _spending(rules.one(DiscountRule)),
        voucher_unit(VOUCHER): voucher.uses if voucher else 0,
    }
    found = {unit: (amount * share + 1) // 2 for unit, amount in most.items() if amount}
    for rule in rules.each(Collecting):
        found |= _stamps(rule, share)
    return found


def _spending(rule: DiscountRule | None) -> int:
    if rule is None or rule.by == "order":
        return 0
    return rule.steps[-1].from_cents or PLENTY_OF_SPENDING


def _stamps(rule: Collecting, share: int) -> dict[str, int]:
    """A full grid stays only while a reward waits; what is given to others is never seen full."""
    if share == 1:
        return {rule.unit: rule.stamps_needed // 2}
    if isinstance(rule, StampRule):
        return {reward_unit(rule.reward_id): 1}
    return {rule.unit: rule.stamps_needed - 1} if isinstance(rule, DonationRule) else {}

"""Programs made and changed: each change of a promise is a new version, and old promises are kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import ledger, rollouts
from issuer.branding import Branding
from issuer.merchants import open_join_page
from issuer.rules import Rules
from issuer.rules.donation import DonationRule
from issuer.rules.money import CashbackRule, DiscountRule
from issuer.rules.movement import CREDIT, DONATED, POINTS, PREPAID, SPEND, VISITS, rest_unit, reward_unit
from issuer.rules.points import PointRule
from issuer.rules.prepaid import PrepaidRule
from issuer.rules.stamps import Collecting, StampRule
from issuer.schema import Brand, Program, ProgramVersion, Reward

Names = Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """What a program shall be: its names, its rules, and what the rewards that they speak of are called."""

    names: Names
    rules: Rules
    rewards: Mapping[UUID, Names] = field(default_factory=dict)


def collecting(names: Names, reward: Names, needed: int, reward_id: UUID | None = None) -> Plan:
    """The plainest plan there is: N stamps for one reward."""
    reward_id = reward_id or uuid4()
    return Plan(names, Rules(parts=(StampRule(stamps_needed=needed, reward_id=reward_id),)), {reward_id: reward})


def create_program(
    session: Session, brand: Brand, plan: Plan, slug: str, now: datetime, *, public: bool = True
) -> Program:
    """A program in its first version.

    :param public: its join page is open at once
    """
    program = Program(
        id=uuid4(),
        merchant_id=brand.merchant_id,
        brand_id=brand.id,
        kind=plan.rules.kind,
        slug=slug,
        current_version=0,
        created_at=now,
    )
    session.add(program)
    session.flush()
    if public:
        open_join_page(session, program)
    _add_version(session, program, plan, now)
    return program


def create_stamp_program(
    session: Session,
    brand: Brand,
    branding: Branding,
    slug: str,
    now: datetime,
    stamps_needed: int = 10,
    *,
    public: bool = True,
) -> Program:
    """ "N for 1" with the names that a ready design proposes."""
    plan = collecting(branding.program_names, branding.reward_names, stamps_needed)
    return create_program(session, brand, plan, slug, now, public=public)


def change_program(session: Session, program: Program, plan: Plan, now: datetime) -> bool:
    """Another version, unless nothing differs; whether there is one. Cards are told at the pace of a campaign.

    :raises KindChanged: the main kind is another: cards that are out could not follow
    """
    session.refresh(program, with_for_update=True)
    if plan.rules.kind != program.kind:
        raise KindChanged(program.kind)
    before = session.get_one(ProgramVersion, (program.id, program.current_version))
    renamed = _name_rewards(session, program, plan, now)
    if before.rule == plan.rules.stored() and before.names == dict(plan.names) and not renamed:
        return False
    _add_version(session, program, plan, now)
    rollouts.begin(session, session.get_one(Brand, program.brand_id), now)
    return True


def correct_program(session: Session, program: Program, plan: Plan, now: datetime) -> None:
    """Put a program right that nobody could join yet: no promise was made, so there is no version to keep."""
    version = session.get_one(ProgramVersion, (program.id, program.current_version))
    _name_rewards(session, program, plan, now)
    version.names, version.rule = dict(plan.names), plan.rules.stored()
    session.flush()
    ledger.open_accounts(session, program, accounts_of(plan.rules))


class KindChanged(Exception):
    """A program stays of the kind it was made: make another program, and close this one."""


def _add_version(session: Session, program: Program, plan: Plan, now: datetime) -> None:
    _name_rewards(session, program, plan, now)
    program.current_version += 1
    session.add(
        ProgramVersion(
            program_id=program.id,
            number=program.current_version,
            merchant_id=program.merchant_id,
            names=dict(plan.names),
            rule=plan.rules.stored(),
            created_at=now,
        )
    )
    session.flush()
    ledger.open_accounts(session, program, accounts_of(plan.rules))


def _name_rewards(session: Session, program: Program, plan: Plan, now: datetime) -> bool:
    """Add what is new, rename what is called otherwise; whether a name changed."""
    known = {row.id: row for row in session.scalars(select(Reward).where(Reward.program_id == program.id))}
    renamed = False
    for reward_id, names in plan.rewards.items():
        row = known.get(reward_id)
        if row is None:
            session.add(
                Reward(
                    id=reward_id,
                    merchant_id=program.merchant_id,
                    program_id=program.id,
                    names=dict(names),
                    created_at=now,
                )
            )
        elif row.names != dict(names):
            row.names, renamed = dict(names), True
    session.flush()
    return renamed


def accounts_of(rules: Rules) -> list[tuple[str, str]]:
    """The program's side of all that its rules move: opened with it, so that no stamp waits for another's."""
    return sorted(set(_accounts_of(rules)))


def _accounts_of(rules: Rules) -> Iterator[tuple[str, str]]:
    for rule in rules.each(Collecting):
        yield from ((rule.unit, "issued"), (rule.unit, "exchanged"))
    for reward_id in rules.reward_ids():
        yield from ((reward_unit(reward_id), "issued"), (reward_unit(reward_id), "redeemed"))
    for kind, unit in ((PointRule, POINTS), (CashbackRule, CREDIT)):
        if rules.one(kind) is not None:
            yield from ((unit, "issued"), (unit, "redeemed"), (rest_unit(unit), "issued"))
    if rules.one(PrepaidRule) is not None:
        yield from ((PREPAID, "issued"), (PREPAID, "redeemed"))
    if rules.one(DonationRule) is not None:
        yield (DONATED, "issued")
    if rules.one(DiscountRule) is not None:
        yield (SPEND, "issued")
    yield (VISITS, "issued")

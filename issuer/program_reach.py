"""What a program's rules said, whom they hold for, and what other rules would change. Nothing is changed here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from issuer.programs import ProgramView
from issuer.rules import Rules
from issuer.rules.expiry import ExpiryRule
from issuer.rules.points import PointRule
from issuer.schema import Account, Card, Pass, Program, ProgramVersion, Registration

WORTHLESS = ("moved", "erased")
"""States of cards that nobody holds any more."""


@dataclass(frozen=True)
class Promised:
    """Cards that are under one version's promise; ``begun``: those that have something of its round."""

    version: int
    cards: int
    begun: int


@dataclass(frozen=True)
class Said:
    """A version as it was said when it came."""

    number: int
    names: Mapping[str, str]
    rules: Rules
    since: datetime


@dataclass(frozen=True)
class Rise:
    """A reward that will cost more."""

    reward_id: UUID
    before: int
    after: int


@dataclass(frozen=True)
class Effects:
    """What another version would do.

    ``promised``: cards by the version of their round, where there are rounds; ``at_once``: cards that change at once.
    ``phones``: that hold a card of the same brand, all of which are told; ``seconds``: that takes, at least.
    """

    promised: tuple[Promised, ...]
    at_once: int
    rises: tuple[Rise, ...]
    gone: tuple[UUID, ...]
    ending: tuple[str, ...]
    phones: int
    seconds: int


def cards_of(session: Session) -> Mapping[UUID, int]:
    """How many cards each of the merchant's programs has."""
    query = select(Card.program_id, func.count()).where(Card.state.not_in(WORTHLESS)).group_by(Card.program_id)
    return dict(session.execute(query).all())


def versions(session: Session, program: Program) -> list[Said]:
    """What the program said, newest first."""
    rows = session.scalars(
        select(ProgramVersion).where(ProgramVersion.program_id == program.id).order_by(ProgramVersion.number.desc())
    )
    return [Said(row.number, row.names, Rules.read(row.rule), row.created_at) for row in rows]


def promised(session: Session, program: Program, unit: str = "stamps") -> tuple[Promised, ...]:
    """Cards by the version their round is under, oldest first. ``unit``: what a round is made of."""
    begun = and_(Account.card_id == Card.id, Account.unit == unit, Account.balance > 0)
    query = (
        select(Card.program_version, func.count(), func.count(Account.id))
        .outerjoin(Account, begun)
        .where(Card.program_id == program.id, Card.state.not_in(WORTHLESS))
        .group_by(Card.program_version)
        .order_by(Card.program_version)
    )
    return tuple(Promised(number, cards, started) for number, cards, started in session.execute(query))


def effects(session: Session, view: ProgramView, rules: Rules, rate: int) -> Effects:
    """What these rules instead of the present ones would change.

    :param rate: cards on phones that are told a second
    """
    found = promised(session, view.program, "stamps" if view.rules.grid else "points")
    phones, passes = session.execute(_reached(view.program)).one()
    rounds = view.rules.grid is not None
    return Effects(
        promised=found if rounds else (),
        at_once=0 if rounds else sum(one.cards for one in found),
        rises=tuple(_rises(view.rules, rules)),
        gone=tuple(_gone(view.rules, rules)),
        ending=tuple(_ending(view.rules, rules)),
        phones=phones,
        seconds=-(-passes // max(1, rate)),
    )


def _reached(program: Program) -> Select[int, int]:
    """Phones, and cards on phones, of everything that wears the program's brand."""
    wearing = select(Program.id).where(Program.brand_id == program.brand_id)
    return (
        select(func.count(Registration.device_id.distinct()), func.count())
        .join(Pass, Pass.id == Registration.pass_id)
        .join(Card, Card.id == Pass.card_id)
        .where(Card.program_id.in_(wearing), Pass.revoked_at.is_(None))
    )


def _prices(rules: Rules) -> Mapping[UUID, int]:
    points = rules.one(PointRule)
    return {price.reward_id: price.price for price in points.prices} if points else {}


def _rises(before: Rules, after: Rules) -> Iterator[Rise]:
    old = _prices(before)
    for reward_id, price in _prices(after).items():
        if price > old.get(reward_id, price):
            yield Rise(reward_id, old[reward_id], price)


def _gone(before: Rules, after: Rules) -> Iterator[UUID]:
    """Rewards that had a price and have none any more."""
    return (reward_id for reward_id in _prices(before) if reward_id not in _prices(after))


def _ending(before: Rules, after: Rules) -> Iterator[str]:
    """What had no end, or a later one, and shall end now: one of the kinds that an expiry rule knows."""
    old = {rule.what: rule for rule in before.each(ExpiryRule)}
    for rule in after.each(ExpiryRule):
        if old.get(rule.what) != rule:
            yield rule.what

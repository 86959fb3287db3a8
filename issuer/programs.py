"""Programs, their versions and the rule a card is under."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.rules import Rule, rule_of
from issuer.schema import Card, Location, Program, ProgramSlug, ProgramVersion, Reward


@dataclass(frozen=True)
class ProgramView:
    """A program as its current version describes it."""

    program: Program
    version: ProgramVersion
    rule: Rule
    rewards: tuple[Reward, ...]

    def name(self, language: str) -> str:
        return str(self.version.names[language])

    @property
    def reward(self) -> Reward:
        """What the rule promises."""
        return next(reward for reward in self.rewards if reward.id == self.rule.reward_id)

    def sentence(self, language: str) -> str:
        return self.rule.sentence(language, self.reward.names[language])


def rule_for(session: Session, card: Card) -> tuple[Program, Rule]:
    """The program of a card and the rule of the version that its round is pinned to."""
    program, version = session.execute(
        select(Program, ProgramVersion)
        .join(ProgramVersion, ProgramVersion.program_id == Program.id)
        .where(Program.id == card.program_id, ProgramVersion.number == card.program_version)
    ).one()
    return program, rule_of(program.kind, version.rule)


def program_view(session: Session, program_id: UUID) -> ProgramView | None:
    """``None`` when the merchant has no such program."""
    found = session.execute(
        select(Program, ProgramVersion)
        .join(ProgramVersion, ProgramVersion.program_id == Program.id)
        .where(Program.id == program_id, ProgramVersion.number == Program.current_version)
    ).first()
    if found is None:
        return None
    program, version = found
    rewards = session.scalars(
        select(Reward).where(Reward.program_id == program.id).order_by(Reward.created_at, Reward.id)
    )
    return ProgramView(program, version, rule_of(program.kind, version.rule), tuple(rewards))


def program_views(session: Session, *, limit: int, after: tuple[datetime, UUID] | None = None) -> list[ProgramView]:
    """The merchant's programs, oldest first."""
    rows = session.scalars(select(Program.id).order_by(Program.created_at, Program.id)).all()
    found = [program_view(session, program_id) for program_id in rows]
    known = [view for view in found if view is not None]
    return [v for v in known if after is None or (v.program.created_at, v.program.id) > after][:limit]


def find_slug(session: Session, slug: str) -> ProgramSlug | None:
    """The directory's row for a join page, whose path holds the program's slug or id."""
    row = session.get(ProgramSlug, slug)
    if row is not None:
        return row
    try:
        program_id = UUID(slug)
    except ValueError:
        return None
    return session.scalar(select(ProgramSlug).where(ProgramSlug.program_id == program_id))


def locations(session: Session) -> Sequence[Location]:
    """The merchant's shops, oldest first."""
    return session.scalars(select(Location).order_by(Location.created_at, Location.id)).all()

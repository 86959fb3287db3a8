"""Programs, their versions and the rule a card is under."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.rules import Rules
from issuer.rules.wording import Wording
from issuer.schema import Location, Merchant, Program, ProgramSlug, ProgramVersion, Reward


@dataclass(frozen=True)
class ProgramView:
    """A program as its current version describes it."""

    program: Program
    version: ProgramVersion
    rules: Rules
    rewards: tuple[Reward, ...]
    currency: str

    def name(self, language: str) -> str:
        return str(self.version.names[language])

    def words(self, language: str) -> Wording:
        return Wording(language, {reward.id: reward.names for reward in self.rewards}, self.currency)

    def sentence(self, language: str) -> str:
        return self.rules.sentence(self.words(language))

    def sentences(self, language: str) -> tuple[str, ...]:
        """Every promise, the main one first."""
        return self.rules.sentences(self.words(language))

    @property
    def offered(self) -> tuple[Reward, ...]:
        """The rewards that the current version speaks of."""
        known = {reward.id: reward for reward in self.rewards}
        return tuple(known[reward_id] for reward_id in self.rules.reward_ids())


def program_view(session: Session, program_id: UUID) -> ProgramView | None:
    """``None`` when the merchant has no such program."""
    found = session.execute(
        select(Program, ProgramVersion, Merchant.currency)
        .join(Merchant, Merchant.id == Program.merchant_id)
        .join(ProgramVersion, ProgramVersion.program_id == Program.id)
        .where(Program.id == program_id, ProgramVersion.number == Program.current_version)
    ).first()
    if found is None:
        return None
    program, version, currency = found
    rewards = session.scalars(
        select(Reward).where(Reward.program_id == program.id).order_by(Reward.created_at, Reward.id)
    )
    return ProgramView(program, version, Rules.read(version.rule), tuple(rewards), currency)


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

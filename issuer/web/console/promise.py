"""What a sample card promises: the merchant's program, else what the trade's ready design proposes."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from issuer.branding import load_branding
from issuer.cards import CardView
from issuer.program_changes import Plan, collecting
from issuer.program_keeping import own_view
from issuer.programs import program_views
from issuer.sample import STAGES, plan_of, staged
from issuer.schema import Merchant


@dataclass(frozen=True)
class Promise:
    """A program's plan, and the cards that show it."""

    plan: Plan

    @property
    def needed(self) -> int | None:
        """Places of the grid, if there is one."""
        return self.plan.rules.grid.stamps_needed if self.plan.rules.grid else None

    @property
    def reward(self) -> Mapping[str, str]:
        """What the first of the rewards is called, if there is one."""
        return next(iter(self.plan.rewards.values()), {})

    def samples(self, merchant: Merchant, language: str) -> dict[str, CardView]:
        """A card with nothing, half and all of it, by "empty", "half" and "full"."""
        return {stage: staged(merchant, self.plan, stage, language) for stage in STAGES}


def promise_of(session: Session, merchant: Merchant, program_id: UUID | None = None) -> Promise:
    """The program that is asked for; unless told the merchant's first one, else the trade's.

    :raises issuer.editing.Gone: the merchant has no such program
    """
    found = [own_view(session, program_id)] if program_id else program_views(session, limit=1)
    if found:
        return Promise(plan_of(found[0]))
    branding = load_branding(merchant.trade or "cafe")
    return Promise(collecting(branding.program_names, branding.reward_names, branding.stamps_needed))

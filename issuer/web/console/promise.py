"""What a sample card promises: the merchant's program, else what the trade's ready design proposes."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from issuer.branding import load_branding
from issuer.cards import CardView
from issuer.programs import program_views
from issuer.rules import Rule
from issuer.rules.stamps import StampRule
from issuer.sample import NOBODY, sample_card
from issuer.schema import Merchant


@dataclass(frozen=True)
class Promise:
    """A rule, and how "program" and "reward" are called in each language."""

    rule: Rule
    names: dict[str, dict[str, str]]

    def samples(self, merchant: Merchant, language: str) -> dict[str, CardView]:
        """A card with no, half and all of the stamps, by "empty", "half" and "full"."""
        needed = self.rule.stamps_needed
        return {
            state: sample_card(merchant, self.rule, self.names, stamps, language)
            for state, stamps in (("empty", 0), ("half", needed // 2), ("full", needed))
        }


def promise_of(session: Session, merchant: Merchant) -> Promise:
    """The merchant's first program, else the trade's."""
    found = program_views(session, limit=1)
    if found:
        view = found[0]
        return Promise(view.rule, {"program": dict(view.version.names), "reward": dict(view.reward.names)})
    branding = load_branding(merchant.trade or "cafe")
    return Promise(
        StampRule(branding.stamps_needed, NOBODY),
        {"program": dict(branding.program_names), "reward": dict(branding.reward_names)},
    )

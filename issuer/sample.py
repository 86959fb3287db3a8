"""A card of nobody's, to show a design before anyone holds it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from issuer.cards import CardView, RewardCount
from issuer.programs import ProgramView
from issuer.rules import Rule
from issuer.rules.movement import STAMPS, reward_unit
from issuer.schema import Merchant

NOBODY = UUID(int=0)
CODE = "T1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
SHORT_CODE = "K7QM-3FX"


def sample_of(merchant: Merchant, program: ProgramView, language: str) -> CardView:
    """A card of this program without a stamp."""
    names = {"program": program.version.names, "reward": program.reward.names}
    return sample_card(merchant, program.rule, names, 0, language)


def sample_card(
    merchant: Merchant,
    rule: Rule,
    names: Mapping[str, Mapping[str, str]],
    stamps: int,
    language: str,
) -> CardView:
    """A card with so many stamps; a full one has its reward waiting.

    :param names: "program" and "reward", each language to text
    """
    full = stamps >= rule.stamps_needed
    waiting = (RewardCount(rule.reward_id, names["reward"], 1),) if full else ()
    return CardView(
        id=NOBODY,
        merchant_id=merchant.id,
        program_id=NOBODY,
        program_kind="stamps",
        program_names=names["program"],
        serial="",
        code=CODE,
        short_code=SHORT_CODE,
        state="active",
        version=1,
        language=language,
        web_key="…",
        created_at=datetime.min.replace(tzinfo=UTC),
        customer_name=None,
        balances={STAMPS: 0 if full else stamps, reward_unit(rule.reward_id): int(full)},
        rule=rule,
        reward_names=names["reward"],
        rewards=waiting,
    )

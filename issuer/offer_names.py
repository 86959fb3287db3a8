"""How the merchant's shops, programs and tiers are called, for the sentences of offers."""

from sqlalchemy.orm import Session

from issuer.offers.named import Named
from issuer.programs import locations, program_views
from issuer.rules.tiers import TierRule

MOST_PROGRAMS = 200


def named_of(session: Session) -> Named:
    """Of the transaction's merchant, in a fixed number of queries."""
    programs = program_views(session, limit=MOST_PROGRAMS)
    tiers: dict[str, dict[str, str]] = {}
    for view in programs:
        rule = view.rules.one(TierRule)
        for tier in rule.tiers if rule else ():
            tiers.setdefault(tier.key, tier.names.model_dump())
    return Named(
        shops={place.id: place.name for place in locations(session)},
        programs={view.program.id: view.version.names for view in programs},
        tiers=tiers,
    )

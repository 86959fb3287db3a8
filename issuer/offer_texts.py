"""What an offer that was used was called, for the history of a card."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from issuer.database import send
from issuer.language import LANGUAGES
from issuer.offers.shown import offer_of

# The half that a card was shown is known as long as the use was not taken back.
TEXTS = """
    SELECT asked.posting_id, version.content::text, coalesce(showing.arm, 'a')
    FROM unnest(%(postings)s::uuid[], %(offers)s::uuid[]) AS asked (posting_id, offer_id)
    JOIN offer ON offer.id = asked.offer_id
    LEFT JOIN showing ON showing.offer_id = asked.offer_id AND showing.card_id = %(card)s
        AND showing.posting_id = asked.posting_id
    JOIN offer_version AS version ON version.offer_id = offer.id
        AND version.number = coalesce(showing.version, offer.version)
"""


def texts_of(session: Session, card_id: UUID, units: Mapping[UUID, str]) -> dict[UUID, Mapping[str, str]]:
    """Texts by language, by posting. Nothing is read where there is none.

    :param units: of offers that a card used, by posting
    """
    if not units:
        return {}
    offers = [UUID(unit.partition(":")[2]) for unit in units.values()]
    rows = send(session, TEXTS, {"postings": list(units), "offers": offers, "card": card_id})
    return {posting_id: _texts(content, arm) for posting_id, content, arm in rows}


def _texts(content: str, arm: str) -> Mapping[str, str]:
    offer = offer_of(content)
    said = offer.trial.other if arm == "b" and offer.trial.other else offer.content
    return {language: said.in_(language).card for language in LANGUAGES}

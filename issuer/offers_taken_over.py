"""What a card was shown goes on upon the one that it was merged into; never twice on one card."""

from sqlalchemy.orm import Session

from issuer.database import send_ahead
from issuer.schema import Card
from issuer.visits import Visit

# With the customer, as an index knows what people were shown.
THEIRS = "theirs.customer_id = %(customer)s AND theirs.card_id = %(card)s AND theirs.shown_at IS NOT NULL"
SAME = "(showing.offer_id, showing.card_id, showing.turn) = (theirs.offer_id, %(into)s, theirs.turn)"
# Whoever was shown something keeps it, even where the other card was to wait for it or to be compared with.
GIVES_WAY = f"DELETE FROM showing USING showing AS theirs WHERE {THEIRS} AND {SAME} AND showing.shown_at IS NULL"  # noqa: S608 (constants)
# Both show it: what was handed over on one of them is on both. What vouchers allow the vouchers say, and multipliers
# are used by nobody.
USED = f"""
    WITH used AS (
        UPDATE showing SET
            redeemed_at = theirs.redeemed_at,
            posting_id = theirs.posting_id,
            state = CASE WHEN theirs.ended = 'done' THEN 'over' ELSE showing.state END,
            ended = coalesce(showing.ended, CASE WHEN theirs.ended = 'done' THEN 'done' END),
            ended_at = coalesce(showing.ended_at, CASE WHEN theirs.ended = 'done' THEN %(now)s END)
        FROM showing AS theirs
        WHERE {THEIRS} AND {SAME} AND theirs.redeemed_at IS NOT NULL
            AND (showing.redeemed_at IS NULL OR showing.redeemed_at < theirs.redeemed_at)
            AND coalesce(showing.voucher_id, theirs.voucher_id) IS NULL
            AND coalesce(showing.factor, theirs.factor) IS NULL
        RETURNING showing.offer_id, showing.turn
    )
    UPDATE showing SET redeemed_at = NULL, posting_id = NULL FROM used
    WHERE (showing.offer_id, showing.card_id, showing.turn) = (used.offer_id, %(card)s, used.turn)
"""  # noqa: S608 (constants)
GOES_ON = f"""
    UPDATE showing AS theirs SET
        card_id = %(into)s,
        card_version = CASE WHEN state = 'shown' THEN %(version)s ELSE card_version END
    WHERE {THEIRS} AND NOT EXISTS (SELECT FROM showing WHERE {SAME})
"""  # noqa: S608 (constants)
# What stays behind, there or on cards that ended before, was shown to the same person all the same.
ONE_PERSON = """
    UPDATE showing SET customer_id = %(person)s FROM card
    WHERE card.id = showing.card_id AND showing.customer_id = %(customer)s AND shown_at IS NOT NULL
        AND (card.id IN (%(card)s, %(into)s) OR card.merged_into IS NOT NULL)
"""


def take_over(session: Session, into: Card, from_: Card, visit: Visit) -> None:
    """So that visits of the old card do not set it off once more. Both are locked, and published by the caller."""
    values = {
        "card": from_.id,
        "customer": from_.customer_id,
        "into": into.id,
        "person": into.customer_id,
        "version": into.version + 1,
        "now": visit.now,
    }
    for statement in (GIVES_WAY, USED, GOES_ON):
        send_ahead(session, statement, values)
    if into.customer_id != from_.customer_id:
        send_ahead(session, ONE_PERSON, values)

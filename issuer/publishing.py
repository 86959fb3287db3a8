"""The one place where what a card shows gets a new version, and the phones' wish list that follows from it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from issuer.database import send_ahead
from issuer.schema import Card, Pass, Publication

APPLE, GOOGLE = "apple", "google"
JOINED, MOVED, ENDED = "joined", "moved", "ended"
"""Reasons by which nothing changed for whoever holds the card."""
OFFER = "offer"
"""The reason for what offers change."""
AT_THE_TILL, CAMPAIGN = 0, 1
FETCHED_WITHIN = timedelta(minutes=10)
"""So long after its push a phone may still be on its way to what changed."""

PUBLISH = """
    WITH raised AS (
        UPDATE card SET version = version + 1 WHERE id = ANY(%(cards)s) RETURNING id, merchant_id, version
    ), noted AS (
        -- What changed may be what an offer waits for; offers themselves know when to look again.
        INSERT INTO agenda (card_id, merchant_id, due_at)
        SELECT raised.id, raised.merchant_id, %(now)s FROM raised JOIN merchant ON merchant.id = raised.merchant_id
        WHERE merchant.has_offers AND %(reason)s <> %(offer)s
        ORDER BY raised.id
        ON CONFLICT (card_id) DO UPDATE SET due_at = excluded.due_at
    ), wishing AS (
        SELECT publication.pass_id, publication.channel, raised.version
        FROM raised JOIN pass ON pass.card_id = raised.id JOIN publication ON publication.pass_id = pass.id
        WHERE pass.revoked_at IS NULL
        ORDER BY publication.pass_id, publication.channel
        FOR UPDATE OF publication
    ), wished AS (
        UPDATE publication SET
            wanted_version = wishing.version,
            reason = %(reason)s,
            priority = CASE
                WHEN due_at IS NULL AND push_at IS NULL THEN %(priority)s
                ELSE least(priority, %(priority)s)
            END,
            -- What a phone has not seen yet keeps the note that goes with it.
            loud = %(loud)s OR loud AND (
                due_at IS NOT NULL OR push_at IS NOT NULL OR publication.channel = 'apple'
                AND tagged_at > %(unseen_since)s AND EXISTS (
                    SELECT FROM registration WHERE registration.pass_id = publication.pass_id
                        AND coalesce(fetched_version, 0) < tagged_version
                )
            ),
            due_at = coalesce(due_at, greatest(%(now)s, not_before))
        FROM wishing
        WHERE publication.pass_id = wishing.pass_id AND publication.channel = wishing.channel
    )
    SELECT count(*) FROM raised
"""


def publish(
    session: Session, cards: Sequence[Card], reason: str, priority: int, now: datetime, *, loud: bool | None = None
) -> None:
    """Raise the version of each card and ask for it to be pushed, wherever it is. Call it last in a transaction.

    Last, because the publication row is what the relay and the phones' registrations wait for.

    :param cards: locked
    :param reason: short stable word, kept for "why did my card change"
    :param priority: `AT_THE_TILL` goes before `CAMPAIGN`
    :param loud: phones may show a note of it; unless told, of what happens at the till
    """
    values = {
        "cards": [card.id for card in cards],
        "reason": reason,
        "offer": OFFER,
        "priority": priority,
        "loud": priority == AT_THE_TILL if loud is None else loud,
        "unseen_since": now - FETCHED_WITHIN,
        "now": now,
    }
    send_ahead(session, PUBLISH, values)
    for card in cards:
        set_committed_value(card, "version", card.version + 1)


def announce_new(session: Session, card: Card, issue: Pass, now: datetime) -> None:
    """The publication of a card just made: nobody holds it yet, so nothing is due."""
    session.add(_first(card, issue, APPLE, not_before=now))


def announce_on_google(session: Session, card: Card, issue: Pass, now: datetime) -> None:
    """The publication of a pass that somebody wants on Google: due at once."""
    session.add(_first(card, issue, GOOGLE, due_at=now))


def _first(card: Card, issue: Pass, channel: str, **times: datetime) -> Publication:
    return Publication(
        pass_id=issue.id,
        channel=channel,
        merchant_id=card.merchant_id,
        wanted_version=card.version,
        reason=JOINED,
        priority=AT_THE_TILL,
        **times,
    )


def ask_again(session: Session, issue: Pass, now: datetime) -> None:
    """A fresh tag and a push for a phone that registered after the pass had changed."""
    session.execute(
        update(Publication).where(Publication.pass_id == issue.id, Publication.channel == APPLE).values(due_at=now)
    )


def end(session: Session, issue: Pass, now: datetime) -> None:
    """One more version of a pass that was revoked, its last: the wallets that hold it are told at once."""
    session.execute(
        update(Publication)
        .where(Publication.pass_id == issue.id)
        .values(
            wanted_version=Publication.wanted_version + 1, reason=ENDED, priority=AT_THE_TILL, due_at=now, loud=True
        )
        .execution_options(synchronize_session="fetch")
    )

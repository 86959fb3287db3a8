"""The one place where what a card shows gets a new version, and the phones' wish list that follows from it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from issuer.database import send_ahead
from issuer.schema import Card, Pass, Publication

APPLE = "apple"
AT_THE_TILL, CAMPAIGN = 0, 1

PUBLISH = """
    WITH raised AS (
        UPDATE card SET version = version + 1 WHERE id = ANY(%(cards)s) RETURNING id, version
    ), wished AS (
        INSERT INTO publication (pass_id, channel, merchant_id, wanted_version, reason, priority, due_at)
        SELECT pass.id, %(channel)s, pass.merchant_id, raised.version, %(reason)s, %(priority)s, %(now)s
        FROM raised JOIN pass ON pass.card_id = raised.id
        WHERE pass.revoked_at IS NULL
        ORDER BY pass.id
        ON CONFLICT (pass_id, channel) DO UPDATE SET
            wanted_version = excluded.wanted_version,
            reason = excluded.reason,
            priority = CASE
                WHEN publication.due_at IS NULL AND publication.push_at IS NULL THEN excluded.priority
                ELSE least(publication.priority, excluded.priority)
            END,
            due_at = coalesce(publication.due_at, greatest(excluded.due_at, publication.not_before))
    )
    SELECT count(*) FROM raised
"""


def publish(session: Session, cards: Sequence[Card], reason: str, priority: int, now: datetime) -> None:
    """Raise the version of each card and ask for it to be pushed. Call it last in a transaction.

    Last, because the publication row is what the relay and the phones' registrations wait for.

    :param cards: locked
    :param reason: short stable word, kept for "why did my card change"
    :param priority: `AT_THE_TILL` goes before `CAMPAIGN`
    """
    values = {
        "cards": [card.id for card in cards],
        "channel": APPLE,
        "reason": reason,
        "priority": priority,
        "now": now,
    }
    send_ahead(session, PUBLISH, values)
    for card in cards:
        set_committed_value(card, "version", card.version + 1)


def announce_new(session: Session, card: Card, issue: Pass, now: datetime) -> None:
    """The publication of a card just made: nobody holds it yet, so nothing is due."""
    session.add(
        Publication(
            pass_id=issue.id,
            channel=APPLE,
            merchant_id=card.merchant_id,
            wanted_version=card.version,
            reason="joined",
            priority=AT_THE_TILL,
            not_before=now,
        )
    )


def ask_again(session: Session, issue: Pass, now: datetime) -> None:
    """A fresh tag and a push for a phone that registered after the pass had changed."""
    session.execute(
        update(Publication).where(Publication.pass_id == issue.id, Publication.channel == APPLE).values(due_at=now)
    )


def end(session: Session, issue: Pass, now: datetime) -> None:
    """One more version of a pass that was revoked, its last: the phones that hold it are told at once."""
    session.execute(
        update(Publication)
        .where(Publication.pass_id == issue.id, Publication.channel == APPLE)
        .values(wanted_version=Publication.wanted_version + 1, reason="ended", priority=AT_THE_TILL, due_at=now)
        .execution_options(synchronize_session="fetch")
    )

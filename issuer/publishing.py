"""The one place where what a card shows gets a new version, and the phones' wish list that follows from it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.schema import Card, Pass, Publication

APPLE = "apple"
AT_THE_TILL, CAMPAIGN = 0, 1


def publish(session: Session, cards: Sequence[Card], reason: str, priority: int, now: datetime) -> None:
    """Raise the version of each card and ask for it to be pushed. Call it last in a transaction.

    Last, because the publication row is what the relay and the phones' registrations wait for.

    :param reason: short stable word, kept for "why did my card change"
    :param priority: `AT_THE_TILL` goes before `CAMPAIGN`
    """
    ids = [card.id for card in cards]
    session.flush()
    session.scalars(
        update(Card)
        .where(Card.id.in_(ids))
        .values(version=Card.version + 1)
        .returning(Card)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).all()
    _want(session, cards, reason, priority, now)


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


def _want(session: Session, cards: Sequence[Card], reason: str, priority: int, now: datetime) -> None:
    versions = {card.id: card.version for card in cards}
    passes = session.scalars(
        select(Pass).where(Pass.card_id.in_(versions), Pass.revoked_at.is_(None)).order_by(Pass.id)
    ).all()
    if not passes:
        return
    wish = insert(Publication).values(
        [
            {
                "pass_id": issue.id,
                "channel": APPLE,
                "merchant_id": issue.merchant_id,
                "wanted_version": versions[issue.card_id],
                "reason": reason,
                "priority": priority,
                "due_at": now,
            }
            for issue in passes
        ]
    )
    session.execute(
        wish.on_conflict_do_update(
            index_elements=[Publication.pass_id, Publication.channel],
            set_={
                "wanted_version": wish.excluded.wanted_version,
                "reason": wish.excluded.reason,
                "priority": func.least(Publication.priority, wish.excluded.priority),
                "due_at": func.coalesce(
                    Publication.due_at, func.greatest(wish.excluded.due_at, Publication.not_before)
                ),
            },
        )
    )

"""The one place where what a card shows gets a new version, and the phones' wish list that follows from it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import DateTime, SmallInteger, case, func, literal, select, update
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
    shown = (
        select(
            Pass.id,
            literal(APPLE),
            Pass.merchant_id,
            Card.version,
            literal(reason),
            literal(priority, SmallInteger),
            literal(now, DateTime(timezone=True)),
        )
        .join(Card, Card.id == Pass.card_id)
        .where(Card.id.in_([card.id for card in cards]), Pass.revoked_at.is_(None))
        .order_by(Pass.id)
    )
    columns = ["pass_id", "channel", "merchant_id", "wanted_version", "reason", "priority", "due_at"]
    wish = insert(Publication).from_select(columns, shown)
    at_rest = Publication.due_at.is_(None) & Publication.push_at.is_(None)
    session.execute(
        wish.on_conflict_do_update(
            index_elements=[Publication.pass_id, Publication.channel],
            set_={
                "wanted_version": wish.excluded.wanted_version,
                "reason": wish.excluded.reason,
                "priority": case(
                    (at_rest, wish.excluded.priority),
                    else_=func.least(Publication.priority, wish.excluded.priority),
                ),
                "due_at": func.coalesce(
                    Publication.due_at, func.greatest(wish.excluded.due_at, Publication.not_before)
                ),
            },
        )
    )

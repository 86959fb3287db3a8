"""What a card is given once only: a row claims it, and two who try at the same moment get one between them."""

from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.ledger import Booked
from issuer.schema import Card, Granted, Posting

FREED = ("milestone:", "cause:")
"""Gifts that may be given again once they were taken back: they were for something that did not happen."""


def claim(session: Session, card: Card, what: str, turn: str, at: datetime, until: datetime | None = None) -> bool:
    """Whether the gift is the caller's to give now. ``turn``: the year, or "once"; ``until``: when it is gone.

    The caller books it and says so by `given`, in the same transaction.
    """
    row = {"card_id": card.id, "what": what, "turn": turn, "merchant_id": card.merchant_id, "at": at, "until": until}
    wish = insert(Granted).values(row)
    anew = wish.on_conflict_do_update(
        index_elements=[Granted.card_id, Granted.what, Granted.turn],
        set_={"at": wish.excluded.at, "until": wish.excluded.until},
        where=Granted.posting_id.is_(None),
    )
    return session.scalar(anew.returning(Granted.card_id)) is not None


def given(session: Session, card: Card, what: str, turn: str, booked: Booked) -> None:
    """Note by which posting a claimed gift was given."""
    session.execute(
        update(Granted)
        .where(Granted.card_id == card.id, Granted.what == what, Granted.turn == turn)
        .values(posting_id=booked.posting.id)
        .execution_options(synchronize_session=False)
    )


def found(session: Session, card: Card, what: str, turn: str) -> Granted | None:
    """The claim as the database has it now."""
    return session.get(Granted, (card.id, what, turn), populate_existing=True)


def reopened(session: Session, card: Card) -> set[str]:
    """What may be given again, as its posting was taken back."""
    query = select(Granted.what).where(Granted.card_id == card.id, Granted.posting_id.is_(None))
    return set(session.scalars(query))


def taken_back(session: Session, card: Card, posting: Posting) -> None:
    """Free what was given by a posting that was just reversed."""
    session.execute(
        update(Granted)
        .where(
            Granted.card_id == card.id,
            Granted.posting_id == posting.id,
            or_(*(func.starts_with(Granted.what, prefix) for prefix in FREED)),
        )
        .values(posting_id=None)
        .execution_options(synchronize_session=False)
    )

"""Paper cards: printed as codes without a card, each of which becomes one by its first stamp."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from issuer.cards import locked_card
from issuer.codes import code_row, draw_code
from issuer.editing import Author, Gone, Objection, whole_number
from issuer.joining import Joining, join
from issuer.keys import Keys
from issuer.refusals import N_
from issuer.schema import Card, CardCode, PaperBatch, Program

MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Batch:
    """Cards printed together, and how many of them were stamped since."""

    batch: PaperBatch
    used: int


def read_count(typed: str) -> int | Objection:
    """How many paper cards to print."""
    count = whole_number(typed)
    if count is not None and 1 <= count <= MOST_AT_ONCE:
        return count
    return Objection(
        N_("“%(count)s” paper cards cannot be printed at once: choose 1 to %(most)s."),
        {"count": typed.strip()[:10], "most": MOST_AT_ONCE},
        "count",
    )


def print_batch(
    session: Session, keys: Keys, author: Author, program: Program, count: int, language: str
) -> PaperBatch:
    """New codes for so many paper cards. ``count``: as `read_count` lets through."""
    batch = PaperBatch(
        id=uuid4(),
        merchant_id=program.merchant_id,
        program_id=program.id,
        language=language,
        count=count,
        created_at=author.now,
    )
    session.add(batch)
    for _ in range(count):
        row = draw_code(session, keys, program.merchant_id, author.now)
        row.batch_id = batch.id
        session.add(row)
        session.flush()
    author.record(session, "paper_printed", batch=str(batch.id), count=count)
    return batch


def batches(session: Session) -> list[Batch]:
    """What was printed, the newest first."""
    found = session.scalars(select(PaperBatch).order_by(PaperBatch.created_at.desc(), PaperBatch.id)).all()
    counted = select(CardCode.batch_id, func.count(CardCode.card_id)).group_by(CardCode.batch_id)
    rows = session.execute(counted.where(CardCode.batch_id.in_([batch.id for batch in found]))).all()
    used = dict(rows)
    return [Batch(batch, used.get(batch.id, 0)) for batch in found]


def unused_codes(session: Session, batch_id: UUID) -> tuple[PaperBatch, Sequence[CardCode]]:
    """A batch with its codes that nobody has a card of yet, in an order that stays.

    Those in use are not printed again: a second person would hold the card of the first.

    :raises Gone: the merchant has no such batch, or none of its codes is left
    """
    batch = _batch(session, batch_id)
    query = select(CardCode).where(
        CardCode.batch_id == batch.id, CardCode.card_id.is_(None), CardCode.revoked_at.is_(None)
    )
    codes = session.scalars(query.order_by(CardCode.created_at, CardCode.code)).all()
    if not codes:
        raise Gone
    return batch, codes


def withdraw(session: Session, author: Author, batch_id: UUID) -> PaperBatch:
    """Cards of a lost or misprinted batch that nobody stamped yet are not taken any more; the others go on.

    :raises Gone: the merchant has no such batch
    """
    batch = _batch(session, batch_id)
    if batch.revoked_at is None:
        batch.revoked_at = author.now
        session.execute(
            update(CardCode)
            .where(CardCode.batch_id == batch.id, CardCode.card_id.is_(None), CardCode.revoked_at.is_(None))
            .values(revoked_at=author.now)
            .execution_options(synchronize_session=False)
        )
        author.record(session, "paper_withdrawn", batch=str(batch.id))
    return batch


def was_withdrawn(session: Session, keys: Keys, merchant_id: UUID, text: str) -> bool:
    """Whether a text is the code of a paper card that is not taken any more. Raises as `codes.code_row`."""
    row = code_row(session, merchant_id, text, keys.codes, revoked=True)
    return row is not None and row.batch_id is not None and row.card_id is None


def card_for(session: Session, keys: Keys, merchant_id: UUID, text: str, now: datetime) -> Card | None:
    """The locked card of a code; a printed one gets its card now. Raises as `codes.code_row`.

    Two tills that scan the same new card wait for each other and find one card.
    """
    row = code_row(session, merchant_id, text, keys.codes)
    if row is not None and row.card_id is None:
        # Only a code without a card is locked: whoever ends a card locks that first, and its codes after it.
        session.refresh(row, with_for_update=True)
    if row is None or row.revoked_at is not None:
        return None
    if row.card_id is None and row.batch_id is not None:
        batch = session.get_one(PaperBatch, row.batch_id)
        program = session.get_one(Program, batch.program_id)
        join(session, keys, program, Joining(batch.language, "paper"), now, code=row)
    return locked_card(session, row.card_id) if row.card_id else None


def _batch(session: Session, batch_id: UUID) -> PaperBatch:
    batch = session.get(PaperBatch, batch_id)
    if batch is None:
        raise Gone
    return batch

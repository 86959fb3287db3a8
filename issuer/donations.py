"""What a program's cards gave together, as all of them show it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer import rollouts
from issuer.rules.movement import DONATED
from issuer.schema import Account, Brand, Entry, Program


def total(session: Session, program_id: UUID) -> int:
    """Cents that a program's cards have given so far, from the ledger."""
    given = (
        select(func.coalesce(-func.sum(Entry.amount), 0))
        .join(Account, Account.id == Entry.account_id)
        .where(Account.program_id == program_id, Account.unit == DONATED, Account.card_id.is_(None))
    )
    return int(session.scalar(given) or 0)


def refresh(session: Session, program_id: UUID, now: datetime) -> bool:
    """Let the cards show today's total; whether it is another than before. Phones follow at a campaign's pace."""
    program = session.get_one(Program, program_id)
    session.refresh(program, with_for_update=True)
    given, before = total(session, program_id), program.donated
    program.donated, program.donated_at = given, now
    session.flush()
    if given == before:
        return False
    rollouts.begin(session, session.get_one(Brand, program.brand_id), now)
    return True

"""Periodic slots, claimed by whoever inserts them first: two schedulers do no harm, a restart repeats nothing."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.schema import JobRun


def claim_slot(session: Session, name: str, seconds: int, now: datetime) -> bool:
    """True for the one caller whose slot it is, however many schedulers there are."""
    row = insert(JobRun).values(name=name, slot=_slot(seconds, now), claimed_at=now)
    return session.execute(row.on_conflict_do_nothing().returning(JobRun.slot)).first() is not None


def release_slot(session: Session, name: str, seconds: int, now: datetime) -> None:
    """The work of a slot that was just claimed is not over: somebody may go on with it."""
    session.execute(delete(JobRun).where(JobRun.name == name, JobRun.slot == _slot(seconds, now)))


def forget_slots_before(session: Session, name: str, seconds: int, then: datetime) -> None:
    """For slots so short that a week of them would be many."""
    session.execute(delete(JobRun).where(JobRun.name == name, JobRun.slot < _slot(seconds, then)))


def _slot(seconds: int, now: datetime) -> int:
    return int(now.timestamp()) // seconds

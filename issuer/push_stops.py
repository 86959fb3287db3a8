"""Pass types of which nothing is pushed for now: what waits stays where it is, one push at a time asks again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.schema import Pass, PushStop


def stop(session: Session, pass_type: str, answer: str, now: datetime, probe_at: datetime, *, refused: bool) -> bool:
    """Push nothing of this type before ``probe_at``; True when it was pushed until now.

    :param answer: the push service's, or why there is none
    :param refused: the answer blames our certificate or request, which an operator must look at
    """
    row = insert(PushStop).values(
        pass_type=pass_type, refused=refused, answer=answer, since=now, probe_at=probe_at, probes=0
    )
    later = {"refused": refused, "answer": answer, "probe_at": probe_at, "probes": PushStop.probes + 1}
    moved = row.on_conflict_do_update(index_elements=[PushStop.pass_type], set_=later)
    return session.execute(moved.returning(PushStop.probes)).scalar_one() == 0


def resume(session: Session, pass_type: str) -> bool:
    """Push again as always; True when it was stopped."""
    gone = delete(PushStop).where(PushStop.pass_type == pass_type).returning(PushStop.pass_type)
    return session.scalar(gone) is not None


def stop_of(session: Session, pass_type: str) -> PushStop | None:
    return session.get(PushStop, pass_type, populate_existing=True)


def every(session: Session) -> list[PushStop]:
    return list(session.scalars(select(PushStop).order_by(PushStop.pass_type)))


def stop_of_merchant(session: Session, merchant_id: UUID) -> PushStop | None:
    """What keeps this merchant's cards on phones as they are; one that was refused before one that waits."""
    held = select(Pass.id).where(Pass.pass_type == PushStop.pass_type, Pass.merchant_id == merchant_id)
    query = select(PushStop).where(held.exists()).order_by(PushStop.refused.desc(), PushStop.since)
    return session.scalar(query.limit(1))

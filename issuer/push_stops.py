"""Pass types of which nothing is pushed for now: what waits stays where it is, one push at a time asks again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.schema import Pass, PushStop

INVALID, SURE = "403 BadCertificate", 3
"""What Apple says of a certificate that it has revoked, and after how many vain probes it is believed."""
IS_INVALID = f"""
    SELECT FROM push_stop WHERE push_stop.pass_type = %(pass_type)s
    AND refused AND answer = '{INVALID}' AND probes >= {SURE}
"""


def stop(session: Session, pass_type: str, answer: str, now: datetime, probe_at: datetime, *, refused: bool) -> None:
    """Push nothing of this type before ``probe_at``.

    :param answer: the push service's, or why there is none
    :param refused: the answer blames our certificate or request, which an operator must look at
    """
    row = insert(PushStop).values(
        pass_type=pass_type, refused=refused, answer=answer, since=now, probe_at=probe_at, probes=0
    )
    # Hours without Apple say nothing about a certificate: a refusal is counted from its first.
    probes = case((PushStop.refused == refused, PushStop.probes + 1), else_=0)
    later = {"refused": refused, "answer": answer, "probe_at": probe_at, "probes": probes}
    session.execute(row.on_conflict_do_update(index_elements=[PushStop.pass_type], set_=later))


def resume(session: Session, pass_type: str) -> bool:
    """Push again as always; True when it was stopped."""
    gone = delete(PushStop).where(PushStop.pass_type == pass_type).returning(PushStop.pass_type)
    return session.scalar(gone) is not None


def stop_of(session: Session, pass_type: str) -> PushStop | None:
    return session.get(PushStop, pass_type, populate_existing=True)


def is_invalid(stopped: PushStop) -> bool:
    """Whether Apple has called the certificate invalid so often that nothing more is signed with it; as `IS_INVALID`.

    Other refusals may be about the request or the environment, a single one may be a mistake: cards go on, then.
    """
    return stopped.refused and stopped.answer == INVALID and stopped.probes >= SURE


def every(session: Session) -> list[PushStop]:
    return list(session.scalars(select(PushStop).order_by(PushStop.pass_type)))


def stop_of_merchant(session: Session, merchant_id: UUID) -> PushStop | None:
    """What keeps this merchant's cards on phones as they are; one that was refused before one that waits."""
    held = select(Pass.id).where(Pass.pass_type == PushStop.pass_type, Pass.merchant_id == merchant_id)
    query = select(PushStop).where(held.exists()).order_by(PushStop.refused.desc(), PushStop.since)
    return session.scalar(query.limit(1))

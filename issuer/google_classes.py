"""Which body of a class Google has, and whose turn it is to send another: one worker at a time, the newest last."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.google_passes import Terms, class_of, digest_of
from issuer.google_relaying import GoogleClaim
from issuer.schema import GoogleClass
from passes.google_parts import Body


@dataclass(frozen=True)
class ClassTurn:
    """``known``: Google has the class, of now or of before, so objects may name it.

    ``body``: to be sent first, until ``leased_until``; null: nothing is to be sent, or another worker is about it.
    """

    program_id: UUID
    kind: str
    known: bool
    body: Body | None = None
    digest: bytes = b""
    leased_until: datetime | None = None


def class_turn(session: Session, claim: GoogleClaim, terms: Terms, now: datetime, lease: timedelta) -> ClassTurn:
    """Whether the class of an object is to be sent before it. The transaction is the merchant's.

    The body is read under the row's lock, and sent under a lease: whoever sent one before had read it before. No
    request may be begun that could outlast the lease.

    :raises passes.face.FaceRefused: for what Google would refuse
    """
    row = _locked(session, claim)
    # What this transaction read before may be older than what another worker sent meanwhile.
    session.expire_all()
    body = class_of(session, claim.program_id, claim.kind, terms)
    known, digest = row.sent_at is not None, digest_of(body)
    if row.sent_digest == digest or (row.leased_until is not None and row.leased_until > now):
        return ClassTurn(claim.program_id, claim.kind, known)
    row.leased_until = now + lease
    session.flush()
    return ClassTurn(claim.program_id, claim.kind, known, body, digest, row.leased_until)


def class_sent(session: Session, turn: ClassTurn, now: datetime) -> None:
    """Google took it, be it without places. A worker that comes after its lease leaves another's alone."""
    _end(session, turn, sent_digest=turn.digest, sent_at=now, answer=None)


def class_refused(session: Session, turn: ClassTurn, answer: str, rests_until: datetime) -> None:
    """Google does not take this body; it is tried again after ``rests_until``. ``answer``: Google's, in a few words."""
    _end(session, turn, answer=answer, leased_until=rests_until)


def class_unsent(session: Session, turn: ClassTurn) -> None:
    """It is to be sent again."""
    _end(session, turn)


def refused_class(session: Session, merchant_id: UUID) -> str | None:
    """What Google answered to a design of the merchant's that it does not take."""
    refused = select(GoogleClass.answer).where(GoogleClass.merchant_id == merchant_id, GoogleClass.answer.is_not(None))
    return session.scalar(refused.limit(1))


def class_missing(session: Session, claim: GoogleClaim) -> None:
    """Google says that it has no such class: it is to be sent as if it never had been."""
    session.execute(
        update(GoogleClass)
        .where(GoogleClass.program_id == claim.program_id, GoogleClass.kind == claim.kind)
        .values(sent_digest=None, sent_at=None)
        .execution_options(synchronize_session=False)
    )


def _end(session: Session, turn: ClassTurn, **values: object) -> None:
    session.execute(
        update(GoogleClass)
        .where(GoogleClass.program_id == turn.program_id, GoogleClass.kind == turn.kind)
        .where(GoogleClass.leased_until == turn.leased_until)
        .values(**{"leased_until": None, **values})
        .execution_options(synchronize_session=False)
    )


def _locked(session: Session, claim: GoogleClaim) -> GoogleClass:
    row = insert(GoogleClass).values(program_id=claim.program_id, kind=claim.kind, merchant_id=claim.merchant_id)
    session.execute(row.on_conflict_do_nothing())
    query = select(GoogleClass).where(GoogleClass.program_id == claim.program_id, GoogleClass.kind == claim.kind)
    return session.scalars(query.with_for_update(), execution_options={"populate_existing": True}).one()

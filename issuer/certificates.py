"""Pass certificates: kept with their private key sealed, chosen by merchant or by pass type."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from issuer.keys import Keys
from issuer.schema import Certificate
from signing.certificates import PassCertificate, from_pem
from signing.envelope import seal, unseal


class CertificateMissing(Exception):
    """No certificate for this pass: the operator must import one."""

    def __init__(self, pass_type: str | None) -> None:
        what = f"pass type {pass_type}" if pass_type else "Apple passes"
        super().__init__(
            f"There is no certificate for {what}: `treuepass certificate import FILE...` puts one in place."
        )


def store(
    session: Session, keys: Keys, given: PassCertificate, now: datetime, merchant_id: UUID | None = None
) -> Certificate:
    """Keep a certificate; the newest of a pass type is the one used. ``merchant_id`` None: the platform's.

    One that is kept already is not kept twice.
    """
    known = session.scalar(select(Certificate).where(Certificate.certificate_pem == given.certificate_pem()).limit(1))
    if known is not None and known.merchant_id == merchant_id:
        return known
    row = Certificate(
        id=uuid4(),
        merchant_id=merchant_id,
        pass_type=given.pass_type,
        team_id=given.team_id,
        certificate_pem=given.certificate_pem(),
        intermediate_pem=given.intermediate_pem(),
        key_sealed=b"",
        not_after=given.not_after,
        created_at=now,
    )
    row.key_sealed = seal(keys.encryption, given.key_pem(), purpose=_purpose(row))
    session.add(row)
    session.flush()
    return row


def pass_type_for(session: Session, merchant_id: UUID) -> str | None:
    """The pass type of new passes of this merchant: its own, else the platform's, else none yet."""
    return session.scalar(
        select(Certificate.pass_type)
        .where(or_(Certificate.merchant_id == merchant_id, Certificate.merchant_id.is_(None)))
        .order_by(Certificate.merchant_id.is_(None), Certificate.created_at.desc())
        .limit(1)
    )


def newest(session: Session, pass_type: str | None) -> Certificate:
    """The certificate in use for a pass type.

    :raises CertificateMissing:
    """
    row = session.scalar(
        select(Certificate)
        .where(Certificate.pass_type == pass_type)
        .order_by(Certificate.created_at.desc(), Certificate.id)
        .limit(1)
    )
    if row is None:
        raise CertificateMissing(pass_type)
    return row


def opened(row: Certificate, keys: Keys) -> PassCertificate:
    """The certificate with its key, in memory only.

    :raises signing.envelope.SealBroken: KEY_ENCRYPTION_KEY is not the one it was stored under
    """
    key = unseal(keys.encryption, row.key_sealed, purpose=_purpose(row))
    return from_pem(row.certificate_pem, key, row.intermediate_pem)


def every(session: Session) -> list[Certificate]:
    return list(session.scalars(select(Certificate).order_by(Certificate.pass_type, Certificate.created_at)))


def _purpose(row: Certificate) -> str:
    return f"certificate {row.merchant_id or 'platform'} {row.pass_type} {row.id}"

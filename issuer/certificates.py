"""Pass certificates: asked for, taken in, kept with their private key sealed, chosen by merchant or by pass type."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from issuer import push_stops
from issuer.keys import Keys
from issuer.schema import Certificate, CertificateRequest
from signing.certificate_requests import new_request, requested_key
from signing.certificates import CertificateRefused, PassCertificate, from_pem, pass_certificate_in, public_key_of
from signing.envelope import seal, unseal
from signing.keyfiles import Found, read_files, together

COMMON_NAME = "treuepass"
NEWEST_FIRST = "created_at DESC, id"
"""Of the certificates of a pass type the first one is in use."""


class CertificateMissing(Exception):
    """No certificate for this pass: the operator must import one."""

    def __init__(self, pass_type: str | None) -> None:
        what = f"pass type {pass_type}" if pass_type else "Apple passes"
        super().__init__(
            f"There is no certificate for {what}: `treuepass certificate import FILE...` puts one in place."
        )


class CertificateRevoked(Exception):
    """Apple takes the certificate no more: the operator must have another one issued and import it."""

    def __init__(self, pass_type: str) -> None:
        super().__init__(
            f"Apple says again and again that the certificate of {pass_type} is invalid ({push_stops.INVALID}), as of "
            "one that was revoked: have another issued and put it in place with `treuepass certificate import FILE...`."
        )


@dataclass(frozen=True)
class Offer:
    """Files of any format, and what opens them.

    ``merchant_id`` None: it is for whom it was requested, else for whose pass type it is, else the platform's.
    """

    files: Sequence[bytes] = field(repr=False)
    password: bytes | None = field(default=None, repr=False)
    merchant_id: UUID | None = None


def request(session: Session, keys: Keys, now: datetime, merchant_id: UUID | None = None) -> CertificateRequest:
    """A signing request for Apple's portal. Its key stays here, sealed, until the certificate comes."""
    made = new_request(COMMON_NAME)
    row = CertificateRequest(id=uuid4(), merchant_id=merchant_id, request_pem=made.request, created_at=now)
    row.key_sealed = seal(keys.encryption, made.key, purpose=request_purpose(row))
    session.add(row)
    session.flush()
    return row


def requests(session: Session) -> list[CertificateRequest]:
    """Those that wait for their certificate, the oldest first."""
    return list(session.scalars(select(CertificateRequest).order_by(CertificateRequest.created_at)))


def take(session: Session, keys: Keys, offer: Offer, now: datetime) -> Certificate:
    """Keep the certificate among some files. Its key is among them, or was made here by `request`.

    :raises signing.certificates.CertificateRefused: one sentence that says what is wrong and what to do
    :raises signing.envelope.SealBroken: the key that was made here cannot be opened
    """
    found = read_files(offer.files, offer.password)
    kept = _kept_for(found, [*requests(session), *every(session)])
    given = pass_certificate_in(together([found, *(_opened_key(row, keys) for row in kept)]), now)
    asked = next((row for row in kept if isinstance(row, CertificateRequest)), None)
    row = store(session, keys, given, now, _owner(session, given.pass_type, offer, asked))
    if asked is not None:
        session.delete(asked)
        session.flush()
    return row


def store(
    session: Session, keys: Keys, given: PassCertificate, now: datetime, merchant_id: UUID | None = None
) -> Certificate:
    """Keep a certificate; the newest of a pass type is the one used. ``merchant_id`` None: the platform's.

    One that is kept already is not kept twice; its key is sealed anew.

    :raises signing.certificates.CertificateRefused: the pass type is another owner's or another team's
    """
    kin = list(session.scalars(select(Certificate).where(Certificate.pass_type == given.pass_type)))
    _check_kin(kin, given, merchant_id)
    row = next((one for one in kin if one.certificate_pem == given.certificate_pem()), None) or Certificate(
        id=uuid4(),
        merchant_id=merchant_id,
        pass_type=given.pass_type,
        team_id=given.team_id,
        certificate_pem=given.certificate_pem(),
        created_at=now,
    )
    row.intermediate_pem, row.not_after = given.intermediate_pem(), given.not_after
    row.key_sealed = seal(keys.encryption, given.key_pem(), purpose=key_purpose(row))
    session.add(row)
    session.flush()
    push_stops.resume(session, row.pass_type)
    return row


def pass_type_for(session: Session, merchant_id: UUID) -> str | None:
    """The pass type of new passes of this merchant: its own, else the platform's, else none yet.

    Of several the one that came last; the renewal of an older one brings nobody back to it.
    """
    return session.scalar(
        select(Certificate.pass_type)
        .where(or_(Certificate.merchant_id == merchant_id, Certificate.merchant_id.is_(None)))
        .group_by(Certificate.pass_type, Certificate.merchant_id)
        .order_by(Certificate.merchant_id.is_(None), func.min(Certificate.created_at).desc())
        .limit(1)
    )


def newest(session: Session, pass_type: str | None) -> Certificate:
    """The certificate in use for a pass type.

    :raises CertificateMissing:
    """
    row = session.scalar(
        select(Certificate).where(Certificate.pass_type == pass_type).order_by(text(NEWEST_FIRST)).limit(1)
    )
    if row is None:
        raise CertificateMissing(pass_type)
    return row


def in_use(session: Session) -> list[Certificate]:
    """The newest certificate of each pass type."""
    return list(
        session.scalars(
            select(Certificate)
            .ext(distinct_on(Certificate.pass_type))
            .order_by(Certificate.pass_type, text(NEWEST_FIRST))
        )
    )


def opened(row: Certificate, keys: Keys) -> PassCertificate:
    """The certificate with its key, in memory only.

    :raises signing.envelope.SealBroken: KEY_ENCRYPTION_KEY is not the one it was stored under
    """
    key = unseal(keys.encryption, row.key_sealed, purpose=key_purpose(row))
    return from_pem(row.certificate_pem, key, row.intermediate_pem)


def every(session: Session) -> list[Certificate]:
    return list(session.scalars(select(Certificate).order_by(Certificate.pass_type, Certificate.created_at)))


def key_purpose(row: Certificate) -> str:
    """What the sealed key of a certificate is bound to."""
    return f"certificate {row.merchant_id or 'platform'} {row.pass_type} {row.id}"


def request_purpose(row: CertificateRequest) -> str:
    """What the sealed key of a request is bound to."""
    return f"certificate request {row.merchant_id or 'platform'} {row.id}"


Kept = Certificate | CertificateRequest


def _kept_for(found: Found, rows: Iterable[Kept]) -> list[Kept]:
    """Rows with the keys that the certificates came without; requests first, each key once."""
    wanted = {public_key_of(one) for one in found.certificates} - {public_key_of(one) for one in found.keys} - {None}
    kept = list[Kept]()
    for row in rows:
        key = _public_key(row)
        if key in wanted:
            wanted.discard(key)
            kept.append(row)
    return kept


def _public_key(row: Kept) -> bytes | None:
    if isinstance(row, CertificateRequest):
        return requested_key(row.request_pem)
    return next((public_key_of(one) for one in read_files([row.certificate_pem], None).certificates), None)


def _opened_key(row: Kept, keys: Keys) -> Found:
    purpose = request_purpose(row) if isinstance(row, CertificateRequest) else key_purpose(row)
    return read_files([unseal(keys.encryption, row.key_sealed, purpose=purpose)], None)


def _owner(session: Session, pass_type: str, offer: Offer, asked: CertificateRequest | None) -> UUID | None:
    requested_for = asked.merchant_id if asked else None
    if requested_for and offer.merchant_id and requested_for != offer.merchant_id:
        raise CertificateRefused(
            f"The certificate of {pass_type} was requested for {_whom(requested_for)}, not for "
            f"{_whom(offer.merchant_id)}; import it for the one, or request another for the other."
        )
    known = session.scalar(select(Certificate.merchant_id).where(Certificate.pass_type == pass_type).limit(1))
    return offer.merchant_id or requested_for or known


def _check_kin(kin: Sequence[Certificate], given: PassCertificate, merchant_id: UUID | None) -> None:
    """Cards keep their pass type for life, so its owner and its team have to stay what they were."""
    for one in kin:
        if one.merchant_id != merchant_id:
            raise CertificateRefused(
                f"The pass type {one.pass_type} is that of {_whom(one.merchant_id)}, not of {_whom(merchant_id)}; "
                "register another Pass Type ID for each."
            )
        if one.team_id != given.team_id:
            raise CertificateRefused(
                f"The pass type {one.pass_type} is of team {one.team_id}, the certificate names team {given.team_id}; "
                f"have it issued in the developer account of {one.team_id}."
            )


def _whom(merchant_id: UUID | None) -> str:
    return f"merchant {merchant_id}" if merchant_id else "the platform"

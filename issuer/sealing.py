"""The signed file of a pass: what a process keeps of it, and what is made anew for each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from issuer import certificates, push_stops
from issuer.cards import view
from issuer.database import held, send
from issuer.drawings import artwork_of
from issuer.issuing import Look, ended, face_of, hushed, look_from
from issuer.keys import Keys
from issuer.publishing import APPLE
from issuer.registrations import last_modified, pass_token, shown_version
from issuer.remembering import Remembered
from issuer.schema import BrandVersion, Card, Certificate, Merchant, Pass
from issuer.voucher_passes import as_voucher
from passes.apple import apple_content
from passes.face import Face, FaceRefused, Issue, Sort, Stamps
from passes.lint.keys import Certified
from passes.lint.whole import refuse_content_faults, refuse_file_faults
from signing.cms import CertificateOutOfDate, Signer
from signing.pkpass import FixedFiles, fixed_files, seal_pass

_CARD, _MERCHANT = (table.__table__.columns.keys() for table in (Card, Merchant))
MADE_OF = f"""
    SELECT {", ".join(f"card.{name}" for name in _CARD)}, {", ".join(f"merchant.{name}" for name in _MERCHANT)},
        brand.id, brand.current_version, signing.id, md5(signing.key_sealed),
        EXISTS ({push_stops.IS_INVALID}),
        (SELECT loud FROM publication WHERE pass_id = %(pass)s AND channel = %(channel)s)
    FROM card
    JOIN merchant ON merchant.id = card.merchant_id
    JOIN program ON program.id = card.program_id
    JOIN brand ON brand.id = program.brand_id
    LEFT JOIN LATERAL (
        SELECT id, key_sealed FROM certificate WHERE pass_type = %(pass_type)s
        ORDER BY {certificates.NEWEST_FIRST} LIMIT 1
    ) AS signing ON true
    WHERE card.id = %(card)s
"""  # noqa: S608

_Version = tuple[UUID, int]
# A look and its pictures have some hundred kilobytes; a shop has one look, and of a grid the counts in use.
_LOOKS = Remembered[_Version, Look](64)
_FIXED = Remembered[tuple[_Version, Stamps | None, Sort], FixedFiles](128)
# Loading an RSA key costs as much as a hundred signatures. One that is imported again is sealed anew.
_SIGNERS = Remembered[tuple[UUID, str, Keys], Signer](64)


class WrongPass(Exception):
    """Send nothing: what would be sent is not the pass that was asked for, and Wallet would drop it in silence."""


NO_PASS = (
    certificates.CertificateMissing,
    certificates.CertificateRevoked,
    CertificateOutOfDate,
    FaceRefused,
    WrongPass,
)
"""Why there is no pass now: the operator has to read it, and a phone may come again later."""


@dataclass(frozen=True)
class SealedPass:
    """A .pkpass in the two parts of `seal_pass`, the version it shows and that version as an HTTP date."""

    parts: tuple[bytes, bytes]
    version: int
    modified: datetime


@dataclass(frozen=True)
class _Parts:
    """What a pass is made of. ``brand``: id and version; ``certificate``: id and what changes with its key.

    ``loud``: phones may show a note of what changed last.
    """

    card: Card
    merchant: Merchant
    brand: _Version
    certificate: tuple[UUID, str]
    loud: bool


def seal_for(session: Session, keys: Keys, issue: Pass, public_url: str, signing_time: datetime) -> SealedPass:
    """The Apple pass of a card as it is now. One that was revoked says so, and nothing of what the card became.

    :param public_url: without a slash at the end
    :raises issuer.certificates.CertificateMissing: nothing to sign with
    :raises issuer.certificates.CertificateRevoked: Apple says so
    :raises signing.cms.CertificateOutOfDate: it has ended, or has not begun
    :raises passes.face.FaceRefused: a fault that Wallet would meet in silence; such a pass is never signed
    :raises WrongPass: it would be another than was asked for
    """
    if issue.pass_type is None:
        issue.pass_type = certificates.pass_type_for(session, issue.merchant_id)
    parts = _parts(session, issue)
    version = shown_version(session, issue, parts.card)
    face = _face(session, issue, parts, public_url)
    signer = _signer(session, keys, parts.certificate)
    terms = Issue(signer.pass_type, signer.team_id, issue.serial, pass_token(issue, keys), f"{public_url}/apple")
    content = apple_content(face, terms)
    check_asked(content, issue)
    refuse_content_faults(content, Certified(signer.pass_type, signer.team_id))
    sealed = seal_pass(content, _fixed(session, parts.brand, face, signing_time), signer, signing_time)
    return SealedPass(sealed, version, last_modified(issue, version))


def check_asked(content: Mapping[str, Any], issue: Pass) -> None:
    """Apple, "Send an Updated Pass": the answer has the pass type and serial of the address. Raises WrongPass."""
    made = content.get("passTypeIdentifier"), content.get("serialNumber")
    if made != (issue.pass_type, issue.serial):
        raise WrongPass(
            f"Asked for pass {issue.serial} of {issue.pass_type}, there came {made[1]} of {made[0]}: put the "
            "certificate of that pass type in place again with `treuepass certificate import FILE...`."
        )


def _face(session: Session, issue: Pass, parts: _Parts, public_url: str) -> Face:
    shown = view(session, parts.card)
    if issue.voucher_id is not None:
        shown = replace(shown, offers=())
    face = face_of(session, shown, parts.merchant, _look(session, parts.brand), public_url)
    if issue.voucher_id is not None:
        face = as_voucher(session, issue, shown, face)
    if not parts.loud:
        face = hushed(face)
    return ended(face) if issue.revoked_at else face


def _parts(session: Session, issue: Pass) -> _Parts:
    row: tuple[Any, ...]
    values = {"card": issue.card_id, "pass_type": issue.pass_type, "pass": issue.id, "channel": APPLE}
    (row,) = send(session, MADE_OF, values)
    *_, is_invalid, loud = row
    card, merchant, brand, certificate = row[: len(_CARD)], row[len(_CARD) : -6], row[-6:-4], row[-4:-2]
    if issue.pass_type is None or certificate[0] is None:
        raise certificates.CertificateMissing(issue.pass_type)
    if is_invalid:
        raise certificates.CertificateRevoked(issue.pass_type)
    return _Parts(held(session, Card, card), held(session, Merchant, merchant), brand, certificate, loud is not False)


def _look(session: Session, brand: _Version) -> Look:
    """A version that was published never changes, nor do its pictures."""
    return _LOOKS.get(brand, lambda: look_from(session, session.get_one(BrandVersion, brand)))


def _fixed(session: Session, brand: _Version, face: Face, now: datetime) -> FixedFiles:
    """The pictures of a look, a count and a sort: drawn once, checked, hashed and laid out once a process."""

    def made() -> FixedFiles:
        pictures = artwork_of(session, session.get_one(BrandVersion, brand), face, now)
        refuse_file_faults(pictures)
        return fixed_files(pictures)

    return _FIXED.get((brand, face.stamps, face.sort), made)


def _signer(session: Session, keys: Keys, certificate: tuple[UUID, str]) -> Signer:
    def opened() -> Signer:
        return Signer(certificates.opened(session.get_one(Certificate, certificate[0]), keys))

    return _SIGNERS.get((*certificate, keys), opened)

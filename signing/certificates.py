"""The certificate that signs passes: found among uploaded files by what they hold, checked before it is kept.

Sources: Apple, "Building a Pass", "Creating a store card pass", "WWDR intermediate certificates";
RFC 5280, sections 4.2.1.1 (authority key id), 4.2.1.9 (authorities) and 6.1.3 (issuer, signature, dates).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from signing.apple_intermediates import apple_intermediates
from signing.keyfiles import CertificateRefused, Found, read_files

__all__ = [
    "CertificateFacts",
    "CertificateRefused",
    "PassCertificate",
    "facts_of",
    "from_pem",
    "pass_certificate_in",
    "public_key_of",
    "read_pass_certificate",
]

SMALLEST_KEY_BITS = 2048


@dataclass(frozen=True)
class PassCertificate:
    """A Pass Type ID certificate with its key and the authority's certificate that issued it."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey = field(repr=False)
    intermediate: x509.Certificate

    @property
    def pass_type(self) -> str:
        """The subject's UID, which every pass bears as `passTypeIdentifier`. Raises CertificateRefused."""
        uid = _subject(self.certificate, NameOID.USER_ID)
        if not uid.startswith("pass.") or uid == "pass." or not uid.isprintable():
            raise CertificateRefused(
                f"“{_name(self.certificate)}” is not a Pass Type ID certificate (its UID is {_quoted(uid)}, "
                "not “pass.…”); make one in the Apple developer account under Identifiers, Pass Type IDs."
            )
        return uid

    @property
    def team_id(self) -> str:
        """The subject's OU, which every pass bears as `teamIdentifier`. Raises CertificateRefused."""
        team = _subject(self.certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)
        if not team or not team.isprintable():
            raise CertificateRefused(
                f"“{_name(self.certificate)}” names no team (no OU in its subject); use one issued by Apple."
            )
        return team

    @property
    def not_before(self) -> datetime:
        """The first instant it may sign at (aware, UTC): its own, or its intermediate's if that begins later."""
        return max(self.certificate.not_valid_before_utc, self.intermediate.not_valid_before_utc)

    @property
    def not_after(self) -> datetime:
        """The last instant it may sign at (aware, UTC): its own, or its intermediate's if that ends before."""
        return min(self.certificate.not_valid_after_utc, self.intermediate.not_valid_after_utc)

    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def intermediate_pem(self) -> bytes:
        return self.intermediate.public_bytes(Encoding.PEM)

    def key_pem(self) -> bytes:
        """PKCS#8, not encrypted: for memory and for sealing only, never for a file."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_pass_certificate(files: Sequence[bytes], *, password: bytes | None, now: datetime) -> PassCertificate:
    """The certificate, key and intermediate among files of any format and order, checked at `now` (aware).

    Apple's own intermediates need not be among them. Raises CertificateRefused, whose text is one sentence naming
    what is wrong and what to do.
    """
    return pass_certificate_in(read_files(files, password), now)


def pass_certificate_in(found: Found, now: datetime) -> PassCertificate:
    """As `read_pass_certificate`, of what the files held."""
    leaf, key = _leaf_with_key(found, now)
    checked = PassCertificate(leaf, _rsa(key), leaf)
    _check_same_type(found, checked.pass_type, checked.team_id)
    _check_one_key(found, leaf)
    _check_dates(leaf, now, "make a new one in the Apple developer account")
    return PassCertificate(leaf, checked.key, _intermediate_of(leaf, found.certificates, now))


def from_pem(certificate: bytes, key: bytes, intermediate: bytes) -> PassCertificate:
    """What the three `_pem` methods gave. Dates are not looked at: an expired one can still be shown.

    Reading the key costs about 50 ms (it is checked), so keep the result. Raises CertificateRefused when the
    parts cannot be read or do not belong together.
    """
    found = read_files([certificate, key, intermediate], None)
    if len(found.certificates) != 2 or len(found.keys) != 1:
        raise CertificateRefused("The stored certificate is incomplete; import it again.")
    leaf, issuer = found.certificates
    if public_key_of(leaf) != public_key_of(found.keys[0]) or not _issued(leaf, issuer):
        raise CertificateRefused("The stored certificate, key and intermediate do not match; import them again.")
    return PassCertificate(leaf, _rsa(found.keys[0]), issuer)


@dataclass(frozen=True)
class CertificateFacts:
    """What a certificate says of itself, for people: ``serial`` in hexadecimal, ``fingerprint`` its SHA-256."""

    name: str
    serial: str
    not_before: datetime
    not_after: datetime
    fingerprint: str


def facts_of(certificate: bytes) -> CertificateFacts:
    """What a stored certificate (PEM) says of itself. Raises CertificateRefused when it cannot be read."""
    found = read_files([certificate], None).certificates
    if len(found) != 1:
        raise CertificateRefused("The stored certificate is incomplete; import it again.")
    return CertificateFacts(
        name=_title(found[0].subject),
        serial=f"{found[0].serial_number:X}",
        not_before=found[0].not_valid_before_utc,
        not_after=found[0].not_valid_after_utc,
        fingerprint=found[0].fingerprint(SHA256()).hex(":").upper(),
    )


def _leaf_with_key(found: Found, now: datetime) -> tuple[x509.Certificate, PrivateKeyTypes]:
    keys = {public_key_of(key): key for key in found.keys}
    leaves = [one for one in found.certificates if public_key_of(one) in keys and not _is_authority(one)]
    if not leaves:
        raise CertificateRefused(_why_no_pair(found))
    # A certificate and its renewal may lie in one file, and under one key.
    leaf = max(leaves, key=lambda one: _preference(one, now))
    return leaf, keys[public_key_of(leaf)]


def _why_no_pair(found: Found) -> str:
    leaves = [one for one in found.certificates if not _is_authority(one)]
    if not leaves:
        return "There is no Pass Type ID certificate in the files; add the one downloaded from Apple (pass.cer)."
    if not found.keys:
        return (
            f"The private key of “{_name(leaves[0])}” is missing; add the key it was requested with, export both "
            "together from Keychain Access as .p12, or have a certificate issued for a new request."
        )
    what = "private key does" if len(found.keys) == 1 else f"{len(found.keys)} private keys do"
    return f"The {what} not belong to the certificate “{_name(leaves[0])}”; add the key it was requested with."


def _check_same_type(found: Found, pass_type: str, team_id: str) -> None:
    keys = {public_key_of(key) for key in found.keys}
    for other in found.certificates:
        uid = _subject(other, NameOID.USER_ID)
        if public_key_of(other) in keys and uid.startswith("pass.") and uid != pass_type:
            raise CertificateRefused(
                f"The files hold certificates for “{pass_type}” and for “{uid}” (team {team_id}); "
                "give the files of one of them."
            )


def _check_one_key(found: Found, leaf: x509.Certificate) -> None:
    """Which of several was meant to be kept is not for us to guess."""
    keys = {public_key_of(key) for key in found.keys}
    if len(keys) > 1:
        raise CertificateRefused(
            f"There are {len(keys)} different private keys beside “{_name(leaf)}”; "
            "give that certificate and the one key it was requested with."
        )


def _rsa(key: PrivateKeyTypes) -> rsa.RSAPrivateKey:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise CertificateRefused(
            "The private key is not an RSA key and Wallet takes no other; request the certificate with RSA."
        )
    if key.key_size < SMALLEST_KEY_BITS:
        raise CertificateRefused(
            f"The RSA key has {key.key_size} bits; request the certificate with {SMALLEST_KEY_BITS} or more."
        )
    return key


def _check_dates(certificate: x509.Certificate, now: datetime, remedy: str) -> None:
    if now > certificate.not_valid_after_utc:
        day = certificate.not_valid_after_utc.date().isoformat()
        raise CertificateRefused(f"“{_title(certificate.subject)}” expired on {day}; {remedy}.")
    if now < certificate.not_valid_before_utc:
        day = certificate.not_valid_before_utc.date().isoformat()
        raise CertificateRefused(
            f"“{_title(certificate.subject)}” is valid from {day} only; check this machine's clock, or wait."
        )


def _intermediate_of(
    leaf: x509.Certificate, certificates: Sequence[x509.Certificate], now: datetime
) -> x509.Certificate:
    known = [*certificates, *apple_intermediates()]
    named = [one for one in known if one.subject == leaf.issuer and one != leaf]
    if not named:
        raise CertificateRefused(_why_no_intermediate(leaf, certificates))
    issuers = [one for one in named if _is_authority(one) and _issued(leaf, one)]
    if not issuers:
        raise CertificateRefused(
            f"The intermediate “{_title(named[0].subject)}” bears the right name but did not sign "
            f"“{_name(leaf)}”; download it again from Apple's page “Apple PKI”."
        )
    issuer = max(issuers, key=lambda one: _preference(one, now))
    _check_dates(issuer, now, "download the current one from Apple's page “Apple PKI”")
    return issuer


def _why_no_intermediate(leaf: x509.Certificate, certificates: Sequence[x509.Certificate]) -> str:
    others = [_title(one.subject) for one in certificates if _is_authority(one)]
    given = f" (given: “{'”, “'.join(others)}”)" if others else ""
    return (
        f"The intermediate “{_title(leaf.issuer)}” that issued “{_name(leaf)}” is missing{given}; "
        "download it from Apple's page “Apple PKI” and add it."
    )


def _issued(leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    wanted, own = _authority_key_id(leaf), _subject_key_id(issuer)
    if wanted is not None and own is not None and wanted != own:
        return False
    try:
        leaf.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _preference(certificate: x509.Certificate, now: datetime) -> tuple[bool, datetime]:
    """Sorts what is valid at `now` last, and among those the one valid for longest."""
    valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    return valid, certificate.not_valid_after_utc


def _is_authority(certificate: x509.Certificate) -> bool:
    found = _extension(certificate, x509.BasicConstraints)
    return isinstance(found, x509.BasicConstraints) and found.ca


def _authority_key_id(certificate: x509.Certificate) -> bytes | None:
    found = _extension(certificate, x509.AuthorityKeyIdentifier)
    return found.key_identifier if isinstance(found, x509.AuthorityKeyIdentifier) else None


def _subject_key_id(certificate: x509.Certificate) -> bytes | None:
    found = _extension(certificate, x509.SubjectKeyIdentifier)
    return found.digest if isinstance(found, x509.SubjectKeyIdentifier) else None


def _extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> x509.ExtensionType | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def public_key_of(holder: x509.Certificate | x509.CertificateSigningRequest | PrivateKeyTypes) -> bytes | None:
    """In DER (RFC 5280, SubjectPublicKeyInfo), to compare; ``None`` for a kind of key that nobody here knows."""
    try:
        return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return None


def _subject(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    values = [attribute.value for attribute in certificate.subject.get_attributes_for_oid(oid)]
    return values[0] if values and isinstance(values[0], str) else ""


def _quoted(text: str) -> str:
    return f"“{text}”" if text.isprintable() else ascii(text)


def _name(certificate: x509.Certificate) -> str:
    return _subject(certificate, NameOID.COMMON_NAME) or certificate.subject.rfc4514_string() or "unnamed"


def _title(name: x509.Name) -> str:
    """Apple's intermediates share one CN; the OU ("G4") tells them apart."""
    parts = [*name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    parts += name.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return ", ".join(str(part.value) for part in parts) or name.rfc4514_string()

"""The certificates in a signature: from the one that signed to Apple's root (RFC 5280, 6.1.3)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509.oid import NameOID

from signing.inspection_rules import Fault, fault
from signing.inspection_signature import Signature

# The public key of “Apple Root CA” (2006 to 2035), which signed every Worldwide Developer Relations intermediate
# that issues for passes (Apple, "Apple PKI").
APPLE_ROOT = b"""\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5JGpCR+R2x5HUOsF7V55
hC3rNqJXTFXsixmJ3vlLbPUHqyIwAugYPvhQCdN/QaiY+dHKZpwkaxHQo7vkGyrD
H5WeegykR4tb1BY3M8vED03OFGnRyRly9V0O1X9fm/IlA7pVj01dDfFkNSMVSxVZ
HbOU9/acns9QusFYUGePCLQg98usLCBvcLY/ATCMt0PPD5098ytJKBrI/s61uQ7Z
XhzWyz21Oq30Dw4AkguxIRYudNU8DdtiFqujcZJHU1XBry9Bs/j743DN5qNMRX4f
TGtQlkGJxHRiCxCDQYczioGxMFjsWgQyjGizjx3eZXP/Z15lvEnYdp8zFGWhd5TJ
LQIDAQAB
-----END PUBLIC KEY-----
"""
NFC = x509.ObjectIdentifier("1.2.840.113635.100.6.1.26")
"""Apple's extension of certificates for passes with NFC; Apple's common name says the same in words."""

_SOON = timedelta(days=45)


class RootUnreadable(ValueError):
    """Give the certificate or public key of the root as PEM."""


def root_key(pem: bytes) -> rsa.RSAPublicKey:
    """The key of a certificate or public key (PEM). Raises RootUnreadable."""
    try:
        key = x509.load_pem_x509_certificate(pem).public_key() if b"CERTIFICATE" in pem else load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RootUnreadable("The root is no certificate or public key in PEM; give the file of one.") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise RootUnreadable("The key of the root is not RSA, as Apple's is; give the file of another.")
    return key


def chain_faults(signature: Signature, root: rsa.RSAPublicKey, now: datetime) -> Iterator[Fault]:
    """Rows 1, 3 and 4, as far as certificates show them."""
    leaf, at = signature.leaf, signature.signed_at
    if leaf is None:
        return
    uid = subject_part(leaf, NameOID.USER_ID)
    if not uid.startswith("pass."):
        yield fault("certificate-kind", name=_name(leaf), uid=uid)
    yield from _leaf_dates(leaf, at, now)
    named = [one for one in signature.certificates if one.subject == leaf.issuer and one != leaf]
    issuers = [one for one in named if _issued(leaf, one)]
    if not named:
        yield fault("intermediate-missing", issuer=_title(leaf.issuer))
    elif not issuers:
        yield fault("intermediate-wrong", issuer=_title(leaf.issuer), key_id=_wanted_key_id(leaf))
    else:
        yield from _issuer_faults(max(issuers, key=lambda one: one.not_valid_after_utc), at, root, now)


def subject_part(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    """The first value of that kind in the subject; empty if there is none."""
    values = certificate.subject.get_attributes_for_oid(oid)
    return str(values[0].value) if values else ""


def is_for_nfc(certificate: x509.Certificate) -> bool:
    """May it sign passes with an nfc part?"""
    return any(extension.oid == NFC for extension in certificate.extensions)


def _leaf_dates(leaf: x509.Certificate, at: datetime | None, now: datetime) -> Iterator[Fault]:
    since, until = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if at is not None and not since <= at <= until:
        yield fault("signed-outside", at=_day(at), name=_name(leaf), since=_day(since), until=_day(until))
    elif until < now:
        yield fault("certificate-ended", name=_name(leaf), until=_day(until))
    elif until < now + _SOON:
        yield fault("certificate-ends", name=_name(leaf), until=_day(until))


def _issuer_faults(
    issuer: x509.Certificate, at: datetime | None, root: rsa.RSAPublicKey, now: datetime
) -> Iterator[Fault]:
    since, until = issuer.not_valid_before_utc, issuer.not_valid_after_utc
    if not _signed_by(issuer, root):
        yield fault("authority-unknown", issuer=_title(issuer.issuer))
    if at is not None and not since <= at <= until:
        dates = {"since": _day(since), "until": _day(until)}
        yield fault("intermediate-ended", at=_day(at), issuer=_title(issuer.subject), **dates)
    elif until < now:
        yield fault("intermediate-past", issuer=_title(issuer.subject), until=_day(until))


def _issued(leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Not by `verify_directly_issued_by`, which refuses the SHA-1 of Apple's first generation."""
    try:
        is_authority = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        return is_authority and _signed_by(leaf, issuer.public_key())
    except (x509.ExtensionNotFound, UnsupportedAlgorithm, ValueError):
        return False


def _signed_by(certificate: x509.Certificate, key: CertificatePublicKeyTypes) -> bool:
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    try:
        algorithm = certificate.signature_hash_algorithm
        if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _wanted_key_id(leaf: x509.Certificate) -> str:
    try:
        found = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        found = None
    return found.hex(":").upper() if found else "not written in the certificate"


def _name(certificate: x509.Certificate) -> str:
    return subject_part(certificate, NameOID.COMMON_NAME) or certificate.subject.rfc4514_string()


def _title(name: x509.Name) -> str:
    """Apple's intermediates share one CN; the OU ("G4") tells them apart."""
    parts = [*name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    parts += name.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return ", ".join(str(part.value) for part in parts) or name.rfc4514_string()


def _day(moment: datetime) -> str:
    return moment.date().isoformat()

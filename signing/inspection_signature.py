"""The signature of a pass, read and checked: a detached CMS over manifest.json (RFC 5652; clauses in the code)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from signing.der import INTEGER, OID, SEQUENCE, SET, TIME, UTC_TIME, der
from signing.inspection_ber import Ber, BerBroken, in_der, inside, octets, read_ber
from signing.inspection_rules import Fault, fault

_MOST_BYTES = 64 * 1024
_ZERO, _ZERO_PRIMITIVE = 0xA0, 0x80
_DATA, _SIGNED_DATA = bytes.fromhex("2a864886f70d010701"), bytes.fromhex("2a864886f70d010702")
_MESSAGE_DIGEST, _SIGNING_TIME = bytes.fromhex("2a864886f70d010904"), bytes.fromhex("2a864886f70d010905")
# RFC 3370, 2.1 and RFC 5754, 2: an OID's contents -> the hash.
_HASHES: dict[bytes, type[hashes.HashAlgorithm]] = {
    bytes.fromhex("2b0e03021a"): hashes.SHA1,
    bytes.fromhex("608648016503040201"): hashes.SHA256,
    bytes.fromhex("608648016503040202"): hashes.SHA384,
    bytes.fromhex("608648016503040203"): hashes.SHA512,
}
_MALFORMED = (
    BerBroken,
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True)
class Signature:
    """What could be read: who signed (None if that certificate is missing), every certificate inside, and when."""

    faults: tuple[Fault, ...]
    leaf: x509.Certificate | None = None
    certificates: tuple[x509.Certificate, ...] = ()
    signed_at: datetime | None = None


@dataclass(frozen=True)
class _SignerInfo:
    """RFC 5652, 5.3."""

    sid: Ber
    digest: bytes
    attributes: Ber | None
    signature: bytes
    values: dict[bytes, Ber] = field(default_factory=dict)


def read_signature(signature: bytes, manifest: bytes | None) -> Signature:
    """Read and check a signature; without a manifest what was signed is not compared."""
    if not signature:
        return Signature((fault("signature-empty"),))
    if len(signature) > _MOST_BYTES:
        return Signature((fault("signature-unreadable", why=f"it has {len(signature)} bytes"),))
    try:
        return _checked(signature, manifest)
    except _MALFORMED as error:
        # What stands in a certificate is parsed when it is asked for, so it may come to light at any step.
        why = "it is text, as PEM" if signature.lstrip()[:5] in (b"-----", b"MIME-") else str(error)
        return Signature((fault("signature-unreadable", why=why or "it is none of its kind"),))


def _checked(signature: bytes, manifest: bytes | None) -> Signature:
    embedded, certificates, infos = _signed_data(signature)
    if len(infos) != 1:
        return Signature((fault("signature-unreadable", why=f"it has {len(infos)} signers"),))
    info = _signer_info(infos[0])
    leaf = _named(info.sid, certificates)
    signed_at = _signing_time(info)
    faults = [fault("signature-embedded")] if embedded else []
    if leaf is None:
        faults.append(fault("signer-missing"))
    if signed_at is None:
        faults.append(fault("signing-time-missing"))
    faults += _mathematics(info, leaf, manifest)
    return Signature(tuple(faults), leaf, certificates, signed_at)


def _signed_data(signature: bytes) -> tuple[bool, tuple[x509.Certificate, ...], list[Ber]]:
    """Is the content inside, the certificates, the signers (RFC 5652, 3 and 5.1)."""
    kind, wrapped = _first(inside(read_ber(signature), SEQUENCE), 2)
    if kind.tag != OID or kind.body != _SIGNED_DATA:
        raise BerBroken("it is CMS, but no signature")
    _version, _digests, content, *rest = inside(_first(inside(wrapped, _ZERO), 1)[0], SEQUENCE)
    chosen = [part for part in rest if part.tag == _ZERO]
    found = [one for part in chosen for one in inside(part) if one.tag == SEQUENCE]
    certificates = tuple(x509.load_der_x509_certificate(one.raw) for one in found)
    for certificate in certificates:
        _ = certificate.subject, certificate.issuer, certificate.extensions
    infos = _first([part for part in rest if part.tag == SET], 1)[0]
    return len(inside(content, SEQUENCE)) > 1, certificates, inside(infos)


def _signer_info(value: Ber) -> _SignerInfo:
    _version, sid, digest, *rest = inside(value, SEQUENCE)
    attributes = next((part for part in rest if part.tag == _ZERO), None)
    # The signature follows its algorithm, the second SEQUENCE; what comes after it is not signed.
    algorithm = next((place for place, part in enumerate(rest) if part.tag == SEQUENCE), len(rest))
    values = {}
    for attribute in inside(attributes) if attributes else ():
        kind, held = _first(inside(attribute, SEQUENCE), 2)
        values[kind.body] = _first(inside(held, SET), 1)[0]
    signature = octets(_first(rest[algorithm + 1 :], 1)[0])
    return _SignerInfo(sid, _first(inside(digest, SEQUENCE), 1)[0].body, attributes, signature, values)


def _first(values: list[Ber], count: int) -> list[Ber]:
    if len(values) < count:
        raise BerBroken("a part of it is missing")
    return values[:count]


def _named(sid: Ber, certificates: tuple[x509.Certificate, ...]) -> x509.Certificate | None:
    """The one named by issuer and serial number, or by key id (RFC 5652, 5.3)."""
    if sid.tag != SEQUENCE:
        return next((one for one in certificates if _named_key_id(sid) == _key_id(one)), None)
    issuer, serial = _first(inside(sid), 2)
    number = int.from_bytes(serial.body, "big", signed=True) if serial.tag == INTEGER else None
    # Written out once, not for each certificate: it may be as long as the whole signature.
    name = in_der(issuer)
    same = (one for one in certificates if one.serial_number == number and one.issuer.public_bytes() == name)
    return next(same, None)


def _named_key_id(sid: Ber) -> bytes | None:
    """The key id a signer is named by; None when it is written in no known way."""
    return sid.body if sid.tag == _ZERO_PRIMITIVE else None


def _key_id(certificate: x509.Certificate) -> bytes:
    """A certificate's own key id (RFC 5280, 4.2.1.2); empty if it has none."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return b""


def _signing_time(info: _SignerInfo) -> datetime | None:
    """RFC 5652, 11.3."""
    value = info.values.get(_SIGNING_TIME)
    if value is None or value.tag not in (UTC_TIME, TIME):
        return None
    form = "%y%m%d%H%M%SZ" if value.tag == UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(value.body.decode("ascii"), form).replace(tzinfo=UTC)


def _mathematics(info: _SignerInfo, leaf: x509.Certificate | None, manifest: bytes | None) -> Iterator[Fault]:
    algorithm = _HASHES.get(info.digest)
    if algorithm is None:
        yield fault("signature-algorithm", what=f"an unknown hash (OID {info.digest.hex()})")
        return
    digest = info.values.get(_MESSAGE_DIGEST)
    if info.attributes is not None and manifest is not None:
        yield from _same_manifest(octets(digest) if digest else b"", algorithm().name, manifest)
    if leaf is None:
        return
    key = leaf.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        yield fault("signature-algorithm", what="a key that is not RSA")
    elif not any(_verifies(key, info.signature, signed, algorithm()) for signed in _what_is_signed(info, manifest)):
        yield fault("signature-wrong")


def _same_manifest(digest: bytes, algorithm: str, manifest: bytes) -> Iterator[Fault]:
    if digest == hashlib.new(algorithm, manifest, usedforsecurity=False).digest():
        return
    lines = manifest.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    is_lines = digest == hashlib.new(algorithm, lines, usedforsecurity=False).digest()
    yield fault("signature-lines" if is_lines else "signature-other")


def _what_is_signed(info: _SignerInfo, manifest: bytes | None) -> Iterator[bytes]:
    """RFC 5652, 5.4: the attributes as a SET in DER, and some sign them in the order they send them."""
    if info.attributes is None:
        yield from (manifest,) if manifest is not None else ()
        return
    yield in_der(info.attributes, SET)
    parts = sorted(in_der(part) for part in inside(info.attributes))
    yield der(SET, b"".join(parts))


def _verifies(key: rsa.RSAPublicKey, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm) -> bool:
    try:
        key.verify(signature, signed, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True

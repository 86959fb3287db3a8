"""A detached CMS signature laid by hand: SignedData of RFC 5652 in DER (X.690), RSA with SHA-256.

What is the same in every signature of a certificate is laid once, so that signing costs hardly more than the RSA key.
"""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from signing.certificates import PassCertificate

_INTEGER, _OCTETS, _NULL, _OID, _UTC_TIME, _TIME, _SEQUENCE, _SET = 0x02, 0x04, 0x05, 0x06, 0x17, 0x18, 0x30, 0x31
_ZERO = 0xA0  # [0] of the context, constructed
_PADDING, _HASH = PKCS1v15(), SHA256()


def _der(tag: int, *parts: bytes) -> bytes:
    """A value behind its tag and its length, the shortest that says it (X.690, 8.1.3 and 10.1)."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _integer(number: int) -> bytes:
    """X.690, 8.3: two's complement, so that a leading bit that is set gets a zero before it."""
    return _der(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


# Object identifiers as they are encoded: RFC 5652, 4 and 5.1, and 11.1, 11.2, 11.3.
_DATA, _SIGNED_DATA = (_der(_OID, bytes.fromhex(f"2a864886f70d0107{number}")) for number in ("01", "02"))
_CONTENT_TYPE, _DIGEST, _AT = (_der(_OID, bytes.fromhex(f"2a864886f70d0109{number}")) for number in ("03", "04", "05"))
# RFC 5754, 2.2; RFC 3370, 3.2 (rsaEncryption, whose parameters are NULL).
_SHA256 = _der(_SEQUENCE, _der(_OID, bytes.fromhex("608648016503040201")), _der(_NULL))
_RSA = _der(_SEQUENCE, _der(_OID, bytes.fromhex("2a864886f70d010101")), _der(_NULL))
# RFC 5652, 11.1, and 11.2 up to the 32 bytes of the digest.
_IS_DATA = _der(_SEQUENCE, _CONTENT_TYPE, _der(_SET, _DATA))
_HAS_DIGEST = _der(_SEQUENCE, _DIGEST, _der(_SET, _der(_OCTETS, bytes(32))))[:-32]


class Signer:
    """A certificate ready to sign."""

    def __init__(self, certificate: PassCertificate) -> None:
        self.pass_type, self.team_id = certificate.pass_type, certificate.team_id
        self._key = certificate.key
        # A time of four digits a year makes the attributes longer; nothing else changes its length.
        blanks = (_attributes(b"", datetime(year, 1, 1, tzinfo=UTC)) for year in (2049, 2050))
        self._around = {len(blank): _around(certificate, blank) for blank in blanks}

    def sign(self, content: bytes, now: datetime) -> bytes:
        """A ContentInfo in DER (RFC 5652, 3): SHA-256, the signing time in whole seconds, both certificates inside.

        :param now: aware; Wallet wants it inside the certificate's dates
        """
        attributes = _attributes(content, now)
        before, after = self._around[len(attributes)]
        # 5.4: what is signed bears the tag of a SET, where 5.3 sends it under that of [0].
        return b"".join((before, attributes, after, self._key.sign(_der(_SET, attributes), _PADDING, _HASH)))


def _head(certificate: PassCertificate) -> bytes:
    """5.1: version 1 (X.509 certificates, data, a signer named by his issuer), the digest; 5.2: content that is absent,
    so the signature is detached; 10.2.3: the certificates, ordered as in a SET OF (X.690, 11.6)."""
    both = {one.public_bytes(Encoding.DER) for one in (certificate.certificate, certificate.intermediate)}
    return _integer(1) + _der(_SET, _SHA256) + _der(_SEQUENCE, _DATA) + _der(_ZERO, *sorted(both))


def _signer(certificate: PassCertificate) -> bytes:
    """5.3: version 1, which goes with 10.2.4: issuer and serial number; then the digest."""
    leaf = certificate.certificate
    return _integer(1) + _der(_SEQUENCE, leaf.issuer.public_bytes(), _integer(leaf.serial_number)) + _SHA256


def _around(certificate: PassCertificate, blank: bytes) -> tuple[bytes, bytes]:
    """What stands before and after attributes as long as ``blank`` in a ContentInfo (3), up to the signature (5.3)."""
    tail = _RSA + _der(_OCTETS, bytes(size := certificate.key.key_size // 8))
    info = _der(_SEQUENCE, _signer(certificate), _der(_ZERO, blank), tail)
    whole = _der(_SEQUENCE, _SIGNED_DATA, _der(_ZERO, _der(_SEQUENCE, _head(certificate), _der(_SET, info))))
    return whole[: -len(tail) - len(blank)], tail[:-size]


def _attributes(content: bytes, now: datetime) -> bytes:
    """Content type, signing time, message digest (RFC 5652, 11): the shortest first, as DER has it (X.690, 11.6)."""
    return b"".join((_IS_DATA, _signed_at(int(now.timestamp())), _HAS_DIGEST, hashlib.sha256(content).digest()))


@lru_cache(maxsize=16)
def _signed_at(second: int) -> bytes:
    """RFC 5652, 11.3: two digits of the year until 2049, four from then on."""
    now = datetime.fromtimestamp(second, UTC)
    tag, year = (_UTC_TIME, "%y") if now.year <= 2049 else (_TIME, "%Y")
    return _der(_SEQUENCE, _AT, _der(_SET, _der(tag, now.strftime(f"{year}%m%d%H%M%SZ").encode())))

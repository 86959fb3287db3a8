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
from signing.der import INTEGER, NULL, OCTETS, OID, SEQUENCE, SET, TIME, UTC_TIME, der

_ZERO = 0xA0  # [0] of the context, constructed
_PADDING, _HASH = PKCS1v15(), SHA256()


def _integer(number: int) -> bytes:
    """X.690, 8.3: two's complement, so that a leading bit that is set gets a zero before it."""
    return der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


# Object identifiers as they are encoded: RFC 5652, 4 and 5.1, and 11.1, 11.2, 11.3.
_DATA, _SIGNED_DATA = (der(OID, bytes.fromhex(f"2a864886f70d0107{number}")) for number in ("01", "02"))
_CONTENT_TYPE, _DIGEST, _AT = (der(OID, bytes.fromhex(f"2a864886f70d0109{number}")) for number in ("03", "04", "05"))
# RFC 5754, 2.2; RFC 3370, 3.2 (rsaEncryption, whose parameters are NULL).
_SHA256 = der(SEQUENCE, der(OID, bytes.fromhex("608648016503040201")), der(NULL))
_RSA = der(SEQUENCE, der(OID, bytes.fromhex("2a864886f70d010101")), der(NULL))
# RFC 5652, 11.1, and 11.2 up to the 32 bytes of the digest.
_IS_DATA = der(SEQUENCE, _CONTENT_TYPE, der(SET, _DATA))
_HAS_DIGEST = der(SEQUENCE, _DIGEST, der(SET, der(OCTETS, bytes(32))))[:-32]


class CertificateOutOfDate(Exception):
    """Put a certificate in place that is valid now, or set the clock right; phones refuse what this one would sign."""

    def __init__(self, pass_type: str, since: datetime, until: datetime, now: datetime) -> None:
        dates = " to ".join(f"{one.astimezone(UTC):%Y-%m-%d %H:%M}" for one in (since, until))
        super().__init__(
            f"The certificate of {pass_type}, with its intermediate, signs from {dates} UTC, and this machine's clock "
            f"says {now.astimezone(UTC):%Y-%m-%d %H:%M}: put another in place with `treuepass certificate import "
            "FILE...`, or set the clock if that is wrong."
        )


class Signer:
    """A certificate ready to sign."""

    def __init__(self, certificate: PassCertificate) -> None:
        self.pass_type, self.team_id = certificate.pass_type, certificate.team_id
        self._since, self._until = certificate.not_before, certificate.not_after
        self._key = certificate.key
        # A time of four digits a year makes the attributes longer; nothing else changes its length.
        blanks = (_attributes(b"", datetime(year, 1, 1, tzinfo=UTC)) for year in (2049, 2050))
        self._around = {len(blank): _around(certificate, blank) for blank in blanks}

    def sign(self, content: bytes, now: datetime) -> bytes:
        """A ContentInfo in DER (RFC 5652, 3): SHA-256, the signing time in whole seconds, both certificates inside.

        :param now: aware
        :raises CertificateOutOfDate: it or its intermediate is not valid at ``now`` (RFC 5280, 6.1.3)
        """
        if not self._since <= now <= self._until:
            raise CertificateOutOfDate(self.pass_type, self._since, self._until, now)
        attributes = _attributes(content, now)
        before, after = self._around[len(attributes)]
        # 5.4: what is signed bears the tag of a SET, where 5.3 sends it under that of [0].
        return b"".join((before, attributes, after, self._key.sign(der(SET, attributes), _PADDING, _HASH)))


def _head(certificate: PassCertificate) -> bytes:
    """5.1: version 1 (X.509 certificates, data, a signer named by his issuer), the digest; 5.2: content that is absent,
    so the signature is detached; 10.2.3: the certificates, ordered as in a SET OF (X.690, 11.6)."""
    both = {one.public_bytes(Encoding.DER) for one in (certificate.certificate, certificate.intermediate)}
    return _integer(1) + der(SET, _SHA256) + der(SEQUENCE, _DATA) + der(_ZERO, *sorted(both))


def _signer(certificate: PassCertificate) -> bytes:
    """5.3: version 1, which goes with 10.2.4: issuer and serial number; then the digest."""
    leaf = certificate.certificate
    return _integer(1) + der(SEQUENCE, leaf.issuer.public_bytes(), _integer(leaf.serial_number)) + _SHA256


def _around(certificate: PassCertificate, blank: bytes) -> tuple[bytes, bytes]:
    """What stands before and after attributes as long as ``blank`` in a ContentInfo (3), up to the signature (5.3)."""
    tail = _RSA + der(OCTETS, bytes(size := certificate.key.key_size // 8))
    info = der(SEQUENCE, _signer(certificate), der(_ZERO, blank), tail)
    whole = der(SEQUENCE, _SIGNED_DATA, der(_ZERO, der(SEQUENCE, _head(certificate), der(SET, info))))
    return whole[: -len(tail) - len(blank)], tail[:-size]


def _attributes(content: bytes, now: datetime) -> bytes:
    """Content type, signing time, message digest (RFC 5652, 11): the shortest first, as DER has it (X.690, 11.6)."""
    return b"".join((_IS_DATA, _signed_at(int(now.timestamp())), _HAS_DIGEST, hashlib.sha256(content).digest()))


@lru_cache(maxsize=16)
def _signed_at(second: int) -> bytes:
    """RFC 5652, 11.3: two digits of the year until 2049, four from then on."""
    now = datetime.fromtimestamp(second, UTC)
    tag, year = (UTC_TIME, "%y") if now.year <= 2049 else (TIME, "%Y")
    return der(SEQUENCE, _AT, der(SET, der(tag, now.strftime(f"{year}%m%d%H%M%SZ").encode())))

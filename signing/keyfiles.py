"""What lies in the files a merchant uploads: PEM, DER and PKCS#12 (RFC 7468, 5280, 7292), in any mix."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)

_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)
# SEQUENCE { INTEGER 3 ...: so begins a PFX; a key has the integer 0 or a SEQUENCE there.
_PFX_HEAD = re.compile(rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...)\x02\x01\x03", re.DOTALL)

_BROKEN = (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)


class CertificateRefused(ValueError):
    """Show the sentence and ask for other files; it says what is wrong and what to do."""


class PasswordMissing(CertificateRefused):
    """Ask for the password and try again, or show the sentence."""


@dataclass(frozen=True)
class Found:
    """All certificates and private keys of some files, in the order they were met."""

    certificates: tuple[x509.Certificate, ...]
    keys: tuple[PrivateKeyTypes, ...]


_Loader = Callable[[bytes, bytes | None], PrivateKeyTypes]


def read_files(files: Sequence[bytes], password: bytes | None) -> Found:
    """Everything in the files; the password is tried where one is needed. Raises CertificateRefused."""
    if password and b"\0" in password:
        # The library does not refuse it but ends the process.
        raise CertificateRefused(
            "The password holds a zero byte, as in UTF-16; give it as a line of plain text (UTF-8)."
        )
    parts = [_read_file(data, password, f"File {place}") for place, data in enumerate(files, start=1)]
    return together(parts)


def _read_file(data: bytes, password: bytes | None, name: str) -> Found:
    if b"-----BEGIN " in data:
        return _read_pem(data, password, name)
    if _PFX_HEAD.match(data):
        return _read_pkcs12(data, password, name)
    return _read_der(data, password, name)


def _read_pem(data: bytes, password: bytes | None, name: str) -> Found:
    blocks = [(match[1], match[0] + b"\n") for match in _PEM_BLOCK.finditer(data)]
    if not blocks:
        raise CertificateRefused(f"{name} begins a PEM block that never ends; copy the whole file again.")
    return together(_read_block(label, block, password, name) for label, block in blocks)


def _read_block(label: bytes, block: bytes, password: bytes | None, name: str) -> Found:
    if label.endswith(b"PRIVATE KEY"):
        return Found((), (_load_key(load_pem_private_key, block, password, name),))
    if label != b"CERTIFICATE":
        # A request or a public key often lies beside the certificate; it does no harm and is of no use.
        return Found((), ())
    try:
        return Found((_whole(x509.load_pem_x509_certificate(block)),), ())
    except _BROKEN as error:
        raise CertificateRefused(f"{name} holds a damaged certificate; download it again.") from error


def _read_pkcs12(data: bytes, password: bytes | None, name: str) -> Found:
    try:
        store = pkcs12.load_pkcs12(data, password or None)
    # TypeError: the library's own mistake about a password that is not UTF-8.
    except (*_BROKEN, TypeError) as error:
        if password:
            raise CertificateRefused(
                f"{name} is a .p12 file, but the password does not open it, or it is damaged; "
                "give the password of its export."
            ) from error
        raise PasswordMissing(
            f"{name} is a .p12 file, but it is locked by a password or damaged; give the password of its export."
        ) from error
    inside = ([store.cert] if store.cert else []) + list(store.additional_certs)
    try:
        certificates = tuple(_whole(one.certificate) for one in inside)
    except _BROKEN as error:
        raise CertificateRefused(f"{name} holds a damaged certificate; export it again.") from error
    return Found(certificates, (store.key,) if store.key else ())


def _read_der(data: bytes, password: bytes | None, name: str) -> Found:
    try:
        return Found((_whole(x509.load_der_x509_certificate(data)),), ())
    except _BROKEN:
        return Found((), (_load_key(load_der_private_key, data, password, name),))


def _whole(certificate: x509.Certificate) -> x509.Certificate:
    # Names and extensions are parsed when first asked for; ask here, where a failure can still name the file.
    _ = certificate.subject, certificate.issuer, certificate.extensions
    return certificate


def _load_key(load: _Loader, data: bytes, password: bytes | None, name: str) -> PrivateKeyTypes:
    try:
        return load(data, None)
    except TypeError:
        return _load_locked_key(load, data, password, name)
    except _BROKEN as error:
        raise CertificateRefused(
            f"{name} ({len(data)} bytes) is neither a certificate nor a private key that can be read; "
            "give PEM, DER (.cer) or .p12 files."
        ) from error


def _load_locked_key(load: _Loader, data: bytes, password: bytes | None, name: str) -> PrivateKeyTypes:
    if not password:
        raise PasswordMissing(f"The private key in {name.lower()} is locked by a password; give it as well.")
    try:
        return load(data, password)
    except _BROKEN as error:
        raise CertificateRefused(
            f"The password does not open the private key in {name.lower()}; give the one it was locked with."
        ) from error


def together(parts: Iterable[Found]) -> Found:
    """All that several finds hold, in their order."""
    certificates: list[x509.Certificate] = []
    keys: list[PrivateKeyTypes] = []
    for part in parts:
        certificates += part.certificates
        keys += part.keys
    return Found(tuple(certificates), tuple(keys))

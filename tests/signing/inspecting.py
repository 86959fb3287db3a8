"""Passes sealed rightly, to be changed in one thing and packed."""

import hashlib
import io
import json
import stat
import warnings
import zipfile
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from signing.inspection import Inspected, inspect_pass
from tests.signing.throwaway import NOW, Authority, Issued

FILES = {"pass.json": b"{}", "icon.png": b"\x89PNG\r\n\x1a\n", "de.lproj/pass.strings": b'"a" = "b";'}
USUAL = (PKCS7Options.DetachedSignature, PKCS7Options.Binary)


def manifest_of(files: Mapping[str, bytes], *, indent: int | None = None) -> bytes:
    hashes = {name: hashlib.sha1(data, usedforsecurity=False).hexdigest() for name, data in files.items()}
    return json.dumps(hashes, indent=indent).encode()


def signed(
    manifest: bytes,
    leaf: Issued,
    *others: Issued,
    options: tuple[PKCS7Options, ...] = USUAL,
    key: Issued | None = None,
) -> bytes:
    """A signature by the leaf (or by another's key in its name), with the other certificates in it."""
    builder = PKCS7SignatureBuilder().set_data(manifest)
    builder = builder.add_signer(leaf.certificate, (key or leaf).key, SHA256())  # type: ignore[arg-type]
    for other in others:
        builder = builder.add_certificate(other.certificate)
    return builder.sign(Encoding.DER, list(options))


def sealed(authority: Authority, files: Mapping[str, bytes] = FILES) -> dict[str, bytes]:
    manifest = manifest_of(files)
    signature = signed(manifest, authority.issue(), authority.intermediate)
    return {**files, "manifest.json": manifest, "signature": signature}


def pack(files: Mapping[str, bytes], *, link: str = "", method: int = zipfile.ZIP_STORED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            entry.external_attr = (stat.S_IFLNK if name == link else stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, data)
    return made.getvalue()


def with_entry(packed: bytes, name: str, data: bytes) -> bytes:
    """The archive with one more entry, whether or not it has one of that name."""
    made = io.BytesIO(packed)
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(made, "a") as archive:
        archive.writestr(name, data)
    return made.getvalue()


def inspected(data: bytes, authority: Authority, now: datetime = NOW) -> Inspected:
    return inspect_pass(data, now=now, root_pem=authority.root.pem)


def codes(data: bytes, authority: Authority, now: datetime = NOW) -> list[str]:
    return [one.code for one in inspected(data, authority, now).faults]

"""The sealed pass: pass.json and images, a manifest of their hashes, a signature over it, in one ZIP.

Source: Apple, "Building a Pass", and Wallet Developer Guide, "Pass Design and Creation".
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from signing.certificates import PassCertificate

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_NAMES = re.compile(
    r"(?:pass|personalization)\.json|[A-Za-z]+(?:@[23]x)?\.png"
    r"|[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\.lproj/(?:pass\.strings|[A-Za-z]+(?:@[23]x)?\.png)",
    re.ASCII,
)


class PassMismatch(ValueError):
    """Build the pass for this certificate, or take the other one; Wallet would drop it in silence."""


class PassFilesRefused(ValueError):
    """Mend the files of the pass; one is missing, unreadable, or has no place in a pass."""


def seal_pass(files: Mapping[str, bytes], certificate: PassCertificate) -> bytes:
    """The .pkpass (application/vnd.apple.pkpass) of `files`, keyed by path inside the pass.

    The signing time is this machine's clock; Wallet wants it inside the certificate's dates. Two seals of
    the same files differ in the signature only. Raises PassFilesRefused and PassMismatch.
    """
    _check_names(files)
    _check_identity(files["pass.json"], certificate)
    manifest = _manifest(files)
    return _packed({**files, "manifest.json": manifest, "signature": sign_detached(manifest, certificate)})


def sign_detached(content: bytes, certificate: PassCertificate) -> bytes:
    """A detached CMS signature (RFC 5652) in DER: SHA-256, signing time, both certificates inside."""
    builder = PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate.certificate, certificate.key, SHA256())
    builder = builder.add_certificate(certificate.intermediate)
    # Without Binary every LF is signed as CRLF, and only a manifest of one line would still verify.
    return builder.sign(Encoding.DER, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])


def _check_names(files: Mapping[str, bytes]) -> None:
    if "pass.json" not in files:
        raise PassFilesRefused("The pass has no pass.json; add it at the top level.")
    for name in files:
        if not _NAMES.fullmatch(name):
            raise PassFilesRefused(f"“{name}” has no place in a pass; take it out.")


def _check_identity(pass_json: bytes, certificate: PassCertificate) -> None:
    try:
        content = json.loads(pass_json.decode("utf-8"), object_pairs_hook=_without_doubles)
    except ValueError as error:
        raise PassFilesRefused(f"pass.json is not JSON in UTF-8 ({error}); write it anew.") from error
    if not isinstance(content, dict):
        raise PassFilesRefused("pass.json holds no JSON object; write it anew.")
    wanted = {"passTypeIdentifier": certificate.pass_type, "teamIdentifier": certificate.team_id}
    for key, value in wanted.items():
        if content.get(key) != value:
            raise PassMismatch(
                f"pass.json says {key} “{content.get(key)}”, the certificate “{value}”; they must be equal."
            )


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Readers differ on which of two equal keys counts: the ids checked here might not be those Wallet reads.
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands there twice")
    return dict(pairs)


def _manifest(files: Mapping[str, bytes]) -> bytes:
    # SHA-1 is Apple's format; the strength lies in the signature over the manifest.
    hashes = {name: hashlib.sha1(files[name], usedforsecurity=False).hexdigest() for name in sorted(files)}
    return json.dumps(hashes, separators=(",", ":")).encode()


def _packed(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_EARLIEST)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name])
    return target.getvalue()

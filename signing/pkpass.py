"""The sealed pass: pass.json and images, a manifest of their hashes, a signature over it, in one ZIP.

What many passes share is read, hashed and laid out once (`FixedFiles`); a seal joins it to what is one pass's own.
Sources: Apple, "Building a Pass", and Wallet Developer Guide, "Pass Design and Creation"; PKWARE, APPNOTE.TXT 6.3.10.
"""

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from signing.cms import Signer

PASS, MANIFEST, SIGNATURE = "pass.json", "manifest.json", "signature"
_NAMES = re.compile(
    r"personalization\.json|[A-Za-z]+(?:@[23]x)?\.png"
    r"|[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\.lproj/(?:pass\.strings|[A-Za-z]+(?:@[23]x)?\.png)",
    re.ASCII,
)
# APPNOTE 4.3.7 and 4.3.12: what both headers of a file say, then what only the directory says; 4.3.16: the end.
_BOTH, _MORE, _END = struct.Struct("<5H3L2H"), struct.Struct("<3H2L"), struct.Struct("<4s4H2LH")
_LOCAL, _CENTRAL = b"PK\3\4", b"PK\1\2\x14\3"  # made by Unix, version 2.0
_HEADER_BYTES = len(_LOCAL) + _BOTH.size
# Stored, without a time, on the first day there is: 1980-01-01.
_VERSION, _FLAGS, _STORED, _MIDNIGHT, _FIRST_DAY = 20, 0, 0, 0, 0x21
_READABLE_FILE = 0o100644 << 16


class PassMismatch(ValueError):
    """Build the pass for this certificate, or take the other one; Wallet would drop it in silence."""


class PassFilesRefused(ValueError):
    """Mend the files of the pass; one is missing, unreadable, or has no place in a pass."""


@dataclass(frozen=True)
class FixedFiles:
    """The files that passes have in common, as they lie in each of them. Made by `fixed_files`.

    ``entries``: the beginning of the ZIP; ``directory``: what its directory says of them; ``hashes``: the beginning
    of the manifest; ``count``: how many files.
    """

    entries: bytes
    directory: bytes
    hashes: bytes
    count: int


def fixed_files(files: Mapping[str, bytes]) -> FixedFiles:
    """Everything but pass.json, by path inside the pass: images, and texts by language. The order does not matter.

    Raises PassFilesRefused for a file that has no place in a pass.
    """
    zipped = _Zip()
    for name in sorted(files):
        if not _NAMES.fullmatch(name):
            raise PassFilesRefused(f"“{name}” has no place in a pass; take it out.")
        zipped.add(name, files[name])
    hashes = b"".join(_hash(name, files[name]) + b"," for name in sorted(files))
    return FixedFiles(b"".join(zipped.entries), b"".join(zipped.directory), hashes, zipped.count)


def seal_pass(content: Mapping[str, Any], fixed: FixedFiles, signer: Signer, now: datetime) -> tuple[bytes, bytes]:
    """The .pkpass (application/vnd.apple.pkpass) of the object that pass.json is to hold, and of its fixed files.

    It comes in two parts to be sent one after the other. The first is the one that passes share: copying hundreds of
    kilobytes into each of them would cost as much as all the rest beside the signature.

    Two seals of the same values differ in the signature only. Raises PassFilesRefused for what JSON cannot say,
    PassMismatch and CertificateOutOfDate.

    :param now: aware, the signing time
    """
    _check_identity(content, signer)
    pass_json = _json(content)
    manifest = b"{%b%b}" % (fixed.hashes, _hash(PASS, pass_json))
    zipped = _Zip(fixed)
    zipped.add(PASS, pass_json)
    zipped.add(MANIFEST, manifest)
    zipped.add(SIGNATURE, signer.sign(manifest, now))
    return fixed.entries, zipped.end()


def _check_identity(content: Mapping[str, Any], signer: Signer) -> None:
    for key, value in (("passTypeIdentifier", signer.pass_type), ("teamIdentifier", signer.team_id)):
        if content.get(key) != value:
            raise PassMismatch(
                f"pass.json says {key} “{content.get(key)}”, the certificate “{value}”; they must be equal."
            )


def _json(content: Mapping[str, Any]) -> bytes:
    """In UTF-8 without BOM ("Creating the Source for a Pass"). The same values give the same bytes."""
    try:
        written = to_json(content)
        if b"NaN" in written or b"Infinity" in written:  # numbers that JSON does not know, or else a text
            json.dumps(content, allow_nan=False)
        return written
    except ValueError as error:
        raise PassFilesRefused(f"pass.json cannot be written as JSON in UTF-8 ({error}); mend its values.") from error


def _hash(name: str, data: bytes) -> bytes:
    # SHA-1 is Apple's format; the strength lies in the signature over the manifest.
    return b'"%b":"%b"' % (name.encode(), hashlib.sha1(data, usedforsecurity=False).hexdigest().encode())


class _Zip:
    """A ZIP, or what follows upon the fixed files of one.

    Nothing is deflated, as PNGs are already. No ZIP64, which a phone need not read.
    """

    def __init__(self, fixed: FixedFiles | None = None) -> None:
        self.entries = list[bytes]()
        self.directory = [fixed.directory] if fixed else []
        self.count = fixed.count if fixed else 0
        self.size = len(fixed.entries) if fixed else 0

    def add(self, name: str, data: bytes) -> None:
        path, size = name.encode("ascii"), len(data)
        told = _BOTH.pack(_VERSION, _FLAGS, _STORED, _MIDNIGHT, _FIRST_DAY, zlib.crc32(data), size, size, len(path), 0)
        self.directory += (_CENTRAL, told, _MORE.pack(0, 0, 0, _READABLE_FILE, self.size), path)
        self.entries += (_LOCAL, told, path, data)
        self.size += _HEADER_BYTES + len(path) + size
        self.count += 1

    def end(self) -> bytes:
        """The entries that were added, and the directory of all."""
        directory = b"".join(self.directory)
        end = _END.pack(b"PK\5\6", 0, 0, self.count, self.count, len(directory), self.size, 0)
        return b"".join((*self.entries, directory, end))

"""The archive of a pass, unpacked in bounded memory whatever it claims (PKWARE, APPNOTE.TXT 6.3.10)."""

import io
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator

from signing.inspection_rules import Fault, fault

MOST_BYTES = 32 * 1024 * 1024
"""Of a pass, packed and unpacked. Apple names no limit; a pass with every picture in every scale has one million."""

MOST_FILES = 1000
_DIRECTORY_ENTRY = b"PK\1\2"
_KNOWN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError),
    *(EOFError, ValueError, OverflowError, OSError),
)
_KINDS = (
    (b"{", "it is JSON, as of an error that a server answered with"),
    (b"[", "it is JSON, as of an error that a server answered with"),
    (b"<", "it is a web page, as of an error or a sign-in that a server answered with"),
    (b"\x89PNG", "it is a picture (PNG)"),
    (b"\xff\xd8\xff", "it is a picture (JPEG)"),
    (b"%PDF", "it is a PDF"),
    (b"-----BEGIN", "it is a certificate, key or signature (PEM)"),
    (b"\x1f\x8b", "it is compressed by gzip, as by a server on the way; its inside may be a pass"),
    (b"Rar!", "it is another kind of archive (RAR)"),
    (b"7z\xbc\xaf", "it is another kind of archive (7z)"),
)


class NoArchive(Exception):
    """Show the fault and go no further; there is nothing inside that could be looked at."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.code)


def unpacked(data: bytes) -> tuple[dict[str, bytes], list[Fault]]:
    """The files by path, and what is wrong with how they are packed.

    Raises NoArchive for what is no ZIP, is damaged, or unfolds to more than 32 MB or 1000 files.
    """
    _refuse_other_kinds(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
            faults = list(_entry_faults(entries))
            usable = [entry for entry in entries if entry.compress_type in _KNOWN_METHODS]
            files, folder = _read(archive, usable), _folder_around(entries)
            # The rest is looked at as if they stood where they should.
            return {name.removeprefix(folder): held for name, held in files.items()}, faults
    except _BROKEN as error:
        raise NoArchive(fault("zip-damaged", why=str(error) or type(error).__name__)) from error


def _refuse_other_kinds(data: bytes) -> None:
    if len(data) > MOST_BYTES or data.count(_DIRECTORY_ENTRY) > 2 * MOST_FILES:
        raise NoArchive(fault("zip-too-big", most=f"{MOST_BYTES // 2**20} MB or {MOST_FILES} files"))
    if data.startswith(b"PK"):
        return
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    kind = next((kind for start, kind in _KINDS if head.startswith(start)), "it is no ZIP archive")
    raise NoArchive(fault("not-a-zip", what=kind if data else "the file is empty"))


def _entry_faults(entries: list[zipfile.ZipInfo]) -> Iterator[Fault]:
    names = Counter(entry.orig_filename for entry in entries)
    for name, count in names.items():
        if _leads_outside(name):
            yield fault("zip-path", name=name)
        if count > 1:
            yield fault("zip-double", name=name, count=count)
    for entry in entries:
        if stat.S_ISLNK(entry.external_attr >> 16):
            yield fault("zip-link", name=entry.orig_filename)
        if entry.compress_type not in _KNOWN_METHODS:
            yield fault("zip-method", name=entry.orig_filename, method=entry.compress_type)
    if folder := _folder_around(entries):
        yield fault("zip-folder", name=folder)


def _folder_around(entries: list[zipfile.ZipInfo]) -> str:
    """The folder that pass.json lies in, with its slash; empty if it stands at the top or nowhere."""
    names = {entry.orig_filename for entry in entries}
    inside = [name for name in names if name.endswith("/pass.json") and name.count("/") == 1]
    return inside[0].removesuffix("pass.json") if len(inside) == 1 and "pass.json" not in names else ""


def _leads_outside(name: str) -> bool:
    return name.startswith("/") or "\\" in name or "\0" in name or ":" in name or ".." in name.split("/")


def _read(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """Of two with one name the last, as most readers do."""
    if len(entries) > MOST_FILES:
        raise NoArchive(fault("zip-too-big", most=f"{MOST_FILES} files"))
    if sum(entry.compress_size for entry in entries) > MOST_BYTES:
        # More than was given: several entries share the same bytes, to be unpacked again for each.
        raise NoArchive(fault("zip-too-big", most=f"{MOST_BYTES // 2**20} MB"))
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    for entry in entries:
        with archive.open(entry) as packed:
            # What the directory says of its size is only a claim.
            data = packed.read(left + 1)
        left -= len(data)
        if left < 0:
            raise NoArchive(fault("zip-too-big", most=f"{MOST_BYTES // 2**20} MB"))
        files[entry.orig_filename] = data
    return files

"""The lint of a whole pass: every file of it, every rule of the table that a file can break."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from typing import Any

from passes.face import FaceRefused
from passes.lint.barcodes import barcode_doubts, barcode_faults
from passes.lint.dates import date_doubts, date_faults
from passes.lint.fields import field_doubts, field_faults
from passes.lint.findings import Finding, Name, found
from passes.lint.front import front_doubts
from passes.lint.keys import Certified, key_doubts, key_faults, local_doubts, style_of
from passes.lint.languages import STRINGS, language_faults
from passes.lint.pictures import is_picture_name, picture_doubts, picture_faults
from passes.lint.places import nfc_doubts, nfc_faults, place_faults
from passes.lint.strict import read_object

MOST_FINDINGS = 200
"""A pass with more is told no further: it is the first ones that help."""

_STRAY = {".DS_Store", "Thumbs.db", "desktop.ini"}
_KNOWN = {"pass.json", "personalization.json", "manifest.json", "signature"}


def check_files(files: Mapping[str, bytes], *, now: datetime, certified: Certified | None = None) -> list[Finding]:
    """What is wrong with the content of a pass, errors first, and what is doubtful.

    :param files: path inside the pass -> bytes; those of the seal (manifest.json, signature) may be among them
    :param now: aware; a pass whose end lies before it has ended
    :param certified: of the certificate that signed; None if that is not known, and nothing is compared then
    """
    content, findings = _content(files)
    told = content_faults(content, certified) if content is not None else ()
    every = chain(findings, file_faults(files), told, _doubts(files, content, now))
    return sorted(islice(every, MOST_FINDINGS), key=lambda one: one.severity)


def refuse_file_faults(files: Mapping[str, bytes]) -> None:
    """Raise FaceRefused for the first error in what passes have in common: pictures, and texts by language.

    Unfolds every picture, some ten milliseconds: once for all passes that bear them.
    """
    _refuse_first(file_faults(files))


def refuse_content_faults(content: Mapping[str, Any], certified: Certified | None = None) -> None:
    """Raise FaceRefused for the first error in what pass.json is about to hold.

    Cheap enough to be asked before every signature: about a tenth of what that costs.
    """
    _refuse_first(content_faults(content, certified))


def _refuse_first(findings: Iterator[Finding]) -> None:
    for one in findings:
        raise FaceRefused(f"{one.what} {one.remedy} ({one.code})")


def file_faults(files: Mapping[str, bytes]) -> Iterator[Finding]:
    """The errors that files show without pass.json: rows 8, 10 and 28."""
    strays = {name for name in files if _is_stray(name)}
    yield from (found("file-stray", name=Name(name)) for name in sorted(strays))
    kept = {name: data for name, data in files.items() if name not in strays}
    yield from picture_faults(kept)
    yield from language_faults(kept)


def content_faults(content: Mapping[str, Any], certified: Certified | None) -> Iterator[Finding]:
    """The errors in pass.json, once it could be read: rows 1, 2, 12 to 22 and 24 to 27."""
    yield from key_faults(content, certified)
    yield from field_faults(content)
    yield from barcode_faults(content)
    yield from date_faults(content)
    yield from place_faults(content)
    yield from nfc_faults(content, certified)


def _doubts(files: Mapping[str, bytes], content: Mapping[str, Any] | None, now: datetime) -> Iterator[Finding]:
    style = style_of(content or {})
    yield from (found("file-unknown", name=Name(name)) for name in files if not _is_known(name) and not _is_stray(name))
    yield from picture_doubts(files, style)
    if content is not None:
        yield from key_doubts(content)
        yield from local_doubts(content)
        yield from field_doubts(content)
        yield from barcode_doubts(content)
        yield from date_doubts(content, style, now)
        yield from nfc_doubts(content)
        yield from front_doubts(content, files, style)


def _content(files: Mapping[str, bytes]) -> tuple[dict[str, Any] | None, list[Finding]]:
    if "pass.json" not in files:
        return None, [found("pass-json-missing")]
    return read_object("pass.json", files["pass.json"])


def _is_stray(name: str) -> bool:
    folder, _, last = name.rpartition("/")
    return last in _STRAY or last.startswith("._") or "__MACOSX" in folder.split("/")


def _is_known(name: str) -> bool:
    folder, _, last = name.rpartition("/")
    if folder.endswith(".lproj") and "/" not in folder:
        return last == STRINGS or is_picture_name(last)
    return not folder and (last in _KNOWN or is_picture_name(last))

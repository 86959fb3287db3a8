"""Folders of languages (Apple: "Creating the Source for a Pass"; archive, "Pass Design and Creation")."""

import codecs
import re
from collections.abc import Iterator, Mapping

from passes.lint.findings import Finding, Name, found

_FOLDER = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\.lproj", re.ASCII)
_PART = re.compile(
    r'\s+|//[^\n]*|/\*.*?\*/|(?P<key>"(?:[^"\\]|\\.)*"|[\w.-]+)\s*=\s*"(?P<text>(?:[^"\\]|\\.)*)"\s*;', re.DOTALL
)
_ESCAPE = re.compile(r"\\(U[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_MOST_BYTES, _MOST_BYTES_TOGETHER = 200_000, 2_000_000
_MOST_TOLD, _MOST_TABLES = 20, 30
STRINGS = "pass.strings"


class StringsUnreadable(ValueError):
    """Write the file anew; str(error) says what is wrong with it."""


def folders_of(files: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """Files by folder of a language: "de.lproj" -> "pass.strings" -> bytes."""
    folders: dict[str, dict[str, bytes]] = {}
    for path, data in files.items():
        folder, slash, name = path.partition("/")
        if slash and name and folder.endswith(".lproj"):
            folders.setdefault(folder, {})[name] = data
    return folders


def language_faults(files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Row 28."""
    folders = folders_of(files)
    for folder in folders:
        if not _FOLDER.fullmatch(folder):
            yield found("folder-name", name=Name(folder))
    yield from _strings(folders)
    yield from _pictures(folders, files)


def tables_of(files: Mapping[str, bytes]) -> list[dict[str, str]]:
    """The texts of every language that can be read, of the first thirty."""
    tables, left = [], _MOST_BYTES_TOGETHER
    for inside in list(folders_of(files).values())[:_MOST_TABLES]:
        left -= len(inside.get(STRINGS, b""))
        try:
            tables.append(read_strings(inside[STRINGS], left))
        except (KeyError, StringsUnreadable):
            continue
    return tables


def read_strings(data: bytes, left: int = 0) -> dict[str, str]:
    """Lines of `"KEY" = "text";` in UTF-16 with a byte order mark or in UTF-8.

    Raises StringsUnreadable, also for more bytes than a phone would be sent and for none being `left`.
    """
    if len(data) > _MOST_BYTES or left < 0:
        raise StringsUnreadable(f"with its {len(data)} bytes it is too much to read")
    text, at, table = _decoded(data), 0, dict[str, str]()
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise StringsUnreadable(f"line {text.count(chr(10), 0, at) + 1} is none of its kind")
        if part["key"] is not None:
            table[_plain(part["key"].strip('"'))] = _plain(part["text"])
        at = part.end()
    return table


def _decoded(data: bytes) -> str:
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise StringsUnreadable("it is neither UTF-16 with a byte order mark nor UTF-8") from None


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: _unescaped(match[1]), text)


def _unescaped(escape: str) -> str:
    return chr(int(escape[1:], 16)) if len(escape) > 1 else _ESCAPED.get(escape, escape)


def _strings(folders: Mapping[str, Mapping[str, bytes]]) -> Iterator[Finding]:
    tables: dict[str, set[str]] = {}
    left = _MOST_BYTES_TOGETHER
    for folder, inside in folders.items():
        left -= len(inside.get(STRINGS, b""))
        try:
            tables[folder] = set(read_strings(inside[STRINGS], left)) if STRINGS in inside else set()
        except StringsUnreadable as error:
            yield found("strings-unreadable", name=Name(f"{folder}/{STRINGS}"), why=Name(str(error)))
    for folder, key in _missing(tables):
        yield found("strings-differ", folder=Name(folder), key=key)


def _pictures(folders: Mapping[str, Mapping[str, bytes]], files: Mapping[str, bytes]) -> Iterator[Finding]:
    inside = {folder: {name for name in names if name.endswith(".png")} for folder, names in folders.items()}
    for folder, name in _missing(inside):
        yield found("images-differ", folder=Name(folder), name=Name(name))
    for folder, names in inside.items():
        # Shadowed in any of its scales: Wallet looks for the picture, not for the file.
        above = {_stem(name) for name in files if "/" not in name and name.endswith(".png")}
        for name in sorted(names):
            if _stem(name) in above:
                yield found("image-shadowed", name=Name(name), folder=Name(folder))


def _stem(name: str) -> str:
    return name.removesuffix(".png").partition("@")[0]


def _missing(sets: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """What one has and another has not, so many of each as can be read."""
    everything = set[str]().union(*sets.values())
    for folder, own in sets.items():
        for name in sorted(everything - own)[:_MOST_TOLD]:
            yield folder, name

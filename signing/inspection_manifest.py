"""manifest.json against the files it speaks of (Apple: "Building a Pass")."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice

from signing.inspection_rules import Fault, fault

MANIFEST, SIGNATURE = "manifest.json", "signature"
_SHA1 = re.compile(r"[0-9a-fA-F]{40}", re.ASCII)
_MOST_BYTES, _MOST_TOLD = 1_000_000, 50


class _Unreadable(ValueError):
    pass


def manifest_faults(files: Mapping[str, bytes]) -> list[Fault]:
    """Row 8: missing, unreadable, another set of files, other hashes."""
    if MANIFEST not in files:
        return [fault("manifest-missing")]
    try:
        manifest = _manifest(files[MANIFEST])
    except _Unreadable as error:
        return [fault("manifest-unreadable", why=error)]
    return list(islice(_differences(manifest, files), _MOST_TOLD))


def _differences(manifest: Mapping[str, str], files: Mapping[str, bytes]) -> Iterator[Fault]:
    for name in sorted(files.keys() - manifest.keys() - {MANIFEST, SIGNATURE}):
        yield fault("manifest-unlisted", name=name)
    for name in sorted(manifest.keys() - files.keys()):
        yield fault("manifest-absent", name=name)
    for name in sorted(manifest.keys() & files.keys()):
        written = manifest[name]
        if hashlib.sha1(files[name], usedforsecurity=False).hexdigest() != written.lower():
            yield fault("manifest-hash", name=name)
        elif written != written.lower():
            yield fault("manifest-capitals", name=name)


def _manifest(data: bytes) -> dict[str, str]:
    if len(data) > _MOST_BYTES:
        raise _Unreadable(f"it has {len(data)} bytes")
    try:
        content = json.loads(data.decode("utf-8"), object_pairs_hook=_distinct)
    except RecursionError:
        raise _Unreadable("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise _Unreadable("it is not UTF-8") from None
    except ValueError as error:
        raise _Unreadable(str(error)) from None
    if not isinstance(content, dict):
        raise _Unreadable("it is no object")
    for name, value in content.items():
        if not isinstance(value, str) or not _SHA1.fullmatch(value):
            raise _Unreadable(f"the hash of {name!r} is {str(value)[:60]!r}")
    return content


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a name stands there twice")
    return content

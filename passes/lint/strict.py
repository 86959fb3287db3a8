"""pass.json read strictly: what one reader forgives, the next one refuses (RFC 8259)."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from passes.lint.findings import Finding, Name, found

MOST_BYTES = 1_000_000
"""Of a JSON file: a pass has a few thousand."""

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class _Refused(Exception):
    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.code)


def read_object(name: str, data: bytes) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The object in the file, None if there is none, and what was found on the way.

    A key that stands twice is told and the last one taken, as most readers do.
    """
    twice: list[str] = []
    try:
        content = _parsed(name, data, twice)
    except _Refused as refused:
        return None, [refused.finding]
    findings = list(_doubles(name, twice))
    if not isinstance(content, dict):
        return None, [*findings, found("json-syntax", name=Name(name), why=Name("it holds no object"))]
    return content, findings


def _doubles(name: str, twice: list[str]) -> Iterator[Finding]:
    for key in dict.fromkeys(twice):
        yield found("json-duplicate-key", name=Name(name), key=key)


def _parsed(name: str, data: bytes, twice: list[str]) -> Any:
    def noted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            twice.extend(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        return content

    text = _text(name, data)
    try:
        return json.loads(text, object_pairs_hook=noted, parse_constant=_no_number)
    except RecursionError:
        raise _Refused(found("json-syntax", name=Name(name), why=Name("it is nested too deeply"))) from None
    except ValueError as error:
        raise _Refused(found("json-syntax", name=Name(name), why=Name(str(error)[:150]))) from None


def _text(name: str, data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise _Refused(found("json-too-big", name=Name(name), size=len(data)))
    if data.startswith(_BOMS):
        raise _Refused(found("json-bom", name=Name(name)))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise _Refused(found("json-encoding", name=Name(name))) from None


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number in JSON")

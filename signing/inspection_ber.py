"""Values of ASN.1 as others wrote them: BER, which real signatures are in as often as in DER (ITU-T X.690).

Apple's own tool and Java's write lengths of the indefinite form (8.1.3.6), which the parsers of `cryptography` refuse.
"""

from typing import NamedTuple

from signing.der import LONG_FORM, OCTETS, der

_END = b"\0\0"
_CONSTRUCTED, _LONG_TAG = 0x20, 0x1F
_MOST_LENGTH_BYTES = 4
_DEEPEST = 24


class BerBroken(ValueError):
    """Say that it cannot be read; these bytes are no BER, or nest deeper than any signature."""


class Ber(NamedTuple):
    """One value: its first octet, its contents, and all of it as it was written."""

    tag: int
    body: bytes
    raw: bytes


def read_ber(data: bytes) -> Ber:
    """The one value that the bytes are. Raises BerBroken for less and for more."""
    value, end = _read(data, 0, 0)
    if end != len(data):
        raise BerBroken(f"{len(data) - end} bytes follow it")
    return value


def inside(value: Ber, tag: int | None = None) -> list[Ber]:
    """The values a constructed one is made of. Raises BerBroken, also when it has another tag than the one named."""
    if (tag is not None and value.tag != tag) or not value.tag & _CONSTRUCTED:
        raise BerBroken(f"a value with the tag {value.tag:#x} stands where another belongs")
    parts, at = [], 0
    while at < len(value.body):
        part, at = _read(value.body, at, 1)
        parts.append(part)
    return parts


def octets(value: Ber) -> bytes:
    """The octets of an OCTET STRING, written in one piece or in several (8.7.3)."""
    if value.tag == OCTETS:
        return value.body
    return b"".join(part.body for part in inside(value, OCTETS | _CONSTRUCTED))


def in_der(value: Ber, tag: int | None = None, depth: int = 0) -> bytes:
    """The value with definite lengths and, if one is named, another first octet (RFC 5652, 5.4)."""
    if depth > _DEEPEST:
        raise BerBroken("it nests too deeply")
    parts = inside(value) if value.tag & _CONSTRUCTED else []
    body = b"".join(in_der(part, depth=depth + 1) for part in parts) if parts else value.body
    return der(value.tag if tag is None else tag, body)


def _read(data: bytes, start: int, depth: int) -> tuple[Ber, int]:
    if depth > _DEEPEST:
        raise BerBroken("it nests too deeply")
    tag, first = data[start : start + 1], data[start + 1 : start + 2]
    if not tag or not first or tag[0] & _LONG_TAG == _LONG_TAG:
        raise BerBroken("it is cut off or none of its kind")
    if first[0] == LONG_FORM:
        return _indefinite(data, start, depth)
    size, at = _length(data, start + 1)
    if at + size > len(data):
        raise BerBroken("it is cut off")
    return Ber(tag[0], data[at : at + size], data[start : at + size]), at + size


def _length(data: bytes, at: int) -> tuple[int, int]:
    """How many bytes follow, and from where (8.1.3.4, 8.1.3.5)."""
    if data[at] < LONG_FORM:
        return data[at], at + 1
    count = data[at] & 0x7F
    if count > _MOST_LENGTH_BYTES or at + 1 + count > len(data):
        raise BerBroken("a length in it cannot be")
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count


def _indefinite(data: bytes, start: int, depth: int) -> tuple[Ber, int]:
    """8.1.3.6: the contents end at two zeros where a value would begin."""
    if not data[start] & _CONSTRUCTED:
        raise BerBroken("a length in it cannot be")
    at = start + 2
    while data[at : at + 2] != _END:
        _, at = _read(data, at, depth + 1)
    return Ber(data[start], data[start + 2 : at], data[start : at + 2]), at + 2

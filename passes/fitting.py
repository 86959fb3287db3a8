"""Whether a text is likely to be cut where a wallet shows one line of it.

No wallet tells its fonts' widths, so this is an estimate of San Francisco and Roboto, a little on the wide side:
a warning too many does less harm than a name cut on every phone.
"""

import unicodedata
from dataclasses import replace

from passes.face import Line, Sort

NARROW, USUAL, WIDE = 0.32, 0.56, 0.9
"""Advance of a sign in parts of the font's size."""

_NARROW = frozenset("iIjlfrt.,:;!'|()[]-· ")
_WIDE = frozenset("mMwWÆŒ@%—…")
_NO_ROOM = frozenset(("Mn", "Me", "Cf"))

APPLE_WIDTH = 375 - 2 * 12
APPLE_NAME, APPLE_HEADER, APPLE_VALUE = 18, 20, 20
APPLE_THUMBNAIL = 90
APPLE_PRIMARY = {Sort.VOUCHER: (APPLE_WIDTH, 26), Sort.MEMBERSHIP: (APPLE_WIDTH - APPLE_THUMBNAIL - 10, 17)}
"""Width that the large line has, and about the size that Wallet shrinks it to before it cuts it."""
GAP = 10
APPLE_SMALLEST = 11
"""What Wallet shrinks a crowded row to, about, before it leaves out what stands last."""

_ZERO_WIDTH_JOINER = "\u200d"


def width(text: str, size: float) -> float:
    """Points that one line of the text takes in a font of ``size`` points."""
    return sum(_advance(sign) for sign in text) * size


def _advance(sign: str) -> float:
    if unicodedata.category(sign) in _NO_ROOM:
        return 0.0
    if sign in _NARROW:
        return NARROW
    if sign in _WIDE or unicodedata.east_asian_width(sign) in "WF":
        return WIDE if sign in _WIDE else 1.1
    return USUAL * (1.2 if sign.isupper() else 1)


def name_is_cut(name: str, logo_points: float, header_value: str) -> bool:
    """Whether the name beside the logo loses its end on an Apple pass.

    :param logo_points: width of the logo in points, 0 to 160
    :param header_value: the count at the right, which keeps its room
    """
    room = APPLE_WIDTH - logo_points - width(header_value, APPLE_HEADER) - 2 * GAP
    return width(name, APPLE_NAME) > room


def value_is_cut(value: str) -> bool:
    """Whether the only secondary field of an Apple pass loses its end."""
    return width(value, APPLE_VALUE) > APPLE_WIDTH


def primary_is_cut(value: str, sort: Sort) -> bool:
    """Whether the large line of an Apple pass loses its end: across a strip, or beside a thumbnail."""
    room, size = APPLE_PRIMARY[sort]
    return width(value, size) > room


def fitted_primary(line: Line, sort: Sort) -> Line:
    """The line with as much of its value as Wallet shows, ending in an ellipsis where that is not all."""
    value = whole = str(line.value)
    most = len(whole)
    while most > 1 and primary_is_cut(value, sort):
        most -= 1
        value = shortened(whole, most)
    return line if value == whole else replace(line, value=value)


def row_fits(lines: tuple[Line, ...]) -> bool:
    """Whether all lines of the row below the strip of an Apple pass are shown; a single one may be cut, but is shown.

    Source: Apple, "Creating a store card pass": long texts reduce how many fields appear.
    """
    columns = [max(width(line.label, APPLE_SMALLEST), width(str(line.value), APPLE_SMALLEST)) for line in lines]
    return len(lines) < 2 or sum(columns) + GAP * (len(lines) - 1) <= APPLE_WIDTH


def fitted_row(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines with their longest texts ending in an ellipsis, as far as it takes to have all of them shown."""
    most = max((len(text) for line in lines for text in (line.label, str(line.value))), default=0)
    row = lines
    while most > 1 and not row_fits(row):
        most -= 1
        row = tuple(_with_texts_of(line, most) for line in lines)
    return row


def _with_texts_of(line: Line, most: int) -> Line:
    value = shortened(line.value, most) if isinstance(line.value, str) else line.value
    return replace(line, label=shortened(line.label, most), value=value)


def shortened(text: str, most: int) -> str:
    """At most `most` characters, the last an ellipsis if it was longer; no emoji and no accent is torn apart."""
    if len(text) <= most:
        return text
    end = most - 1
    while end > 0 and _belong_together(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def _belong_together(before: str, after: str) -> bool:
    return (
        _ZERO_WIDTH_JOINER in (before, after)
        or unicodedata.category(after) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or (_is_flag_half(before) and _is_flag_half(after))
    )


def _is_flag_half(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"

"""Whether a text is likely to be cut where a wallet shows one line of it.

No wallet tells its fonts' widths, so this is an estimate of San Francisco and Roboto, a little on the wide side:
a warning too many does less harm than a name cut on every phone.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from passes.face import Line, Sort
from passes.images import LOGO_BOX

NARROW, USUAL, WIDE = 0.32, 0.56, 0.9
"""Advance of a sign in parts of the font's size."""

_NARROW = frozenset("iIjlfrt.,:;!'|()[]-· ")
_WIDE = frozenset("mMwWÆŒ@%—…")
_NO_ROOM = frozenset(("Mn", "Me", "Cf"))

APPLE_WIDTH = 375 - 2 * 12
APPLE_NAME, APPLE_HEADER, APPLE_VALUE = 18, 20, 20
APPLE_THUMBNAIL = 90
APPLE_PRIMARY = {
    Sort.LOYALTY: (APPLE_WIDTH, 26),
    Sort.VOUCHER: (APPLE_WIDTH, 26),
    Sort.MEMBERSHIP: (APPLE_WIDTH - APPLE_THUMBNAIL - 10, 17),
}
"""Width that the large line has, and about the size that Wallet shrinks it to before it cuts it."""
GAP = 10
APPLE_SMALLEST = 11
"""What Wallet shrinks a crowded row to, about, before it leaves out what stands last."""

_ZERO_WIDTH_JOINER = "\u200d"


class Spot(StrEnum):
    """Where on the front of an Apple pass a text can lose its end."""

    NAME = "name"
    LARGE = "large"
    LINE = "line"
    ROW = "row"


@dataclass(frozen=True)
class Front:
    """What the front of an Apple pass is to show, in full, before anything is shortened.

    ``name`` beside the logo, empty for none; ``logo_points`` as `logo_points` gives them; ``header``: all values at the
    right; ``large``: the line on or beside the picture; ``rows``: what stands side by side below it.
    """

    sort: Sort
    name: str
    logo_points: float
    header: str
    large: str
    rows: tuple[tuple[Line, ...], ...]


class Cut(NamedTuple):
    """``texts``: one, or of a row the label and value of each line."""

    spot: Spot
    texts: tuple[str, ...]


def cuts(front: Front) -> Iterator[Cut]:
    """What loses its end, or makes others vanish: the one measure of the designer and of the lint.

    Source: Apple, "Creating a store card pass"; HIG, "Wallet".
    """
    if front.name and name_is_cut(front.name, front.logo_points, front.header):
        yield Cut(Spot.NAME, (front.name,))
    if primary_is_cut(front.large, front.sort):
        yield Cut(Spot.LARGE, (front.large,))
    for row in front.rows:
        if len(row) == 1 and value_is_cut(str(row[0].value)):
            yield Cut(Spot.LINE, (str(row[0].value),))
        elif not row_fits(row):
            yield Cut(Spot.ROW, tuple(f"{line.label} {line.value}" for line in row))


def logo_points(width: int, height: int) -> float:
    """Width in points of a logo of so many pixels: as large as its box allows; 0 for none."""
    most, high = LOGO_BOX
    return min(most, high * width / height) if height else 0


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


def row_is_crowded(lines: tuple[Line, ...]) -> bool:
    """Whether Wallet writes the row smaller than usual to show all of it."""
    return len(lines) > 1 and sum(width(str(line.value), APPLE_VALUE) for line in lines) > APPLE_WIDTH


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

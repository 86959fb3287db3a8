"""Whether a text is likely to be cut where a wallet shows one line of it.

No wallet tells its fonts' widths, so this is an estimate of San Francisco and Roboto, a little on the wide side:
a warning too many does less harm than a name cut on every phone.
"""

import unicodedata

NARROW, USUAL, WIDE = 0.32, 0.56, 0.9
"""Advance of a sign in parts of the font's size."""

_NARROW = frozenset("iIjlfrt.,:;!'|()[]-· ")
_WIDE = frozenset("mMwWÆŒ@%—…")
_NO_ROOM = frozenset(("Mn", "Me", "Cf"))

APPLE_WIDTH = 375 - 2 * 12
APPLE_NAME, APPLE_HEADER, APPLE_VALUE = 18, 20, 20
GAP = 10


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

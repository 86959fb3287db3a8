"""The strip of a card without a grid: a band in the brand's look, the stamp as its mark and as a quiet pattern.

Text across the pattern reads as well as beside it. Lengths are in points; a point is `scale` pixels.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image

from passes.contrast import ENOUGH, contrast, luminance, pairs
from passes.face import Colours, Sort, StampLook, Stamps
from passes.grid import HEIGHT, WIDTH
from passes.images import with_alpha, write_png
from passes.imprint import TILE, Imprint, between, silhouette
from passes.stamps import check_strip, in_palette, stamp_strip

MARK = 96
"""Diameter of the mark in the middle, and `CLEAR` that of the room around it."""
CLEAR = 140
THUMBNAIL = 90
"""Side of the picture that a membership bears in place of a strip."""

_SMALL = 27
# Three whole rows: a piece cut off at an edge would draw a line between strip and pass.
_ROWS, _PITCH, _ROW = 3, 48.0, 44.0
_ANGLES = (-14, 9, -6, 17, -10, 4, 13)
# Shares of the way from the background to the values' colour: from what is pretty to what surely harms no text.
_TINTS = (0.13, 0.1, 0.08)
_AWAY = 0.25


def strip_of(look: StampLook, stamps: Stamps | None, scale: int, sort: Sort = Sort.LOYALTY) -> bytes:
    """The strip of any card: its grid, or a band where it has none. Raises FaceRefused as the two do."""
    if stamps is None:
        return band_strip(look, scale, marked=sort is not Sort.VOUCHER)
    return stamp_strip(look, stamps, scale)


def band_strip(look: StampLook, scale: int, *, marked: bool = True) -> bytes:
    """PNG of 375 x 144 points at `scale` 1 to 3. Same values, same bytes; kept for the next card that asks.

    Raises FaceRefused for a look that cannot be drawn. Source: HIG, "Wallet" (strip of a store card).

    :param marked: without the mark the middle is free for what a voucher is worth, written across it
    """
    check_strip(look, scale)
    return _band(look, WIDTH * scale, HEIGHT * scale, marked)


@lru_cache(maxsize=64)
def thumbnail_of(look: StampLook, scale: int) -> bytes:
    """PNG of 90 x 90 points at `scale` 1 to 3: the mark alone, for a pass that has no strip.

    Raises FaceRefused for a look that cannot be drawn. Source: HIG, "Wallet" (thumbnail of a generic pass).
    """
    check_strip(look, scale)
    mark = Imprint(look, round(THUMBNAIL * scale / TILE))
    mark.stamped(0)
    return with_alpha(mark.reduced())


def band_banner(look: StampLook, width: int, height: int) -> bytes:
    """The same as a PNG of `width` x `height` pixels, the mark as high on it; a wider one shows more of the pattern.

    Raises FaceRefused for a look that cannot be drawn.
    """
    check_strip(look, 1)
    return _band(look, width, height, True)


@lru_cache(maxsize=64)
def _band(look: StampLook, width: int, height: int, marked: bool) -> bytes:
    point = height / HEIGHT
    sheet = Image.new("RGB", (width, height), look.colours.background)
    tint = pattern_colour(look.colours)
    for x, y, angle in _places(width / point, CLEAR if marked else 0):
        piece = silhouette(look, round(_SMALL * point), angle)
        sheet.paste(tint, _corner(piece, (x * point, y * point)), piece)
    if marked:
        mark = Imprint(look, round(MARK * point))
        mark.stamped(0)
        tile = mark.reduced()
        sheet.paste(tile, _corner(tile, (width / 2, height / 2)), tile)
    return write_png(sheet, in_palette(sheet, look.colours.background))


def _corner(picture: Image.Image, centre: tuple[float, float]) -> tuple[int, int]:
    return round(centre[0] - picture.width / 2), round(centre[1] - picture.height / 2)


def _places(width: float, clear: float) -> Iterator[tuple[float, float, int]]:
    """Centre and angle of each piece of the pattern: rows set off by half, the same from the left as from the right."""
    columns = math.ceil(width / _PITCH / 2) + 1
    for row in range(-(_ROWS // 2), _ROWS // 2 + 1):
        for column in range(-columns, columns + 1):
            x, y = (column + (row % 2) / 2) * _PITCH, row * _ROW
            if not clear or math.hypot(x, y) > (clear + _SMALL) / 2:
                yield width / 2 + x, HEIGHT / 2 + y, _ANGLES[(3 * row + column) % len(_ANGLES)]


@lru_cache(maxsize=64)
def pattern_colour(colours: Colours) -> str:
    """The colour ("#rrggbb") of the pattern: towards the values' as far as every text stays readable on it.

    Where none does, away from the text: then it reads better on the pattern than beside it.
    """
    for share in _TINTS:
        tint = between(colours.background, colours.foreground, share)
        if all(contrast(pair.ink, tint) >= ENOUGH for pair in pairs(colours)):
            return tint
    return _away(colours)


def _away(colours: Colours) -> str:
    far = "#000000" if luminance(colours.background) < luminance(colours.foreground) else "#ffffff"
    return between(colours.background, far, _AWAY)

"""The strip of a stamp card: the grid a printer would set, with what is stamped stamped on it.

VoiceOver and Apple Watch see nothing of a strip, so a text field of the face says the count too. Lengths are
in points; a point is `scale` pixels.
"""

from functools import lru_cache

from PIL import Image, ImageColor

from passes.checks import check_colours, check_stamps
from passes.face import FaceRefused, StampLook, Stamps
from passes.grid import HEIGHT, WIDTH, stamp_grid
from passes.images import write_png
from passes.imprint import Imprint
from passes.shapes import SHAPES

__all__ = ["SHAPES", "stamp_strip"]

# Fixed, so that a stamp never turns when the next one is given.
ANGLES = (-8, 5, -3, 10, -6, 3, 8, -11, 6, -4, 9, -7, 2)


def stamp_strip(look: StampLook, stamps: Stamps, scale: int) -> bytes:
    """PNG of 375 x 144 points at `scale` 1 to 3. Same values, same bytes; kept for the next card that asks.

    Raises FaceRefused for a grid that cannot be drawn. Source: HIG, "Wallet" (strip of a store card).
    """
    check_strip(look, scale)
    check_stamps(stamps)
    return _strip(look, stamps, scale)


def check_strip(look: StampLook, scale: int) -> None:
    """Raise FaceRefused for a look or a scale that no strip can be drawn in."""
    if look.shape not in SHAPES:
        raise FaceRefused(f"The stamp shape {look.shape!r} is unknown; use one of {', '.join(SHAPES)}.")
    if scale not in (1, 2, 3):
        raise FaceRefused(f"No phone has the scale {scale}; use 1, 2 or 3.")
    check_colours(look.colours)


@lru_cache(maxsize=512)
def _strip(look: StampLook, stamps: Stamps, scale: int) -> bytes:
    grid = stamp_grid(stamps.needed)
    sheet = Image.new("RGB", (WIDTH * scale, HEIGHT * scale), look.colours.background)
    side = round(grid.diameter * scale)
    for index, (x, y) in enumerate(grid.centres):
        tile = _tile(look, side, index, index < stamps.filled, index == stamps.needed - 1)
        sheet.paste(tile, (round(x * scale - tile.width / 2), round(y * scale - tile.height / 2)), tile)
    return write_png(sheet, in_palette(sheet, look.colours.background))


def in_palette(sheet: Image.Image, background: str) -> Image.Image:
    """The strip in 256 colours, its background, which lies in its top left corner, as it was."""
    small = sheet.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    # The strip meets the pass without a seam only if the palette keeps the background to the last bit.
    palette = small.getpalette() or []
    first = 3 * int(small.tobytes()[0])
    palette[first : first + 3] = ImageColor.getrgb(background)
    small.putpalette(palette)
    return small


# A tile at 3x is a quarter of a megabyte.
@lru_cache(maxsize=128)
def _tile(look: StampLook, side: int, index: int, filled: bool, last: bool) -> Image.Image:
    place = Imprint(look, side)
    if filled:
        place.stamped(ANGLES[index % len(ANGLES)])
        if last:
            place.earned()
    elif last:
        place.open_reward()
    else:
        place.open_place(index + 1)
    return place.reduced()

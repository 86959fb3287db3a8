"""The two pictures of a Google card, to be served where Google can fetch them. Lengths are in pixels.

Source: Google Wallet, "Brand guidelines" (loyalty cards).
"""

import io
from functools import lru_cache

from PIL import Image

from passes.band import band_banner
from passes.checks import rgb
from passes.face import StampLook, Stamps
from passes.images import fitted, read_png, write_png
from passes.stamps import stamp_strip

HERO = (1032, 336)
LOGO_SIDE = 660
# Google cuts a circle out of the logo; what lies in the middle 70 % survives.
_SAFE = round(LOGO_SIDE * 0.7)


def hero_image(look: StampLook, stamps: Stamps | None) -> bytes:
    """The stamp grid, or the band of a card without one, as a PNG banner of 1032 x 336 pixels. Same values, same bytes.

    Raises FaceRefused for a grid that cannot be drawn.
    """
    if stamps is None:
        return band_banner(look, *HERO)
    strip = Image.open(io.BytesIO(stamp_strip(look, stamps, 2)), formats=["PNG"])
    # The strip's own corner, not the colour asked for: so there is no seam, in a palette neither.
    banner = Image.new(strip.mode, HERO, strip.getpixel((0, 0)))
    if strip.palette is not None:
        banner.putpalette(strip.palette)
    banner.paste(strip, ((HERO[0] - strip.width) // 2, (HERO[1] - strip.height) // 2))
    out = io.BytesIO()
    banner.save(out, "PNG", optimize=True)
    return out.getvalue()


@lru_cache(maxsize=128)
def round_logo(icon: bytes, background: str) -> bytes:
    """The icon as a PNG of 660 x 660 pixels on a ground of "#rrggbb", with the margin that Google's circle needs.

    Raises FaceRefused when `icon` is no readable PNG or the colour cannot be read.
    """
    sheet = Image.new("RGB", (LOGO_SIDE, LOGO_SIDE), rgb(background))
    inner = fitted(read_png(icon), (_SAFE, _SAFE))
    sheet.paste(inner, ((LOGO_SIDE - inner.width) // 2, (LOGO_SIDE - inner.height) // 2), inner)
    return write_png(sheet, sheet.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE))

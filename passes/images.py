"""Icon and logo of a pass, fitted to Apple's sizes (Human Interface Guidelines, "Wallet").

A length is in points; a point is 1, 2 or 3 pixels.
"""

import io
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image, ImageChops, ImageStat

from passes.face import FaceRefused

EDITION = 1
"""The number of the code that draws a pass: raised whenever a picture of the same values comes out otherwise, as those
that were drawn by an earlier one are kept (tests/passes/test_editions.py)."""

ICON_SIDE = 38
LOGO_BOX = (160, 50)
_MOST_PIXELS = 4096 * 4096
# Root mean square of 255, below which a palette was not told from the original.
_UNSEEN = 1.5


def scaled_names(stem: str) -> Iterator[tuple[str, int]]:
    """(file name, scale) for 1x, 2x and 3x. Apple asks for two; old systems look for the plain name."""
    yield f"{stem}.png", 1
    yield f"{stem}@2x.png", 2
    yield f"{stem}@3x.png", 3


def read_png(original: bytes) -> Image.Image:
    """Decode a PNG to RGBA. Raises FaceRefused when it is none, is cut off or has over 4096 x 4096 pixels."""
    try:
        picture = Image.open(io.BytesIO(original), formats=["PNG"])
        check_pixels(picture.size)
        return rgba(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, FaceRefused):
            raise
        raise FaceRefused("The image is no readable PNG; save it as PNG and upload it again.") from error


def rgba(picture: Image.Image) -> Image.Image:
    """The picture in four channels of eight bits, whatever it came in."""
    if picture.mode.startswith("I"):
        # Pillow would cut sixteen bits off at 255 and make nearly all of it white.
        return picture.point(lambda value: value * (1 / 256)).convert("L").convert("RGBA")
    return picture.convert("RGBA")


def check_pixels(size: tuple[int, int]) -> None:
    """Raise FaceRefused for a width and height of more than 4096 x 4096 pixels in all."""
    # The header says the size; a small file may unfold to gigabytes, so look before decoding.
    if size[0] * size[1] > _MOST_PIXELS:
        raise FaceRefused(f"The image has {size[0]} x {size[1]} pixels; 4096 x 4096 are enough, make it smaller.")


def write_png(picture: Image.Image, small: Image.Image) -> bytes:
    """PNG bytes with no date in them: of `small`, the same in a palette, if the eye sees no difference."""
    seen = Image.alpha_composite(Image.new("RGBA", picture.size, "#808080"), picture.convert("RGBA"))
    shown = Image.alpha_composite(Image.new("RGBA", picture.size, "#808080"), small.convert("RGBA"))
    apart = ImageStat.Stat(ImageChops.difference(seen, shown)).rms
    out = io.BytesIO()
    (small if max(apart) <= _UNSEEN else picture).save(out, "PNG", optimize=True)
    return out.getvalue()


def with_alpha(picture: Image.Image) -> bytes:
    """PNG bytes of a picture that may let through what lies behind it."""
    return write_png(picture, picture.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE))


def fitted(picture: Image.Image, box: tuple[int, int]) -> Image.Image:
    """The picture as large as the box in pixels allows, proportions kept, never thinner than a pixel."""
    ratio = min(box[0] / picture.width, box[1] / picture.height)
    size = max(round(picture.width * ratio), 1), max(round(picture.height * ratio), 1)
    return picture.resize(size, Image.Resampling.LANCZOS)


@lru_cache(maxsize=128)
def _icons(original: bytes) -> tuple[tuple[str, bytes], ...]:
    picture = read_png(original)

    def square(side: int) -> Image.Image:
        inner = fitted(picture, (side, side))
        icon = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        icon.paste(inner, ((side - inner.width) // 2, (side - inner.height) // 2))
        return icon

    return tuple((name, with_alpha(square(ICON_SIDE * scale))) for name, scale in scaled_names("icon"))


def icon_set(original: bytes) -> dict[str, bytes]:
    """icon.png, icon@2x.png, icon@3x.png: 38 points square; what is not square is padded, never cropped.

    Raises FaceRefused when `original` is no readable PNG. Source: HIG, "Wallet".
    """
    return dict(_icons(original))


@lru_cache(maxsize=128)
def _logos(original: bytes) -> tuple[tuple[str, bytes], ...]:
    picture = read_png(original)

    def scaled(scale: int) -> Image.Image:
        return fitted(picture, (LOGO_BOX[0] * scale, LOGO_BOX[1] * scale))

    return tuple((name, with_alpha(scaled(scale))) for name, scale in scaled_names("logo"))


def logo_set(original: bytes) -> dict[str, bytes]:
    """logo.png, logo@2x.png, logo@3x.png: the largest that fits 160 x 50 points, its proportions kept.

    Raises FaceRefused when `original` is no readable PNG. Source: HIG, "Wallet".
    """
    return dict(_logos(original))


@lru_cache(maxsize=128)
def shrunk(original: bytes, side: int) -> bytes:
    """The picture as a PNG of at most `side` pixels either way, for a page that shows it small.

    Raises FaceRefused when `original` is no readable PNG.
    """
    return with_alpha(fitted(read_png(original), (side, side)))

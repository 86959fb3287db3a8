"""Pictures as merchants upload them."""

import io
from typing import Any

from PIL import Image, ImageDraw

from tests.passes.test_images import header_only

__all__ = ["drawn", "file_of", "header_only", "opened", "photograph"]

Colour = str | tuple[int, ...]
CLEAR = (0, 0, 0, 0)


def drawn(
    size: tuple[int, int], ink: Colour = "#c00000", ground: Colour = CLEAR, box: tuple[int, int, int, int] | None = None
) -> Image.Image:
    """A disc in its box on a ground, in RGBA."""
    picture = Image.new("RGBA", size, ground)
    ImageDraw.Draw(picture).ellipse(box or (0, 0, size[0] - 1, size[1] - 1), fill=ink)
    return picture


def photograph(size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Opaque, with four corners that differ."""
    shades = [Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90), Image.radial_gradient("L")]
    return Image.merge("RGB", shades).resize(size)


def file_of(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGBA")

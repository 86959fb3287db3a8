"""Drawings are kept under the number of the code that drew them, so whoever changes how one comes out raises it."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import PIL
import pytest
from PIL import Image, ImageChops

from passes.band import band_strip, thumbnail_of
from passes.face import Face, Stamps
from passes.google_images import hero_image
from passes.images import EDITION, icon_set, logo_set
from passes.stamps import stamp_strip
from tests.passes.pictures import file_of, opened

# What this edition draws, with this version of Pillow.
PINNED_EDITION, PILLOW = 1, "12.3.0"
PINNED = {
    "icon": "65f78c9b66d14ccf",
    "logo": "192cf2bfc2095674",
    "strip of ten": "2094e18aa2fa1df8",
    "strip of thirty, square": "40731153e1b2569c",
    "strip without stamps": "130846bb5c893695",
    "strip of a voucher": "7a15b3ac0570e602",
    "thumbnail": "5b2c26b73a8bf7d0",
    "hero of ten": "a3eef910cb769692",
    "hero without stamps": "83750635f2a1a353",
}
DRAWN: dict[str, Callable[[Face], bytes]] = {
    "icon": lambda face: icon_set(face.icon)["icon@3x.png"],
    "logo": lambda face: logo_set(face.logo)["logo@2x.png"],
    "strip of ten": lambda face: stamp_strip(face.look, Stamps(10, 4), 2),
    "strip of thirty, square": lambda face: stamp_strip(replace(face.look, shape="square"), Stamps(30, 30), 2),
    "strip without stamps": lambda face: band_strip(face.look, 2),
    "strip of a voucher": lambda face: band_strip(face.look, 2, marked=False),
    "thumbnail": lambda face: thumbnail_of(face.look, 2),
    "hero of ten": lambda face: hero_image(face.look, Stamps(10, 9)),
    "hero without stamps": lambda face: hero_image(face.look, None),
}


def seen(png: bytes) -> str:
    """A digest of what there is to see, not of the file: means of 2 x 2 pixels, in steps of four levels.

    So neither another zlib nor a pixel that another processor rounds otherwise makes it another picture.
    """
    picture = opened(png)
    ground = Image.new("RGBA", picture.size, "#808080")
    coarse = Image.alpha_composite(ground, picture).convert("RGB").reduce(2).point(lambda level: level // 4)
    return hashlib.sha256(repr(coarse.size).encode() + coarse.tobytes()).hexdigest()[:16]


def test_the_pinned_drawings_are_those_of_this_edition() -> None:
    assert PINNED_EDITION == EDITION, "Pin here what the new edition draws, and its number."


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawing_comes_out_as_its_edition_drew_it(name: str, face: Face) -> None:
    digest = seen(DRAWN[name](face))
    assert digest == PINNED[name], (
        f"The {name} comes out otherwise than edition {EDITION} drew it. Raise EDITION in passes/images.py, or phones"
        f" keep getting the old drawing, and pin {digest} here. If only Pillow is another ({PILLOW} then,"
        f" {PIL.__version__} now) and you see no difference, pinning it is enough."
    )


def test_the_same_picture_in_another_file_is_the_same(face: Face) -> None:
    strip = stamp_strip(face.look, Stamps(2, 1), 2)
    again = file_of(opened(strip), compress_level=1)
    assert (again != strip, seen(again)) == (True, seen(strip))


def test_a_picture_moved_by_a_pixel_is_another(face: Face) -> None:
    strip = opened(stamp_strip(face.look, Stamps(2, 1), 2))
    assert seen(file_of(ImageChops.offset(strip, 1, 0))) != seen(file_of(strip))

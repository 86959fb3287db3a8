"""The banner and the round logo of a Google card."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageChops

from passes.band import band_banner
from passes.checks import rgb
from passes.face import FaceRefused, StampLook, Stamps
from passes.google_images import hero_image, round_logo


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=["PNG"]).convert("RGB")


@pytest.mark.parametrize("stamps", [Stamps(10, 0), Stamps(10, 5), Stamps(10, 10), Stamps(1, 1), Stamps(30, 17)])
def test_a_banner_has_googles_size_and_meets_the_card_without_a_seam(look: StampLook, stamps: Stamps) -> None:
    banner = opened(hero_image(look, stamps))
    assert banner.size == (1032, 336)
    background = Image.new("RGB", banner.size, rgb(look.colours.background))
    left, top, right, bottom = ImageChops.difference(banner, background).getbbox() or (0, 0, 0, 0)
    assert left > 100
    assert right < 932
    assert top > 0
    assert bottom < 336
    assert right - left > 100


def test_each_stamp_changes_the_banner_and_nothing_else_does(look: StampLook) -> None:
    banners = {hero_image(look, Stamps(10, filled)) for filled in range(11)}
    assert len(banners) == 11
    assert hero_image(look, Stamps(10, 3)) in banners


def test_a_banner_that_cannot_be_drawn_is_refused(look: StampLook) -> None:
    with pytest.raises(FaceRefused, match="11 of 10"):
        hero_image(look, Stamps(10, 11))


def test_a_card_without_a_grid_has_the_band_for_its_banner(look: StampLook) -> None:
    banner = opened(hero_image(look, None))
    assert banner.size == (1032, 336)
    assert hero_image(look, None) == band_banner(look, 1032, 336)
    assert banner.getpixel((516, 60)) != banner.getpixel((0, 0)) == rgb(look.colours.background)


def test_a_band_that_cannot_be_drawn_is_refused(look: StampLook) -> None:
    with pytest.raises(FaceRefused, match="no readable PNG"):
        hero_image(replace(look, stamp=b""), None)


def png(size: tuple[int, int], colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", size, colour).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("size", [(1024, 1024), (4000, 20), (20, 4000), (1, 1)])
def test_a_logo_lies_whole_within_googles_margin(size: tuple[int, int]) -> None:
    logo = opened(round_logo(png(size, "#ffffff"), "#4a2415"))
    assert logo.size == (660, 660)
    ground = Image.new("RGB", logo.size, "#4a2415")
    box = ImageChops.difference(logo, ground).getbbox()
    assert box is not None
    assert min(box[:2]) >= 99
    assert max(box[2:]) <= 561
    assert max(box[2] - box[0], box[3] - box[1]) == 462


def test_where_a_logo_is_transparent_the_ground_shows() -> None:
    logo = opened(round_logo(png((100, 100), "#ffffff00"), "#4a2415"))
    assert logo.getcolors() == [(660 * 660, (0x4A, 0x24, 0x15))]


@pytest.mark.parametrize(
    ("icon", "background", "says"),
    [(b"GIF89a", "#4a2415", "no readable PNG"), (png((1, 1), "#000000"), "brown", "#rrggbb")],
)
def test_a_logo_that_cannot_be_made_is_refused(icon: bytes, background: str, says: str) -> None:
    with pytest.raises(FaceRefused, match=says):
        round_logo(icon, background)

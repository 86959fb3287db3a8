"""What the merchant sees of an upload: whole, trimmed, on a ground that shows it."""

import pytest
from PIL import Image

from passes.face import Colours, StampLook, Stamps
from passes.stamps import SHAPES, stamp_strip
from passes.uploads import icon_from, logo_from, stamp_from
from tests.passes.pictures import drawn, opened, photograph

BROWN, CREAM = "#4a2415", "#fff4e2"


def test_empty_margins_of_a_logo_are_cut_off() -> None:
    logo = logo_from(drawn((900, 900), box=(300, 400, 599, 499)))
    assert opened(logo.png).size == (300, 100)
    assert logo.warnings == ()


def test_a_margin_of_one_colour_is_cut_off_but_for_a_little_air() -> None:
    logo = logo_from(drawn((900, 900), ground="#ffffff", box=(300, 400, 599, 499)))
    width, height = opened(logo.png).size
    assert 300 < width <= 330
    assert 100 < height <= 130
    assert logo.warnings == ("boxed",)


def test_a_photo_is_not_trimmed() -> None:
    assert opened(logo_from(photograph().convert("RGBA")).png).size == (400, 300)


def test_a_plain_sign_on_transparent_ground_is_no_empty_margin() -> None:
    sign = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    sign.paste((200, 0, 0, 255), (50, 80, 150, 120))
    assert opened(logo_from(sign).png).size == (100, 40)


@pytest.mark.parametrize("size", [(4000, 400), (400, 4000), (2000, 2000), (961, 3), (100, 30)])
def test_a_logo_is_never_larger_than_its_box_nor_bent(size: tuple[int, int]) -> None:
    width, height = opened(logo_from(drawn(size)).png).size
    assert width <= min(960, size[0])
    assert height <= min(300, size[1])
    assert abs(width / height - size[0] / size[1]) / (size[0] / size[1]) < 0.25 or height == 3


@pytest.mark.parametrize(("size", "warnings"), [((4000, 100), ("thin",)), ((100, 4000), ("thin",)), ((900, 200), ())])
def test_a_logo_of_which_hardly_anything_is_seen_is_warned_of(size: tuple[int, int], warnings: tuple[str, ...]) -> None:
    assert logo_from(drawn(size)).warnings == warnings


@pytest.mark.parametrize("side", [2, 16, 39])
def test_a_tiny_picture_is_warned_of(side: int) -> None:
    picture = photograph((side, side)).convert("RGBA")
    assert "small" in logo_from(picture).warnings
    assert "small" in icon_from(picture, BROWN).warnings
    assert "small" in stamp_from(picture).warnings


def test_a_picture_of_forty_pixels_is_large_enough_for_an_icon() -> None:
    assert icon_from(drawn((40, 40)), CREAM).warnings == ()


@pytest.mark.parametrize("size", [(512, 512), (3000, 100), (100, 3000), (20, 20)])
def test_an_icon_is_a_square_without_transparency(size: tuple[int, int]) -> None:
    icon = opened(icon_from(drawn(size), CREAM).png)
    assert icon.size == (512, 512)
    assert icon.getextrema()[3] == (255, 255)


def test_nothing_of_the_picture_is_cropped_from_an_icon() -> None:
    icon = opened(icon_from(drawn((600, 200), "#c00000"), CREAM).png)
    red = [x for x in range(512) if icon.getpixel((x, 256))[:3] == (0xC0, 0, 0)]
    assert (min(red), max(red)) == pytest.approx((51, 460), abs=4)


def test_white_on_transparent_stands_on_the_brands_ground() -> None:
    icon = icon_from(drawn((300, 300), "#ffffff"), BROWN)
    assert opened(icon.png).getpixel((0, 0)) == (0x4A, 0x24, 0x15, 255)
    assert icon.warnings == ()


@pytest.mark.parametrize(("ink", "brand", "ground"), [("#ffffff", CREAM, "#000000"), (BROWN, BROWN, "#ffffff")])
def test_what_vanishes_on_the_brands_ground_is_given_another(ink: str, brand: str, ground: str) -> None:
    icon = icon_from(drawn((300, 300), ink), brand)
    assert opened(icon.png).getpixel((0, 0)) == Image.new("RGBA", (1, 1), ground).getpixel((0, 0))
    assert icon.warnings == ("ground",)


def test_a_picture_with_a_ground_of_its_own_keeps_it_to_the_icons_edge() -> None:
    icon = opened(icon_from(drawn((600, 300), "#000000", "#ffcc00"), BROWN).png)
    assert icon.getpixel((0, 0)) == icon.getpixel((256, 5)) == (0xFF, 0xCC, 0, 255)


def test_a_square_photo_fills_the_icon() -> None:
    icon = opened(icon_from(photograph((400, 400)).convert("RGBA"), BROWN).png)
    assert icon.getpixel((256, 1))[:3] != (0x4A, 0x24, 0x15)


@pytest.mark.parametrize("size", [(600, 200), (200, 600), (30, 30)])
def test_a_stamp_is_square_whole_and_keeps_its_transparency(size: tuple[int, int]) -> None:
    stamp = opened(stamp_from(drawn(size)).png)
    assert stamp.width == stamp.height <= 512
    assert stamp.getpixel((0, 0))[3] == 0
    left, top, right, bottom = stamp.getchannel("A").getbbox()
    assert (right - left) / (bottom - top) == pytest.approx(size[0] / size[1], rel=0.05)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_stamp_that_was_taken_can_be_drawn(shape: str) -> None:
    colours = Colours(BROWN, CREAM, "#f0b35a")
    for picture in (drawn((600, 20)), photograph().convert("RGBA"), drawn((9, 9)), drawn((90, 90), "#000", "#fff")):
        assert stamp_strip(StampLook(colours, stamp_from(picture).png, shape), Stamps(10, 10), 1)

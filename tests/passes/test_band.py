"""The band of a card without a grid: the shop's mark on a quiet pattern that harms no text."""

import io
from dataclasses import replace
from itertools import product

import pytest
from PIL import Image, ImageChops

from passes.band import MARK, _band, band_banner, band_strip, pattern_colour, strip_of
from passes.checks import rgb
from passes.contrast import ENOUGH, contrast, pairs
from passes.face import Colours, FaceRefused, StampLook, Stamps
from passes.grid import HEIGHT, WIDTH
from passes.imprint import paper_of
from passes.shapes import SHAPES
from passes.stamps import stamp_strip
from tests.passes.pictures import drawn, file_of, photograph
from tests.passes.test_trades import TRADES, look_of

# Of 255; what a palette may make of a colour.
NEAR = 6


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGB")


def covered(picture: Image.Image, colour: str) -> float:
    """Share of the pixels that are about of this colour."""
    apart = ImageChops.difference(picture, Image.new("RGB", picture.size, colour))
    near = [all(channel <= NEAR for channel in pixel) for pixel in zip(*[iter(apart.tobytes())] * 3, strict=True)]
    return sum(near) / len(near)


def beside_the_mark(picture: Image.Image, scale: int) -> Image.Image:
    return picture.crop((0, 0, round((WIDTH - 1.2 * MARK) / 2) * scale, HEIGHT * scale))


@pytest.mark.parametrize(("trade", "scale"), list(product(TRADES, (1, 2, 3))))
def test_a_band_has_apples_size_and_is_small(trade: str, scale: int) -> None:
    png = band_strip(look_of(trade), scale)
    assert opened(png).size == (375 * scale, 144 * scale)
    assert len(png) < 40_000


@pytest.mark.parametrize("trade", TRADES)
def test_a_band_shows_background_pattern_and_mark(trade: str) -> None:
    look = look_of(trade)
    band = opened(band_strip(look, 3))
    assert covered(beside_the_mark(band, 3), look.colours.background) > 0.6
    assert 0.03 < covered(beside_the_mark(band, 3), pattern_colour(look.colours)) < 0.3
    mark = band.crop((band.width // 2 - 60, band.height // 2 - 140, band.width // 2 + 60, band.height // 2 + 140))
    assert covered(mark, paper_of(look)) > 0.15


@pytest.mark.parametrize("trade", TRADES)
def test_text_across_the_pattern_reads_as_text_must(trade: str) -> None:
    colours = look_of(trade).colours
    beside = beside_the_mark(opened(band_strip(look_of(trade), 2)), 2)
    for _, pixel in beside.getcolors(beside.width * beside.height) or ():
        assert isinstance(pixel, tuple)
        ground = "#" + bytes(pixel).hex()
        assert min(contrast(pair.ink, ground) for pair in pairs(colours)) >= ENOUGH - 0.2, ground


@pytest.mark.parametrize("colours", [
    Colours("#000000", "#ffffff", "#dddddd"), Colours("#ffffff", "#000000", "#333333"),
    Colours("#ffffff", "#767676", "#767676"), Colours("#000000", "#757575", "#757575"),
    Colours("#808080", "#8a8a8a", "#777777"), Colours("#767676", "#ffffff", "#ffffff"),
])  # fmt: skip
def test_the_pattern_takes_no_text_below_what_must_be_or_what_it_was(colours: Colours) -> None:
    tint = pattern_colour(colours)
    before = contrast(colours.foreground, colours.background)
    assert contrast(colours.foreground, tint) >= min(before, ENOUGH)
    assert contrast(tint, colours.background) < 1.8


@pytest.mark.parametrize("trade", TRADES)
def test_a_band_meets_the_pass_without_a_seam(trade: str) -> None:
    look = look_of(trade)
    band = opened(band_strip(look, 3))
    for edge in ((0, 0, band.width, 3), (0, band.height - 3, band.width, band.height)):
        assert band.crop(edge).getcolors() == [(band.width * 3, rgb(look.colours.background))]


@pytest.mark.parametrize("trade", TRADES)
def test_the_mark_stands_alone_in_the_middle(trade: str) -> None:
    look = look_of(trade)
    band = opened(band_strip(look, 2))
    ring = [band.getpixel((band.width // 2 + side * round(MARK * 1.24), band.height // 2)) for side in (-1, 1)]
    assert ring == [rgb(look.colours.background)] * 2


def test_no_two_trades_have_one_band() -> None:
    assert len({band_strip(look_of(trade), 1) for trade in TRADES}) == len(TRADES)


@pytest.mark.parametrize("part", ["background", "foreground"])
def test_a_new_colour_gives_a_new_band(look: StampLook, part: str) -> None:
    assert band_strip(replace(look, colours=replace(look.colours, **{part: "#204060"})), 1) != band_strip(look, 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_photo_makes_a_pattern_of_the_stamps_shape(look: StampLook, shape: str) -> None:
    photo = replace(look, stamp=file_of(photograph()), shape=shape)
    band = opened(band_strip(photo, 2))
    assert 0.05 < covered(beside_the_mark(band, 2), pattern_colour(look.colours)) < 0.3
    others = {band_strip(replace(photo, shape=other), 1) for other in SHAPES if other != shape}
    assert band_strip(photo, 1) not in others


def test_a_drawing_on_a_ground_of_its_own_makes_no_pattern_of_boxes(look: StampLook) -> None:
    boxed = replace(look, stamp=file_of(drawn((300, 300), ground="#ffffff", box=(60, 60, 240, 240))))
    plain = replace(look, stamp=file_of(photograph()))
    beside = [beside_the_mark(opened(band_strip(one, 2)), 2) for one in (boxed, plain)]
    assert max(ImageChops.difference(*beside).tobytes()) <= NEAR


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (2000, 3)])
def test_a_stamp_of_odd_proportions_still_makes_a_band(look: StampLook, size: tuple[int, int]) -> None:
    odd = replace(look, stamp=file_of(Image.new("RGBA", size, (200, 0, 0, 255))))
    assert opened(band_strip(odd, 1)).size == (375, 144)


def test_the_same_look_gives_the_same_bytes_drawn_once(look: StampLook) -> None:
    first = band_strip(look, 3)
    again = replace(look, stamp=bytes(bytearray(look.stamp)))
    assert band_strip(again, 3) is first
    _band.cache_clear()
    assert band_strip(again, 3) == first


def test_a_banner_shows_more_of_the_pattern_and_never_a_bare_end(look: StampLook) -> None:
    banner = opened(band_banner(look, 1032, 336))
    assert banner.size == (1032, 336)
    for end in ((0, 0, 140, 336), (892, 0, 1032, 336)):
        assert covered(banner.crop(end), pattern_colour(look.colours)) > 0.03


def test_a_strip_is_the_grid_where_there_is_one_and_the_band_where_there_is_none(look: StampLook) -> None:
    assert strip_of(look, Stamps(10, 3), 2) == stamp_strip(look, Stamps(10, 3), 2)
    assert strip_of(look, None, 2) == band_strip(look, 2)


@pytest.mark.parametrize("scale", [0, -1, 4])
def test_a_scale_that_no_phone_has_is_refused(look: StampLook, scale: int) -> None:
    with pytest.raises(FaceRefused, match="scale"):
        band_strip(look, scale)


@pytest.mark.parametrize(("part", "value", "says"), [
    ("shape", "cloud", "'cloud'"), ("stamp", b"", "no readable PNG"), ("stamp", b"<svg/>", "no readable PNG"),
    ("stamp", file_of(Image.new("RGBA", (9, 9))), "transparent"),
    ("colours", Colours("beige", "#000000", "#000000"), "'beige'"),
])  # fmt: skip
def test_a_look_that_cannot_be_drawn_is_refused_on_phone_and_banner(
    look: StampLook, part: str, value: object, says: str
) -> None:
    wrong = replace(look, **{part: value})  # type: ignore[arg-type]
    with pytest.raises(FaceRefused, match=says):
        band_strip(wrong, 1)
    with pytest.raises(FaceRefused, match=says):
        band_banner(wrong, 1032, 336)

"""The stamp grid: what is stamped, what is open, and which one brings the reward."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from passes.face import Colours, FaceRefused, StampLook, Stamps
from passes.grid import HEIGHT, WIDTH, stamp_grid
from passes.stamps import stamp_strip


def strip(look: StampLook, needed: int, filled: int, scale: int = 1) -> Image.Image:
    return Image.open(io.BytesIO(stamp_strip(look, Stamps(needed, filled), scale))).convert("RGB")


def rows(count: int) -> list[int]:
    heights = [round(y) for _, y in stamp_grid(count).centres]
    return [heights.count(height) for height in sorted(set(heights))]


def square_png(colour: tuple[int, int, int, int], side: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (side, side), colour).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, [1]),
        (3, [3]),
        (5, [5]),
        (7, [4, 3]),
        (8, [4, 4]),
        (10, [5, 5]),
        (12, [6, 6]),
        (15, [5, 5, 5]),
        (17, [6, 5, 6]),
        (20, [7, 6, 7]),
        (30, [10, 10, 10]),
    ],
)
def test_rows_are_as_a_printer_would_set_them(count: int, expected: list[int]) -> None:
    assert rows(count) == expected


@pytest.mark.parametrize("count", range(1, 31))
def test_no_stamp_touches_another_or_the_edge(count: int) -> None:
    grid = stamp_grid(count)
    reach = grid.diameter * 1.15 / 2
    assert len(grid.centres) == count
    for n, (x, y) in enumerate(grid.centres):
        assert reach < x < WIDTH - reach
        assert reach < y < HEIGHT - reach
        for other_x, other_y in grid.centres[:n]:
            assert (x - other_x) ** 2 + (y - other_y) ** 2 >= (grid.diameter * 1.1) ** 2


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_a_strip_has_apples_size(look: StampLook, scale: int) -> None:
    assert strip(look, 10, 3, scale).size == (375 * scale, 144 * scale)


@pytest.mark.parametrize(("needed", "filled"), [(10, 0), (10, 3), (10, 10), (5, 1), (20, 20), (30, 29)])
def test_exactly_the_filled_places_carry_a_disc(look: StampLook, needed: int, filled: int) -> None:
    picture = strip(look, needed, filled, 2)
    grid = stamp_grid(needed)
    paper = (255, 244, 226)
    # Near the rim of the disc, left of the stamp: paper if stamped, the card's background if open.
    found = [picture.getpixel((round((x - grid.diameter * 0.405) * 2), round(y * 2))) == paper for x, y in grid.centres]
    assert found == [True] * filled + [False] * (needed - filled)


@pytest.mark.parametrize(("needed", "filled"), [(10, 0), (10, 10), (20, 7)])
def test_the_strip_meets_the_pass_without_a_seam(look: StampLook, needed: int, filled: int) -> None:
    picture = strip(look, needed, filled, 3)
    corners = [(0, 0), (1124, 0), (0, 431), (1124, 431)]
    assert {picture.getpixel(corner) for corner in corners} == {(0x4A, 0x24, 0x15)}


def place(picture: Image.Image, index: int, scale: int = 1) -> Image.Image:
    """The part of a ten-stamp strip around one place."""
    x, y = (round(v * scale) for v in stamp_grid(10).centres[index])
    half = 29 * scale
    return picture.crop((x - half, y - half, x + half, y + half))


def apart(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures, 0 to 255. Each palette is chosen anew, so shades move a little."""
    pairs = zip(one.tobytes(), other.tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / len(one.tobytes())


def test_the_last_place_looks_like_no_other(look: StampLook) -> None:
    open_card, full_card = strip(look, 10, 0), strip(look, 10, 10)
    assert apart(place(open_card, 9), place(open_card, 8)) > 10
    assert apart(place(full_card, 9), place(full_card, 8)) > 10


def test_the_last_place_waits_unchanged_until_it_is_stamped(look: StampLook) -> None:
    assert apart(place(strip(look, 10, 0), 9), place(strip(look, 10, 9), 9)) < 2


def test_a_stamp_stays_as_it_was_when_the_next_is_given(look: StampLook) -> None:
    assert apart(place(strip(look, 10, 1), 0), place(strip(look, 10, 2), 0)) < 2


def test_two_neighbours_are_not_turned_alike(look: StampLook) -> None:
    picture = strip(look, 10, 2, 3)
    assert apart(place(picture, 0, 3), place(picture, 1, 3)) > 5


def test_a_square_stamp_fills_its_corners(look: StampLook) -> None:
    x, y = stamp_grid(10).centres[0]
    reach = stamp_grid(10).diameter * 0.42
    corner = round((x - reach) * 2), round((y - reach) * 2)
    assert strip(look, 10, 1, 2).getpixel(corner) != (255, 244, 226)
    assert strip(replace(look, shape="square"), 10, 1, 2).getpixel(corner) == (255, 244, 226)


def test_the_same_grid_gives_the_same_bytes(look: StampLook) -> None:
    again = replace(look, stamp=bytes(bytearray(look.stamp)))
    assert stamp_strip(look, Stamps(10, 4), 2) == stamp_strip(again, Stamps(10, 4), 2)


def test_a_stamp_of_many_shades_keeps_them(look: StampLook) -> None:
    shades = [Image.radial_gradient("L"), Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90)]
    out = io.BytesIO()
    Image.merge("RGB", shades).save(out, "PNG")
    colourful = stamp_strip(replace(look, stamp=out.getvalue()), Stamps(10, 10), 2)
    assert Image.open(io.BytesIO(colourful)).mode == "RGB"
    assert Image.open(io.BytesIO(stamp_strip(look, Stamps(10, 10), 2))).mode == "P"


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (2000, 3)])
def test_a_stamp_of_odd_proportions_is_still_drawn(look: StampLook, size: tuple[int, int]) -> None:
    out = io.BytesIO()
    Image.new("RGBA", size, (200, 0, 0, 255)).save(out, "PNG")
    odd = replace(look, stamp=out.getvalue())
    assert strip(odd, 10, 3).size == (375, 144)


@pytest.mark.parametrize(("needed", "filled"), [(0, 0), (-1, 0), (31, 0), (10, 11), (10, -1)])
def test_a_count_that_no_grid_shows_is_refused(look: StampLook, needed: int, filled: int) -> None:
    with pytest.raises(FaceRefused, match=str(filled if needed == 10 else needed)):
        stamp_strip(look, Stamps(needed, filled), 1)


@pytest.mark.parametrize("shape", ["", "Round", "star"])
def test_an_unknown_shape_is_refused(look: StampLook, shape: str) -> None:
    with pytest.raises(FaceRefused, match="use one of round, square, hexagon, scallop, ticket"):
        stamp_strip(replace(look, shape=shape), Stamps(10, 0), 1)


@pytest.mark.parametrize("scale", [0, -1, 4])
def test_a_scale_that_no_phone_has_is_refused(look: StampLook, scale: int) -> None:
    with pytest.raises(FaceRefused, match="scale"):
        stamp_strip(look, Stamps(10, 0), scale)


def test_a_colour_that_cannot_be_read_is_refused(look: StampLook) -> None:
    with pytest.raises(FaceRefused, match="'beige'"):
        stamp_strip(replace(look, colours=Colours("#ffffff", "#000000", "beige")), Stamps(10, 0), 1)


def test_a_stamp_that_nobody_would_see_is_refused(look: StampLook) -> None:
    with pytest.raises(FaceRefused, match="transparent"):
        stamp_strip(replace(look, stamp=square_png((0, 0, 0, 0))), Stamps(10, 1), 1)


@pytest.mark.parametrize("stamp", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n"])
def test_a_stamp_that_is_no_png_is_refused(look: StampLook, stamp: bytes) -> None:
    with pytest.raises(FaceRefused, match="PNG"):
        stamp_strip(replace(look, stamp=stamp), Stamps(10, 1), 1)


def test_a_broken_stamp_is_refused_before_the_first_stamp_is_given(look: StampLook) -> None:
    with pytest.raises(FaceRefused, match="PNG"):
        stamp_strip(replace(look, stamp=b"broken"), Stamps(10, 0), 1)

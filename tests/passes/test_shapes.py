"""Five shapes of a stamp, each drawn within its place."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from PIL import Image, ImageChops

from passes.checks import rgb
from passes.contrast import contrast
from passes.face import StampLook, Stamps
from passes.grid import stamp_grid
from passes.imprint import TILE, Imprint, paper_of
from passes.shapes import SHAPES, outline
from passes.stamps import stamp_strip
from passes.uploads import stamp_from
from tests.passes.pictures import drawn, opened, photograph

PAPER = (255, 244, 226)
CORNERED = [shape for shape in SHAPES if shape != "round"]


def strip(look: StampLook, shape: str, filled: int = 10, scale: int = 2) -> Image.Image:
    return opened(stamp_strip(replace(look, shape=shape), Stamps(10, filled), scale)).convert("RGB")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("filled", [0, 3, 10])
def test_exactly_the_filled_places_carry_a_stamp(look: StampLook, shape: str, filled: int) -> None:
    picture, grid = strip(look, shape, filled), stamp_grid(10)
    # Above the middle, between the drawing and the rim, where every shape has paper.
    places = [(round((x + grid.diameter * 0.28) * 2), round((y - grid.diameter * 0.28) * 2)) for x, y in grid.centres]
    if filled == 10:
        places.pop()
    assert [picture.getpixel(place) == PAPER for place in places] == [n < filled for n in range(len(places))]


def test_no_two_shapes_look_alike(look: StampLook) -> None:
    pictures = [strip(look, shape) for shape in SHAPES]
    for n, picture in enumerate(pictures):
        assert all(ImageChops.difference(picture, other).getbbox() for other in pictures[:n])


@pytest.mark.parametrize("shape", CORNERED)
def test_a_shape_is_as_large_as_the_circle_it_replaces(shape: str) -> None:
    points = outline(shape, 1.0)
    area = abs(sum(x * b - a * y for (x, y), (a, b) in pairwise([*points, points[0]]))) / 2
    assert 0.85 < area / (math.pi / 4) < 1.3
    assert max(max(abs(x), abs(y)) for x, y in points) <= 0.55


@pytest.mark.parametrize("shape", CORNERED)
def test_a_smaller_outline_lies_within_a_larger_one(shape: str) -> None:
    sizes = [max(abs(x) for x, _ in outline(shape, width)) for width in (0.4, 0.85, 0.9, 1.0, 1.08, 1.13)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("side", [9, 57, 171])
def test_nothing_of_a_stamp_is_cut_off_by_its_tile(look: StampLook, shape: str, side: int) -> None:
    for reward in (False, True):
        place = Imprint(replace(look, shape=shape), side)
        if reward:
            place.open_reward()
        else:
            place.stamped(10)
            place.earned()
        tile = place.reduced()
        assert tile.size == (round(side * TILE),) * 2
        left, top, right, bottom = tile.getchannel("A").getbbox() or (0, 0, 0, 0)
        assert min(left, top, tile.width - right, tile.height - bottom) >= 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [5, 10, 30])
def test_a_stamp_does_not_reach_into_its_neighbour(look: StampLook, shape: str, count: int) -> None:
    grid = stamp_grid(count)
    one = Imprint(replace(look, shape=shape), 120)
    one.open_place(1)
    left, _, right, _ = one.reduced().getchannel("A").getbbox() or (0, 0, 0, 0)
    pitch = min(abs(a[0] - b[0]) for a, b in pairwise(grid.centres) if a[1] == b[1])
    assert (right - left) / 120 < pitch / grid.diameter


@pytest.mark.parametrize("shape", SHAPES)
def test_a_photo_is_cut_to_the_shape_and_not_a_box_in_its_middle(look: StampLook, shape: str) -> None:
    photo = replace(look, shape=shape, stamp=stamp_from(photograph().convert("RGBA")).png)
    tile = Imprint(photo, 100)
    tile.stamped(0)
    picture = tile.reduced()
    middle = picture.width // 2
    upwards = [picture.getpixel((middle, middle - n))[:3] for n in range(70)]
    assert PAPER not in upwards[:38]
    assert PAPER in upwards[38:]


def test_a_drawing_on_white_makes_the_whole_stamp_white(look: StampLook) -> None:
    boxed = stamp_from(drawn((300, 200), "#c00000", "#ffffff", (60, 40, 200, 160))).png
    tile = Imprint(replace(look, stamp=boxed), 100)
    tile.stamped(0)
    picture = tile.reduced()
    assert picture.getpixel((picture.width // 2, picture.height // 2 - 46))[:3] == (255, 255, 255)
    assert picture.getpixel((picture.width // 2, picture.height // 2))[:3] == (0xC0, 0, 0)


def test_a_drawing_stands_on_the_colour_of_the_values(look: StampLook) -> None:
    assert paper_of(look) == look.colours.foreground


@pytest.mark.parametrize("ink", ["#fff4e2", "#ffffff", "#f0e0d0"])
def test_a_drawing_that_would_be_lost_there_stands_on_another(look: StampLook, ink: str) -> None:
    pale = replace(look, stamp=stamp_from(drawn((200, 200), ink)).png)
    assert contrast(paper_of(pale), ink) > 4.5
    tile = Imprint(pale, 100)
    tile.stamped(0)
    middle = round(50 * TILE)
    assert tile.reduced().getpixel((middle, middle - 46))[:3] == rgb(paper_of(pale))


def test_a_photo_keeps_the_rim_of_the_brand(look: StampLook) -> None:
    pale = Image.new("RGBA", (90, 90), "#fff4e2")
    pale.paste("#e0c8a0", (0, 0, 40, 40))
    assert paper_of(replace(look, stamp=stamp_from(pale).png)) == look.colours.foreground

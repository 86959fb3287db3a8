"""Which ten of many shops stand on a card: where one goes, then what is near; always the same ones."""

from collections.abc import Sequence
from math import atan2, cos, hypot, pi, radians, sin
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer.offers.facts import Shop
from issuer.offers.nearest import EARTH, metres, nearest

Point = tuple[float, float]
POINTS = st.tuples(
    st.floats(-90, 90) | st.sampled_from([-90.0, 0.0, 90.0]), st.floats(-180, 180) | st.sampled_from([-180.0, 180.0])
)


def shops(*points: Point) -> list[Shop]:
    return [Shop(UUID(int=number), "x", "UTC", *point) for number, point in enumerate(points, 1)]


def ids(*numbers: int) -> tuple[UUID, ...]:
    return tuple(UUID(int=number) for number in numbers)


def arrow(point: Point) -> tuple[float, float, float]:
    """From the middle of the earth."""
    north, east = map(radians, point)
    return cos(north) * cos(east), cos(north) * sin(east), sin(north)


def way(here: Point, there: Point) -> float:
    """In metres, by the angle between two arrows."""
    (a, b, c), (d, e, f) = arrow(here), arrow(there)
    return EARTH * atan2(hypot(b * f - c * e, c * d - a * f, a * e - b * d), a * d + b * e + c * f)


@pytest.mark.parametrize(
    ("here", "there", "metres_apart"),
    [
        ((52.5200, 13.4050), (48.1374, 11.5755), 504_000),
        ((0, 179.5), (0, -179.5), 111_195),
        ((0, 180), (0, -180), 0),
        ((90, 0), (90, 123), 0),
        ((-90, 10), (-89, -170), 111_195),
        ((89.5, 0), (89.5, 180), 111_195),
        ((90, 0), (-90, 0), pi * EARTH),
        ((0, 0), (0, 180), pi * EARTH),
        ((74.4, -56.8), (-74.4, 123.2), pi * EARTH),
        ((52.52, 13.405), (52.52, 13.405), 0),
    ],
)
def test_the_way_between_two_points_on_the_globe(here: Point, there: Point, metres_apart: float) -> None:
    assert metres(here, there) == pytest.approx(metres_apart, rel=0.001, abs=1)


@settings(max_examples=200, deadline=None)
@given(POINTS, POINTS)
def test_the_way_is_the_angle_between_two_arrows(here: Point, there: Point) -> None:
    assert metres(here, there) == metres(there, here)
    # Towards the other end of the earth the sine stands still, and a rounding shifts the angle by metres.
    assert metres(here, there) == pytest.approx(way(here, there), abs=1 if way(here, there) < 1.9e7 else 5)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(POINTS, max_size=30),
    st.none() | POINTS,
    st.dictionaries(st.integers(1, 30).map(lambda number: UUID(int=number)), st.integers(0, 3), max_size=12),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
)
def test_no_shop_is_left_out_that_is_visited_more_or_is_nearer(
    points: Sequence[Point], anchor: Point | None, visits: dict[UUID, int], most: int, random: object
) -> None:
    all_of_them = shops(*points)
    chosen = nearest(all_of_them, anchor, visits, most)
    random.shuffle(all_of_them)  # type: ignore[attr-defined]
    assert nearest(all_of_them, anchor, visits, most) == chosen
    assert len(set(chosen)) == len(chosen) == min(most, len(points))
    far = {shop.id: way(anchor, (shop.latitude, shop.longitude)) if anchor else 0 for shop in all_of_them}  # type: ignore[arg-type]
    in_order = [*chosen, *(shop.id for shop in all_of_them if shop.id not in chosen)]
    for place, one in enumerate(chosen):
        for other in in_order[place + 1 :]:
            assert visits.get(one, 0) >= visits.get(other, 0)
            assert visits.get(one, 0) > visits.get(other, 0) or far[one] <= far[other] + 10


def test_where_one_goes_comes_first_however_far_and_then_what_is_near() -> None:
    some = shops((0, 1), (0, 2), (0, 3), (0, 4), (0, 5))
    assert nearest(some, (0, 0), {UUID(int=5): 2, UUID(int=4): 7, UUID(int=3): 2}) == ids(4, 3, 5, 1, 2)


def test_across_the_date_line_is_near() -> None:
    assert nearest(shops((10, 170), (10, -179.9), (10, 179)), (10, 179.95), {}) == ids(2, 3, 1)


def test_of_shops_that_are_as_near_the_first_ids_stay() -> None:
    ring = shops(*[(90.0 - 1, east) for east in range(-180, 180, 20)])
    assert nearest(ring, (90, 77), {}) == ids(*range(1, 11))
    assert nearest(reversed(ring), None, {}) == ids(*range(1, 11))
    assert nearest(reversed(shops((0, 179), (0, -179))), (0, 180), {}) == ids(1, 2)


def test_a_shop_without_coordinates_stands_on_no_card_however_often_one_comes() -> None:
    nowhere = Shop(UUID(int=9), "x", "UTC")
    assert nearest([*shops((0, 1)), nowhere], (0, 0), {nowhere.id: 50}) == ids(1)
    assert nearest([nowhere], (0, 0), {}) == ()

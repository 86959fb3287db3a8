"""The outlines a stamp may have: corners of polygons around (0, 0), in diameters of a stamp."""

import math
from collections.abc import Iterator
from functools import cache

SHAPES = ("round", "square", "hexagon", "scallop", "ticket")

Points = tuple[tuple[float, float], ...]

_SQUARE_CORNER = 0.2
_HEXAGON_INRADIUS, _HEXAGON_CORNER = 0.475, 0.12
_LOBES, _LOBE_TOP, _LOBE_DEPTH = 14, 0.52, 0.045
_TICKET_SIZE, _TICKET_CORNER, _NOTCH = (1.08, 0.9), 0.1, 0.08
_STEPS = 24


@cache
def outline(shape: str, width: float) -> Points:
    """The polygon of a shape, `width` times as large, its edge kept parallel where it is rounded.

    `shape` is one of `SHAPES` but "round", which is a circle.
    """
    grown = (width - 1) / 2
    if shape == "hexagon":
        return tuple(_hexagon(grown))
    if shape == "scallop":
        return tuple(_scallop(width))
    if shape == "ticket":
        return tuple(_ticket(grown))
    side = 1 + 2 * grown
    return tuple(_rounded(side, side, max(_SQUARE_CORNER + grown, 0.01)))


def _hexagon(grown: float) -> Iterator[tuple[float, float]]:
    """Standing on a corner, so that rows of it look like honeycomb."""
    corner = max(_HEXAGON_CORNER + grown, 0.01)
    away = (_HEXAGON_INRADIUS + grown - corner) / math.cos(math.pi / 6)
    for n in range(6):
        middle = math.pi / 2 + n * math.pi / 3
        x, y = away * math.cos(middle), away * math.sin(middle)
        yield from _arc(x, y, corner, middle - math.pi / 6, middle + math.pi / 6)


def _scallop(width: float) -> Iterator[tuple[float, float]]:
    """The edge of a biscuit."""
    for n in range(_LOBES * _STEPS):
        turn = 2 * math.pi * n / (_LOBES * _STEPS)
        reach = _LOBE_TOP - _LOBE_DEPTH * (1 - abs(math.sin(turn * _LOBES / 2)))
        yield width * reach * math.cos(turn), width * reach * math.sin(turn)


def _ticket(grown: float) -> Iterator[tuple[float, float]]:
    """An admission ticket: a bite out of its left and its right side."""
    across, down = (length / 2 + grown for length in _TICKET_SIZE)
    corner, bite = max(_TICKET_CORNER + grown, 0.01), _NOTCH - grown
    turn = math.pi / 2
    yield from _arc(across - corner, down - corner, corner, 0, turn)
    yield from _arc(corner - across, down - corner, corner, turn, 2 * turn)
    yield from _arc(-across, 0, bite, turn, -turn)
    yield from _arc(corner - across, corner - down, corner, 2 * turn, 3 * turn)
    yield from _arc(across - corner, corner - down, corner, 3 * turn, 4 * turn)
    yield from _arc(across, 0, bite, 3 * turn, turn)


def _rounded(across: float, down: float, corner: float) -> Iterator[tuple[float, float]]:
    for n, (right, low) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        x, y = right * (across / 2 - corner), low * (down / 2 - corner)
        yield from _arc(x, y, corner, n * math.pi / 2, (n + 1) * math.pi / 2)


def _arc(x: float, y: float, radius: float, first: float, last: float) -> Iterator[tuple[float, float]]:
    for n in range(_STEPS + 1):
        turn = first + (last - first) * n / _STEPS
        yield x + radius * math.cos(turn), y + radius * math.sin(turn)

"""The stamp grid on paper: the places of passes/grid.py and passes/imprint.py, drawn in lines instead of pixels."""

from dataclasses import dataclass

from PIL import Image

from passes.checks import check_colours, check_stamps, refuse_unless
from passes.face import Colours, StampLook, Stamps
from passes.grid import stamp_grid
from passes.imprint import paper_of
from passes.paper_press import Box, Press, artwork, mixed
from passes.paper_type import MM_OF_POINT, Style
from passes.shapes import SHAPES, outline
from passes.stamps import ANGLES

_REACH = 0.56
"""From the centre of a place to the edge of the ring that the last one wears, in diameters."""


def check_look(look: StampLook, stamps: Stamps | None) -> None:
    """Raise FaceRefused where the grid could not be drawn, even if no stamp is on it yet."""
    check_colours(look.colours)
    if stamps is not None:
        check_stamps(stamps)
    refuse_unless(look.shape in SHAPES, f"The stamp shape {look.shape!r} is unknown; use one of {', '.join(SHAPES)}.")
    artwork(look.stamp, "stamp image", centred=True)


@dataclass(frozen=True)
class _Place:
    """Where one stamp goes: centre and diameter in millimetres."""

    x: float
    y: float
    size: float

    def box(self, share: float) -> Box:
        side = self.size * share
        return Box(self.x - side / 2, self.y - side / 2, side, side)

    def corners(self, shape: str, share: float) -> list[tuple[float, float]]:
        return [(self.x + x * self.size, self.y + y * self.size) for x, y in outline(shape, share)]


def draw_grid(press: Press, look: StampLook, stamps: Stamps | None, box: Box) -> None:
    """The grid as large as the box allows, in its middle; where nothing is stamped, one stamp as the shop's mark."""
    art = artwork(look.stamp, "stamp image", centred=True)
    if stamps is None:
        middle = _Place(box.x + box.w / 2, box.y + box.h / 2, min(box.w, box.h) / (2 * _REACH))
        _stamped(press, look, middle, art, 0)
        return
    for index, place in enumerate(_places(stamps.needed, box)):
        last = index == stamps.needed - 1
        if index < stamps.filled:
            _stamped(press, look, place, art, ANGLES[index % len(ANGLES)])
        elif last:
            _reward(press, look, place)
        else:
            _open(press, look, place, index + 1)


def _places(count: int, box: Box) -> list[_Place]:
    grid = stamp_grid(count)
    reach = grid.diameter * _REACH
    left, right = min(x for x, _ in grid.centres) - reach, max(x for x, _ in grid.centres) + reach
    top, bottom = min(y for _, y in grid.centres) - reach, max(y for _, y in grid.centres) + reach
    scale = min(box.w / (right - left), box.h / (bottom - top))
    x0 = box.x + (box.w - (right - left) * scale) / 2 - left * scale
    y0 = box.y + (box.h - (bottom - top) * scale) / 2 - top * scale
    return [_Place(x0 + x * scale, y0 + y * scale, grid.diameter * scale) for x, y in grid.centres]


def _edge(press: Press, shape: str, place: _Place, share: float, line: float, colour: str) -> None:
    """The outline `share` of a place wide at its outer side, `line` thick, both in diameters."""
    if shape == "round":
        press.ring(place.x, place.y, place.size * (share - line) / 2, colour, line * place.size)
    else:
        press.polygon(place.corners(shape, share - line), colour, line * place.size)


def _soft(colours: Colours) -> str:
    return mixed(colours.background, colours.label, 0.7)


def _open(press: Press, look: StampLook, place: _Place, number: int) -> None:
    _edge(press, look.shape, place, 1.0, 0.028, _soft(look.colours))
    size = (0.36 if number < 10 else 0.32) * place.size / MM_OF_POINT
    press.text(str(number), place.box(0.9), Style(size, size, 1), look.colours.label, 0.5, 0.5)


def _reward(press: Press, look: StampLook, place: _Place) -> None:
    _edge(press, look.shape, place, 1.08, 0.045, look.colours.label)
    _edge(press, look.shape, place, 0.9, 0.02, _soft(look.colours))
    press.star(place.x, place.y + 0.02 * place.size, 0.27 * place.size, look.colours.label)


def _stamped(press: Press, look: StampLook, place: _Place, art: Image.Image, angle: float) -> None:
    disc = paper_of(look)
    if look.shape == "round":
        press.disc(place.x, place.y, place.size / 2, disc)
    else:
        press.polygon(place.corners(look.shape, 1.0), disc)
    _edge(press, look.shape, place, 0.92, 0.014, mixed(disc, look.colours.background, 0.22))
    press.picture(art, place.box(0.66), angle)

"""Where each stamp of a card stands: rows, and circles in them, as a printer would set them."""

from dataclasses import dataclass

WIDTH = 375
HEIGHT = 144
_SIDE_MARGIN = 16
_EDGE_MARGIN = 10
_LARGEST = 88
_GAPS = {1: 10, 2: 9, 3: 6}
# A row whose circles are further apart than this no longer reads as one row.
_WIDEST_PITCH = 1.5


@dataclass(frozen=True)
class Grid:
    """Circles in points, in the order they are stamped: `diameter`, and the centre (x, y) of each."""

    diameter: float
    centres: tuple[tuple[float, float], ...]


def stamp_grid(count: int) -> Grid:
    """The arrangement of 1 to 30 stamps on 375 x 144 points that gives the largest circles and even rows."""
    rows = max((_rows(count, n) for n in range(1, min(count, 3) + 1)), key=_merit)
    diameter = _diameter(rows)
    pitch = min((WIDTH - 2 * _SIDE_MARGIN - diameter) / max(max(rows) - 1, 1), diameter * _WIDEST_PITCH)
    centres = [centre for n, length in enumerate(rows) for centre in _row(length, pitch, _y(n, len(rows), diameter))]
    return Grid(diameter, tuple(centres))


def _rows(count: int, rows: int) -> tuple[int, ...]:
    """Row lengths, the same from above as from below: 20 in three rows is 7, 6, 7."""
    least, over = divmod(count, rows)
    if rows == 3 and over == 1:
        return (least, least + 1, least)
    if rows == 3 and over == 2:
        return (least + 1, least, least + 1)
    return (least + 1,) * over + (least,) * (rows - over)


def _merit(rows: tuple[int, ...]) -> float:
    even = len(set(rows)) == 1
    return _diameter(rows) * (1.0 if even else 0.9)


def _diameter(rows: tuple[int, ...]) -> float:
    gap = _GAPS[len(rows)]
    across = (WIDTH - 2 * _SIDE_MARGIN - (max(rows) - 1) * gap) / max(rows)
    down = (HEIGHT - 2 * _EDGE_MARGIN - (len(rows) - 1) * gap) / len(rows)
    return min(across, down, _LARGEST)


def _row(length: int, pitch: float, y: float) -> list[tuple[float, float]]:
    left = WIDTH / 2 - (length - 1) * pitch / 2
    return [(left + n * pitch, y) for n in range(length)]


def _y(row: int, rows: int, diameter: float) -> float:
    gap = min((HEIGHT - 2 * _EDGE_MARGIN - rows * diameter) / max(rows - 1, 1), _GAPS[rows] * 1.5)
    top = HEIGHT / 2 - (rows * diameter + (rows - 1) * gap) / 2
    return top + diameter / 2 + row * (diameter + gap)

"""Words on paper: the typeface, what of a text it can show, and the size at which a text fits its box.

Lengths are in millimetres, type sizes in points.
"""

import re
import unicodedata
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path

# The one file that passes/ reads: the typeface is part of the package and never changes while it runs, as much a
# constant as the code, and too large to write down as one.
FONTS = Path(__file__).parent / "fonts" / "dejavu"
FONT_FILES = {"": FONTS / "DejaVuSans.ttf", "B": FONTS / "DejaVuSans-Bold.ttf"}
MM_OF_POINT = 25.4 / 72
LEADING = 1.2
"""Distance of two baselines, in type sizes."""
RISE = 0.76
"""Height of a capital, in type sizes."""
_STEP = 0.5
_ELLIPSIS = "…"
# Up to a blank, or up to a slash or hyphen inside a word, where addresses and German compounds may be broken.
_PIECE = re.compile(r"\S+?(?:\s+|(?<=[/-])(?=[^\s/-])|$)")
# They colour, join or select emoji; alone they show nothing or a dotted box.
_EMOJI_ONLY = {*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400), *range(0xE0000, 0xE0080), 0x20E3, 0x200D}

Measure = Callable[[str], float]
"""Width of a text set in a size of one point."""


@dataclass(frozen=True)
class Style:
    """How a text may be set: sizes in points from `largest` down to `smallest`, in at most `lines` lines."""

    largest: float
    smallest: float
    lines: int
    bold: bool = False


@dataclass(frozen=True)
class Setting:
    """A text as it fits its box: the size in points, and its lines."""

    size: float
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        """From the top of the first line's capitals to the last line's baseline."""
        return _height(self.size, len(self.lines))


def printable(text: str, letters: Container[int]) -> str:
    """The text on one line, with only those letters that the typeface has: a gap is kinder than a black box."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    shown = "".join(letter for letter in plain if ord(letter) in letters and ord(letter) not in _EMOJI_ONLY)
    return " ".join(shown.split())


def reads_from_the_right(text: str) -> bool:
    """Is the first letter with a direction Hebrew, Arabic or the like? (Unicode annex 9, rule P2.)"""
    strong = (unicodedata.bidirectional(letter) for letter in text)
    return next((way for way in strong if way in ("L", "R", "AL")), "L") != "L"


def fit(text: str, style: Style, box: tuple[float, float], measure: Measure) -> Setting:
    """The largest setting of `text` inside `box` (width, height); at the smallest, words break and the end is cut."""
    width, height = box
    pieces = _PIECE.findall(text)
    steps = round((style.largest - style.smallest) / _STEP)
    for size in [style.largest - _STEP * n for n in range(steps + 1)]:
        lines = _wrapped(pieces, width / size, measure)
        whole = all(measure(line) * size <= width for line in lines)
        if whole and len(lines) <= style.lines and _height(size, len(lines)) <= height:
            return Setting(size, _balanced(pieces, lines, width / size, measure))
    return Setting(style.smallest, _cut(text, style, box, measure))


def _height(size: float, lines: int) -> float:
    return (max(lines - 1, 0) * LEADING + RISE) * size * MM_OF_POINT if lines else 0.0


def _wrapped(pieces: list[str], width: float, measure: Measure) -> tuple[str, ...]:
    lines: list[str] = []
    for piece in pieces:
        if lines and measure((lines[-1] + piece).rstrip()) <= width:
            lines[-1] += piece
        else:
            lines.append(piece)
    return tuple(line.rstrip() for line in lines)


def _balanced(pieces: list[str], lines: tuple[str, ...], width: float, measure: Measure) -> tuple[str, ...]:
    """As many lines, of about one length: no single word is left over in the last."""
    narrow, wide = max((measure(piece.rstrip()) for piece in pieces), default=0.0), width
    for _ in range(6):
        middle = (narrow + wide) / 2
        tried = _wrapped(pieces, middle, measure)
        if len(tried) <= len(lines):
            lines, wide = tried, middle
        else:
            narrow = middle
    return lines


def _cut(text: str, style: Style, box: tuple[float, float], measure: Measure) -> tuple[str, ...]:
    width = box[0] / style.smallest
    pieces = [part for piece in _PIECE.findall(text) for part in _parts(piece, width, measure)]
    lines = _wrapped(pieces, width, measure)
    room = next((n for n in range(style.lines, 1, -1) if _height(style.smallest, n) <= box[1]), 1)
    if len(lines) <= room:
        return lines
    last = lines[room - 1]
    while last and measure(last + _ELLIPSIS) > width:
        last = last[:-1].rstrip()
    return (*lines[: room - 1], last + _ELLIPSIS)


def _parts(piece: str, width: float, measure: Measure) -> list[str]:
    parts = [""]
    for letter in piece:
        if parts[-1] and measure((parts[-1] + letter).rstrip()) > width:
            parts.append("")
        parts[-1] += letter
    return parts

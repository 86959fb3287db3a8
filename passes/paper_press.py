"""The press: a PDF in millimetres from the top left, and the few marks that paper cards are made of."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from fpdf import FPDF
from fpdf.drawing import PaintedPath
from fpdf.drawing_primitives import Transform, color_from_hex_string
from fpdf.enums import PathPaintRule
from fpdf.fonts import TTFFont
from PIL import Image, ImageFilter, ImageOps

from passes.checks import rgb
from passes.face import FaceRefused
from passes.images import fitted, read_png
from passes.paper_qr import dark_runs, printed_qr
from passes.paper_type import (
    FONT_FILES,
    LEADING,
    MM_OF_POINT,
    RISE,
    Setting,
    Style,
    fit,
    printable,
    reads_from_the_right,
)
from passes.qr import BORDER

A4 = (210.0, 297.0)
BLACK = "#000000"
WHITE = "#ffffff"
_FAMILY = "dejavu"
# The same values shall give the same bytes; a PDF has to have been made some day.
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_PICTURE_PIXELS = 700
_STAR_POINTS = 5
_HAIR = 0.1
_FRINGE = 4


@dataclass(frozen=True)
class Box:
    """A rectangle in millimetres: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    def inset(self, by: float) -> "Box":
        """The box without a margin of `by` on all sides; a negative one makes it larger."""
        return Box(self.x + by, self.y + by, self.w - 2 * by, self.h - 2 * by)


def mixed(first: str, second: str, share: float) -> str:
    """The colour `share` of the way from `first` to `second`: paper has no half-transparent ink."""
    pairs = zip(rgb(first), rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


@lru_cache(maxsize=32)
def artwork(original: bytes, what: str, centred: bool = False) -> Image.Image:
    """The picture without empty margins, small enough for print. `what` names it in the refusal ("logo").

    `centred` takes as much away on all sides: a stamp that is a cup with a handle is centred by its cup.

    Raises FaceRefused when it is no readable PNG or shows nothing.
    """
    try:
        picture = read_png(original)
    except FaceRefused as error:
        raise FaceRefused(f"The {what} cannot be printed. {error}") from error
    drawn = picture.getchannel("A").getbbox()
    if drawn is None:
        raise FaceRefused(f"The {what} is transparent all over; draw it and upload it again.")
    spare = min(drawn[0], drawn[1], picture.width - drawn[2], picture.height - drawn[3])
    cut = ImageOps.crop(picture, spare) if centred else picture.crop(drawn)
    most = _MOST_PICTURE_PIXELS
    return _without_fringe(cut if max(cut.size) <= most else fitted(cut, (most, most)))


def _without_fringe(picture: Image.Image) -> Image.Image:
    """A PDF keeps colour and transparency apart, so a viewer that scales blends in what nobody should see: colour
    just outside the drawing is made that of its edge."""
    alpha = picture.getchannel("A")
    around = picture.convert("RGBa").filter(ImageFilter.BoxBlur(_FRINGE)).convert("RGBA")
    plain = Image.composite(picture, around, alpha.point(lambda depth: 255 if depth else 0))
    plain.putalpha(alpha)
    return plain


class Press:
    """One document. Every method draws on the page begun last; colours are "#rrggbb"."""

    def __init__(self, title: str, author: str, language: str) -> None:
        self._pdf = FPDF(unit="mm")
        self._pdf.set_auto_page_break(False)
        self._pdf.set_margin(0)
        self._pdf.c_margin = 0
        self._pdf.set_title(title)
        self._pdf.set_author(author)
        self._pdf.set_lang(language)
        self._pdf.set_creation_date(_MADE)
        self._pdf.set_text_shaping(True)
        self._letters = {bold: self._letters_of("B" if bold else "") for bold in (False, True)}
        self._widths: dict[tuple[str, bool], float] = {}

    def _letters_of(self, style: str) -> frozenset[int]:
        self._pdf.add_font(_FAMILY, style, FONT_FILES[style])
        font = self._pdf.fonts[_FAMILY + style]
        return frozenset(font.cmap) if isinstance(font, TTFFont) else frozenset()

    def page(self, width: float, height: float) -> None:
        """Begin a page that is cut to exactly this size (PDF 1.7, 14.11.2: TrimBox = MediaBox)."""
        self._pdf.add_page(format=(width, height))
        edges = f"[0 0 {width / MM_OF_POINT:.2f} {height / MM_OF_POINT:.2f}]"
        vars(self._pdf.pages[self._pdf.page])["trim_box"] = edges

    def finished(self) -> bytes:
        """The PDF."""
        return bytes(self._pdf.output())

    @contextmanager
    def placed(self, x: float, y: float, scale: float = 1.0) -> Iterator[None]:
        """Draw with the origin at (x, y), `scale` times as large; -1 turns all upside down."""
        with self._pdf.transform(Transform.scaling(scale, scale).translate(x, y)):
            yield

    def block(self, box: Box, colour: str, corner: float = 0.0) -> None:
        """A filled rectangle, its corners rounded by the radius `corner`."""
        with self._path(fill=colour) as path:
            path.rectangle(box.x, box.y, box.w, box.h, corner, corner)

    def polygon(self, corners: Iterable[tuple[float, float]], colour: str, line: float = 0.0) -> None:
        """A filled polygon, or its edge alone when `line` is the width of that."""
        with self._path(fill=None if line else colour, edge=colour if line else None, line=line) as path:
            for n, corner in enumerate(corners):
                path.line_to(*corner) if n else path.move_to(*corner)
            path.close()

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        """A filled circle around (x, y)."""
        with self._path(fill=colour) as path:
            path.circle(x, y, radius)

    def ring(self, x: float, y: float, radius: float, colour: str, line: float) -> None:
        """A circle around (x, y), `line` wide."""
        with self._path(edge=colour, line=line) as path:
            path.circle(x, y, radius)

    def star(self, x: float, y: float, radius: float, colour: str) -> None:
        """A filled star around (x, y)."""
        turns = [math.pi * n / _STAR_POINTS - math.pi / 2 for n in range(2 * _STAR_POINTS)]
        reach = [radius * (1 if n % 2 == 0 else 0.45) for n in range(2 * _STAR_POINTS)]
        self.polygon([(x + r * math.cos(t), y + r * math.sin(t)) for r, t in zip(reach, turns, strict=True)], colour)

    def hairline(self, start: tuple[float, float], end: tuple[float, float], colour: str, dash: float = 0.0) -> None:
        """A line of a tenth of a millimetre, in dashes when `dash` is their length."""
        with self._path(edge=colour, line=_HAIR) as path:
            path.style.stroke_dash_pattern = (dash, dash) if dash else None
            path.move_to(*start)
            path.line_to(*end)

    @contextmanager
    def _path(self, fill: str | None = None, edge: str | None = None, line: float = 0.0) -> Iterator[PaintedPath]:
        rule = PathPaintRule.FILL_NONZERO if fill else PathPaintRule.STROKE
        with self._pdf.new_path(paint_rule=rule) as path:
            path.style.auto_close = False
            path.style.fill_color = color_from_hex_string(fill) if fill else None
            path.style.stroke_color = color_from_hex_string(edge) if edge else None
            path.style.stroke_width = line if edge else None
            yield path

    def picture(self, picture: Image.Image, box: Box, turn: float = 0.0, left: bool = False) -> Box:
        """The picture as large as the box allows, in its middle or at its left; `turn` is in degrees.

        Returns where it stands.
        """
        ratio = min(box.w / picture.width, box.h / picture.height)
        width, height = picture.width * ratio, picture.height * ratio
        x = box.x if left else box.x + (box.w - width) / 2
        place = Box(x, box.y + (box.h - height) / 2, width, height)
        with self._pdf.rotation(turn, box.x + box.w / 2, box.y + box.h / 2):
            self._pdf.image(picture, place.x, place.y, place.w, place.h)
        return place

    def qr(self, text: str, box: Box) -> None:
        """Black, the quiet zone within the box; the box must be white already.

        One path, because rectangle by rectangle the seams would show.

        Raises FaceRefused when the text does not fit (passes/paper_qr.py).
        """
        rows = printed_qr(text, box.w)
        module = box.w / (len(rows) + 2 * BORDER)
        with self._path(fill=BLACK) as path:
            for x, y, length in dark_runs(rows):
                left, top = box.x + (x + BORDER) * module, box.y + (y + BORDER) * module
                path.rectangle(left, top, length * module, module)

    def text(self, text: str, box: Box, style: Style, colour: str, across: float = 0.0, down: float = 0.0) -> float:
        """Set `text` inside the box and return the height it took.

        `across` and `down` say where the spare room goes: 0 at the end, 0.5 on both sides, 1 at the start.
        """
        setting = self._setting(text, box, style)
        self._pdf.set_text_color(*rgb(colour))
        self._set(setting, box, style.bold, across, box.y + (box.h - setting.height) * down)
        return setting.height

    def alike(self, texts: Iterable[str], box: Box, style: Style) -> Style:
        """The style with the one size at which each of the texts fits a box like this."""
        largest = min(self._setting(text, box, style).size for text in texts)
        return replace(style, largest=largest)

    def _setting(self, text: str, box: Box, style: Style) -> Setting:
        shown = printable(text, self._letters[style.bold])
        return fit(shown, style, (box.w, box.h), lambda line: self._width(line, style.bold))

    def _set(self, setting: Setting, box: Box, bold: bool, across: float, top: float) -> None:
        em = setting.size * MM_OF_POINT
        widths = [self._width(line, bold) * setting.size for line in setting.lines]
        self._pdf.set_font(_FAMILY, "B" if bold else "", setting.size)
        for n, (line, width) in enumerate(zip(setting.lines, widths, strict=True)):
            left = (box.w - width) * across
            if not across and reads_from_the_right(" ".join(setting.lines)):
                left = max(widths) - width
            baseline = top + (RISE + n * LEADING) * em
            # Not set_xy(): that counts a negative place from the other edge of the page. A cell as high as its type
            # has its baseline at four fifths.
            self._pdf.x, self._pdf.y = box.x + left, baseline - 0.8 * em
            self._pdf.cell(width, em, line)

    def _width(self, text: str, bold: bool) -> float:
        if (text, bold) not in self._widths:
            self._pdf.set_font(_FAMILY, "B" if bold else "", 100)
            self._widths[text, bold] = self._pdf.get_string_width(text) / 100
        return self._widths[text, bold]

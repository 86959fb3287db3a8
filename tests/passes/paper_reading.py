"""Paper as somebody else sees it: rendered by pdfium, read by zxing-cpp, measured with a ruler."""

import io
from dataclasses import dataclass
from math import hypot
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image

from passes.face import Colours
from passes.paper import JoinSign, PaperCard

MM = 25.4
CAFE = Path(__file__).parents[2] / "templates" / "branding" / "cafe"
DARK = Colours("#4a2415", "#fff4e2", "#f0b35a")
LIGHT = Colours("#f7f1e3", "#2a3a2f", "#4f5f30")
WHITE = Colours("#ffffff", "#000000", "#333333")
BLACK = Colours("#000000", "#ffffff", "#dddddd")
CODE = "T1ORSXG5BRORSXG5BRORSXG5BRORSXG5BRAB"
URL = "https://karten.example/join/morgenrot?quelle=plakat"
LONG_URL = "https://karten.example.com/join/baeckerei-konditorei-cafe?quelle=plakat&kampagne=herbst-2026"
LONG_NAME = "Bäckerei Konditorei Café Großmütterchens"
CARD = PaperCard(
    organization="Café Morgenrot",
    program="Zehn Stempel, ein Kaffee",
    promise="Für jeden Kaffee ein Stempel; zehn Stempel schenken dir den nächsten.",
    colours=DARK,
    logo=(CAFE / "logo.png").read_bytes(),
    stamp=(CAFE / "stamp.png").read_bytes(),
    shape="round",
    needed=10,
    code=CODE,
    short_code="K7QM-3FX",
    hint="Zeig diese Karte bei jedem Einkauf.",
    language="de",
)
SIGN = JoinSign(
    organization="Café Morgenrot",
    headline="Sammle Stempel auf deinem Handy",
    sentence="Für jeden Kaffee ein Stempel; zehn Stempel schenken dir den nächsten.",
    steps=("Mit der Kamera scannen", "Karte ins Wallet legen", "Bei jedem Einkauf zeigen"),
    colours=DARK,
    logo=CARD.logo,
    stamp=CARD.stamp,
    shape="round",
    needed=10,
    url=URL,
    url_text="karten.example/join/morgenrot",
    language="de",
)


@dataclass(frozen=True)
class FoundCode:
    """A QR on a page: its text, level, the way it is turned in degrees, width and middle in millimetres."""

    text: str
    level: str
    turned: int
    width: float
    middle: tuple[float, float]


def picture(pdf: bytes, dpi: int = 150, page: int = 0) -> Image.Image:
    return pypdfium2.PdfDocument(pdf)[page].render(scale=dpi / 72).to_pil().convert("RGB")


def pages(pdf: bytes) -> int:
    return len(pypdfium2.PdfDocument(pdf))


def size(pdf: bytes, page: int = 0) -> tuple[float, float]:
    """Width and height in millimetres, to the tenth."""
    box = pypdfium2.PdfDocument(pdf)[page].get_mediabox()
    return round((box[2] - box[0]) / 72 * MM, 1), round((box[3] - box[1]) / 72 * MM, 1)


def codes(pdf: bytes, dpi: int = 150, page: int = 0) -> list[FoundCode]:
    """All QR of a page, row by row."""
    found = [_measured(one, dpi) for one in zxingcpp.read_barcodes(picture(pdf, dpi, page).convert("L"))]
    return sorted(found, key=lambda one: (round(one.middle[1] / 5), one.middle[0]))


def _measured(found: zxingcpp.Barcode, dpi: int) -> FoundCode:
    at = found.position
    corners = [(c.x / dpi * MM, c.y / dpi * MM) for c in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)]
    width = hypot(corners[1][0] - corners[0][0], corners[1][1] - corners[0][1])
    middle = sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4
    return FoundCode(found.text, found.ec_level, found.orientation % 360, width, middle)


def words(pdf: bytes, page: int = 0) -> str:
    """What can be marked and copied, on one line."""
    return " ".join(pypdfium2.PdfDocument(pdf)[page].get_textpage().get_text_bounded().split())


def letters(pdf: bytes, page: int = 0) -> list[tuple[str, float, float, float, float]]:
    """Every visible letter: itself, left, top, right, bottom in millimetres from the top left."""
    opened = pypdfium2.PdfDocument(pdf)[page]
    text, height = opened.get_textpage(), opened.get_height()
    found = []
    for n in range(text.count_chars()):
        letter = text.get_text_range(n, 1)
        left, bottom, right, top = text.get_charbox(n)
        if letter.strip() and right > left:
            left_mm, right_mm = left / 72 * MM, right / 72 * MM
            found.append((letter, left_mm, (height - top) / 72 * MM, right_mm, (height - bottom) / 72 * MM))
    return found


def at(shown: Image.Image, x: float, y: float, dpi: int = 150) -> tuple[int, ...]:
    """The colour at a place in millimetres."""
    colour = shown.getpixel((round(x / MM * dpi), round(y / MM * dpi)))
    assert isinstance(colour, tuple)
    return colour


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def plain_png(colour: tuple[int, int, int, int], side: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (side, side), colour).save(out, "PNG")
    return out.getvalue()

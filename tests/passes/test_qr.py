"""The QR of a card, read back by another maker's reader."""

import io
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import segno
import zxingcpp
from PIL import Image, ImageDraw

from passes.face import FaceRefused
from passes.qr import qr_png, qr_svg

CODE = "T1ORSXG5BRORSXG5BRORSXG5BRORSXG5BRAB"
LINK = "https://karten.example/join/morgenrot?quelle=plakat"
SVG = "{http://www.w3.org/2000/svg}"


def read(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


def rasterised(svg: str, unit: int = 8) -> Image.Image:
    """The few path commands that the SVG uses, painted by hand: M, then h, v1 and z."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own text
    side = int(root.attrib["viewBox"].split()[2])
    picture = Image.new("L", (side * unit, side * unit), 255)
    draw = ImageDraw.Draw(picture)
    dark = root.findall(f"{SVG}path")[1].attrib["d"]
    for x, y, length in (map(int, run) for run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", dark)):
        draw.rectangle((x * unit, y * unit, (x + length) * unit - 1, (y + 1) * unit - 1), fill=0)
    return picture


@pytest.mark.parametrize("text", [CODE, LINK, "A", "Grüße"])
def test_a_png_is_read_back_as_it_was_written(text: str) -> None:
    assert read(Image.open(io.BytesIO(qr_png(text)))) == [text]


@pytest.mark.parametrize("text", [CODE, LINK, "A", "Grüße"])
def test_an_svg_is_read_back_as_it_was_written(text: str) -> None:
    assert read(rasterised(qr_svg(text))) == [text]


def test_a_browser_shows_the_svg_as_a_readable_code(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None and not os.environ.get("CI"):
        pytest.skip("no chromium on this machine; the SVG was read without a browser only")
    assert chromium, "CI must have chromium"
    picture, page = tmp_path / "qr.png", tmp_path / "qr.svg"
    page.write_text(qr_svg(CODE), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=400,400"]
    command = [
        chromium,
        *flags,
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--screenshot={picture}",
        page.as_uri(),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert read(Image.open(picture)) == [CODE]


@pytest.mark.parametrize("turn", [0, 90, 180, 33])
def test_a_code_is_read_whichever_way_the_phone_is_held(turn: int) -> None:
    picture = Image.open(io.BytesIO(qr_png(CODE, 6))).convert("L").rotate(turn, expand=True, fillcolor=255)
    assert read(picture) == [CODE]


def test_a_card_code_is_a_small_qr_at_level_m() -> None:
    result = zxingcpp.read_barcodes(Image.open(io.BytesIO(qr_png(CODE))).convert("L"))[0]
    assert result.ec_level == "M"
    modules = int(ElementTree.fromstring(qr_svg(CODE)).attrib["viewBox"].split()[2]) - 8  # noqa: S314
    assert (modules - 17) // 4 == 2
    assert segno.make_qr(CODE, error="m", boost_error=False).mode == "alphanumeric"


@pytest.mark.parametrize("scale", [1, 4, 10])
def test_a_png_has_its_quiet_zone(scale: int) -> None:
    picture = Image.open(io.BytesIO(qr_png(CODE, scale))).convert("L")
    assert picture.size == (33 * scale, 33 * scale)
    frame = picture.copy()
    frame.paste(255, (4 * scale, 4 * scale, 29 * scale, 29 * scale))
    assert frame.getextrema() == (255, 255)


def test_an_svg_stands_alone_and_needs_no_style() -> None:
    svg = qr_svg(CODE)
    root = ElementTree.fromstring(svg)  # noqa: S314
    assert root.tag == f"{SVG}svg"
    assert root.attrib["viewBox"] == "0 0 33 33"
    assert root.attrib["shape-rendering"] == "crispEdges"
    assert not re.search(r"style|script|href|class|width=|<!", svg)


def test_the_text_itself_never_enters_the_markup() -> None:
    assert "<script>" not in qr_svg("<script>alert(1)</script>")


def test_the_same_code_gives_the_same_bytes() -> None:
    assert qr_svg(CODE) == qr_svg(CODE)
    assert qr_png(CODE) == qr_png(CODE)


def test_a_damaged_code_is_still_read() -> None:
    picture = Image.open(io.BytesIO(qr_png(CODE))).convert("L")
    picture.paste(255, (200, 200, 230, 230))
    assert read(picture) == [CODE]


@pytest.mark.parametrize("text", ["", "x" * 2400])
def test_text_that_no_qr_holds_is_refused(text: str) -> None:
    with pytest.raises(FaceRefused):
        qr_svg(text)
    with pytest.raises(FaceRefused):
        qr_png(text)


@pytest.mark.parametrize("scale", [0, -1, 101])
def test_a_scale_out_of_range_is_refused(scale: int) -> None:
    with pytest.raises(FaceRefused, match="1 to 100"):
        qr_png(CODE, scale)

"""The first ready design: complete, readable, and drawable as it stands."""

import io
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from passes.checks import rgb
from passes.face import Colours, StampLook, Stamps
from passes.images import icon_set, logo_set
from passes.stamps import stamp_strip

CAFE = Path(__file__).parents[2] / "templates" / "branding" / "cafe"
BRAND: dict[str, Any] = json.loads((CAFE / "brand.json").read_text(encoding="utf-8"))
PNGS = ("icon.png", "logo.png", "stamp.png")


def luminance(colour: tuple[int, ...]) -> float:
    """WCAG 2.2, "relative luminance"."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("text", ["foreground", "label"])
def test_text_is_readable_on_the_card(text: str) -> None:
    colours = BRAND["colours"]
    assert contrast(rgb(colours[text]), rgb(colours["background"])) >= 4.5


def test_the_stamp_stands_out_from_its_disc() -> None:
    stamp = Image.open(CAFE / "stamp.png").convert("RGBA")
    solid = [colour for _, colour in stamp.getcolors(1 << 20) or [] if colour[3] == 255]
    darkest = min(solid, key=lambda colour: luminance(colour[:3]))
    assert contrast(darkest[:3], rgb(BRAND["colours"]["foreground"])) >= 4.5


def test_both_languages_say_the_same_things() -> None:
    words = {"trade", "program", "reward", "description"}
    assert set(BRAND["wording"]) == {"de", "en"}
    for language, word in product(("de", "en"), words):
        assert BRAND["wording"][language][word].strip()
    assert set(BRAND["wording"]["de"]) == set(BRAND["wording"]["en"]) == words


@pytest.mark.parametrize("name", PNGS)
def test_an_original_is_large_and_has_alpha(name: str) -> None:
    picture = Image.open(io.BytesIO((CAFE / name).read_bytes()), formats=["PNG"])
    assert picture.mode == "RGBA"
    assert min(picture.size) >= 512
    assert picture.getextrema()[3] == (0, 255)
    assert (CAFE / name).with_suffix(".svg").is_file()


def test_the_design_can_be_drawn() -> None:
    look = StampLook(Colours(**BRAND["colours"]), (CAFE / "stamp.png").read_bytes(), BRAND["stamp"]["shape"])
    assert stamp_strip(look, Stamps(10, 10), 1)
    assert icon_set((CAFE / "icon.png").read_bytes())
    assert logo_set((CAFE / "logo.png").read_bytes())

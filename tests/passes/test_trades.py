"""The ready designs: complete, readable, and drawable as they stand."""

import io
import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from passes.contrast import pairs
from passes.face import Colours, Face, Issue, StampLook, Stamps
from passes.imprint import paper_of
from passes.palettes import visible_on
from passes.shapes import SHAPES
from passes.visibility import tones_of
from tests.passes.whole import apple_files

BRANDINGS = Path(__file__).parents[2] / "templates" / "branding"
TRADES = ("bakery", "cafe", "hair_salon", "ice_cream", "retail")
PNGS = ("icon.png", "logo.png", "stamp.png")
WORDS = {"trade", "program", "reward", "description"}


def brand(trade: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((BRANDINGS / trade / "brand.json").read_text(encoding="utf-8"))
    return data


def picture(trade: str, name: str) -> bytes:
    return (BRANDINGS / trade / name).read_bytes()


def look_of(trade: str) -> StampLook:
    data = brand(trade)
    return StampLook(Colours(**data["colours"]), picture(trade, "stamp.png"), data["stamp"]["shape"])


def test_there_is_a_design_for_each_of_five_trades() -> None:
    assert sorted(path.parent.name for path in BRANDINGS.glob("*/brand.json")) == list(TRADES)


def test_no_two_trades_look_alike() -> None:
    looks = [look_of(trade) for trade in TRADES]
    assert len({look.colours.background for look in looks}) == len({look.stamp for look in looks}) == len(TRADES)


@pytest.mark.parametrize("trade", TRADES)
def test_text_is_readable_on_the_card(trade: str) -> None:
    assert all(pair.readable for pair in pairs(look_of(trade).colours))


@pytest.mark.parametrize("trade", TRADES)
def test_the_logo_is_visible_on_the_card(trade: str) -> None:
    assert visible_on(picture(trade, "logo.png"), look_of(trade).colours.background)


@pytest.mark.parametrize("trade", TRADES)
def test_the_stamp_stands_out_from_its_disc(trade: str) -> None:
    look = look_of(trade)
    tones = tones_of(Image.open(io.BytesIO(look.stamp)))
    assert paper_of(look) == look.colours.foreground
    assert tones.contrast_with(look.colours.foreground) > 3


@pytest.mark.parametrize(("trade", "artwork"), list(product(TRADES, TRADES)))
def test_every_artwork_stands_out_on_every_trades_card(trade: str, artwork: str) -> None:
    look = replace(look_of(trade), stamp=picture(artwork, "stamp.png"))
    assert tones_of(Image.open(io.BytesIO(look.stamp))).lost_on(paper_of(look)) <= 0.25


@pytest.mark.parametrize("trade", TRADES)
def test_both_languages_say_the_same_things(trade: str) -> None:
    wording = brand(trade)["wording"]
    assert set(wording) == {"de", "en"}
    for language, word in product(("de", "en"), WORDS):
        assert wording[language][word].strip() == wording[language][word] != ""
    assert set(wording["de"]) == set(wording["en"]) == WORDS


@pytest.mark.parametrize("trade", TRADES)
def test_a_name_fits_the_line_it_stands_on(trade: str) -> None:
    for texts in brand(trade)["wording"].values():
        assert len(texts["program"]) <= 40
        assert len(texts["reward"]) <= 24


@pytest.mark.parametrize("trade", TRADES)
def test_a_round_and_a_shape_are_proposed(trade: str) -> None:
    assert 5 <= brand(trade)["stamps_needed"] <= 12
    assert brand(trade)["stamp"]["shape"] in SHAPES


@pytest.mark.parametrize(("trade", "name"), list(product(TRADES, PNGS)))
def test_an_original_is_large_and_square_and_has_alpha(trade: str, name: str) -> None:
    original = Image.open(io.BytesIO(picture(trade, name)), formats=["PNG"])
    assert original.mode == "RGBA"
    assert original.width == original.height >= 512
    assert original.getextrema()[3] == (0, 255)
    assert original.info == {}


@pytest.mark.parametrize(("trade", "name"), list(product(TRADES, PNGS)))
def test_the_drawing_itself_is_kept_and_needs_nothing_from_elsewhere(trade: str, name: str) -> None:
    drawing = (BRANDINGS / trade / name).with_suffix(".svg").read_text(encoding="utf-8")
    for foreign in ("href", "<script", "<style", "<image", "<text", "data:"):
        assert foreign not in drawing
    assert drawing.count("http") == drawing.count("http://www.w3.org/2000/svg") == 1


@pytest.mark.parametrize("trade", TRADES)
def test_a_pass_is_made_of_it_empty_half_and_full(trade: str, face: Face, issue: Issue) -> None:
    look, needed = look_of(trade), brand(trade)["stamps_needed"]
    dressed = replace(face, colours=look.colours, look=look, icon=picture(trade, "icon.png"))
    dressed = replace(dressed, logo=picture(trade, "logo.png"))
    strips = {
        apple_files(replace(dressed, stamps=Stamps(needed, filled)), issue)["strip@2x.png"]
        for filled in (0, needed // 2, needed)
    }
    assert len(strips) == 3

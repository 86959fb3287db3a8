"""Stamp cards for the purse, as a printer cuts them and a till reads them."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passes.face import Colours, FaceRefused
from passes.paper import BLEED, PaperCard, card_pdf, sheet_pdf
from passes.shapes import SHAPES
from tests.passes.paper_reading import (
    BLACK,
    CARD,
    CODE,
    DARK,
    LIGHT,
    LONG_NAME,
    WHITE,
    at,
    codes,
    letters,
    pages,
    picture,
    plain_png,
    rgb,
    size,
    words,
)

LEFT, TOP = (210 - 2 * 85.6) / 2, (297 - 5 * 54) / 2
TEN = [replace(CARD, code=f"{CODE[:-2]}{n:02}", short_code=f"K7QM-3{n:02}") for n in range(10)]


def test_a_card_is_cut_where_its_page_ends() -> None:
    page = pypdfium2.PdfDocument(card_pdf(CARD))[0]
    assert size(card_pdf(CARD)) == (85.6, 54.0)
    assert page.get_trimbox(fallback_ok=False) == page.get_mediabox()


@pytest.mark.parametrize("dpi", [100, 150, 300])
@pytest.mark.parametrize("colours", [DARK, LIGHT, WHITE, BLACK])
def test_a_card_is_read_by_another_makers_reader(colours: Colours, dpi: int) -> None:
    assert [one.text for one in codes(card_pdf(replace(CARD, colours=colours)), dpi)] == [CODE]


def test_the_code_is_large_enough_for_a_camera_and_bears_scratches() -> None:
    (found,) = codes(card_pdf(CARD), 300)
    assert found.width >= 20
    assert found.width / 29 >= 0.5
    assert found.level == "Q"


def test_the_quiet_zone_is_white_on_the_darkest_card() -> None:
    pdf = card_pdf(replace(CARD, colours=BLACK))
    (found,) = codes(pdf, 300)
    shown, out = picture(pdf, 300), found.width / 2 * (1 + 2 * 3.8 / 29)
    x, y = found.middle
    edge = [-out + 2 * out * n / 40 for n in range(41)]
    around = [*((x + e, y - out) for e in edge), *((x + e, y + out) for e in edge)]
    around += [*((x - out, y + e) for e in edge), *((x + out, y + e) for e in edge)]
    assert {at(shown, *place, 300) for place in around} == {(255, 255, 255)}


def test_all_words_of_a_card_can_be_marked_and_copied() -> None:
    text = words(card_pdf(CARD))
    for expected in ("Café Morgenrot", "Zehn Stempel, ein Kaffee", "Für jeden Kaffee", "nächsten.", "K7QM-3FX"):
        assert expected in text
    assert "Zeig diese Karte bei jedem Einkauf." in text


def test_a_card_says_its_title_and_language_and_no_day_of_today() -> None:
    pdf = card_pdf(replace(CARD, language="en"))
    told = pypdfium2.PdfDocument(pdf).get_metadata_dict()
    assert told["Title"] == "Café Morgenrot: Zehn Stempel, ein Kaffee"
    assert told["CreationDate"] == "D:20000101000000Z"
    assert b"/Lang (en)" in pdf


def test_the_typeface_is_embedded_and_only_what_is_used_of_it() -> None:
    pdf = card_pdf(CARD)
    assert pdf.count(b"/FontFile2") == 2
    assert len(pdf) < 150_000


def test_every_stamp_shape_looks_like_no_other() -> None:
    shown = {picture(card_pdf(replace(CARD, shape=shape)), 72).tobytes() for shape in SHAPES}
    assert len(shown) == len(SHAPES) >= 2


@pytest.mark.parametrize("needed", [1, 2, 7, 10, 15, 30])
def test_a_card_has_as_many_places_as_stamps_are_needed(needed: int) -> None:
    numbers = {word for word in words(card_pdf(replace(CARD, needed=needed))).split() if word.isdigit()}
    assert numbers == {str(n) for n in range(1, needed)}


NO_GRID = replace(CARD, needed=None, program="Punkte sammeln", promise="1 € = 1 Punkt; 100 Punkte sind 1,00 € wert.")


def test_a_card_on_which_nothing_is_stamped_has_no_places_but_sentence_mark_and_code() -> None:
    pdf = card_pdf(NO_GRID)
    assert "1 € = 1 Punkt; 100 Punkte sind 1,00 € wert." in words(pdf)
    assert not {str(n) for n in range(2, 10)} & set(words(pdf).split())
    assert [one.text for one in codes(pdf)] == [CODE]
    paper = rgb(DARK.foreground)
    shown = picture(pdf, 150)
    assert sum(at(shown, 27.25, 30 + n / 2) == paper for n in range(38)) > 5


@pytest.mark.parametrize("times", [1, 3, 6, 40])
def test_a_long_rule_without_a_grid_stays_inside_and_takes_the_marks_room(times: int) -> None:
    pdf = card_pdf(replace(NO_GRID, promise="Dienstags von 14 bis 17 Uhr zählt jeder Punkt doppelt. " * times))
    assert _inside(pdf)
    assert [one.text for one in codes(pdf)] == [CODE]


def test_cards_with_and_without_a_grid_share_a_sheet() -> None:
    cards = [replace(NO_GRID, code=TEN[0].code), TEN[1]]
    assert [one.text for one in codes(sheet_pdf(cards), 300)] == [card.code for card in cards]


@pytest.mark.parametrize("change", [{"stamp": b""}, {"shape": "cloud"}, {"promise": " "}])
def test_what_paper_cannot_show_is_refused_without_a_grid_too(change: dict[str, Any]) -> None:
    wrong: PaperCard = replace(NO_GRID, **change)
    with pytest.raises(FaceRefused):
        card_pdf(wrong)


def _inside(pdf: bytes) -> bool:
    """Is every letter three millimetres from the cut, and either left of the white panel or within it?"""
    return all(
        left > 3 and right < 82.6 and top > 3 and bottom < 51 and (right < 53.1 or left > 53.1)
        for _, left, top, right, bottom in letters(pdf)
    )


@pytest.mark.parametrize(
    "name",
    [LONG_NAME, "Donaudampfschifffahrtsgesellschaftskapit", "W" * 40, "בית הקפה של הזריחה בנחלת בנימין תל אביב יפו"],
)
def test_forty_letters_stay_in_their_place(name: str) -> None:
    card = replace(CARD, organization=name, program=name, hint=name, short_code="K7QM-3FX-K7QM-3FX")
    assert _inside(card_pdf(card))
    assert [one.text for one in codes(card_pdf(card))] == [CODE]


def test_a_sentence_too_long_for_paper_ends_in_dots_inside_its_place() -> None:
    pdf = card_pdf(replace(CARD, promise="Ein Stempel für jeden Einkauf ab fünf Euro. " * 20))
    assert _inside(pdf)
    assert "…" in words(pdf)


@settings(max_examples=12, deadline=None)
@given(st.text(max_size=60), st.text(max_size=200))
def test_no_text_in_the_world_breaks_a_card(name: str, promise: str) -> None:
    pdf = card_pdf(replace(CARD, organization=f"A{name}", promise=f"B{promise}", program=name, hint=promise))
    assert _inside(pdf)


def test_a_letter_that_the_typeface_lacks_is_left_out() -> None:
    with_cake = replace(CARD, organization="Café \U0001f9c1 Morgenrot \U0001f468\u200d\U0001f469\u200d\U0001f467 日本")
    assert picture(card_pdf(with_cake)) == picture(card_pdf(CARD))


def test_hebrew_runs_from_right_to_left() -> None:
    found = {letter: left for letter, left, *_ in letters(card_pdf(replace(CARD, organization="שלום")))}
    assert found["ש"] > found["ל"] > found["ו"] > found["ם"]


def test_arabic_letters_are_joined() -> None:
    joined, apart = "سلام", "س\u200cل\u200cا\u200cم"
    shown = [picture(card_pdf(replace(CARD, organization=name))) for name in (joined, apart)]
    assert shown[0] != shown[1]


def test_ten_cards_fill_one_sheet_each_with_its_own_code() -> None:
    pdf = sheet_pdf(TEN)
    assert (pages(pdf), size(pdf)) == (1, (210.0, 297.0))
    assert [one.text for one in codes(pdf, 300)] == [card.code for card in TEN]
    assert all(card.short_code in words(pdf) for card in TEN)


@pytest.mark.parametrize("dpi", [150, 300])
def test_a_code_on_a_sheet_is_as_large_as_on_a_card_of_its_own(dpi: int) -> None:
    (alone,) = codes(card_pdf(CARD), dpi)
    assert [one.width for one in codes(sheet_pdf(TEN), dpi)] == pytest.approx([alone.width] * 10, abs=0.2)


def test_the_eleventh_card_begins_a_second_sheet() -> None:
    pdf = sheet_pdf([*TEN, CARD])
    assert pages(pdf) == 2
    assert [one.text for one in codes(pdf, page=1)] == [CODE]


def test_cut_marks_stand_at_every_edge_and_outside_the_colour() -> None:
    shown = picture(sheet_pdf(TEN), 600)
    for n in range(3):
        assert max(at(shown, LEFT + n * 85.6, TOP - BLEED - 2, 600)) < 100
        assert max(at(shown, LEFT + n * 85.6, 297 - TOP + BLEED + 2, 600)) < 100
    for n in range(6):
        assert max(at(shown, LEFT - BLEED - 2, TOP + n * 54, 600)) < 100
        assert max(at(shown, 210 - LEFT + BLEED + 2, TOP + n * 54, 600)) < 100
    assert at(shown, LEFT - BLEED - 2, TOP + 27, 600) == (255, 255, 255)


def test_the_colour_runs_over_the_outer_cut_and_never_into_a_neighbour() -> None:
    cards = [replace(card, colours=LIGHT if n in (1, 2) else DARK) for n, card in enumerate(TEN)]
    shown = picture(sheet_pdf(cards), 300)
    assert at(shown, LEFT - 2.5, TOP + 20, 300) == rgb(DARK.background)
    assert at(shown, LEFT + 20, TOP - 2.5, 300) == rgb(DARK.background)
    assert at(shown, LEFT + 85.6 - 0.4, TOP + 2, 300) == rgb(DARK.background)
    assert at(shown, LEFT + 85.6 + 0.4, TOP + 2, 300) == rgb(LIGHT.background)
    assert at(shown, LEFT + 20, TOP + 54 + 0.4, 300) == rgb(LIGHT.background)


def test_the_same_values_give_the_same_bytes() -> None:
    assert card_pdf(CARD) == card_pdf(replace(CARD, logo=bytes(bytearray(CARD.logo))))
    assert sheet_pdf(TEN) == sheet_pdf(list(TEN))


def test_the_same_values_give_the_same_bytes_in_another_process() -> None:
    asked = (
        "import hashlib; from passes.paper import card_pdf; from tests.passes.paper_reading import CARD;"
        "print(hashlib.sha256(card_pdf(CARD)).hexdigest())"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(root)}
    told = subprocess.run([sys.executable, "-c", asked], cwd=root, env=environment, capture_output=True, check=True)
    assert told.stdout.decode().strip() == hashlib.sha256(card_pdf(CARD)).hexdigest()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"organization": " "}, "organization is empty"),
        ({"promise": ""}, "promise is empty"),
        ({"code": ""}, "code is empty"),
        ({"short_code": ""}, "short code is empty"),
        ({"code": "A1" * 90}, "180 characters"),
        ({"needed": 0}, "not 0"),
        ({"needed": 31}, "not 31"),
        ({"shape": "cloud"}, "'cloud'"),
        ({"colours": Colours("beige", "#000000", "#000000")}, "'beige'"),
        ({"logo": b"<svg/>"}, "logo cannot be printed"),
        ({"logo": CARD.logo[:2000]}, "logo cannot be printed"),
        ({"logo": plain_png((0, 0, 0, 0))}, "logo is transparent"),
        ({"stamp": b""}, "stamp image cannot be printed"),
        ({"stamp": plain_png((255, 0, 0, 0))}, "stamp image is transparent"),
    ],
)
def test_what_paper_cannot_show_is_refused_on_card_and_sheet(change: dict[str, Any], sentence: str) -> None:
    wrong: PaperCard = replace(CARD, **change)
    with pytest.raises(FaceRefused, match=sentence):
        card_pdf(wrong)
    with pytest.raises(FaceRefused, match=sentence):
        sheet_pdf([CARD, wrong])


def test_a_sheet_of_no_cards_is_refused() -> None:
    with pytest.raises(FaceRefused, match="no card"):
        sheet_pdf([])

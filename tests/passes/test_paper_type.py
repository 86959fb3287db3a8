"""The typeface on paper, the size at which a text fits, and the size of a printed code."""

import hashlib
import re

import pytest

from passes.face import FaceRefused
from passes.paper_qr import dark_runs, printed_qr
from passes.paper_type import FONT_FILES, FONTS, MM_OF_POINT, Style, fit, printable, reads_from_the_right
from tests.passes.paper_reading import CODE, LONG_URL, URL

STYLE = Style(12, 6, 2)
ASCII = range(32, 127)


def millimetre_a_letter(text: str) -> float:
    """A typeface of which every letter of ten points is a millimetre wide."""
    return len(text) / 10


def test_a_short_text_is_set_in_the_largest_size() -> None:
    assert fit("Kaffee", STYLE, (50, 20), millimetre_a_letter).size == 12


def test_a_long_text_becomes_smaller_before_it_is_broken_off() -> None:
    setting = fit("Zehn Stempel und ein Kaffee dazu", STYLE, (15, 20), millimetre_a_letter)
    assert 6 < setting.size < 12
    assert " ".join(setting.lines) == "Zehn Stempel und ein Kaffee dazu"


def test_a_low_box_makes_the_type_smaller_too() -> None:
    setting = fit("Zehn Stempel", Style(12, 2, 2), (50, 1.0), millimetre_a_letter)
    assert setting.height <= 1.0
    assert setting.size < 12


def test_two_lines_are_of_about_one_length() -> None:
    lines = fit("aaa bbb ccc ddd eee fff", Style(10, 10, 2), (20, 20), millimetre_a_letter).lines
    assert lines == ("aaa bbb ccc", "ddd eee fff")


def test_what_does_not_fit_ends_in_dots() -> None:
    setting = fit("aaaa " * 20, Style(10, 10, 2), (10, 20), millimetre_a_letter)
    assert setting.lines == ("aaaa aaaa", "aaaa aaaa…")


def test_a_word_wider_than_its_box_is_broken_at_the_smallest_size_only() -> None:
    setting = fit("Donaudampfschiff", Style(10, 5, 4), (4, 20), millimetre_a_letter)
    assert setting.size == 5
    assert setting.lines == ("Donaudam", "pfschiff")


def test_an_address_is_broken_behind_a_slash() -> None:
    lines = fit("karten.example/join/morgenrot", Style(10, 10, 2), (22, 20), millimetre_a_letter).lines
    assert lines == ("karten.example/", "join/morgenrot")


def test_no_text_takes_no_room() -> None:
    setting = fit("", STYLE, (10, 10), millimetre_a_letter)
    assert (setting.lines, setting.height) == ((), 0.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kaffee \U0001f9c1", "Kaffee"),
        ("  zwei\n Zeilen\t", "zwei Zeilen"),
        ("❤\ufe0f", ""),
        ("\U0001f44d\U0001f3fd ja", "ja"),
        ("日本", ""),
    ],
)
def test_only_letters_that_the_typeface_has_are_printed(text: str, expected: str) -> None:
    assert printable(text, ASCII) == expected


def test_a_letter_and_its_accent_become_one() -> None:
    assert printable("Cafe\u0301", {*ASCII, ord("é")}) == "Café"


@pytest.mark.parametrize(
    ("text", "expected"), [("Café", False), ("שלום Café", True), ("Café שלום", False), ("12 مقهى", True), ("12", False)]
)
def test_the_first_letter_says_from_where_a_text_is_read(text: str, expected: bool) -> None:
    assert reads_from_the_right(text) is expected


def test_a_code_for_paper_is_level_q_as_long_as_its_modules_stay_large() -> None:
    assert len(printed_qr(CODE, 27.2)) == 29
    assert len(printed_qr(LONG_URL, 94)) == len(printed_qr(LONG_URL, 36)) > len(printed_qr(URL, 36))


def test_a_code_falls_back_to_level_m_before_it_is_refused() -> None:
    assert [len(printed_qr(URL, side)) for side in (22.5, 20.5)] == [37, 33]


@pytest.mark.parametrize(("text", "side"), [(CODE, 15), (URL, 20), ("A" * 500, 94)])
def test_a_code_that_no_camera_could_read_is_refused(text: str, side: float) -> None:
    with pytest.raises(FaceRefused, match=re.escape(f"{side:g} mm")):
        printed_qr(text, side)


def test_runs_cover_exactly_the_dark_modules() -> None:
    rows = printed_qr(CODE, 27.2)
    covered = {(x + n, y) for x, y, length in dark_runs(rows) for n in range(length)}
    assert covered == {(x, y) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark}


def test_the_typeface_is_as_its_makers_released_it() -> None:
    told = (FONTS / "VERSION.txt").read_text()
    listed = dict(reversed(pair) for pair in re.findall(r"^([0-9a-f]{64})\s+(\S+)$", told, re.MULTILINE))
    assert set(listed) == {path.name for path in FONTS.iterdir()} - {"VERSION.txt"}
    assert {path.name for path in FONT_FILES.values()} | {"LICENSE"} == set(listed)
    for name, expected in listed.items():
        assert hashlib.sha256((FONTS / name).read_bytes()).hexdigest() == expected, name


def test_a_point_is_a_third_of_a_millimetre() -> None:
    assert round(1 / MM_OF_POINT, 2) == 2.83

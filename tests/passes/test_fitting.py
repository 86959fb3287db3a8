"""What is likely to be cut on an iPhone: an estimate that errs towards a warning."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes.face import Line, Sort
from passes.fitting import (
    APPLE_WIDTH,
    Cut,
    Front,
    Spot,
    cuts,
    fitted_row,
    logo_points,
    name_is_cut,
    row_fits,
    value_is_cut,
    width,
)

LONG = "Konditorei & Kaffeehaus Morgenrot Berlin"


@pytest.mark.parametrize(("narrow", "wide"), [
    ("iiii", "mmmm"), ("Café", "CAFÉ"), ("....", "aaaa"), ("aaaa", "界界界界"), ("aa", "☕☕"), ("abc", "abc d"),
])  # fmt: skip
def test_wide_signs_take_more_room(narrow: str, wide: str) -> None:
    assert width(narrow, 18) < width(wide, 18)


@pytest.mark.parametrize(("seen", "written"), [
    ("Cafe", "Cafe\u0301"), ("☕", "☕\ufe0f"), ("שלום", "שָׁלוֹם"), ("abc", "a\u200bb\u2060c"),
])  # fmt: skip
def test_signs_that_take_no_room_of_their_own_are_not_counted(seen: str, written: str) -> None:
    assert width(written, 18) == pytest.approx(width(seen, 18))


def test_nothing_takes_no_room() -> None:
    assert width("", 20) == 0


@given(st.text(max_size=60), st.text(max_size=60))
def test_two_texts_take_the_room_of_both(first: str, second: str) -> None:
    assert width(first + second, 18) == pytest.approx(width(first, 18) + width(second, 18))


@given(st.text(max_size=60))
def test_twice_the_size_takes_twice_the_room(text: str) -> None:
    assert width(text, 40) == pytest.approx(2 * width(text, 20))


@pytest.mark.parametrize(("name", "logo", "cut"), [
    ("Café Ada", 50, False), ("Bäckerei Lindner", 60, False), (LONG, 50, True), (LONG, 0, True),
    ("Bäckerei Lindner", 160, True), ("☕" * 20, 50, True), ("مقهى", 160, False), ("", 160, False),
])  # fmt: skip
def test_a_name_is_cut_when_logo_and_count_leave_it_too_little_room(name: str, logo: float, cut: bool) -> None:
    assert name_is_cut(name, logo, "10 / 10") is cut


@given(st.text(max_size=40), st.floats(0, 160), st.floats(0, 160))
def test_a_wider_logo_never_makes_room(name: str, first: float, second: float) -> None:
    narrow, wide = sorted((first, second))
    assert name_is_cut(name, wide, "10 / 10") or not name_is_cut(name, narrow, "5 / 10")


@pytest.mark.parametrize(("value", "cut"), [
    ("Noch 5 Stempel bis: Kaffee", False), ("Yours now: a coffee", False), ("", False), ("x" * 31, False),
    ("Noch 10 Stempel bis: Ein großer Kaffee mit Kuchen", True), ("m" * 31, True),
])  # fmt: skip
def test_a_sentence_is_cut_when_it_is_wider_than_the_card(value: str, cut: bool) -> None:
    assert value_is_cut(value) is cut


@given(st.text(max_size=80), st.text(max_size=20))
def test_what_is_cut_stays_cut_when_it_grows(value: str, more: str) -> None:
    assert value_is_cut(value + more) or not value_is_cut(value)


def test_a_value_may_fill_the_card_to_its_margins() -> None:
    most = int(APPLE_WIDTH / width("a", 20))
    assert not value_is_cut("a" * most)
    assert value_is_cut("a" * (most + 1))


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=60)
ROWS = st.lists(st.tuples(TEXTS, TEXTS | st.integers(0, 10**6)), max_size=4).map(
    lambda texts: tuple(Line(f"k{n}", label, value) for n, (label, value) in enumerate(texts))
)


@given(ROWS)
def test_a_fitted_row_fits_and_keeps_every_line_in_its_place(row: tuple[Line, ...]) -> None:
    fitted = fitted_row(row)
    assert row_fits(fitted)
    assert [line.key for line in fitted] == [line.key for line in row]
    assert all(str(line.value) for line in fitted)


@given(ROWS)
def test_a_row_that_fits_is_left_alone(row: tuple[Line, ...]) -> None:
    assert fitted_row(fitted_row(row)) == fitted_row(row)
    assert fitted_row(row) == row or not row_fits(row)


def test_the_longest_text_gives_way_to_the_counters() -> None:
    row = (
        Line("status", "Deine Karte", "Jetzt deins: Cappuccino, zweimal Apfelkuchen mit Sahne"),
        Line("a", "Mittag", "1 / 5"),
        Line("b", "Stufe", "Gold"),
    )
    long, *short = fitted_row(row)
    assert str(long.value).startswith("Jetzt deins: Cappuccino, zwei")
    assert str(long.value).endswith("…")
    assert tuple(short) == row[1:]


def test_numbers_stay_whole() -> None:
    row = fitted_row(tuple(Line(f"k{n}", "Ein sehr langer Name eines Zählers", 123_456) for n in range(4)))
    assert [line.value for line in row] == [123_456] * 4


def test_no_lines_fit() -> None:
    assert row_fits(())
    assert fitted_row(()) == ()


ONE, TWO = (Line("a", "Your card", "3 more"),), (Line("a", "Your card", "3 more"), Line("b", "Lunch", LONG + LONG))
FITS = Front(Sort.VOUCHER, "Café Ada", 50, "3 / 10", "15 %", (ONE,))


def test_of_a_front_that_fits_nothing_is_cut() -> None:
    assert list(cuts(FITS)) == []
    assert list(cuts(Front(Sort.LOYALTY, "", 160, "", "", ((),)))) == []


@pytest.mark.parametrize(
    ("change", "cut"),
    [
        ({"name": LONG}, Cut(Spot.NAME, (LONG,))),
        ({"name": "Café Ada", "header": LONG}, Cut(Spot.NAME, ("Café Ada",))),
        ({"large": LONG}, Cut(Spot.LARGE, (LONG,))),
        ({"rows": ((Line("a", "", LONG),),)}, Cut(Spot.LINE, (LONG,))),
        ({"rows": (TWO,)}, Cut(Spot.ROW, ("Your card 3 more", f"Lunch {LONG}{LONG}"))),
    ],
)
def test_what_is_cut_is_named_with_its_place(change: dict[str, Any], cut: Cut) -> None:
    assert list(cuts(replace(FITS, **change))) == [cut]


def test_what_was_fitted_is_cut_no_more() -> None:
    assert list(cuts(replace(FITS, rows=(fitted_row(TWO),)))) == []


@pytest.mark.parametrize(
    ("size", "points"), [((100, 100), 50), ((300, 100), 150), ((1000, 100), 160), ((10, 1000), 0.5), ((0, 0), 0)]
)
def test_a_logo_is_as_large_as_its_box_allows(size: tuple[int, int], points: float) -> None:
    assert logo_points(*size) == points

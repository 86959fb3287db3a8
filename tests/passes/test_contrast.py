"""Text on a card can be read, and what can be read already is left alone."""

import colorsys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes.checks import rgb
from passes.contrast import ENOUGH, contrast, pairs, repaired
from passes.face import Colours, FaceRefused

COLOUR = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
PALETTE = st.builds(Colours, COLOUR, COLOUR, COLOUR)


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_a_ratio_is_what_wcag_says(first: str, second: str, ratio: float) -> None:
    assert contrast(first, second) == pytest.approx(ratio, abs=0.01)
    assert contrast(first, second) == contrast(second, first)


@pytest.mark.parametrize("colour", ["", "red", "#fff", "#12345g", "#1234567", "rgb(1, 2, 3)"])
def test_a_colour_that_cannot_be_read_is_refused(colour: str) -> None:
    with pytest.raises(FaceRefused, match="#rrggbb"):
        contrast(colour, "#ffffff")
    with pytest.raises(FaceRefused, match="#rrggbb"):
        repaired(Colours("#ffffff", "#000000", colour))


def test_every_text_of_a_card_is_looked_at() -> None:
    found = pairs(Colours("#ffffff", "#000000", "#777777"))
    assert [(pair.name, pair.ink, pair.ground) for pair in found] == [
        ("values", "#000000", "#ffffff"),
        ("labels", "#777777", "#ffffff"),
    ]


def test_a_ratio_that_only_rounds_to_enough_is_not_enough() -> None:
    values, labels = pairs(Colours("#ffffff", "#767676", "#777777"))
    assert round(labels.ratio, 1) == ENOUGH
    assert (values.readable, labels.readable) == (True, False)


@given(PALETTE)
def test_on_any_ground_the_repaired_palette_can_be_read(colours: Colours) -> None:
    assert all(pair.ratio >= 4.5 for pair in pairs(repaired(colours)))


@given(PALETTE)
def test_repairing_twice_changes_nothing(colours: Colours) -> None:
    assert repaired(repaired(colours)) == repaired(colours)


@given(PALETTE)
def test_a_colour_that_passes_is_never_touched(colours: Colours) -> None:
    mended = repaired(colours)
    assert mended.background == colours.background
    for before, after in zip(pairs(colours), pairs(mended), strict=True):
        assert (before.ink == after.ink) == before.readable


def test_a_colour_that_passes_keeps_its_spelling() -> None:
    colours = Colours("#FFFFFF", "#0A0A0A", "#AAAAAA")
    assert repaired(colours).foreground == "#0A0A0A"


@given(PALETTE)
def test_a_repaired_colour_keeps_its_hue(colours: Colours) -> None:
    mended = repaired(colours)
    for before, after in ((colours.foreground, mended.foreground), (colours.label, mended.label)):
        first, second = rgb(before), rgb(after)
        # Nearly grey, nearly black or nearly white, eight bits say too little about the hue.
        if min(max(first) - min(first), max(second) - min(second)) < 48:
            continue
        hues = [colorsys.rgb_to_hls(*(channel / 255 for channel in one))[0] for one in (first, second)]
        apart = abs(hues[0] - hues[1])
        assert min(apart, 1 - apart) < 0.02


@given(COLOUR, COLOUR)
def test_the_repair_goes_no_further_than_it_must(background: str, ink: str) -> None:
    mended = repaired(Colours(background, ink, "#000000")).foreground
    if mended != ink:
        assert contrast(mended, background) < 4.9 or abs(sum(rgb(mended)) - sum(rgb(ink))) < 24


def test_of_two_ways_the_shorter_is_taken() -> None:
    assert rgb(repaired(Colours("#757575", "#b0b0b0", "#303030")).foreground) > rgb("#b0b0b0")
    assert rgb(repaired(Colours("#757575", "#303030", "#b0b0b0")).foreground) < rgb("#303030")


def test_where_the_shorter_way_leads_nowhere_the_other_is_taken() -> None:
    assert repaired(Colours("#ffffff", "#f0f0f0", "#000000")).foreground == "#767676"
    assert rgb(repaired(Colours("#000000", "#101010", "#ffffff")).foreground) > rgb("#707070")

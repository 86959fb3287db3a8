"""Colours proposed from a logo: readable, three of them, and the logo does not vanish."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from passes.contrast import luminance, pairs
from passes.face import Colours, FaceRefused
from passes.palettes import proposed, strongest, visible_on
from passes.visibility import tones_of
from tests.passes.pictures import CLEAR, drawn, file_of, photograph

CAFE = Colours("#4a2415", "#fff4e2", "#f0b35a")
COLOUR = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@settings(max_examples=60)
@given(COLOUR, st.sampled_from([CLEAR, "#ffffff", "#000000"]), st.builds(Colours, COLOUR, COLOUR, COLOUR))
def test_of_any_logo_come_three_palettes_that_can_be_read(ink: str, ground: str, fallback: Colours) -> None:
    palettes = proposed(file_of(drawn((40, 20), ink, ground)), fallback)
    assert len(set(palettes)) == len({palette.background for palette in palettes}) == 3
    for palette in palettes:
        assert all(pair.ratio >= 4.5 for pair in pairs(palette))


@settings(max_examples=60)
@given(COLOUR, st.builds(Colours, COLOUR, COLOUR, COLOUR))
def test_a_logo_of_one_colour_is_visible_on_every_proposal(ink: str, fallback: Colours) -> None:
    logo = file_of(drawn((40, 20), ink))
    assert [visible_on(logo, palette.background) for palette in proposed(logo, fallback)] == [True] * 3


def test_the_trades_own_palette_is_untouched_where_it_shows_the_logo() -> None:
    assert proposed(file_of(drawn((40, 20), "#ffffff")), CAFE)[2] == CAFE


def test_the_trades_own_palette_moves_where_the_logo_would_vanish_on_it() -> None:
    moved = proposed(file_of(drawn((40, 20), CAFE.background)), CAFE)[2]
    assert moved.background != CAFE.background
    assert moved.foreground == CAFE.foreground


@pytest.mark.parametrize(
    ("ink", "hue"), [("#e2001a", "red"), ("#1967d2", "blue"), ("#2f7d32", "green"), ("#0b1f44", "blue")]
)
def test_the_first_ground_has_the_logos_hue(ink: str, hue: str) -> None:
    deep, tint, _ = proposed(file_of(drawn((40, 20), ink)), CAFE)
    for palette in (deep, tint):
        channels = dict(zip(("red", "green", "blue"), bytes.fromhex(palette.background[1:]), strict=True))
        assert max(channels, key=channels.__getitem__) == hue


def test_the_first_is_light_on_dark_and_the_second_dark_on_light() -> None:
    deep, tint, _ = proposed(file_of(drawn((40, 20), "#1967d2")), CAFE)
    assert luminance(deep.foreground) > luminance(deep.background)
    assert luminance(tint.foreground) < luminance(tint.background)


@pytest.mark.parametrize("ink", ["#ffffff", "#000000", "#888888"])
def test_a_grey_logo_gets_neutral_grounds(ink: str) -> None:
    for palette in proposed(file_of(drawn((40, 20), ink)), CAFE)[:2]:
        channels = bytes.fromhex(palette.background[1:])
        assert max(channels) - min(channels) < 24


def test_a_logo_on_white_becomes_part_of_a_white_card() -> None:
    assert proposed(file_of(drawn((40, 20), "#1967d2", "#ffffff")), CAFE)[1].background == "#ffffff"


def test_a_few_vivid_letters_count_more_than_much_grey() -> None:
    logo = drawn((100, 100), "#d00020", "#8a8a8a", (10, 10, 50, 50))
    red, green, blue = bytes.fromhex(strongest(logo)[1:])
    assert red > 150
    assert max(green, blue) < 80


@pytest.mark.parametrize(
    ("ink", "ground", "visible"),
    [
        ("#ffffff", "#ffffff", False),
        ("#ffffff", "#f4ead9", False),
        ("#ffffff", "#4a2415", True),
        ("#4a2415", "#3a1c10", False),
        ("#e2001a", "#ffffff", True),
    ],
)
def test_whether_a_logo_is_visible(ink: str, ground: str, visible: bool) -> None:
    assert visible_on(file_of(drawn((40, 20), ink)), ground) is visible


def test_transparent_pixels_do_not_count() -> None:
    assert tones_of(drawn((200, 200), "#000000", CLEAR, (0, 0, 20, 20))).contrast_with("#ffffff") == pytest.approx(21)
    assert tones_of(Image.new("RGBA", (9, 9), CLEAR)).contrast_with("#ffffff") == 1


def test_same_logo_same_proposals() -> None:
    logo = file_of(photograph())
    assert proposed(logo, CAFE) == proposed(bytes(bytearray(logo)), CAFE)


@pytest.mark.parametrize("logo", [b"", b"<svg/>", file_of(photograph(), "JPEG")])
def test_colours_of_no_png_are_refused(logo: bytes) -> None:
    with pytest.raises(FaceRefused, match="no readable PNG"):
        proposed(logo, CAFE)


def test_a_ground_that_is_no_colour_is_refused() -> None:
    with pytest.raises(FaceRefused, match="'beige'"):
        visible_on(file_of(drawn((9, 9))), "beige")

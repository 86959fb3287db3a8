"""Posters, tents and stickers, as a customer meets them on the counter."""

from collections.abc import Callable
from dataclasses import replace
from math import hypot
from typing import Any

import pypdfium2
import pytest

from passes.face import Colours, FaceRefused
from passes.paper import JoinSign, poster_pdf, sticker_pdf, tent_pdf
from tests.passes.paper_reading import (
    BLACK,
    DARK,
    LIGHT,
    LONG_NAME,
    LONG_URL,
    SIGN,
    URL,
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

LONG = replace(
    SIGN,
    organization=LONG_NAME,
    headline="Dein zehnter Stempel bringt dir ein großes Frühstück für zwei geschenkt",
    steps=("Scannen", "Karte ins Wallet legen, ohne App", "Donaudampfschifffahrtsgesellschaftskapitän", "Zeigen"),
    url=LONG_URL,
    url_text="karten.example.com/join/baeckerei-konditorei-cafe",
    needed=30,
)


@pytest.mark.parametrize(("name", "expected"), [("A4", (210.0, 297.0)), ("A5", (148.0, 210.0))])
def test_a_poster_has_the_size_of_its_paper(name: str, expected: tuple[float, float]) -> None:
    pdf = poster_pdf(SIGN, name)
    page = pypdfium2.PdfDocument(pdf)[0]
    assert (pages(pdf), size(pdf)) == (1, expected)
    assert page.get_trimbox(fallback_ok=False) == page.get_mediabox()


@pytest.mark.parametrize("dpi", [72, 150, 300])
@pytest.mark.parametrize("name", ["A4", "A5"])
def test_the_only_code_of_a_poster_is_read_from_near_and_far(name: str, dpi: int) -> None:
    assert [(one.text, one.level) for one in codes(poster_pdf(SIGN, name), dpi)] == [(URL, "Q")]


@pytest.mark.parametrize("colours", [DARK, LIGHT, WHITE, BLACK])
def test_every_sign_is_read_on_light_and_dark(colours: Colours) -> None:
    sign = replace(SIGN, colours=colours)
    assert [one.text for one in codes(poster_pdf(sign))] == [URL]
    assert [one.text for one in codes(tent_pdf(sign))] == [URL] * 2
    assert [one.text for one in codes(sticker_pdf(sign), 300)] == [URL] * 12


@pytest.mark.parametrize("url", ["https://a.example/join/b", URL, LONG_URL])
def test_the_code_of_an_a4_poster_is_seven_centimetres_wide(url: str) -> None:
    (found,) = codes(poster_pdf(replace(SIGN, url=url)))
    assert (found.text, found.width > 70) == (url, True)


def test_an_a5_poster_is_the_a4_poster_smaller() -> None:
    (large,), (small,) = codes(poster_pdf(SIGN)), codes(poster_pdf(SIGN, "A5"))
    assert small.width / large.width == pytest.approx(148 / 210, abs=0.01)


@pytest.mark.parametrize("sign", [SIGN, LONG])
def test_all_words_of_a_poster_can_be_marked_and_copied(sign: JoinSign) -> None:
    text = words(poster_pdf(sign)).replace(" ", "")
    for expected in (sign.organization, sign.headline, sign.sentence, sign.url_text, sign.steps[0]):
        assert expected.replace(" ", "") in text


@pytest.mark.parametrize(("needed", "shown"), [(1, "1 / 1"), (5, "3 / 5"), (10, "5 / 10"), (30, "15 / 30")])
def test_the_card_on_the_poster_is_half_stamped(needed: int, shown: str) -> None:
    assert shown in words(poster_pdf(replace(SIGN, needed=needed)))


def test_the_stamp_of_the_shop_is_on_every_sign_that_shows_a_card() -> None:
    red = replace(SIGN, stamp=plain_png((255, 0, 0, 255)))
    for pdf in (poster_pdf(red), tent_pdf(red)):
        shown = picture(pdf, 72).getcolors(1 << 20) or []
        assert sum(count for count, (r, g, b) in shown if r > 250 and g + b < 5) > 500


def test_a_poster_without_steps_is_all_in_the_colour_of_the_shop() -> None:
    with_steps, without = picture(poster_pdf(SIGN)), picture(poster_pdf(replace(SIGN, steps=())))
    assert at(with_steps, 5, 290) == rgb(DARK.foreground)
    assert at(without, 5, 290) == rgb(DARK.background)
    assert [one.text for one in codes(poster_pdf(replace(SIGN, steps=())))] == [URL]


def test_a_sign_says_its_title_and_language_and_no_day_of_today() -> None:
    for pdf in (poster_pdf(SIGN), tent_pdf(SIGN), sticker_pdf(SIGN)):
        told = pypdfium2.PdfDocument(pdf).get_metadata_dict()
        assert told["Title"] == "Café Morgenrot: Sammle Stempel auf deinem Handy"
        assert told["CreationDate"] == "D:20000101000000Z"
        assert b"/Lang (de)" in pdf


def test_a_tent_has_two_faces_of_which_one_is_upside_down() -> None:
    pdf = tent_pdf(SIGN)
    upper, lower = codes(pdf, 300)
    assert size(pdf) == (210.0, 297.0)
    assert {upper.turned, lower.turned} == {0, 180}
    assert lower.turned == 0
    assert upper.middle[1] < 148.5 < lower.middle[1]
    middles = [(top + bottom) / 2 for _, _, top, _, bottom in letters(pdf)]
    assert sum(middle < 148.5 for middle in middles) == sum(middle > 148.5 for middle in middles) > 100


def test_a_folded_tent_shows_the_same_on_both_sides() -> None:
    shown = picture(tent_pdf(SIGN), 100)
    half = shown.height // 2
    upper = shown.crop((0, 0, shown.width, half - 4)).rotate(180)
    lower = shown.crop((0, shown.height - half + 4, shown.width, shown.height))
    (one, other) = (face.resize((40, 28)).tobytes() for face in (upper, lower))
    assert max(abs(a - b) for a, b in zip(one, other, strict=True)) < 60


def test_a_dashed_line_says_where_to_fold() -> None:
    shown = picture(tent_pdf(SIGN), 600)
    line = {at(shown, x / 4, 148.5, 600) for x in range(8, 60)}
    assert len(line) > 1
    assert rgb(DARK.background) in line


@pytest.mark.parametrize("form", ["round", "square"])
@pytest.mark.parametrize("url", [URL, LONG_URL])
def test_a_page_of_stickers_has_twelve_readable_codes(form: str, url: str) -> None:
    found = codes(sticker_pdf(replace(SIGN, url=url), form), 300)
    assert [one.text for one in found] == [url] * 12
    assert min(one.width for one in found) > 25


def _middles() -> list[tuple[float, float]]:
    return [(105 + (n % 3 - 1) * 67, 148.5 + (n // 3 - 1.5) * 67) for n in range(12)]


@pytest.mark.parametrize("sign", [SIGN, LONG, replace(SIGN, headline="W" * 40, url_text="w" * 80)])
def test_every_word_of_a_round_sticker_stays_within_its_cut(sign: JoinSign) -> None:
    found = letters(sticker_pdf(sign))
    assert found
    for _, left, top, right, bottom in found:
        corners = [(x, y) for x in (left, right) for y in (top, bottom)]
        reach = min(max(hypot(x - a, y - b) for x, y in corners) for a, b in _middles())
        assert reach < 30.8


def test_a_round_sticker_has_marks_on_its_axes_and_a_square_one_at_its_corners() -> None:
    x, y = _middles()[0]
    above = (x, y - 31 - 2)
    corner = (x - 31, y - 31 - 2)
    round_one, square_one = (picture(sticker_pdf(SIGN, form), 600) for form in ("round", "square"))
    assert max(at(round_one, *above, 600)) < 100
    assert min(at(round_one, *corner, 600)) > 200
    assert max(at(square_one, *corner, 600)) < 100
    assert min(at(square_one, *above, 600)) > 200


@pytest.mark.parametrize(
    "sign",
    [
        LONG,
        replace(SIGN, organization="W" * 40, headline="W" * 40, sentence="W" * 300, steps=("W" * 90,) * 4),
        replace(SIGN, organization="בית קפה הזריחה", headline="مقهى شروق الشمس", steps=("🧁 Kuchen",)),
    ],
)
def test_no_word_of_a_sign_leaves_its_paper_or_runs_into_the_code(sign: JoinSign) -> None:
    for pdf in (poster_pdf(sign), poster_pdf(sign, "A5"), tent_pdf(sign)):
        width, height = size(pdf)
        for _, left, top, right, bottom in letters(pdf):
            assert left > 5
            assert right < width - 5
            assert top > 5
            assert bottom < height - 5
        assert {one.text for one in codes(pdf)} == {sign.url}


def test_a_sign_of_nothing_but_unknown_letters_is_still_printed() -> None:
    sign = replace(SIGN, organization="🧁", headline="日本", sentence="", steps=("🧁",))
    assert [one.text for one in codes(poster_pdf(sign))] == [URL]


def test_the_same_sign_gives_the_same_bytes() -> None:
    again = replace(SIGN, stamp=bytes(bytearray(SIGN.stamp)))
    assert poster_pdf(SIGN) == poster_pdf(again)
    assert tent_pdf(SIGN) == tent_pdf(again)
    assert sticker_pdf(SIGN) == sticker_pdf(again)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"organization": ""}, "organization is empty"),
        ({"headline": "  "}, "headline is empty"),
        ({"url_text": ""}, "address to type is empty"),
        ({"url": ""}, "''"),
        ({"url": "karten.example/join/morgenrot"}, "'karten.example/join/morgenrot'"),
        ({"url": "ftp://karten.example/join"}, "write it as https"),
        ({"url": "javascript:alert(1)"}, "write it as https"),
        ({"url": "https:///join"}, "write it as https"),
        ({"url": "https://[karten/join"}, "cannot be read"),
        ({"url": "https://karten.example/join morgenrot"}, "write it as https"),
        ({"url": f"https://karten.example/{'a' * 300}"}, "323 characters"),
        ({"steps": ("a", "b", "c", "d", "e")}, "5 steps"),
        ({"needed": 0}, "not 0"),
        ({"needed": 31}, "not 31"),
        ({"shape": "cloud"}, "'cloud'"),
        ({"colours": Colours("#fff", "#000000", "#000000")}, "'#fff'"),
        ({"logo": b""}, "logo cannot be printed"),
        ({"stamp": b"GIF89a"}, "stamp image cannot be printed"),
        ({"logo": plain_png((9, 9, 9, 0))}, "logo is transparent"),
    ],
)
def test_a_sign_that_would_mislead_is_refused_in_every_form(change: dict[str, Any], sentence: str) -> None:
    wrong: JoinSign = replace(SIGN, **change)
    for printed in (poster_pdf, tent_pdf, sticker_pdf):
        with pytest.raises(FaceRefused, match=sentence.replace("(", r"\(").replace("[", r"\[")):
            printed(wrong)


@pytest.mark.parametrize("name", ["A3", "a4", ""])
def test_a_paper_that_nobody_has_is_refused(name: str) -> None:
    with pytest.raises(FaceRefused, match="choose 'A4' or 'A5'"):
        poster_pdf(SIGN, name)


@pytest.mark.parametrize("form", ["oval", "Round", ""])
def test_a_sticker_of_unknown_form_is_refused(form: str) -> None:
    with pytest.raises(FaceRefused, match="choose 'round' or 'square'"):
        sticker_pdf(SIGN, form)


@pytest.mark.parametrize("draw", [poster_pdf, tent_pdf, sticker_pdf])
def test_a_sign_for_a_card_without_a_grid_shows_the_mark_and_no_count(draw: Callable[[JoinSign], bytes]) -> None:
    sign = replace(SIGN, headline="Sammle Punkte", sentence="1 Euro ist 1 Punkt.", steps=("Scannen",), needed=None)
    pdf = draw(sign)
    assert {one.text for one in codes(pdf)} == {URL}
    assert "5 / 10" not in words(pdf)
    assert not {str(n) for n in range(2, 11)} & set(words(pdf).split())


def test_a_poster_for_a_card_without_a_grid_shows_the_mark_on_its_phone() -> None:
    shown = picture(poster_pdf(replace(SIGN, needed=None)))
    found = [at(shown, 49, y) for y in range(140, 190)]
    assert found.count(rgb(DARK.foreground)) > 8

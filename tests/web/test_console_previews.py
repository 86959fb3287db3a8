"""The card beside the form: as each wallet shows it, honest about what is cut and what cannot be read."""

import html
import re
from datetime import datetime
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from flask_openapi3 import OpenAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from issuer.design import Design
from issuer.web.console.google_preview import google_ink
from issuer.web.console.previews import _down
from passes.contrast import contrast
from tests.conftest import Cafe
from tests.passes.pictures import drawn, file_of
from tests.web.designing import DARK, DESIGN, FAINT, Desk, open_desk

PAIR = re.compile(r'<span class="label (label-\w+)">([\d.]+) : 1</span>\s*<span>([^<]+)</span>')
STATES = ("empty", "half", "full")
NAME_CUT, VALUE_CUT = "The name is cut beside the logo", "The sentence below the stamps is cut"
LONG = "Konditorei & Kaffeehaus Morgenrot Berlin"
ARABIC = "مقهى الصباح الجميل"
NAMES = [
    LONG,
    ARABIC,
    "בית קפה",
    "👩‍👩‍👧‍👦🏳️‍🌈 Café ☕️",
    "Ω" * 100,
    "</span><script>alert(1)</script>",
    "%(num)s {0}",
    "'\"&",
]


@pytest.fixture
def desk(app: OpenAPI, engine: Engine, now: datetime) -> Desk:
    return open_desk(app, engine, now)


def pairs(page: str) -> dict[str, tuple[str, str]]:
    """What is said of each pair: ratio and label, by name."""
    return {name: (ratio, label) for label, ratio, name in PAIR.findall(page)}


def warnings(desk: Desk) -> list[str]:
    found = re.search(r'<ul class="warnings.+?</ul>', desk.page(), re.DOTALL)
    return re.findall(r"<li[^>]*>(.+?)</li>", found[0]) if found else []


def faces(page: str, view: str) -> list[str]:
    """The parts of the page that draw a face: one a state, in their order."""
    return page.split(f'<div data-view="{view}">')[1:]


def test_every_pair_of_text_and_ground_is_told_with_its_contrast(desk: Desk) -> None:
    desk.save(background="#ffffff", foreground="#000000", label="#777777")
    assert pairs(desk.page()) == {
        "Text on the background": ("21.0", "label-good"),
        "Labels on the background": ("4.4", "label-refusal"),
    }


def test_a_contrast_that_falls_short_by_a_hair_does_not_look_like_enough(desk: Desk) -> None:
    assert 4.45 < contrast("#777777", "#ffffff") < 4.5
    desk.save(background="#ffffff", foreground="#777777", label="#767676")
    assert [ratio for ratio, _ in pairs(desk.page()).values()] == ["4.4", "4.5"]


@given(st.floats(1, 21))
def test_no_contrast_is_told_better_than_it_is(ratio: float) -> None:
    assert ratio - 0.1 < _down(ratio) <= ratio


def test_a_pair_that_is_too_faint_is_shown_with_a_colour_that_is_not(desk: Desk) -> None:
    desk.save(**FAINT)
    repaired = re.search(r"too faint: 4\.5 is needed\. (#[0-9a-f]{6}) gives (\d+\.\d)\.", desk.page())
    assert repaired is not None
    assert float(repaired[2]) >= 4.5
    assert contrast(repaired[1], FAINT["background"]) >= 4.5


def test_colours_that_can_be_read_are_offered_no_repair(desk: Desk) -> None:
    desk.save(**DARK)
    page = desk.page()
    assert 'id="repair"' not in page
    assert "too faint" not in page


@pytest.mark.parametrize(("background", "ink"), [
    ("#000000", "white"), ("#ffffff", "black"), ("#4a2415", "white"), ("#ffcc00", "black"), ("#ff0000", "black"),
    ("#0000ff", "white"),
])  # fmt: skip
def test_google_writes_in_white_or_black_whatever_the_brand_writes_in(desk: Desk, background: str, ink: str) -> None:
    desk.save(background=background, foreground="#ff00ff", label="#00ff00")
    page = desk.page()
    assert page.count('class="google google-ink-') == page.count(f'class="google google-ink-{ink}"') == len(STATES)


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_what_google_writes_in_can_always_be_read(background: str) -> None:
    assert contrast({"white": "#ffffff", "black": "#000000"}[google_ink(background)], background) > 4.5


def test_none_half_and_all_of_the_stamps_are_shown_on_every_face(desk: Desk) -> None:
    page = desk.page()
    for view in ("apple", "stack"):
        counts = [re.search(r"\d+ / \d+", face)[0] for face in faces(page, view)]  # type: ignore[index]
        assert counts == ["0 / 10", "5 / 10", "10 / 10"]
    assert [re.search(r"\d+/\d+", face)[0] for face in faces(page, "google")] == ["0/10", "5/10", "10/10"]  # type: ignore[index]
    assert [face.count("is-filled") for face in faces(page, "web")] == [0, 5, 10]
    assert [f"{kind}-{state}.png" in page for kind in ("strip", "hero") for state in STATES] == [True] * 6


def test_a_full_card_says_what_is_theirs_and_the_others_what_is_missing(desk: Desk) -> None:
    empty, half, full = (face.partition('<div data-view="stack">')[0] for face in faces(desk.page(), "apple"))
    assert "10 more stamps for:" in empty
    assert "5 more stamps for:" in half
    assert "Yours now:" in full


def test_every_file_that_the_page_names_is_there(desk: Desk) -> None:
    desk.save(**DARK)
    files = set(re.findall(r'(?:src|href)="((?:/console/design/|/static/)[^"]+\.\w+[^"]*)"', desk.page()))
    assert len(files) > 12
    assert {path: desk.get(path).status_code for path in files} == dict.fromkeys(files, 200)


def test_the_code_of_the_sample_is_nobodys(desk: Desk) -> None:
    for mine in (desk.phone().card, desk.api.made("/cards", {"program_id": str(desk.cafe.program_id)})):
        assert mine["code"] not in desk.page()
        assert mine["short_code"] not in desk.page()


def test_the_back_says_what_the_merchant_wrote_and_how_to_reach_them(desk: Desk) -> None:
    desk.save(back_en="Closed on Mondays\nWe bake ourselves")
    page = desk.page()
    back = page.split('data-view="back"')[1].partition("</dl>")[0]
    assert "Closed on Mondays\nWe bake ourselves" in back
    assert "hallo@cafe.example" in back


def test_the_card_speaks_the_language_it_is_asked_for_and_the_page_its_own(desk: Desk) -> None:
    for language, sentence in (("de", "Noch 5 Stempel bis"), ("en", "5 more stamps for")):
        assert f'href="{DESIGN}?card_language={language}"' in desk.page()
        assert sentence in desk.page(f"{DESIGN}?card_language={language}")
    page = desk.page(f"{DESIGN}?card_language=de")
    assert "Save the draft" in page
    assert 'hreflang="de" aria-current="true"' in page
    part = desk.post(DESIGN, part=True, card_language="de", **DARK).text
    assert "Noch 5 Stempel bis" in part
    assert "Text on the background" in part


@pytest.mark.parametrize("language", ["fr", "", "de\x00", "../de"])
def test_a_language_that_no_card_speaks_is_the_pages_own(desk: Desk, language: str) -> None:
    answer = desk.browser.client.get(
        DESIGN, query_string={"card_language": language}, headers={"Accept-Language": "en"}
    )
    assert "5 more stamps for" in answer.text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_no_name_breaks_the_page(desk: Desk, name: str, language: str) -> None:
    desk.language = language
    desk.rename(name)
    desk.reward(name)
    desk.save(show_name="1", text_en=name, text_de=name, back_de=name)
    for path in (DESIGN, f"{DESIGN}/publish", f"{DESIGN}/files/1/strip-full.png"):
        assert desk.get(path).status_code == 200
    assert html.escape(name, quote=False).replace("'", "&#39;").replace('"', "&#34;") in desk.get(DESIGN).text
    assert "<script>alert" not in desk.get(DESIGN).text


@pytest.mark.parametrize("name", [LONG, ARABIC])
def test_a_name_stands_in_its_own_direction(desk: Desk, name: str) -> None:
    desk.rename(name)
    desk.save(show_name="1")
    page = desk.page()
    for place in ("apple-name", "google-issuer", "paper-name"):
        assert f'class="{place}" dir="auto">{name}<' in page


def test_a_name_that_is_cut_on_an_iphone_is_warned_of_until_it_is_left_out(desk: Desk) -> None:
    desk.rename(LONG)
    desk.save(show_name="1")
    assert any(NAME_CUT in told for told in warnings(desk))
    desk.save(show_name="0")
    assert not any(NAME_CUT in told for told in warnings(desk))


def test_a_short_name_is_not_warned_of(desk: Desk) -> None:
    desk.rename("Café Ada")
    assert not any(NAME_CUT in told or "shop's name" in told for told in warnings(desk))


def test_a_reward_too_long_for_its_line_is_warned_of_with_the_remedy(desk: Desk) -> None:
    assert not any(VALUE_CUT in told for told in warnings(desk))
    desk.reward("Ein sehr großer Kaffee mit einem Stück Kuchen")
    assert any(f"{VALUE_CUT} on an iPhone. A shorter name" in told for told in warnings(desk))


def test_a_name_that_is_cut_on_android_is_shown_as_it_will_stand_there(desk: Desk) -> None:
    desk.rename(LONG)
    assert "The shop's name is cut on small Android phones: “Konditorei & Kaffee…”." in warnings(desk)


def test_a_logo_that_vanishes_on_the_background_is_warned_of(desk: Desk) -> None:
    desk.upload(file_of(drawn((600, 200), "#ffffff")))
    desk.save(background="#ffffff", foreground="#000000", label="#000000")
    assert any("hardly be seen on this background" in told for told in warnings(desk))
    desk.save(background="#000000", foreground="#ffffff", label="#ffffff")
    assert not any("hardly be seen" in told for told in warnings(desk))


def test_warnings_are_told_in_german_too(desk: Desk) -> None:
    desk.rename(LONG)
    english = warnings(desk)
    desk.language = "de"
    german = warnings(desk)
    assert len(german) == len(english) >= 2
    assert not set(german) & set(english)


def test_the_preview_is_what_the_phone_gets(desk: Desk) -> None:
    desk.save(**DARK, shape="hexagon", text_en="Mine")
    sample = desk.page(f"{DESIGN}?card_language=de")
    desk.publish()
    card = desk.app.test_client().get(urlsplit(desk.phone().card["links"]["web"]).path).text
    sentence = re.search(r"Noch 10 Stempel bis[^<]+", sample)
    assert sentence is not None
    assert sentence[0] in html.unescape(card)
    assert "stamps-hexagon" in card
    assert Design.read(desk.worn().design).colours.background == DARK["background"]


def _second(desk: Desk) -> str:
    """The id of a further program, of points."""
    body = {"name": {"de": "Punkte & mehr", "en": "Points & more"}, "kind": "points", "rule": {}}
    return str(desk.api.made("/programs", body)["id"])


def test_with_one_program_there_is_nothing_to_choose(desk: Desk) -> None:
    assert 'id="which-program"' not in desk.page()


def test_the_card_of_any_of_the_shops_programs_is_shown_in_the_one_design(desk: Desk) -> None:
    program = _second(desk)
    desk.save(**DARK)
    first, second = desk.page(), desk.page(f"{DESIGN}?program={program}")
    assert "0 / 10" in first
    assert "0 / 10" not in second
    assert f'<option value="{program}" selected>Points & more</option>' in second
    assert DARK["background"] in second
    assert "pass-band" in faces(second, "web")[0]


def test_the_pictures_beside_the_form_are_of_the_program_that_is_shown(desk: Desk) -> None:
    program = _second(desk)
    strips = re.findall(r'src="([^"]*strip-half\.png[^"]*)"', desk.page(f"{DESIGN}?program={program}"))
    assert strips
    assert all(f"program={program}" in path for path in strips)
    assert desk.get(strips[0]).data != desk.get(strips[0].partition("?")[0]).data


def test_saving_goes_on_with_the_program_that_is_shown(desk: Desk) -> None:
    program = _second(desk)
    part = desk.post(DESIGN, part=True, program=program, **DARK)
    assert "0 / 10" not in part.text
    assert f"program={program}" in desk.save(program=program, card_language="de").location
    assert f"program={program}" in desk.post(f"{DESIGN}/discard?program={program}").location


def test_what_cannot_be_saved_is_said_beside_the_same_card(desk: Desk) -> None:
    program = _second(desk)
    answer = desk.post(DESIGN, program=program, background="blau")
    assert answer.status_code == 422
    assert f'<option value="{program}" selected>' in answer.text


@pytest.mark.parametrize("way", ["page", "strip", "save"])
def test_a_program_of_somebody_else_is_not_found(desk: Desk, cafe: Cafe, way: str) -> None:
    path = f"{DESIGN}/files/1/strip-half.png" if way == "strip" else DESIGN
    for other in (cafe.program_id, uuid4(), "none"):
        if way == "save":
            assert desk.post(DESIGN, part=True, program=str(other), **DARK).status_code == 404
        else:
            assert desk.get(f"{path}?program={other}").status_code == 404
    assert not desk.drafted()

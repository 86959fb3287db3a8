"""The designer's form: whose it is, what it keeps, what it refuses, and that customers notice nothing."""

import io
import re
import zipfile
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer.branding import artworks
from issuer.brands import Worn
from tests.web.conftest import Browser
from tests.web.designing import DARK, DESIGN, FAINT, Desk, open_desk
from tests.web.members import member
from tests.web.phones import Held

PAGES = [
    DESIGN,
    f"{DESIGN}/files/1/logo.png",
    f"{DESIGN}/files/1/strip-half.png",
    f"{DESIGN}/files/1/colours.css",
    f"{DESIGN}/qr.svg",
    f"{DESIGN}/artwork/cafe.png",
    f"{DESIGN}/publish",
    f"{DESIGN}/versions",
    f"{DESIGN}/versions/1",
    f"{DESIGN}/versions/1/strip.png",
    f"{DESIGN}/draft/1/strip.png",
]
DEEDS = [
    DESIGN,
    f"{DESIGN}/pictures",
    f"{DESIGN}/discard",
    f"{DESIGN}/publish",
    f"{DESIGN}/versions/1/bring-back",
]
BRAND = re.compile(r'"(/brand/[^"]+)"')
FIELD = re.compile(r'(?:name="{0}" value="|<textarea[^>]+name="{0}"[^>]*>\s*)([^"<]*)')


@pytest.fixture
def desk(app: OpenAPI, engine: Engine, now: datetime) -> Desk:
    return open_desk(app, engine, now)


def typed(page: str, name: str) -> str:
    found = re.search(FIELD.pattern.format(name), page)
    assert found is not None, name
    return found[1]


def looks(worn: Worn) -> tuple[Any, ...]:
    return worn.design, worn.icon_id, worn.logo_id, worn.stamp_id


def seen_by_customers(desk: Desk, phone: Held) -> dict[str, Any]:
    """Every answer about the brand that somebody outside can ask for."""
    client = desk.app.test_client()
    paths = [f"/join/{desk.cafe.slug}", urlsplit(phone.card["links"]["web"]).path]
    pages = {path: re.sub(r'(csrf[-_]token|join_id)" [a-z]+="[^"]+"', "", client.get(path).text) for path in paths}
    files = {path: client.get(path).data for page in pages.values() for path in BRAND.findall(page)}
    assert len(files) >= 3
    with zipfile.ZipFile(io.BytesIO(phone.fetch().data)) as archive:
        sealed = {name: archive.read(name) for name in archive.namelist() if name != "signature"}
    return pages | files | sealed


def test_a_stranger_is_sent_to_sign_in(app: OpenAPI) -> None:
    for path in PAGES:
        answer = app.test_client().get(path)
        assert (answer.status_code, urlsplit(answer.location).path) == (303, "/console/sign-in")


@pytest.mark.parametrize(("role", "status"), [("staff", 403), ("manager", 200)])
def test_a_manager_designs_as_an_owner_does_and_staff_do_not(
    app: OpenAPI, desk: Desk, now: datetime, role: str, status: int
) -> None:
    client = member(app, now, (desk.cafe.merchant_id, role)).browser.client
    assert {path: client.get(path).status_code for path in PAGES} == dict.fromkeys(PAGES, status)


def test_nothing_is_done_for_staff_for_strangers_or_without_the_pages_token(
    app: OpenAPI, desk: Desk, now: datetime
) -> None:
    desk.save(**DARK)
    revision = desk.revision()
    fields = {"revision": str(revision)} | FAINT
    staff = member(app, now, (desk.cafe.merchant_id, "staff")).browser
    stranger = Browser(app.test_client(), "/console/sign-in")
    for path in DEEDS:
        assert desk.browser.client.post(path, data=fields).status_code == 400
        assert staff.submit(path, **fields).status_code == 403
        answer = stranger.submit(path, **fields)
        assert (answer.status_code, urlsplit(answer.location).path) == (303, "/console/sign-in")
    assert (desk.revision(), desk.design().colours.background) == (revision, DARK["background"])


def test_another_merchants_draft_is_never_shown_nor_touched(
    app: OpenAPI, engine: Engine, now: datetime, desk: Desk
) -> None:
    other = open_desk(app, engine, now)
    before = other.page()
    desk.save(**DARK)
    assert DARK["background"] in desk.page()
    assert DARK["background"] not in other.page()
    assert not other.drafted()
    number = desk.revision()
    for name in ("strip-half.png", "colours.css"):
        path = f"{DESIGN}/files/{number}/{name}"
        assert desk.get(path).data != other.get(path).data
    other.post(f"{DESIGN}/discard")
    assert desk.drafted()
    assert typed(before, "background") == typed(other.page(), "background")


def test_a_draft_changes_nothing_that_customers_see(desk: Desk) -> None:
    phone = desk.phone()
    before = seen_by_customers(desk, phone)
    desk.save(**DARK, shape="ticket", artwork="bakery", text_de="Neu", text_en="New", back_de="Neu", show_name="0")
    assert seen_by_customers(desk, phone) == before
    desk.publish()
    assert seen_by_customers(desk, phone) != before


def test_what_was_saved_stands_in_the_form(desk: Desk) -> None:
    desk.save(**DARK, text_en="Card of the house", back_de="Montags zu\nsonst offen", shape="hexagon", show_name="0")
    page = desk.page()
    assert {name: typed(page, name) for name in DARK} == DARK
    assert typed(page, "text_en") == "Card of the house"
    assert typed(page, "back_de") == "Montags zu\nsonst offen"
    assert 'value="hexagon" checked' in page
    assert 'name="show_name" value="1" checked' not in page


def test_a_script_is_answered_with_the_preview_alone(desk: Desk) -> None:
    answer = desk.post(DESIGN, part=True, **DARK)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert f'data-revision="{desk.revision()}"' in answer.text
    assert f'data-background="{DARK["background"]}"' in answer.text


def test_a_browser_without_script_is_led_back_to_the_page(desk: Desk) -> None:
    answer = desk.post(DESIGN, **DARK, card_language="en")
    assert answer.status_code == 303
    assert DARK["label"] in desk.page(answer.location)


@pytest.mark.parametrize("part", [True, False])
def test_who_saves_against_an_older_draft_is_told_and_overwrites_nothing(desk: Desk, part: bool) -> None:
    older = str(desk.revision())
    desk.save(**DARK)
    answer = desk.post(DESIGN, part=part, revision=older, **FAINT, text_en="Typed in the other window")
    assert answer.status_code == 409
    assert "This design was changed in another window." in answer.text
    assert desk.design().colours.background == DARK["background"]
    assert ("<html" in answer.text) is not part


def test_what_was_typed_against_an_older_draft_stays_typed_and_stays_refused(desk: Desk) -> None:
    older = str(desk.revision())
    desk.save(**DARK)
    page = desk.post(DESIGN, revision=older, **FAINT, text_en="Mine").text
    assert typed(page, "text_en") == "Mine"
    assert typed(page, "background") == FAINT["background"]
    again = desk.post(DESIGN, revision=typed(page, "revision"), **FAINT)
    assert (again.status_code, desk.design().colours.background) == (409, DARK["background"])


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 40, "１"])
def test_a_revision_that_is_none_is_an_older_one(desk: Desk, revision: str) -> None:
    desk.save(**DARK)
    assert desk.post(DESIGN, revision=revision, **FAINT).status_code == 409


def test_a_form_that_says_what_stands_there_makes_no_draft(desk: Desk) -> None:
    assert desk.post(DESIGN, part=True).status_code == 200
    assert desk.post(DESIGN, part=True, background=desk.design().colours.background).status_code == 200
    assert not desk.drafted()
    assert "This is what customers see now." in desk.page()


@pytest.mark.parametrize(("field", "given", "english", "german"), [
    ("background", "blau", "blau is no colour: write six digits like #4a2415.", "blau ist keine Farbe:"),
    ("foreground", "#12345", "#12345 is no colour", "#12345 ist keine Farbe:"),
    ("label", "", "A colour is missing here: write six digits like #4a2415.", "Hier fehlt eine Farbe:"),
    ("shape", "star", "star is no shape of a stamp: choose one of those shown.", "star ist keine Form für Stempel:"),
    ("text_de", " ", "This text is empty: say in a few words what the card is.", "Dieser Text ist leer"),
    ("text_en", "x" * 101, "longer than the 100 characters", "100"),
    ("back_de", "x" * 501, "longer than the 500 characters", "500"),
    ("back_en", "a\x00b", "characters that no phone can show", "Zeichen"),
    ("text_de", "Karte \u202egnp.exe", "characters that no phone can show", "Zeichen"),
])  # fmt: skip
def test_what_cannot_be_used_is_told_in_one_sentence_in_either_language(
    desk: Desk, field: str, given: str, english: str, german: str
) -> None:
    for language, sentence in (("en", english), ("de", german)):
        desk.language = language
        whole, part = desk.post(DESIGN, **{field: given}), desk.post(DESIGN, part=True, **{field: given})
        assert (whole.status_code, part.status_code) == (422, 200)
        told = re.search(rf'<a href="#{field}">([^<]+)</a>', part.text)
        assert told is not None
        assert sentence in told[1]
        assert told[1].endswith((".", "!"))
        assert f'id="{field}-error"' in whole.text
        assert sentence in whole.text
    assert not desk.drafted()


def test_good_fields_are_kept_and_bad_ones_stay_as_they_were_typed(desk: Desk) -> None:
    before = desk.design()
    page = desk.post(DESIGN, background="rot", label="#ffd080", text_de="", text_en="New").text
    assert (desk.design().colours.label, desk.design().texts["en"]) == ("#ffd080", "New")
    assert (desk.design().colours.background, desk.design().texts["de"]) == (
        before.colours.background,
        before.texts["de"],
    )
    assert (typed(page, "background"), typed(page, "text_de"), typed(page, "text_en")) == ("rot", "", "New")
    assert typed(page, "back_de") == before.back["de"], "what was not sent is as it was"


def test_after_a_mistake_the_corrected_form_can_be_sent(desk: Desk) -> None:
    page = desk.post(DESIGN, background="rot", label="#ffd080").text
    assert desk.post(DESIGN, revision=typed(page, "revision"), **DARK).status_code == 303


def test_a_field_with_a_mistake_names_its_sentence_to_those_who_listen(desk: Desk) -> None:
    page = desk.post(DESIGN, text_de="").text
    assert 'aria-describedby="text_de-error text_de-hint" aria-invalid="true"' in page


@pytest.mark.parametrize("given", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "%s"])
def test_what_was_typed_is_shown_as_text(desk: Desk, given: str) -> None:
    desk.save(text_en=given, back_de=given)
    answers = [desk.post(DESIGN, background=given, text_de=given * 20), desk.get(), desk.get(f"{DESIGN}/publish")]
    for answer in answers:
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text


def test_a_very_long_mistake_is_not_repeated_at_length(desk: Desk) -> None:
    part = desk.post(DESIGN, part=True, background="x" * 5000).text
    assert "x" * 40 in part
    assert "x" * 41 not in part


def test_repairing_touches_what_is_too_faint_and_nothing_else(desk: Desk) -> None:
    desk.save(**FAINT)
    assert 'id="repair"' in desk.page()
    assert desk.post(DESIGN, **FAINT, do="repair").status_code == 303
    colours = desk.design().colours
    assert (colours.background, colours.label) == (FAINT["background"], FAINT["label"])
    assert colours.foreground != FAINT["foreground"]
    assert 'id="repair"' not in desk.page()


def test_repairing_begins_with_what_is_typed_and_not_with_what_was_saved(desk: Desk) -> None:
    answer = desk.post(DESIGN, part=True, **FAINT, do="repair")
    assert f'data-background="{FAINT["background"]}"' in answer.text
    assert 'id="repair"' not in answer.text


def test_colours_that_can_be_read_are_not_repaired(desk: Desk) -> None:
    desk.save(**DARK)
    desk.post(DESIGN, do="repair")
    colours = desk.design().colours
    assert {name: getattr(colours, name) for name in DARK} == DARK


def test_a_ready_stamp_picture_is_worn_once_it_is_chosen(desk: Desk) -> None:
    before = desk.worn()
    for name in artworks():
        assert f'value="{name}"' in desk.page()
    desk.save(artwork="bakery")
    after = desk.worn()
    assert after.stamp_id != before.stamp_id
    assert (after.icon_id, after.logo_id, after.design) == (before.icon_id, before.logo_id, desk.design().stored())
    assert desk.get(f"{DESIGN}/files/{desk.revision()}/stamp.png").data == desk.get(f"{DESIGN}/artwork/bakery.png").data


@pytest.mark.parametrize("name", ["", "nothing", "../cafe", "cafe.png"])
def test_a_stamp_picture_that_is_not_ready_changes_nothing(desk: Desk, name: str) -> None:
    assert desk.post(DESIGN, artwork=name).status_code == 303
    assert not desk.drafted()


@pytest.mark.parametrize("name", ["nothing.png", "..%2fcafe.png", "cafe.jpg", "cafe"])
def test_a_ready_picture_that_is_none_is_not_found(desk: Desk, name: str) -> None:
    assert desk.get(f"{DESIGN}/artwork/{name}").status_code == 404


def test_discarding_leads_back_to_what_customers_see(desk: Desk) -> None:
    before = looks(desk.worn())
    desk.save(**DARK, artwork="bakery")
    later = '<template id="discard-later">'
    assert later not in desk.page()
    assert desk.post(f"{DESIGN}/discard").status_code == 303
    assert looks(desk.worn()) == before
    assert later in desk.page(), "a script shows it once there is a draft"
    assert desk.post(f"{DESIGN}/discard").status_code == 303, "nothing left is nothing wrong"


def test_a_window_that_was_open_when_the_draft_was_discarded_does_not_bring_it_back(desk: Desk) -> None:
    desk.save(**DARK)
    shown = str(desk.revision())
    desk.post(f"{DESIGN}/discard")
    assert desk.post(DESIGN, revision=shown, **FAINT).status_code == 409
    assert not desk.drafted()


@pytest.mark.parametrize("path", [DESIGN, f"{DESIGN}/publish", f"{DESIGN}/versions", f"{DESIGN}/versions/1"])
def test_every_page_speaks_german_and_english(desk: Desk, path: str) -> None:
    pages = {}
    for desk.language in ("de", "en"):
        pages[desk.language] = desk.page(path)
        assert f'<html lang="{desk.language}"' in pages[desk.language]
    titles = [re.search(r'<h1 id="title">([^<]+)</h1>', page)[1] for page in pages.values()]  # type: ignore[index]
    assert "" not in titles
    assert "Draft" not in pages["de"]

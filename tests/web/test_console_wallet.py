"""The designer's fold for Apple Wallet: closed until it is wanted, without a script, nothing typed is lost."""

import html
import json
import re
import zipfile
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, update

from issuer.database import transaction
from issuer.schema import Location
from tests.conftest import Cafe
from tests.web.designing import DESIGN, Desk, open_desk

FOLD = re.compile(r'<details class="fold" id="wallet"( open)?>(.+?)</details>', re.DOTALL)
PLACE = {"place_0_at": "52.51628, 13.37771", "place_0_text": "Lindenstraße 3"}


@pytest.fixture
def desk(app: OpenAPI, engine: Engine, now: datetime) -> Desk:
    return open_desk(app, engine, now)


def fold(page: str) -> tuple[bool, str]:
    """Whether it is open, and what it holds."""
    found = FOLD.search(page)
    assert found is not None
    return bool(found[1]), found[2]


def rows(page: str, kind: str) -> list[str]:
    return re.findall(rf'name="({kind}_\d+_(?:at|uuid|start))"', fold(page)[1])


def locate(desk: Desk, latitude: float = 48.1372, longitude: float = 11.5755) -> None:
    with transaction(desk.engine, desk.cafe.merchant_id) as session:
        session.execute(update(Location).values(latitude=latitude, longitude=longitude, address="Marienplatz 1"))


def test_the_fold_is_closed_and_offers_one_empty_row_of_each_kind(desk: Desk) -> None:
    is_open, inside = fold(desk.page())
    assert not is_open
    assert {kind: rows(desk.page(), kind) for kind in ("place", "beacon", "window")} == {
        "place": ["place_0_at"],
        "beacon": ["beacon_0_uuid"],
        "window": ["window_0_start"],
    }
    labels, fields = (
        set(re.findall(rf'{at}="([^"]+)"', inside))
        for at in ("<label for", '(?:input|select|textarea) class="input" id')
    )
    assert labels == fields, "every field has its label"


def test_what_was_not_touched_makes_no_draft(desk: Desk) -> None:
    desk.save(**PLACE, phone_formats="1", window_0_start="2026-07-01T18:00", app_data="a = b")
    revision, inside = desk.revision(), fold(desk.page())[1]
    form: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]+>", inside):
        if "checkbox" not in tag or " checked" in tag:
            form.setdefault(re.findall(r' name="([^"]+)"', tag)[0], re.findall(r' value="([^"]*)"', tag)[0])
    desk.save(**form, align="", app_data="a = b")
    assert desk.revision() == revision


def test_what_is_typed_is_in_the_draft_and_in_the_form_and_in_the_pass(desk: Desk) -> None:
    desk.save(**PLACE, radius="50", apps="361309726", app_url="shop://card", align="Right", shareable="0")
    page = desk.page()
    assert html.escape('value="52.51628, 13.37771"', quote=False) in fold(page)[1]
    assert rows(page, "place") == ["place_0_at", "place_1_at"]
    assert '<option value="Right" selected>' in page
    desk.publish()
    with zipfile.ZipFile(BytesIO(desk.phone().fetch().data)) as archive:
        content = json.loads(archive.read("pass.json"))
    assert content["locations"] == [{"latitude": 52.51628, "longitude": 13.37771, "relevantText": "Lindenstraße 3"}]
    assert (content["maxDistance"], content["appLaunchURL"], content["sharingProhibited"]) == (50, "shop://card", True)


@pytest.mark.parametrize(("language", "sentence"), [
    ("en", "“Berlin” is no place: write latitude and longitude as maps give them, like 52.51628, 13.37771."),
    ("de", "„Berlin“ ist kein Ort: Schreiben Sie Breite und Länge, wie Karten sie angeben, "),
])  # fmt: skip
def test_what_cannot_be_used_is_said_at_its_field_and_stays_there(desk: Desk, language: str, sentence: str) -> None:
    desk.language = language
    typed = {"place_0_at": "Berlin", "place_0_text": "Mitte", "place_1_at": "52.5, 13.4", "radius": "80"}
    answer = desk.post(DESIGN, **typed)
    assert answer.status_code == 422
    is_open, inside = fold(html.unescape(answer.text))
    assert is_open
    assert sentence in inside
    field = re.search(r'<input[^>]+name="place_0_at"[^>]*>', inside)
    assert field is not None
    assert 'value="Berlin"' in field[0]
    assert 'aria-invalid="true"' in field[0]
    assert 'aria-describedby="place_0_at-error"' in field[0]
    assert rows(html.unescape(answer.text), "place") == ["place_0_at", "place_1_at", "place_2_at"]
    assert 'value="80"' in inside
    assert (desk.design().wallet.places, desk.design().wallet.radius) == ((), 80)


def test_a_script_is_told_too_and_by_a_link_to_the_field(desk: Desk) -> None:
    part = desk.post(DESIGN, part=True, place_0_at="Berlin").text
    assert '<a href="#place_0_at">“Berlin” is no place' in part


def test_one_more_row_saves_and_comes_back_to_the_open_fold(desk: Desk) -> None:
    answer = desk.post(DESIGN, **PLACE, do="more:place")
    assert answer.status_code == 303
    assert answer.location == f"{DESIGN}?more={desk.revision()}#places"
    page = desk.page(answer.location.partition("#")[0])
    assert fold(page)[0]
    assert 'id="places"' in page
    assert rows(page, "place") == ["place_0_at", "place_1_at"]
    again = desk.post(DESIGN, **PLACE, place_1_at="52.6, 13.4", do="more:place").location
    assert again not in (answer.location, ""), "another address, or a browser would stay where it is"


@pytest.mark.parametrize("wish", ["more:", "more:heart", "shop:", "shop:x", "more", "shop"])
def test_a_button_that_is_none_saves_and_nothing_more(desk: Desk, wish: str) -> None:
    answer = desk.post(DESIGN, **PLACE, do=wish)
    assert answer.status_code == 303
    assert len(desk.design().wallet.places) == 1


def test_with_ten_places_there_is_no_further_row(desk: Desk) -> None:
    desk.save(**{f"place_{number}_at": f"52.{number}, 13" for number in range(10)})
    assert len(rows(desk.page(), "place")) == 10
    locate(desk)
    assert 'value="shop:' not in desk.page()
    eleven = {f"place_{number}_at": f"52.{number}, 13" for number in range(11)}
    answer = desk.post(DESIGN, **eleven)
    assert (answer.status_code, "Wallet takes ten at most" in answer.text) == (422, True)


def test_a_shop_is_offered_once_it_is_known_where_it_is(desk: Desk) -> None:
    assert 'value="shop:' not in desk.page()
    locate(desk)
    assert "Add “Lindenstraße”" in desk.page()
    answer = desk.post(DESIGN, **PLACE, do=f"shop:{desk.cafe.location_id}")
    assert answer.location.endswith("#places")
    first, second = desk.design().wallet.places
    assert (first.text, second.text) == ("Lindenstraße 3", "Marienplatz 1")
    assert (second.latitude, second.longitude) == (48.1372, 11.5755)
    assert 'value="shop:' not in desk.page()


def test_another_merchants_shop_is_no_place_of_this_one(desk: Desk, cafe: Cafe) -> None:
    for shop in (cafe.location_id, uuid4()):
        desk.save(do=f"shop:{shop}")
        assert desk.design().wallet.places == ()


def test_times_are_those_of_the_shops_clock(desk: Desk) -> None:
    desk.save(**PLACE, window_0_start="2026-07-01T18:00", window_0_end="2026-07-01T20:00")
    (window,) = desk.design().wallet.windows
    assert window.start.isoformat() == "2026-07-01T18:00:00+02:00"
    assert 'value="2026-07-01T18:00"' in desk.page()


def test_before_publishing_every_value_that_changes_is_told(desk: Desk) -> None:
    desk.save(**PLACE, align="Right", phone_formats="1")
    page = desk.page(f"{DESIGN}/publish")
    for told in ("Places where an iPhone brings up the card", "52.51628, 13.37771 Lindenstraße 3", "as Wallet does it"):
        assert told in page
    desk.language = "de"
    assert {"rechts", "nein", "ja"} <= set(re.findall(r">([^<]+)</span>", desk.page(f"{DESIGN}/publish")))


def test_enter_in_a_field_of_the_fold_saves_and_presses_no_other_button(desk: Desk) -> None:
    form = desk.page().partition('id="design"')[2].partition("</form>")[0]
    first: Any = re.search(r"<button[^>]*>", form)
    assert 'value="save"' in first[0]

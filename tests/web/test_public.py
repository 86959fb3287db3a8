"""What a customer sees: join, the card's own page, its pictures."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, func, select, update

from issuer.database import transaction
from issuer.schema import Card, CardKey
from signing.tokens import digest
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser
from tests.web.phones import PKPASS

JOIN_ID = re.compile(r'name="join_id" value="([^"]+)"')
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36"


def _page(card: dict[str, Any]) -> str:
    return urlsplit(card["links"]["web"]).path


def _join(client: FlaskClient, join_id: str | None = None) -> Any:
    text = client.get("/join/cafe").text
    found = JOIN_ID.search(text)
    assert found is not None
    return Browser(client, "/join/cafe").submit("/join/cafe", join_id=join_id or found[1])


def _count(engine: Engine, cafe: Cafe) -> int:
    with transaction(engine, cafe.merchant_id) as session:
        return session.scalar(select(func.count(Card.id))) or 0


def test_the_front_door_leads_to_every_face(client: FlaskClient) -> None:
    text = client.get("/").text
    for way in ("/till", "/console", "/api/v1/docs"):
        assert f'href="{way}"' in text


def test_one_tap_makes_one_card_and_leads_to_it(client: FlaskClient, engine: Engine, cafe: Cafe) -> None:
    before = _count(engine, cafe)
    answer = _join(client)
    assert answer.status_code == 303
    assert client.get(answer.location).status_code == 200
    assert _count(engine, cafe) == before + 1


def test_a_form_posted_twice_makes_one_card(client: FlaskClient, engine: Engine, cafe: Cafe) -> None:
    before = _count(engine, cafe)
    first, second = (_join(client, "the same form") for _ in range(2))
    assert (second.status_code, second.location) == (303, first.location)
    assert _count(engine, cafe) == before + 1


def test_a_form_loaded_anew_makes_another_card(client: FlaskClient) -> None:
    assert _join(client).location != _join(client).location


def test_whoever_has_a_card_is_shown_the_way_to_it(client: FlaskClient) -> None:
    card = _join(client).location
    assert f'href="{card}"' in client.get("/join/cafe").text


def test_a_join_without_the_forms_token_is_refused(client: FlaskClient, engine: Engine, cafe: Cafe) -> None:
    before = _count(engine, cafe)
    for fields in ({}, {"csrf_token": "made up"}):
        assert client.post("/join/cafe", data=fields).status_code == 400
    assert _count(engine, cafe) == before


@pytest.mark.parametrize("join_id", ["", "\x00", "a\x00b", "x" * 5000, "🎫", "\n"])
def test_a_form_with_an_odd_number_still_joins(client: FlaskClient, join_id: str) -> None:
    answer = Browser(client, "/join/cafe").submit("/join/cafe", join_id=join_id)
    assert answer.status_code == 303


@pytest.mark.parametrize("slug", ["nothing", "%00", "..", "é", "x" * 300, "00000000-0000-4000-8000-000000000000"])
def test_a_join_page_that_is_none_is_not_found(client: FlaskClient, slug: str) -> None:
    answer = client.get(f"/join/{slug}")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_join_page_is_found_by_its_programs_id_too(client: FlaskClient, cafe: Cafe) -> None:
    assert client.get(f"/join/{cafe.program_id}").status_code == 200


@pytest.mark.parametrize(("query", "header", "language"), [
    ("", "de", "de"), ("", "en-GB", "en"), ("", "fr", "de"), ("?lang=en", "de", "en"), ("?lang=xx", "en", "de"),
    ("?lang=%00", "de", "de"),
])  # fmt: skip
def test_the_join_page_speaks_the_customers_language(
    client: FlaskClient, query: str, header: str, language: str
) -> None:
    text = client.get(f"/join/cafe{query}", headers={"Accept-Language": header}).text
    assert f'<html lang="{language}">' in text


def test_the_card_speaks_the_language_it_was_taken_in(app: OpenAPI) -> None:
    client = app.test_client()
    client.get("/join/cafe?lang=en")
    card = _join(client).location
    assert '<html lang="en">' in app.test_client().get(card, headers={"Accept-Language": "de"}).text


def test_the_join_page_needs_no_script(client: FlaskClient) -> None:
    assert "<script" not in client.get("/join/cafe").text


def test_the_cards_page_shows_the_card(client: FlaskClient, api: Api, card: dict[str, Any]) -> None:
    api.made(f"/cards/{card['id']}/stamps", {"count": 4})
    text = client.get(_page(card)).text
    for shown in (card["short_code"], "4 / 10", "Café Test", f"{card['links']['apple']}"):
        assert shown in text


def test_the_cards_page_offers_apples_wallet_first_on_an_iphone_only(client: FlaskClient, card: dict[str, Any]) -> None:
    iphone, android, desk = (
        client.get(_page(card), headers={"User-Agent": agent}).text for agent in (IPHONE, ANDROID, "curl/8")
    )
    assert iphone != android
    for text in (iphone, android, desk):
        assert card["links"]["apple"] in text, "every other way stays one tap away"
    assert iphone.index(card["links"]["apple"]) < iphone.index("<details")
    assert android.index(card["links"]["apple"]) > android.index("<details")


def test_the_state_of_a_card_is_204_until_it_changes(client: FlaskClient, api: Api, card: dict[str, Any]) -> None:
    path = f"{_page(card)}/state.json"
    unchanged = client.get(path, query_string={"version": 1})
    assert (unchanged.status_code, unchanged.data) == (204, b"")
    api.made(f"/cards/{card['id']}/stamps", {"count": 2})
    changed = client.get(path, query_string={"version": 1})
    assert (changed.status_code, changed.mimetype) == (200, "application/json")
    assert (changed.get_json()["stamps"], changed.get_json()["version"]) == (2, 2)
    assert client.get(path, query_string={"version": 2}).status_code == 204


def test_the_state_is_told_when_the_card_wears_another_design(client: FlaskClient, card: dict[str, Any]) -> None:
    path = f"{_page(card)}/state.json"
    worn = client.get(path).get_json()["brand_css_url"]
    assert client.get(path, query_string={"version": 1, "brand": worn}).status_code == 204
    told = client.get(path, query_string={"version": 1, "brand": "/brand/cafe/0/brand.css"})
    assert (told.status_code, told.get_json()["brand_css_url"], told.get_json()["language"]) == (200, worn, "de")


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "\x00", "1.0"])
def test_the_state_is_told_to_whoever_names_no_version(client: FlaskClient, card: dict[str, Any], version: str) -> None:
    assert client.get(f"{_page(card)}/state.json", query_string={"version": version}).status_code == 200


def test_the_pass_is_downloaded_as_a_file_of_apples_type(client: FlaskClient, card: dict[str, Any]) -> None:
    answer = client.get(f"{_page(card)}/apple.pkpass")
    assert (answer.status_code, answer.content_type) == (200, PKPASS)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="card.pkpass"'
    assert answer.headers["Cache-Control"] == "no-store, no-transform"
    assert answer.headers["Last-Modified"]


@pytest.mark.parametrize("tail", ["", "/state.json", "/apple.pkpass", "/qr.svg", "/qr.png", "/data"])
def test_a_revoked_key_opens_nothing_and_is_told_why(
    client: FlaskClient, card: dict[str, Any], engine: Engine, tail: str
) -> None:
    path = _page(card) + tail
    assert client.get(path).status_code == 200
    with transaction(engine) as session:
        mine = CardKey.key_hash == digest(path.split("/")[2])
        session.execute(update(CardKey).where(mine).values(revoked_at=datetime.now(UTC)))
    answer = client.get(path)
    assert answer.status_code == 410
    assert card["short_code"] not in answer.text
    assert card["serial"] not in answer.text


@pytest.mark.parametrize("tail", ["", "/state.json", "/apple.pkpass", "/qr.svg", "/qr.png", "/data", "/nothing"])
@pytest.mark.parametrize("key", ["wrong", "%00", "é", "x" * 1000, "{serial}", "{code}", "{id}"])
def test_a_key_that_is_none_opens_nothing(client: FlaskClient, card: dict[str, Any], key: str, tail: str) -> None:
    assert client.get(f"/card/{key.format(**card)}{tail}").status_code == 404


def test_a_page_that_is_not_there_is_told_in_one_sentence(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "<h1>" in answer.text


def test_pictures_of_a_brand_are_kept_for_ever_under_its_version(client: FlaskClient) -> None:
    for name, mimetype in (("brand.css", "text/css"), ("logo.png", "image/png"), ("stamp.png", "image/png")):
        answer = client.get(f"/brand/cafe/1/{name}")
        assert (answer.status_code, answer.mimetype) == (200, mimetype)
        assert "immutable" in answer.headers["Cache-Control"]
        assert client.get(f"/brand/nobody/1/{name}").status_code == 404

"""What customers see of their own data, and the language of their card: theirs to change, by whoever holds the link."""

import html
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from issuer.database import transaction
from issuer.schema import Card, Consent
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser
from tests.web.phones import Held, pass_json

ERIKA = {"name": "Erika", "mail": "erika@example.org", "birthday": "1964-08-12"}


@pytest.fixture
def erika(api: Api, cafe: Cafe) -> dict[str, Any]:
    return api.made("/cards", {"program_id": str(cafe.program_id), "customer": ERIKA})


def _path(card: dict[str, Any]) -> str:
    return urlsplit(card["links"]["web"]).path


def _page(client: FlaskClient, card: dict[str, Any]) -> Browser:
    return Browser(client, f"{_path(card)}/data")


def _fields(page: str) -> dict[str, str]:
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'<input class="input" id="told-\w+" name="(\w+)" value="([^"]*)"', page)
    }


def _decisions(engine: Engine, cafe: Cafe, card: dict[str, Any]) -> list[tuple[str, bool, str]]:
    with transaction(engine, cafe.merchant_id) as session:
        owner = session.get_one(Card, card["id"]).customer_id
        rows = session.scalars(select(Consent).where(Consent.customer_id == owner).order_by(Consent.at))
        return [(one.purpose, one.given, one.source) for one in rows]


def test_everything_that_is_stored_is_seen(client: FlaskClient, erika: dict[str, Any]) -> None:
    page = client.get(f"{_path(erika)}/data").text
    assert _fields(page) == {"name": "Erika", "birthday": "12.08.1964", "mail": "erika@example.org"}
    assert page.count('form="forget"') == 3


def test_a_nameless_customer_sees_empty_fields_and_nothing_to_delete(client: FlaskClient, card: dict[str, Any]) -> None:
    page = client.get(f"{_path(card)}/data").text
    assert _fields(page) == {"name": "", "birthday": "", "mail": ""}
    assert 'form="forget"' not in page


def test_the_cards_page_leads_to_the_data_and_to_paper(client: FlaskClient, card: dict[str, Any]) -> None:
    page = client.get(_path(card)).text
    assert f'href="{_path(card)}/data"' in page
    assert f'href="{_path(card)}/card.pdf"' in page


def test_what_is_saved_is_stored_with_a_consent_from_the_cards_page(
    client: FlaskClient, engine: Engine, cafe: Cafe, card: dict[str, Any]
) -> None:
    page = _page(client, card)
    answer = page.submit(page.page, name="Frida", birthday="", mail="frida@example.org")
    assert (answer.status_code, urlsplit(answer.location).path) == (303, page.page)
    shown = client.get(answer.location).text
    assert 'id="done"' in shown
    assert _fields(shown) == {"name": "Frida", "birthday": "", "mail": "frida@example.org"}
    assert sorted(_decisions(engine, cafe, card)) == [("mail", True, "card"), ("name", True, "card")]


def test_what_is_emptied_is_deleted_and_its_consent_withdrawn(
    client: FlaskClient, engine: Engine, cafe: Cafe, erika: dict[str, Any]
) -> None:
    page = _page(client, erika)
    assert page.submit(page.page, name="Erika", birthday="12.08.1964", mail="").status_code == 303
    assert _fields(client.get(page.page).text)["mail"] == ""
    assert _decisions(engine, cafe, erika)[-1] == ("mail", False, "card")
    assert len(_decisions(engine, cafe, erika)) == 4


@pytest.mark.parametrize("what", ["name", "mail", "birthday"])
def test_each_datum_is_deleted_by_a_tap_of_its_own(
    client: FlaskClient, engine: Engine, cafe: Cafe, erika: dict[str, Any], what: str
) -> None:
    page = _page(client, erika)
    assert page.submit(f"{page.page}/forget", what=what).status_code == 303
    left = {name for name, value in _fields(client.get(page.page).text).items() if value}
    assert left == {"name", "mail", "birthday"} - {what}
    assert _decisions(engine, cafe, erika)[-1] == (what, False, "card")


@pytest.mark.parametrize("what", ["", "phone", "\x00", "customer_id", "mail_digest"])
def test_what_is_no_datum_cannot_be_deleted(client: FlaskClient, erika: dict[str, Any], what: str) -> None:
    page = _page(client, erika)
    assert page.submit(f"{page.page}/forget", what=what).status_code == 400
    assert all(_fields(client.get(page.page).text).values())


@pytest.mark.parametrize(("what", "typed"), [("mail", "frida"), ("birthday", "30.2.1990"), ("name", "M" * 200)])
def test_what_cannot_be_is_refused_and_nothing_changes(
    client: FlaskClient, erika: dict[str, Any], what: str, typed: str
) -> None:
    page = _page(client, erika)
    before = _fields(client.get(page.page).text)
    answer = page.submit(page.page, **before | {"name": "Frida", what: typed})
    assert answer.status_code == 422
    assert f'id="told-{what}-wrong"' in answer.text
    assert _fields(answer.text)[what] == typed
    assert _fields(client.get(page.page).text) == before


@pytest.mark.parametrize("tail", ["/data", "/data/forget", "/language"])
def test_a_form_without_the_pages_token_changes_nothing(client: FlaskClient, erika: dict[str, Any], tail: str) -> None:
    before = client.get(f"{_path(erika)}/data").text
    fields = {"name": "", "what": "mail", "language": "en"}
    for token in ({}, {"csrf_token": "made up"}):
        assert client.post(_path(erika) + tail, data=fields | token).status_code == 400
    assert _fields(client.get(f"{_path(erika)}/data").text) == _fields(before)


@pytest.mark.parametrize("tail", ["/data", "/data/forget", "/language"])
def test_a_key_that_is_none_changes_nothing(client: FlaskClient, card: dict[str, Any], tail: str) -> None:
    token = _page(client, card).token
    fields = {"csrf_token": token, "name": "Frida", "what": "name", "language": "en"}
    assert client.post(f"/card/nobody{tail}", data=fields).status_code == 404


def test_nobody_sees_another_cards_data(client: FlaskClient, erika: dict[str, Any], card: dict[str, Any]) -> None:
    page = client.get(f"{_path(card)}/data").text
    assert "Erika" not in page
    assert "erika@example.org" not in page


def test_a_card_changes_its_language_everywhere(client: FlaskClient, phone: Held) -> None:
    phone.register()
    page = Browser(client, _path(phone.card))
    assert '<html lang="de">' in client.get(page.page).text
    assert page.submit(f"{page.page}/language", language="en").status_code == 303
    shown = client.get(page.page).text
    assert '<html lang="en">' in shown
    assert 'name="language" value="de"' in shown
    assert client.get(f"{page.page}/state.json", query_string={"version": 1}).get_json()["language"] == "en"
    fields = pass_json(phone.fetch().data)["storeCard"]
    assert fields["headerFields"][0]["label"] == "Stamps"


def test_a_language_it_speaks_already_changes_no_version(client: FlaskClient, card: dict[str, Any]) -> None:
    page = Browser(client, _path(card))
    assert page.submit(f"{page.page}/language", language="de").status_code == 303
    assert client.get(f"{page.page}/state.json", query_string={"version": 1}).status_code == 204


@pytest.mark.parametrize("language", ["", "fr", "DE", "\x00", "de-DE"])
def test_a_language_nobody_translated_is_refused(client: FlaskClient, card: dict[str, Any], language: str) -> None:
    page = Browser(client, _path(card))
    assert page.submit(f"{page.page}/language", language=language).status_code == 400


def test_the_data_page_speaks_the_cards_language(client: FlaskClient, api: Api, cafe: Cafe) -> None:
    card = api.made("/cards", {"program_id": str(cafe.program_id), "language": "en", "customer": ERIKA})
    page = client.get(f"{_path(card)}/data", headers={"Accept-Language": "de"}).text
    assert '<html lang="en">' in page
    assert _fields(page)["birthday"] == "12/08/1964"


@pytest.mark.parametrize(("page", "form"), [("data", "data"), ("wishes", "wishes")])
def test_a_form_that_was_saved_is_not_sent_with_the_word_that_it_was(
    client: FlaskClient, card: dict[str, Any], page: str, form: str
) -> None:
    shown = client.get(f"{_path(card)}/{page}?done=saved").text
    assert 'id="done"' in shown
    assert re.search(rf'<form id="{form}"[^>]* method="post" action="\?"', shown)

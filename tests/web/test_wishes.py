"""What a customer wants to hear: one page with three answers, from the card's page and from the pass itself."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from issuer.database import transaction
from issuer.schema import Agenda, Card, Consent, Customer, Merchant
from issuer.wishing import WISHES
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser
from tests.web.phones import Held, pass_json


@pytest.fixture
def page(client: FlaskClient, card: dict[str, Any]) -> Browser:
    return Browser(client, f"{_path(card)}/wishes")


def _path(card: dict[str, Any]) -> str:
    return str(urlsplit(card["links"]["web"]).path)


def _chosen(text: str) -> list[str]:
    return re.findall(r'value="(\w+)" checked', text)


def _decisions(engine: Engine, cafe: Cafe, card: dict[str, Any]) -> Iterator[tuple[str, bool, str | None]]:
    with transaction(engine, cafe.merchant_id) as session:
        owner = session.get_one(Card, card["id"]).customer_id
        for one in session.scalars(select(Consent).where(Consent.customer_id == owner)):
            yield one.purpose, one.given, one.wording


def test_the_page_shows_three_answers_with_a_sentence_each_and_what_is_chosen(page: Browser) -> None:
    text = page.client.get(page.page).text
    assert re.findall(r'name="wish" value="(\w+)"', text) == list(WISHES)
    assert _chosen(text) == ["fewer"]
    assert text.count("Handy") == 3


def test_the_page_speaks_the_cards_language(client: FlaskClient, card: dict[str, Any]) -> None:
    Browser(client, _path(card)).submit(f"{_path(card)}/language", language="en")
    text = client.get(f"{_path(card)}/wishes").text
    assert "What you hear from us" in text
    assert all(sentence in text for sentence in WISHES.values())


@pytest.mark.parametrize("wish", ["all", "none"])
def test_a_choice_is_kept_with_a_consent_and_the_sentence_that_was_read(
    page: Browser, engine: Engine, cafe: Cafe, card: dict[str, Any], wish: str
) -> None:
    shown = page.client.get(page.page).text
    answer = page.submit(page.page, wish=wish)
    assert (answer.status_code, urlsplit(answer.location).path) == (303, page.page)
    again = page.client.get(answer.location).text
    assert 'id="done"' in again
    assert _chosen(again) == [wish]
    ((purpose, given, wording),) = _decisions(engine, cafe, card)
    assert (purpose, given) == ("offers", wish == "all")
    assert wording is not None
    assert wording in shown


def test_the_same_choice_again_is_no_further_decision(
    page: Browser, engine: Engine, cafe: Cafe, card: dict[str, Any]
) -> None:
    for _ in range(2):
        assert page.submit(page.page, wish="fewer").status_code == 303
    assert list(_decisions(engine, cafe, card)) == []


@pytest.mark.parametrize("wish", ["", "ALL", "some", "\x00", "all none"])
def test_what_is_no_answer_changes_nothing(
    page: Browser, engine: Engine, cafe: Cafe, card: dict[str, Any], wish: str
) -> None:
    assert page.submit(page.page, wish=wish).status_code == 400
    assert list(_decisions(engine, cafe, card)) == []


def test_a_choice_holds_for_this_person_and_no_other(
    page: Browser, engine: Engine, cafe: Cafe, api: Api, card: dict[str, Any]
) -> None:
    other = api.made("/cards", {"program_id": str(cafe.program_id)})
    page.submit(page.page, wish="none")
    with transaction(engine, cafe.merchant_id) as session:
        people = select(Card.id, Customer.wish).join(Customer, Customer.id == Card.customer_id)
        wishes = dict(session.execute(people.where(Card.id.in_([card["id"], other["id"]]))).all())
    assert wishes == {UUID(card["id"]): "none", UUID(other["id"]): "fewer"}


def test_where_offers_run_the_card_is_looked_at_at_once(
    page: Browser, engine: Engine, cafe: Cafe, card: dict[str, Any]
) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        session.get_one(Merchant, cafe.merchant_id).has_offers = True
        assert session.get(Agenda, card["id"]) is None
    page.submit(page.page, wish="none")
    with transaction(engine) as session:
        assert session.get(Agenda, card["id"]) is not None


@pytest.mark.parametrize("key", ["nobody", "x" * 32])
def test_nobody_chooses_without_the_cards_link(client: FlaskClient, card: dict[str, Any], key: str) -> None:
    page = Browser(client, _path(card))
    assert client.get(f"/card/{key}/wishes").status_code == 404
    assert page.submit(f"/card/{key}/wishes", wish="none").status_code == 404


def test_without_its_token_the_form_is_refused(page: Browser, engine: Engine, cafe: Cafe, card: dict[str, Any]) -> None:
    assert page.client.post(page.page, data={"wish": "none"}).status_code == 400
    assert list(_decisions(engine, cafe, card)) == []


def test_the_cards_page_leads_there(client: FlaskClient, card: dict[str, Any]) -> None:
    assert f'href="{_path(card)}/wishes"' in client.get(_path(card)).text


def test_the_back_of_the_pass_leads_there(phone: Held) -> None:
    back = pass_json(phone.fetch().data)["storeCard"]["backFields"]
    (line,) = [one for one in back if one["key"] == "wishes"]
    assert line["value"] == f"{phone.card['links']['web']}/wishes"
    assert line["attributedValue"].startswith(f'<a href="{line["value"]}">')

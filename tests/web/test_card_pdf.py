"""The card on paper: its own code at the size of a bank card, for whoever has the link."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, update

from issuer.database import transaction
from issuer.programs import find_slug
from issuer.schema import CardKey, Merchant
from tests.conftest import Cafe
from tests.passes import paper_reading
from tests.web.asking import Api
from tests.web.conftest import Browser


def _path(card: dict[str, Any]) -> str:
    return f"{urlsplit(card['links']['web']).path}/card.pdf"


def _pdf(client: FlaskClient, card: dict[str, Any]) -> bytes:
    got = client.get(_path(card))
    assert (got.status_code, got.mimetype) == (200, "application/pdf")
    return bytes(got.data)


def test_the_card_is_printed_at_the_size_of_a_bank_card_with_its_own_code(
    client: FlaskClient, card: dict[str, Any]
) -> None:
    pdf = _pdf(client, card)
    assert (paper_reading.pages(pdf), paper_reading.size(pdf)) == (1, (85.6, 54.0))
    (found,) = paper_reading.codes(pdf, 200)
    assert found.text == card["code"]
    assert card["short_code"] in paper_reading.words(pdf)


def test_the_printed_card_is_read_at_the_till(client: FlaskClient, till: Browser, card: dict[str, Any]) -> None:
    (found,) = paper_reading.codes(_pdf(client, card), 200)
    assert till.send("/till/lookup", {"code": found.text}).get_json()["card"]["id"] == card["id"]


@pytest.mark.parametrize(("language", "hint"), [("de", "Zeig diese Karte an der Kasse"), ("en", "Show this card")])
def test_it_speaks_the_cards_language_whatever_the_browser_asks_for(
    client: FlaskClient, api: Api, cafe: Cafe, language: str, hint: str
) -> None:
    made = api.made("/cards", {"program_id": str(cafe.program_id), "language": language})
    got = client.get(_path(made), headers={"Accept-Language": "en" if language == "de" else "de"})
    assert hint in paper_reading.words(got.data)


def test_it_says_nothing_about_the_customer(client: FlaskClient, api: Api, cafe: Cafe) -> None:
    made = api.made("/cards", {"program_id": str(cafe.program_id), "customer": {"name": "Quirin Zabel"}})
    assert "Zabel" not in paper_reading.words(_pdf(client, made))


def test_stamps_given_since_do_not_change_it(client: FlaskClient, api: Api, card: dict[str, Any]) -> None:
    before = _pdf(client, card)
    api.made(f"/cards/{card['id']}/stamps", {"count": 3})
    assert _pdf(client, card) == before


@pytest.mark.parametrize("key", ["x", "é", "%00", "x" * 1000])
def test_a_link_that_is_none_has_no_paper(client: FlaskClient, key: str) -> None:
    assert client.get(f"/card/{key}/card.pdf").status_code == 404


def test_a_revoked_link_has_no_paper_any_more(
    client: FlaskClient, engine: Engine, cafe: Cafe, card: dict[str, Any], now: datetime
) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        session.execute(update(CardKey).where(CardKey.card_id == card["id"]).values(revoked_at=now))
    assert client.get(_path(card)).status_code == 410


@pytest.mark.parametrize("name", ["Bäckerei Konditorei Café Großmütterchens", "مقهى الصباح", "Café 👩‍🍳☕"])
def test_a_shop_of_any_name_prints_cards_that_are_read(
    client: FlaskClient, alone: Api, engine: Engine, name: str
) -> None:
    program = alone.found("/programs")["items"][0]
    made = alone.made("/cards", {"program_id": program["id"]})
    with transaction(engine) as session:
        row = find_slug(session, program["id"])
        assert row is not None
    with transaction(engine, row.merchant_id) as session:
        session.get_one(Merchant, row.merchant_id).name = name
    assert [one.text for one in paper_reading.codes(_pdf(client, made), 200)] == [made["code"]]

"""What the API and the console tell of a card in Google Wallet, and that Google finds the pictures it is told of."""

import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import Engine, select, update

from issuer.database import transaction
from issuer.google_passes import LOYALTY, Terms, class_of, object_of
from issuer.google_relaying import wish
from issuer.schema import Card, GoogleObject, Pass, Publication
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser

TERMS = Terms("3388000000012345678", "https://karten.example")
SENT_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def asked(engine: Engine, cafe: Cafe, card: dict[str, Any]) -> UUID:
    """The pass of a card that somebody wants on Google."""
    with transaction(engine, cafe.merchant_id) as session:
        issue = session.scalars(select(Pass).where(Pass.card_id == UUID(card["id"]))).one()
        wish(session, issue, session.get_one(Card, issue.card_id), SENT_AT)
        return issue.id


def _sent(engine: Engine, pass_id: UUID) -> None:
    google = (Publication.pass_id == pass_id, Publication.channel == "google")
    with transaction(engine) as session:
        session.execute(update(Publication).where(*google).values(pushed_version=1, pushed_at=SENT_AT))
        session.execute(update(GoogleObject).where(GoogleObject.pass_id == pass_id).values(has_users=True))


def test_google_stands_in_the_sync_of_a_card_without_a_device_or_a_fetch(
    api: Api, engine: Engine, card: dict[str, Any], asked: UUID
) -> None:
    nothing = {"device": None, "fetched_version": None, "fetched_at": None}
    google = {"wallet": "google", "pushed_version": None, "pushed_at": None, **nothing}
    assert api.found(f"/cards/{card['id']}/sync")["wallets"] == [google]
    _sent(engine, asked)
    (told,) = api.found(f"/cards/{card['id']}/sync")["wallets"]
    assert datetime.fromisoformat(told["pushed_at"]) == SENT_AT
    assert told == google | {"pushed_version": 1, "pushed_at": told["pushed_at"]}


def test_the_console_tells_of_google_beside_the_phones(
    console: Browser, engine: Engine, card: dict[str, Any], asked: UUID
) -> None:
    page = console.client.get(f"/console/cards/{card['id']}", headers={"Accept-Language": "en"}).text
    assert "The change is on its way to Google" in page
    assert 'id="no-phone"' not in page
    _sent(engine, asked)
    page = console.client.get(f"/console/cards/{card['id']}", headers={"Accept-Language": "en"}).text
    assert "Google has the newest version (1) and brings it to the phones by itself." in page


def test_google_finds_the_pictures_that_it_is_told_of(api: Api, engine: Engine, cafe: Cafe, asked: UUID) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        logo = class_of(session, cafe.program_id, LOYALTY, TERMS)["programLogo"]
        hero = object_of(session, asked, TERMS, SENT_AT)["heroImage"]
    sizes = []
    for picture in (logo, hero):
        address = urlsplit(picture["sourceUri"]["uri"])
        answer = api.client.get(address.path)
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        assert "immutable" in answer.headers["Cache-Control"]
        sizes.append(Image.open(io.BytesIO(answer.data)).size)
    assert sizes == [(660, 660), (1032, 336)]

"""A card moves to another phone: the old one shows that it ended, the new one the card, and neither the other's."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from issuer import relaying
from issuer.cards import locked_card
from issuer.database import transaction
from issuer.joining import Joining, join
from issuer.keys import Keys
from issuer.ledger import Actor, Booked
from issuer.merging import locked_two, merge
from issuer.moving import move
from issuer.schema import Card, Pass, Program
from issuer.visits import Visit
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.phones import Held, held, pass_json


@pytest.fixture
def old(api: Api, cafe: Cafe) -> Held:
    """A registered phone with a card that has three stamps."""
    phone = held(api, cafe)
    assert phone.register().status_code == 201
    for _ in range(3):
        phone.stamp()
    assert phone.fetch().status_code == 200
    return phone


@pytest.fixture
def new(old: Held, engine: Engine, keys: Keys, now: datetime, client: FlaskClient) -> Held:
    """The card on the phone that it was moved to."""
    with transaction(engine, old.merchant_id) as session:
        card = locked_card(session, old.card["id"])
        assert card is not None
        assert isinstance(move(session, keys, card, Visit(Actor("api"), now)), Card)
    assert old.api is not None
    card_now = old.api.found(f"/cards/{old.card['id']}")
    answer = client.get(urlsplit(card_now["links"]["apple"]).path)
    shown = pass_json(answer.data)
    phone = Held(client, uuid4().hex, shown["serialNumber"], shown["authenticationToken"], old.api, card_now, old.cafe)
    assert phone.register("cd" * 32).status_code == 201
    return phone


def texts(shown: dict[str, Any]) -> str:
    """All that stands in a pass, as one text."""
    return str({key: value for key, value in shown.items() if key != "authenticationToken"})


def test_the_old_phone_shows_that_the_card_ended(old: Held, new: Held) -> None:
    answer = old.fetch()
    shown = pass_json(answer.data)
    assert answer.status_code == 200
    assert shown["voided"] is True
    assert shown["serialNumber"] == old.serial
    assert not shown.get("barcodes")
    assert not shown.get("barcode")


@pytest.mark.parametrize("what", ["code", "short_code", "serial"])
def test_the_old_phone_learns_nothing_of_the_new_pass(old: Held, new: Held, what: str) -> None:
    shown = texts(pass_json(old.fetch().data))
    assert new.card[what] not in shown
    assert urlsplit(new.card["links"]["web"]).path not in shown
    if what != "serial":
        assert old.card[what] not in shown


def test_the_new_phone_shows_the_card(old: Held, new: Held) -> None:
    shown = pass_json(new.fetch().data)
    assert not shown.get("voided")
    assert shown["barcodes"][0]["message"] == new.card["code"]
    assert "3 / 10" in texts(shown)


def test_the_old_phone_is_told_to_fetch_and_then_left_in_peace(old: Held, new: Held, engine: Engine) -> None:
    before = old.listed().get_json()["lastUpdated"]
    number(engine)
    listed = old.listed(before).get_json()
    assert listed["serialNumbers"] == [old.serial]
    new.stamp()
    number(engine)
    assert old.listed(listed["lastUpdated"]).status_code == 204
    assert new.listed().get_json()["serialNumbers"] == [new.serial]


def test_what_becomes_of_the_card_is_not_shown_on_the_old_phone(old: Held, new: Held) -> None:
    answer = old.fetch()
    new.stamp()
    again = old.fetch()
    assert pass_json(again.data) == pass_json(answer.data)
    assert again.headers["Last-Modified"] == answer.headers["Last-Modified"]
    assert old.fetch(since=answer.headers["Last-Modified"]).status_code == 304
    assert "4 / 10" in texts(pass_json(new.fetch().data))


def test_what_the_old_phone_holds_is_not_called_unmodified(
    old: Held, engine: Engine, keys: Keys, now: datetime
) -> None:
    since = old.fetch().headers["Last-Modified"]
    assert old.fetch(since=since).status_code == 304
    with transaction(engine, old.merchant_id) as session:
        card = locked_card(session, old.card["id"])
        assert card is not None
        move(session, keys, card, Visit(Actor("api"), now))
    assert old.fetch(since=since).status_code == 200


def test_the_old_phone_may_remove_its_pass(old: Held, new: Held) -> None:
    assert old.unregister().status_code == 200
    assert old.listed().status_code == 204
    assert new.listed().status_code == 200


def test_the_tokens_do_not_open_each_others_pass(old: Held, new: Held) -> None:
    swapped = Held(old.client, old.device, new.serial, old.token)
    assert swapped.fetch().status_code == 401
    assert swapped.register().status_code == 401


@pytest.mark.parametrize("tail", ["", "/apple.pkpass", "/qr.svg", "/data", "/state.json"])
def test_the_old_page_says_that_the_card_moved_and_not_where_it_is(old: Held, new: Held, tail: str) -> None:
    answer = old.client.get(urlsplit(old.card["links"]["web"]).path + tail)
    assert answer.status_code == 410
    told = html.unescape(answer.text) if answer.mimetype == "text/html" else answer.get_json()["detail"]
    assert "Diese Karte ist auf ein anderes Handy umgezogen." in told
    for known in (new.card["code"], new.card["short_code"], new.serial, urlsplit(new.card["links"]["web"]).path):
        assert known not in answer.text
    assert old.client.get(urlsplit(new.card["links"]["web"]).path + tail).status_code == 200


def test_the_old_pages_script_is_told_so_too(old: Held, new: Held) -> None:
    answer = old.client.get(f"{urlsplit(old.card['links']['web']).path}/state.json")
    assert (answer.mimetype, answer.get_json()["code"]) == ("application/problem+json", "card_ended")


@pytest.mark.parametrize("tail", ["", "/state.json"])
def test_a_page_that_never_was_is_simply_not_found(old: Held, new: Held, tail: str) -> None:
    assert old.client.get(f"/card/nobody-knows-this-key{tail}").status_code == 404


def test_nothing_is_changed_by_the_old_page(old: Held, new: Held) -> None:
    path = urlsplit(old.card["links"]["web"]).path
    token = re.findall(r'name="csrf_token" value="([^"]+)"', old.client.get("/console/sign-in").text)[0]
    answer = old.client.post(f"{path}/language", data={"language": "en", "csrf_token": token})
    assert answer.status_code == 410
    assert old.api is not None
    assert old.api.found(f"/cards/{old.card['id']}")["language"] == "de"


def test_a_merged_cards_phone_shows_that_it_ended(old: Held, engine: Engine, keys: Keys, now: datetime) -> None:
    with transaction(engine, old.merchant_id) as session:
        program = session.scalars(select(Program)).one()
        into_id = join(session, keys, program, Joining("de", "api"), now).id
    with transaction(engine, old.merchant_id) as session:
        into, from_ = locked_two(session, into_id, session.get_one(Card, old.card["id"]).id)
        assert into is not None
        assert from_ is not None
        assert isinstance(merge(session, keys, into, from_, Visit(Actor("api"), now)), Booked)
        into_code = session.scalars(select(Pass.serial).where(Pass.card_id == into.id)).one()
    shown = pass_json(old.fetch().data)
    assert shown["voided"] is True
    assert into_code not in texts(shown)
    page = old.client.get(urlsplit(old.card["links"]["web"]).path)
    assert page.status_code == 410
    assert "mit einer anderen zusammengelegt" in page.text
    assert str(into_id) not in page.text


def number(engine: Engine) -> None:
    """One look of the relay, much later."""
    with transaction(engine) as session:
        relaying.number_due(session, datetime.now(UTC) + timedelta(hours=1), timedelta())

"""Bring a friend, as customers see it: a link on the card's page, and a line on the join page it leads to."""

import html
import re
from datetime import datetime
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, select

from issuer.branding import load_branding
from issuer.brands import create_brand
from issuer.database import transaction
from issuer.merchants import NewMerchant, create_merchant
from issuer.program_changes import Plan, create_program
from issuer.rules import Rules
from issuer.schema import Card, CardKey, Referral
from signing.tokens import digest
from tests.web.conftest import CSRF

INVITE = re.compile(r'id="invite" value="([^"]+)"')
FIELD = re.compile(r'name="join_id" value="([^"]+)"')
SENTENCE = "with your first purchase you get 2 stamps, and they get Coffee"


@pytest.fixture
def slug(engine: Engine, now: datetime) -> str:
    """A shop whose customers bring friends."""
    name, reward = uuid4().hex, uuid4()
    parts = [
        {"kind": "stamps", "stamps_needed": 10, "reward_id": reward},
        {"kind": "referral", "friend": {"amount": 2}, "referrer": {"unit": "reward", "reward_id": reward}},
    ]
    names = {"de": "Kaffee", "en": "Coffee"}
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant(name), now)
        brand = create_brand(session, merchant, load_branding("cafe"), now)
        create_program(session, brand, Plan(names, Rules.model_validate({"parts": parts}), {reward: names}), name, now)
    return name


def test_a_join_page_that_promises_a_birthday_present_says_what_it_takes(
    client: FlaskClient, slug: str, engine: Engine, now: datetime
) -> None:
    assert "Fürs Geschenk: dein Geburtstag" not in client.get(f"/join/{slug}").text
    name, reward, names = uuid4().hex, uuid4(), {"de": "Kaffee", "en": "Coffee"}
    grant = {"unit": "reward", "reward_id": reward}
    parts = [
        {"kind": "stamps", "stamps_needed": 10, "reward_id": reward},
        {"kind": "occasion", "key": "birthday", "occasion": "birthday", "grant": grant},
    ]
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant(name), now)
        brand = create_brand(session, merchant, load_branding("cafe"), now)
        create_program(session, brand, Plan(names, Rules.model_validate({"parts": parts}), {reward: names}), name, now)
    assert "Fürs Geschenk: dein Geburtstag" in client.get(f"/join/{name}").text


def _join(client: FlaskClient, path: str) -> str:
    """The page of the card that somebody gets there."""
    page = client.get(path).text
    token, join_id = CSRF.search(page), FIELD.search(page)
    assert token is not None
    assert join_id is not None
    answer = client.post(path, data={"csrf_token": token[1], "join_id": join_id[1], "way": "web"})
    assert answer.status_code == 303
    return str(answer.location)


def _link(client: FlaskClient, card: str) -> str:
    """The card's link for friends, without the house."""
    found = INVITE.search(client.get(card).text)
    assert found is not None, "the page has no link for friends"
    return html.unescape(found[1]).removeprefix("http://127.0.0.1:8000")


def _referral(engine: Engine, card: str) -> Referral | None:
    key = card.split("/")[2]
    with transaction(engine) as session:
        row = session.get_one(CardKey, digest(key))
        merchant_id, card_id = row.merchant_id, row.card_id
    with transaction(engine, merchant_id) as session:
        return session.scalar(select(Referral).where(Referral.friend_card_id == card_id))


def _set_state(engine: Engine, card: str, state: str) -> None:
    with transaction(engine) as session:
        row = session.get_one(CardKey, digest(card.split("/")[2]))
        merchant_id, card_id = row.merchant_id, row.card_id
    with transaction(engine, merchant_id) as session:
        session.get_one(Card, card_id).state = state


def test_a_cards_page_has_one_link_for_friends_and_ways_to_send_it_without_a_script(
    client: FlaskClient, slug: str
) -> None:
    card = _join(client, f"/join/{slug}?lang=en")
    page = client.get(card).text
    assert _link(client, card) == _link(client, card)
    assert _link(client, card).startswith(f"/join/{slug}?friend=")
    assert 'href="mailto:?body=' in page
    assert 'href="sms:?&amp;body=' in page
    assert _link(client, card).rpartition("=")[2] in page.partition("sms:")[2]


def test_a_program_that_gives_nothing_for_friends_has_no_link(client: FlaskClient) -> None:
    page = client.get(_join(client, "/join/cafe?lang=en")).text
    assert INVITE.search(page) is None
    assert "Bring a friend" not in page


def test_a_card_that_ended_has_no_link(client: FlaskClient, engine: Engine, slug: str) -> None:
    card = _join(client, f"/join/{slug}")
    _set_state(engine, card, "blocked")
    assert INVITE.search(client.get(card).text) is None


def test_the_friends_join_page_says_what_both_get_and_keeps_the_link_to_the_card(
    app: OpenAPI, engine: Engine, client: FlaskClient, slug: str
) -> None:
    link = _link(client, _join(client, f"/join/{slug}"))
    friend = app.test_client()
    page = html.unescape(friend.get(f"{link}&lang=en&source=poster").text)
    assert SENTENCE in page
    assert f"/join/{slug}/qr.svg?source=poster&friend={link.rpartition('=')[2]}" in page
    referral = _referral(engine, _join(friend, link))
    assert referral is not None
    assert referral.state == "waiting"


@pytest.mark.parametrize("friend", ["", "x", "%00", "%F0%9F%8D%B0", "a" * 5000, "<b>", "%ED%A0%80"])
def test_a_link_of_nobody_promises_nothing_and_lets_everybody_in(
    client: FlaskClient, engine: Engine, slug: str, friend: str
) -> None:
    path = f"/join/{slug}?friend={friend}"
    page = client.get(f"{path}&lang=en")
    assert page.status_code == 200
    assert SENTENCE not in html.unescape(page.text)
    assert _referral(engine, _join(client, path)) is None


def test_whoever_has_a_card_already_is_no_new_friend_of_theirs(client: FlaskClient, engine: Engine, slug: str) -> None:
    link = _link(client, _join(client, f"/join/{slug}"))
    assert SENTENCE not in html.unescape(client.get(f"{link}&lang=en").text)
    assert _referral(engine, _join(client, link)) is None


def test_another_shops_link_promises_nothing(client: FlaskClient, app: OpenAPI, slug: str) -> None:
    link = _link(client, _join(client, f"/join/{slug}"))
    page = app.test_client().get(f"/join/other?{link.partition('?')[2]}&lang=en").text
    assert "sent you here" not in page

"""The offers of a card on its own page: prominent, in the card's language, gone when they are over."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, update

from issuer.keys import Keys
from issuer.schema import Card, Showing
from tests.conftest import Cafe
from tests.issuer.bearing import CLOSES, LAPSING, NEAR, bear, live, offer
from tests.issuer.counting import Shop, Till


@pytest.fixture
def till(engine: Engine, keys: Keys, cafe: Cafe, now: datetime) -> Till:
    shop = Shop(cafe.merchant_id, cafe.location_id, cafe.program_id, cafe.reward_id, uuid4(), "")
    return Till(engine, keys, shop, now)


def _page(till: Till, card_id: UUID) -> str:
    return f"/card/{till.view(card_id).web_key}"


def _offers(client: FlaskClient, till: Till, card_id: UUID) -> list[str]:
    """The texts of each, in their order."""
    page = client.get(_page(till, card_id)).text
    part = page.partition('<div class="offers" id="offers">')[2].partition('aria-labelledby="keep"')[0]
    panels = part.split('data-offer="')[1:]
    return [" | ".join(re.findall(r'dir="auto">([^<]*)<', panel)) for panel in panels]


def test_offers_stand_before_everything_else_below_the_card(client: FlaskClient, till: Till) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer("Tea", NEAR, back="One a day.\nNot on Sundays.")))
    bear(till, card_id, live(till, offer("Cake", LAPSING)), closes_at=CLOSES)
    assert _offers(client, till, card_id) == ["D Cake | bis 8. März 2026", "D Tea | One a day.\nNot on Sundays."]
    page = client.get(_page(till, card_id)).text
    assert page.index("</article>") < page.index("Jetzt für dich") < page.index('id="keep"')


def test_a_card_without_offers_has_no_word_of_them(client: FlaskClient, till: Till) -> None:
    page = client.get(_page(till, till.join())).text
    assert '<div class="offers" id="offers"></div>' in page
    assert "Jetzt für dich" not in page


def test_they_are_in_the_cards_language(client: FlaskClient, till: Till) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer("Tea")), closes_at=CLOSES - timedelta(hours=14))
    with till.work() as session:
        session.execute(update(Card).where(Card.id == card_id).values(language="en"))
    assert _offers(client, till, card_id) == ["Tea | until 8 Mar 2026, 10:00"]
    assert "For you now" in client.get(_page(till, card_id)).text


@pytest.mark.parametrize("change", [
    {"state": "over", "ended": "closed"}, {"state": "over", "ended": "paused"}, {"state": "over", "ended": "done"},
], ids=["over", "paused", "redeemed"])  # fmt: skip
def test_what_is_over_or_redeemed_stands_there_no_more(client: FlaskClient, till: Till, change: Any) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer("Tea")))
    assert len(_offers(client, till, card_id)) == 1
    with till.work() as session:
        session.execute(update(Showing).where(Showing.card_id == card_id).values(**change))
    assert _offers(client, till, card_id) == []


def test_what_a_merchant_writes_is_only_text(client: FlaskClient, till: Till) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer("<b>Tea</b>", back="<script>alert(1)</script>")))
    page = client.get(_page(till, card_id)).text
    assert "&lt;b&gt;Tea" in page
    assert "<script>alert" not in page


def test_a_page_that_looks_on_is_told_of_the_version_that_shows_it(client: FlaskClient, till: Till) -> None:
    card_id = till.join()
    state = f"{_page(till, card_id)}/state.json"
    before = client.get(state).get_json()
    address = f"{state}?version={before['version']}&brand={before['brand_css_url']}"
    assert client.get(address).status_code == 204
    bear(till, card_id, live(till, offer("Tea")))
    with till.work() as session:
        session.execute(update(Card).where(Card.id == card_id).values(version=Card.version + 1))
    assert client.get(address).get_json()["version"] == before["version"] + 1

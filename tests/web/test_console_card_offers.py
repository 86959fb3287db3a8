"""The offers of a card on its page in the console: which it shows, which not, and why."""

import html
import re
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from issuer.keys import Keys
from tests.conftest import Cafe
from tests.issuer.bearing import bear, live, offer
from tests.issuer.counting import Shop, Till
from tests.web.conftest import Browser


@pytest.fixture
def till(engine: Engine, keys: Keys, cafe: Cafe, now: datetime) -> Till:
    shop = Shop(cafe.merchant_id, cafe.location_id, cafe.program_id, cafe.reward_id, uuid4(), "")
    return Till(engine, keys, shop, now)


def _offers(console: Browser, card_id: UUID, language: str = "en") -> str:
    answer = console.client.get(f"/console/cards/{card_id}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    return (
        html.unescape(answer.text)
        .partition('<section class="stack stack-tight" id="offers"')[2]
        .partition("</section>")[0]
    )


def test_a_card_without_offers_says_what_that_means(console: Browser, till: Till) -> None:
    part = _offers(console, till.join())
    assert "An offer that is not listed here does not mean this card now" in part
    assert "<li" not in part


def test_what_it_shows_and_what_was_held_back_stand_there_with_the_reason(console: Browser, till: Till) -> None:
    card_id, cake, coffee = till.join(), live(till, offer("Cake")), live(till, offer("Coffee"))
    bear(till, card_id, cake)
    bear(till, card_id, coffee, state="held", reason="wish", shown_at=None)
    part = _offers(console, card_id)
    assert re.findall(r"<a href=\"([^\"]+)\">([^<]+)</a>", part) == [
        (f"/console/offers/{cake}", "Cake"),
        (f"/console/offers/{coffee}", "Coffee"),
    ]
    assert re.findall(r'<span class="label[^>]*>([^<]+)<', part) == ["on the card", "held back"]
    assert "This customer does not want to be told of offers." in part


def test_it_is_said_in_german_too(console: Browser, till: Till) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer("Cake")), state="held", reason="wish", shown_at=None)
    part = _offers(console, card_id, "de")
    assert "Warum ist eine Aktion auf dieser Karte oder nicht?" in part
    assert "Dieser Kunde möchte von Aktionen nichts hören." in part


@pytest.mark.usefixtures("as_staff")
def test_staff_read_the_reason_and_are_led_to_no_page_that_is_not_theirs(console: Browser, till: Till) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer("Cake")))
    part = _offers(console, card_id)
    assert "Cake" in part
    assert "<a " not in part


def test_what_a_merchant_calls_an_offer_is_only_text(console: Browser, till: Till) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer("<b>Cake</b>")))
    assert "&lt;b&gt;Cake" in console.client.get(f"/console/cards/{card_id}").text

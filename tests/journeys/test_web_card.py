"""The card on the web: it changes while one looks at it, and says so when it cannot."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsers import ENGLISH, PHONE
from tests.journeys.conftest import Open
from tests.journeys.running import Demo

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def card(demo: Demo) -> dict[str, Any]:
    return demo.new_card("en")


@pytest.fixture
def page(open_window: Open, card: dict[str, Any]) -> Page:
    opened = open_window(PHONE, ENGLISH).page
    opened.goto(card["links"]["web"])
    return opened


def test_a_stamp_lands_while_the_customer_looks_on(demo: Demo, page: Page, card: dict[str, Any]) -> None:
    page.evaluate("window.untouched = true")
    expect(page.locator(".stamp.is-filled")).to_have_count(0)
    demo.stamp(card)
    expect(page.locator(".stamp.is-filled")).to_have_count(1)
    expect(page.locator(".pass-value")).to_have_text("1 / 10")
    expect(page.locator(".pass-status")).to_have_text("9 more stamps for: Coffee")
    expect(page.locator(".stamps")).to_have_attribute("aria-label", "1 of 10 stamps")
    expect(page.locator("#history li")).to_have_count(1)
    assert page.evaluate("window.untouched")


def test_a_reward_appears_with_the_tenth_stamp_and_goes_with_the_coffee(
    demo: Demo, page: Page, card: dict[str, Any]
) -> None:
    demo.stamp(card, 10)
    expect(page.locator(".pass-reward-name")).to_have_text("Coffee")
    expect(page.locator(".stamp.is-filled")).to_have_count(10)
    reward = demo.card(card["short_code"])["rewards"][0]["reward_id"]
    demo.ask(f"/cards/{card['id']}/redemptions", "POST", {"reward_id": reward, "confirm": True})
    expect(page.locator(".pass-rewards")).to_be_hidden()
    expect(page.locator(".stamp.is-filled")).to_have_count(0)


def test_the_history_tells_what_the_customer_got_and_not_how_it_is_booked(
    demo: Demo, page: Page, card: dict[str, Any]
) -> None:
    demo.stamp(card, 11)
    told = page.locator("#history li span:first-child")
    expect(told).to_have_text(["Round completed: Coffee", "Stamped × 11"])
    last = demo.ask(f"/cards/{card['id']}/entries")["items"][-1]
    demo.ask(f"/entries/{last['id']}/reversal", "POST", {})
    expect(told).to_have_text(
        ["Taken back: Coffee", "Taken back × 11", "Round completed: Coffee", "Stamped × 11"], use_inner_text=True
    )


def test_a_lost_connection_is_told_and_the_card_catches_up(demo: Demo, page: Page, card: dict[str, Any]) -> None:
    page.context.set_offline(True)
    demo.stamp(card, 2)
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator(".pass-qr")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator(".stamp.is-filled")).to_have_count(2)
    expect(page.locator("#offline")).to_be_hidden()


def test_the_whole_card_shows_without_scripts(demo: Demo, open_window: Open, card: dict[str, Any]) -> None:
    demo.stamp(card, 3)
    page = open_window(PHONE, ENGLISH, java_script_enabled=False).page
    page.goto(card["links"]["web"])
    expect(page.locator(".stamp.is-filled")).to_have_count(3)
    expect(page.locator(".pass-code figcaption")).to_have_text(card["short_code"])
    page.goto(demo["join_url"])
    page.locator("#join").click()
    page.wait_for_url("**/card/*")


def test_an_iphone_is_offered_apple_wallet_first(open_window: Open, card: dict[str, Any]) -> None:
    page = open_window(PHONE, ENGLISH, user_agent=IPHONE).page
    page.goto(card["links"]["web"])
    expect(page.locator("#add-apple")).to_be_visible()
    expect(page.locator("#add-sandbox")).to_be_hidden()


def test_inside_another_app_the_way_to_safari_is_told(open_window: Open, card: dict[str, Any]) -> None:
    page = open_window(PHONE, ENGLISH, user_agent=IPHONE.replace("Safari/604.1", "Instagram 300.0")).page
    page.goto(card["links"]["web"])
    expect(page.locator("[data-inside-another-app]").first).to_be_visible()


def test_an_offer_appears_while_the_customer_looks_on_and_goes_when_it_is_ended(demo: Demo, page: Page) -> None:
    expect(page.locator("#offers")).to_be_hidden()
    texts = {"de": {"card": "Tee aufs Haus"}, "en": {"card": "Tea on the house", "back": "One a day."}}
    body = {"name": "Tea", "trigger": {"kind": "time"}, "content": texts}
    offer = demo.ask("/offers", "POST", body)
    demo.ask(f"/offers/{offer['id']}", "PATCH", {"state": "live"})
    expect(page.locator("#offers .offer strong")).to_have_text("Tea on the house", timeout=30000)
    expect(page.locator("#offers .offer p")).to_have_text("One a day.")
    demo.ask(f"/offers/{offer['id']}", "PATCH", {"state": "ended"})
    expect(page.locator("#offers")).to_be_hidden(timeout=30000)

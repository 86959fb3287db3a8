"""The merchant on Sunday evening: find a card, see what happened on it, and why a phone shows it or not."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cli.processes import wait_until
from tests.journeys.browsers import DESK, ENGLISH, PHONE
from tests.journeys.conftest import Open
from tests.journeys.people import put_on_phone, sign_in_to_console
from tests.journeys.running import Demo


@pytest.fixture
def console(demo: Demo, open_window: Open) -> Page:
    page = open_window(DESK, ENGLISH).page
    sign_in_to_console(page, demo)
    return page


def _open_card(page: Page, demo: Demo, card: dict[str, Any]) -> None:
    page.goto(f"{demo['console_url']}/cards/{card['id']}")


def _until_fetched(demo: Demo, card: dict[str, Any]) -> None:
    def fetched() -> bool:
        sync = demo.ask(f"/cards/{card['id']}/sync")
        return all(one["fetched_version"] == sync["version"] for one in sync["wallets"])

    assert wait_until(fetched, 10, 0.1)


def test_a_card_is_found_by_code_and_by_name_and_shows_its_entries(demo: Demo, console: Page) -> None:
    card = demo.new_card("en", "Zoë Quitte")
    demo.stamp(card, 10)
    for query in (card["short_code"].lower().replace("-", ""), "quitte"):
        console.goto(demo["console_url"])
        console.locator("#q").fill(query)
        console.locator("#q").press("Enter")
        expect(console.locator("#cards tbody tr")).to_have_count(1)
    console.locator("a.row-link").click()
    expect(console.locator("h1")).to_contain_text(card["short_code"])
    expect(console.locator("#entries tbody tr")).to_have_count(3)
    expect(console.locator("#entries")).to_contain_text("Round completed")
    expect(console.locator("#no-phone")).to_contain_text("No phone has this card in its wallet")


def test_a_search_without_a_find_says_what_a_code_looks_like(demo: Demo, console: Page) -> None:
    console.goto(f"{demo['console_url']}?q=<b>nobody")
    expect(console.locator("#nothing-found")).to_contain_text("<b>nobody")
    expect(console.locator("#nothing-found")).to_contain_text("K7QM-3FX")


def test_the_cards_page_says_why_the_phone_did_and_did_not_change(demo: Demo, console: Page, open_window: Open) -> None:
    card = demo.new_card("en")
    put_on_phone(open_window(PHONE, ENGLISH).page, demo, card, "why")
    demo.stamp(card)
    _until_fetched(demo, card)
    _open_card(console, demo, card)
    expect(console.locator("#phones")).to_contain_text("This phone shows the newest version")
    expect(console.locator("#phones .label")).to_have_text("up to date")

    demo.script_apple(*[{"status": 503}] * 50)
    demo.stamp(card)

    def told_of_503() -> bool:
        _open_card(console, demo, card)
        return "Apple answered the push with 503" in console.locator("#phones").inner_text()

    assert wait_until(told_of_503, 10, 0.2)
    expect(console.locator("#phones .label")).to_have_text("not yet")
    demo.script_apple()


def test_after_a_503_the_phone_changes_by_itself(demo: Demo, open_window: Open) -> None:
    card = demo.new_card("en")
    put_on_phone(open_window(PHONE, ENGLISH).page, demo, card, "later")
    demo.script_apple({"status": 503})
    demo.stamp(card)
    assert wait_until(lambda: demo.phone_state("later")["passes"][0]["fields"]["stamps"] == "1 / 10", 10, 0.1)


def test_the_keyboard_alone_signs_in_finds_a_card_and_signs_out(demo: Demo, open_window: Open) -> None:
    card = demo.new_card("en", "Klara Taste")
    page = open_window(DESK, ENGLISH).page
    page.goto(demo["console_url"])
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type(demo["console_email"])
    page.keyboard.press("Tab")
    page.keyboard.type(f"{demo['console_password']}\n")
    expect(page.locator("#title")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("klara\n")
    expect(page.locator("#cards tbody tr")).to_have_count(1)
    page.locator("a.row-link").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(card["short_code"])
    page.locator("#sign-out").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#email")).to_be_visible()


def test_the_console_asks_who_is_there_and_then_leads_to_what_was_wanted(demo: Demo, open_window: Open) -> None:
    card = demo.new_card("en")
    page = open_window(DESK, ENGLISH).page
    _open_card(page, demo, card)
    page.wait_for_url(re.compile("sign-in"))
    page.locator("#email").fill(demo["console_email"])
    page.locator("#password").fill(demo["console_password"])
    page.locator("#sign-in button").click()
    expect(page.locator("h1")).to_contain_text(card["short_code"])


def test_the_form_of_an_offer_reads_itself_back_while_one_types(demo: Demo, console: Page) -> None:
    console.goto(f"{demo['console_url']}/offers/new?idea=comeback")
    expect(console.locator("#look")).to_be_hidden()
    for days in ("45", "60"):
        console.locator("#trigger-days").fill(days)
        expect(console.locator("#trigger-days")).to_be_focused()
        for language, said in (("en", f"Not seen for {days} days"), ("de", f"Wer {days} Tage nicht da war")):
            expect(console.locator(f"#said-{language}")).to_contain_text(said)
            expect(console.locator(f"#said-{language}")).to_be_visible()
    expect(console.locator("#audience")).to_contain_text("cards can get it")


def test_on_a_phone_the_sentence_and_the_button_of_an_offer_stay_in_sight_and_cover_no_field(
    demo: Demo, console: Page
) -> None:
    console.set_viewport_size(PHONE)  # type: ignore[arg-type]
    console.goto(f"{demo['console_url']}/offers/new?idea=comeback")
    for field in ("#trigger-days", "#content-card-en", "#unlock", "#limits-cards", "#name"):
        console.locator(field).focus()
        expect(console.locator("#save")).to_be_in_viewport(ratio=1)
        expect(console.locator(".save-bar-said")).to_contain_text("Not seen for 30 days")
        typed, bar = console.locator(field).bounding_box(), console.locator(".save-bar").bounding_box()
        assert typed is not None
        assert bar is not None
        assert typed["y"] + typed["height"] <= bar["y"], field

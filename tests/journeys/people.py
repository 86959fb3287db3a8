"""What people do with their hands: join, put a card on a phone, scan, type, stamp."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.running import Demo

ASKED_TO_BE_TOLD = re.compile("Asked the issuer|Den Herausgeber gebeten")
SHORT_CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{3}")


def join(page: Page, demo: Demo) -> str:
    """From the front door to a card of one's own; the code printed on it."""
    page.goto(demo["public_url"])
    page.locator("#open-join").click()
    page.locator("#join").click()
    page.wait_for_url("**/card/*")
    code = page.locator(".pass-code figcaption")
    expect(code).to_have_text(SHORT_CODE)
    return code.inner_text()


def put_on_phone(page: Page, demo: Demo, card: dict[str, Any], phone: str) -> None:
    """Tap the link on the card's page, then *Add* on the phone of this name, and wait until the shop knows it."""
    page.goto(f"{demo['sandbox_url']}/phone/{phone}/")
    page.goto(card["links"]["web"])
    tap_add_to_phone(page)
    expect(page.locator("#did")).to_contain_text(ASKED_TO_BE_TOLD)


def tap_add_to_phone(page: Page) -> None:
    if not page.locator("#add-sandbox").is_visible():
        page.locator("#other-ways summary").click()
    page.locator("#add-sandbox").click()
    page.wait_for_url("**/offer/*")
    page.locator("#add").click()
    page.wait_for_url("**/pass/*")


def open_till(page: Page, demo: Demo) -> None:
    """Open the enrolment link and type the PIN."""
    page.goto(demo["till_url"])
    open_with_pin(page, demo)


def open_with_pin(page: Page, demo: Demo) -> None:
    """Begin a shift at a browser that is a till already."""
    page.locator("#pin").fill(demo["staff_pin"])
    page.locator("#sign-in button:not([type])").click()
    expect(page.locator("#finder")).to_have_attribute("data-camera", re.compile("on|missing"))


def type_code(page: Page, code: str) -> None:
    """Type a card's short code and wait until its buttons may be tapped."""
    page.locator("#code").fill(code)
    page.locator("#look-up").click()
    expect(page.locator("#stamp")).to_be_enabled()


def stamp(page: Page, headline: str) -> None:
    """Tap *Stamp* and read the answer."""
    page.locator("#stamp").click()
    expect(page.locator("#answer-headline")).to_have_text(headline)


def next_card(page: Page) -> None:
    expect(page.locator("#next")).to_be_enabled()
    page.locator("#next").click()
    expect(page.locator("#answer")).to_be_hidden()


def sign_in_to_console(page: Page, demo: Demo) -> None:
    page.goto(demo["console_url"])
    page.locator("#email").fill(demo["console_email"])
    page.locator("#password").fill(demo["console_password"])
    page.locator("#sign-in button").click()
    expect(page.locator("#title")).to_be_visible()

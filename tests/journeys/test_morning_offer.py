"""The morning offer: built in the console, said by phones near the shop from 7 to 10, redeemed at the till, counted."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from cli.processes import wait_until
from tests.journeys.browsers import DESK, ENGLISH, PHONE
from tests.journeys.conftest import Open, demo_at
from tests.journeys.people import open_till, put_on_phone, sign_in_to_console, type_code
from tests.journeys.running import Demo

BEFORE_SEVEN, BEFORE_TEN = "2026-06-01T06:59:15+02:00", "2026-06-01T09:59:50+02:00"
"""A Monday."""
SAID = "Coffee and croissant €3.90, 7 to 10"


@pytest.fixture
def early() -> Iterator[Demo]:
    """A café on a Monday morning, a minute before seven."""
    with demo_at(BEFORE_SEVEN) as running:
        yield running


def _build(page: Page, demo: Demo) -> None:
    """From the idea to an offer that runs, with a look at who would get it."""
    page.goto(f"{demo['console_url']}/offers")
    page.locator("#new-offer").click()
    page.locator("#idea-morning").click()
    expect(page.locator("#said-en")).to_contain_text("Near")
    expect(page.locator("#audience")).to_contain_text("2 of 2 cards")
    page.locator("#save").click()
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("#samples")).to_contain_text(SAID)
    page.locator("#publish-now").click()
    expect(page.locator("[data-state=live]")).to_be_visible()


def _nearby(page: Page, demo: Demo, phone: str) -> str:
    """What the phone's lock screen says at the shop; empty when it says nothing."""
    page.goto(f"{demo['sandbox_url']}/phone/{phone}/")
    places = page.locator("#near [data-place]")
    if places.count() == 0:
        return ""
    places.first.click()
    told = page.locator(".suggestion-text")
    return told.first.inner_text() if told.count() else ""


def _cell(page: Page, name: str) -> str:
    page.reload()
    found = page.locator(f"#results [data-cell={name}]")
    return found.inner_text() if found.count() else ""


def _redeem(till: Page, demo: Demo, code: str) -> None:
    open_till(till, demo)
    type_code(till, code)
    offer = till.locator("[data-deed=offer]")
    expect(offer).to_contain_text(SAID)
    offer.click()
    expect(till.locator("#answer-headline")).to_contain_text(SAID)


def test_the_morning_offer_from_the_idea_to_the_count(early: Demo, open_window: Open) -> None:
    first, second = early.new_card("en"), early.new_card("en")
    phone, till, owner = (open_window(size, ENGLISH).page for size in (PHONE, PHONE, DESK))
    put_on_phone(phone, early, first, "early")
    put_on_phone(phone, early, second, "later")
    sign_in_to_console(owner, early)
    _build(owner, early)
    assert _nearby(phone, early, "early") == ""

    assert wait_until(lambda: _nearby(phone, early, "early") == SAID, 90, 0.5)
    assert wait_until(lambda: _nearby(phone, early, "later") == SAID, 20, 0.5)
    _redeem(till, early, first["short_code"])
    assert ("redemption", -1) in early.entries(first)
    assert wait_until(lambda: _cell(owner, "redeemed") == "1", 20, 0.5)
    assert [_cell(owner, name) for name in ("reached", "fetched")] == ["2", "2"]

    for page in (phone, till, owner):
        page.goto("about:blank")
    early.stop()
    later = Demo(again=early, clock=BEFORE_TEN)
    assert _nearby(phone, later, "later") == SAID
    assert wait_until(lambda: _nearby(phone, later, "later") == "", 60, 0.5)
    phone.goto("about:blank")
    assert later.stop() == []

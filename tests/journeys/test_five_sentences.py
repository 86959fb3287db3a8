"""Four of the five sentences on one summer afternoon: built in the console, on phones and cards, counted at the till.

The fifth, near the shop from 7 to 10, is `test_morning_offer`.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from cli.processes import wait_until
from tests.journeys.browsers import DESK, ENGLISH, PHONE
from tests.journeys.conftest import Open, demo_at
from tests.journeys.people import open_till, put_on_phone, sign_in_to_console, type_code
from tests.journeys.running import Demo

BEFORE_THREE = "2026-07-06T14:59:00+02:00"
"""A Monday."""
YESTERDAY, LONG_AGO = "2026-07-05T11:00:00+02:00", "2026-05-20T09:00:00+02:00"
FRIDAY, SUNDAY = "03/07/1990", "05/07/1988"
"""Birthdays of the week, as an English customer writes them."""
CAKE, HELLO, NEARLY, ICED = (
    "Cake for your birthday",
    "15% off: good to see you",
    "One stamp to go this week",
    "Iced coffee €1 off",
)


@pytest.fixture
def afternoon() -> Iterator[Demo]:
    """A café on a Monday in July, a minute before three."""
    with demo_at(BEFORE_THREE) as running:
        yield running


def _visited(demo: Demo, stamps: int, at: str) -> dict[str, Any]:
    """A card with so many stamps of a visit at that time."""
    card = demo.new_card("en")
    demo.ask(f"/cards/{card['id']}/stamps", "POST", {"count": stamps, "occurred_at": at})
    return card


def _make_it_hot(page: Page, demo: Demo) -> None:
    page.goto(f"{demo['sandbox_url']}/weather/")
    page.locator("#temperature").fill("31")
    page.locator("form.sky button").click()
    expect(page.locator("#temperature")).to_have_value("31")


def _tell_birthday(page: Page, card: dict[str, Any], day: str) -> None:
    """On the page of the card's data."""
    page.goto(card["links"]["web"])
    page.locator("#your-data").click()
    page.locator("#told-birthday").fill(day)
    page.locator("#save").click()
    expect(page.locator("#done")).to_be_visible()


def _want_none(page: Page, card: dict[str, Any]) -> None:
    page.goto(card["links"]["web"])
    page.locator("#your-wishes").click()
    page.locator("#wish-none").check()
    page.locator("#save").click()
    expect(page.locator("#done")).to_be_visible()


def _join_with_birthday(page: Page, demo: Demo, day: str) -> None:
    page.goto(demo["join_url"])
    page.locator("#tell summary").click()
    page.locator("#told-birthday").fill(day)
    page.locator("#join-told").click()
    page.wait_for_url("**/card/*")


def _said(page: Page) -> list[str]:
    return [page.locator(f"#said-{language}").inner_text() for language in ("en", "de")]


def _build(page: Page, demo: Demo, idea: str, *, now: int) -> str:
    """From the idea to an offer that runs and reads the same everywhere; ``now``: cards that would get it at once."""
    page.goto(f"{demo['console_url']}/offers/new")
    page.locator(f"#idea-{idea}").click()
    expect(page.locator("#said-en")).to_be_visible()
    said = _said(page)
    page.locator("#save").click()
    expect(page.locator("#reach")).to_have_text(str(now))
    assert _said(page) == said
    page.locator("#publish-now").click()
    expect(page.locator("[data-state=live]")).to_be_visible()
    assert _said(page) == said
    return page.url


def _offer_on_phone(page: Page, demo: Demo, phone: str) -> Locator:
    """What the front of the card says of an offer; the page hears of changes by itself."""
    page.goto(f"{demo['sandbox_url']}/phone/{phone}/")
    return page.locator("[data-key=offer] dd")


def _offers(page: Page, card: dict[str, Any]) -> list[str]:
    """What the card's web page says of offers."""
    page.goto(card["links"]["web"])
    return page.locator("#offers .offer strong").all_inner_texts()


def _redeem(till: Page, demo: Demo, code: str) -> None:
    open_till(till, demo)
    type_code(till, code)
    till.locator("[data-deed=offer]").filter(has_text=CAKE).click()
    expect(till.locator("#answer-headline")).to_contain_text(CAKE)


def _count(page: Page, offer_url: str, name: str) -> str:
    page.goto(offer_url)
    found = page.locator(f"#results [data-cell={name}]")
    return found.inner_text() if found.count() else ""


def test_the_five_sentences_happen_in_the_demo(afternoon: Demo, open_window: Open) -> None:
    demo = afternoon
    born, lost = demo.new_card("en"), _visited(demo, 2, LONG_AGO)
    nine, passer_by, wants_none = _visited(demo, 9, YESTERDAY), demo.new_card("en"), demo.new_card("en")
    phone, guest, till, owner = (open_window(size, ENGLISH).page for size in (PHONE, PHONE, PHONE, DESK))
    _make_it_hot(phone, demo)
    _tell_birthday(phone, born, FRIDAY)
    _want_none(phone, wants_none)
    for name, card in (("born", born), ("lost", lost), ("nine", nine)):
        put_on_phone(phone, demo, card, name)

    sign_in_to_console(owner, demo)
    birthday = _build(owner, demo, "birthday", now=1)
    _build(owner, demo, "comeback", now=1)
    _build(owner, demo, "nearly", now=1)
    expect(_offer_on_phone(phone, demo, "born")).to_have_text(CAKE)
    expect(_offer_on_phone(phone, demo, "lost")).to_have_text(HELLO)
    expect(_offer_on_phone(phone, demo, "nine")).to_have_text(NEARLY)
    assert _offers(phone, passer_by) == []

    _build(owner, demo, "heat", now=0)
    _join_with_birthday(guest, demo, SUNDAY)
    expect(guest.locator("#offers")).to_contain_text(CAKE)
    _redeem(till, demo, born["short_code"])
    assert wait_until(lambda: _count(owner, birthday, "redeemed") == "1", 20, 0.5)
    assert _count(owner, birthday, "reached") == "2"

    assert wait_until(lambda: _offers(phone, passer_by) == [ICED], 130, 0.5)
    assert wait_until(lambda: sorted(_offers(phone, nine)) == [ICED, NEARLY], 20, 0.5)
    assert _offers(phone, wants_none) == []
    expect(_offer_on_phone(phone, demo, "lost")).to_have_text(re.compile(f"{HELLO}|{ICED}"))
    for page in (phone, guest, till, owner):
        page.goto("about:blank")
    assert demo.stop() == []

"""The newcomer's story on an Android phone: join, save to Google Wallet, hold it to the till, drink the coffee."""

import re
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cli.processes import wait_until
from tests.journeys.android import Android
from tests.journeys.browsers import DESK, ENGLISH, PHONE, Window
from tests.journeys.conftest import Open
from tests.journeys.people import next_card, sign_in_to_console, stamp, type_code
from tests.journeys.running import Demo
from tests.web.test_public_join import CHROME

STAMPS = "[data-key=loyaltyPoints] dd"
OLD, NEW = "rgb(74, 36, 21)", "rgb(20, 63, 90)"
# Notes when each card first showed each count, by the clock of the machine.
NOTE_COUNTS = """
window.shown = {};
new MutationObserver(() => {
  for (const count of document.querySelectorAll("[data-key=loyaltyPoints] dd")) {
    const seen = `${count.closest("a").pathname} ${count.textContent}`;
    window.shown[seen] ??= Date.now() / 1000;
  }
}).observe(document, { childList: true, subtree: true });
"""


@pytest.fixture(scope="module")
def android(demo: Demo) -> Iterator[Android]:
    phone = Android(demo)
    yield phone
    phone.close()


def _visitor(open_window: Open) -> Window:
    return open_window(PHONE, touch=True, user_agent=CHROME)


def _save(page: Page) -> None:
    """From the button of ours to the card on the phone."""
    page.wait_for_url("**/google/save/*")
    page.locator("#add").click()
    page.wait_for_url("**/google/phone/pass/*")
    expect(page.locator("#did li").first).to_contain_text("Google hat es dem Herausgeber gemeldet (save)")


def _join_and_save(page: Page, demo: Demo) -> dict[str, Any]:
    page.goto(demo["join_url"])
    page.get_by_role("button", name="Zu Google Wallet hinzufügen").first.click()
    _save(page)
    expect(page.locator(STAMPS)).to_have_text("0/10")
    return demo.card(page.locator(".code figcaption").inner_text())


def _hero(page: Page) -> str:
    return str(page.locator(".android-hero").evaluate("image => image.decode().then(() => image.src)"))


def test_ten_stamps_from_the_till_become_a_coffee_on_the_android(
    demo: Demo, open_window: Open, open_till_state: Any, android: Android
) -> None:
    phone = _visitor(open_window).page
    card = _join_and_save(phone, demo)
    till = open_window(PHONE, state=open_till_state, touch=True).page
    till.goto(f"{demo['public_url']}/till")
    blank = _hero(phone)
    type_code(till, card["short_code"])
    stamp(till, "1 / 10")
    expect(phone.locator(".banner")).to_contain_text("hat sich geändert: 1/10")
    expect(phone.locator(STAMPS)).to_have_text("1/10")
    expect(phone.locator(".android-card")).to_contain_text("Noch 9 Stempel bis: Kaffee")
    assert _hero(phone) != blank
    demo.stamp(card, 8)
    expect(phone.locator(STAMPS)).to_have_text("9/10")
    next_card(till)
    type_code(till, card["short_code"])
    stamp(till, "10 / 10")
    expect(phone.locator(STAMPS)).to_have_text("10/10")
    expect(phone.locator(".android-card")).to_contain_text("Jetzt für dich: Kaffee")
    _drink(till, phone)
    _google_was_spared(android, card)
    assert [cause for cause, _ in demo.entries(card)] == ["stamp"] * 3 + ["round", "round", "redemption"]


def _drink(till: Page, phone: Page) -> None:
    till.locator("#answer-card").click()
    till.get_by_role("button", name="Einlösen: Kaffee").click()
    expect(till.locator("#answer-word")).to_have_text("Eingelöst")
    expect(phone.locator(STAMPS)).to_have_text("0/10")
    expect(phone.locator("[data-key=secondaryLoyaltyPoints] dd")).to_have_text("0")


def _google_was_spared(android: Android, card: dict[str, Any]) -> None:
    """The fourth change of a day came without a note; there was nothing that Google would not take."""
    counted, shown = android.counted(), android.named(card)
    assert counted["objects"][shown["id"]]["notifications"] == {"within_a_day": 3, "most": 3, "refused": 0}
    assert counted["violations"] == []


def test_a_stamp_is_on_the_android_within_a_second(
    demo: Demo, open_window: Open, android: Android, record_property: Callable[[str, object], None]
) -> None:
    """By the phone's own clock, nine cards of which each has changed before and may change at once."""
    cards = [demo.new_card() for _ in range(9)]
    android.put(*cards)
    window = _visitor(open_window)
    window.context.add_init_script(NOTE_COUNTS)
    window.page.goto(android.url)
    took = [_seconds_to_phone(demo, window.page, android, card) for card in cards]
    figures = {"median": median(took), "slowest": max(took), "n": len(took)}
    for name, value in figures.items():
        record_property(f"stamp_to_android_{name}", value)
    print(f"stamp to Android: {figures}")
    assert median(took) < 1


def _seconds_to_phone(demo: Demo, page: Page, android: Android, card: dict[str, Any]) -> float:
    seen = f"/google/phone/pass/{android.named(card)['name']} 1/10"
    assert wait_until(lambda: android.at_once(card), 10)
    demo.stamp(card)
    answered = time.time()
    assert wait_until(lambda: seen in page.evaluate("shown"), 10)
    return float(page.evaluate("shown")[seen]) - answered


def test_a_card_thrown_off_the_android_is_said_to_be_gone_and_comes_back_with_its_stamps(
    demo: Demo, open_window: Open, android: Android
) -> None:
    card = demo.new_card()
    android.put(card)
    object_id = android.named(card)["id"]
    phone, owner = _visitor(open_window).page, open_window(DESK, ENGLISH).page
    sign_in_to_console(owner, demo)
    assert "brings it to the phones by itself" in _why(owner, demo, card)
    phone.goto(f"{android.url}pass/{android.named(card)['name']}/details")
    phone.locator("#remove").click()
    phone.wait_for_url(android.url)
    assert wait_until(lambda: "removed from a Google Wallet" in _why(owner, demo, card), 10, 0.1)
    demo.stamp(card, 4)
    phone.goto(card["links"]["web"])
    phone.locator("#add-google").click()
    _save(phone)
    expect(phone.locator(STAMPS)).to_have_text("4/10")
    assert android.named(card)["id"] == object_id
    assert wait_until(lambda: "brings it to the phones by itself" in _why(owner, demo, card), 10, 0.1)


def _why(owner: Page, demo: Demo, card: dict[str, Any]) -> str:
    """What the console answers to "Why didn't my card change?"."""
    owner.goto(f"{demo['console_url']}/cards/{card['id']}")
    return owner.locator("#phones").inner_text()


def test_a_card_that_moved_has_ended_on_the_old_android_and_says_nothing_of_anybody(
    demo: Demo, open_window: Open, android: Android
) -> None:
    card = demo.new_card()
    demo.stamp(card, 4)
    android.put(card)
    old = android.named(card)
    phone = _visitor(open_window).page
    phone.goto(f"{android.url}pass/{old['name']}")
    moved = demo.ask(f"/cards/{card['id']}/move", "POST", {})
    expect(phone.locator(".android-ended")).to_have_text("Abgelaufen")
    expect(phone.locator("#code")).to_have_count(0)
    phone.locator("#info").click()
    phone.wait_for_url("**/details")
    page, told = phone.locator("#screen").inner_text(), str(android.shown(old["id"]))
    theirs = (card["short_code"], card["links"]["web"].rpartition("/")[2], "4/10", "Noch 6")
    assert [one for one in theirs if one in page or one in told] == []
    phone.goto(demo.ask(f"/cards/{card['id']}")["links"]["web"])
    phone.locator("#add-google").click()
    _save(phone)
    expect(phone.locator(STAMPS)).to_have_text("4/10")
    assert moved["short_code"] != card["short_code"]


def test_a_redesign_changes_the_colours_and_the_picture_on_the_android(
    demo: Demo, open_window: Open, android: Android
) -> None:
    card = demo.new_card("en")
    android.put(card)
    phone, owner = _visitor(open_window).page, open_window(DESK, ENGLISH).page
    phone.goto(f"{android.url}pass/{android.named(card)['name']}")
    shown, before = phone.locator(".android-card"), _hero(phone)
    expect(shown).to_have_css("background-color", OLD)
    sign_in_to_console(owner, demo)
    owner.goto(f"{demo['console_url']}/design/versions")
    number = owner.locator("#versions li").count()
    owner.goto(f"{demo['console_url']}/design")
    owner.locator("#background").fill("#143f5a")
    expect(owner.locator("#draft-state")).to_have_text("Draft saved")
    owner.locator("#publish").click()
    owner.locator("#publish-now").click()
    expect(shown).to_have_css("background-color", NEW, timeout=20000)
    expect(phone.locator(".android-hero")).not_to_have_attribute("src", re.compile(re.escape(before[-24:])))
    owner.goto(f"{demo['console_url']}/design/versions/{number}")
    owner.locator("#bring-back").click()
    owner.locator("#publish-now").click()
    expect(shown).to_have_css("background-color", OLD, timeout=20000)
    assert android.counted()["violations"] == []

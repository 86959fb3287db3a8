"""Customers get their card their way: one tap on an iPhone, a page anywhere, words of their own if they like."""

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.browsers import DESK, ENGLISH, GERMAN, PHONE
from tests.journeys.conftest import Open
from tests.journeys.people import sign_in_to_console
from tests.journeys.running import Demo

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Mobile/15E148 Safari/604.1"
)
INSTAGRAM = IPHONE.replace("Version/18.5 ", "").replace("Safari/604.1", "Instagram 340.0")
ANDROID_APP = "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
LONG = "Maximiliane-Charlotte von Hohenzollern-S"
NAMES = [LONG, "عبد الرحمن بن محمد الأندلسي", "👩\u200d🍳🥐🧁"]
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


def test_one_tap_on_an_iphone_is_a_pass_and_the_card_is_found_again(demo: Demo, open_window: Open) -> None:
    page = open_window(PHONE, GERMAN, user_agent=IPHONE).page
    page.goto(demo["join_url"])
    with page.expect_download() as download:
        page.locator("#join-apple").click()
    data = Path(download.value.path()).read_bytes()
    assert "signature" in zipfile.ZipFile(io.BytesIO(data)).namelist()
    page.reload()
    page.locator("#open-card").click()
    expect(page.locator("#add-apple")).to_be_visible()


@pytest.mark.parametrize(("agent", "told"), [(INSTAGRAM, "Safari"), (ANDROID_APP, "Chrome")])
def test_inside_another_app_the_way_out_is_told_without_script(
    demo: Demo, open_window: Open, agent: str, told: str
) -> None:
    page = open_window(PHONE, ENGLISH, user_agent=agent, java_script_enabled=False).page
    page.goto(f"{demo['join_url']}?source=poster")
    expect(page.locator("#leave-app h2")).to_contain_text(told)
    expect(page.locator("#here")).to_have_value(f"{demo['join_url']}?source=poster")
    expect(page.locator("#join")).to_be_visible()


def _tell(page: Page, **texts: str) -> None:
    for what, text in texts.items():
        page.locator(f"#told-{what}").fill(text)


def test_what_a_customer_tells_is_seen_changed_and_deleted_without_script(demo: Demo, open_window: Open) -> None:
    page = open_window(PHONE, ENGLISH, java_script_enabled=False).page
    page.goto(demo["join_url"])
    page.locator("#tell summary").click()
    _tell(page, name=LONG, birthday="31.2.1990", mail="erika@example.org")
    page.locator("#join-told").click()
    expect(page.locator("#told-birthday-wrong")).to_contain_text("31.2.1990")
    expect(page.locator("#told-name")).to_have_value(LONG)
    _tell(page, birthday="28021990")
    page.locator("#told-mail").press("Enter")
    page.locator("#your-data").click()
    expect(page.locator("#told-birthday")).to_have_value("28/02/1990")
    page.locator("#forget-mail").click()
    expect(page.locator("#done")).to_be_visible()
    expect(page.locator("#told-mail")).to_have_value("")
    expect(page.locator("#forget-mail")).to_have_count(0)
    _tell(page, name="Erika")
    page.locator("#told-name").press("Enter")
    expect(page.locator("#told-name")).to_have_value("Erika")
    expect(page.locator("#told-birthday")).to_have_value("28/02/1990")


@pytest.mark.parametrize("name", NAMES)
def test_no_name_breaks_a_page_at_390_px(demo: Demo, open_window: Open, name: str) -> None:
    card = demo.new_card("de", name)
    owner = open_window(PHONE, GERMAN).page
    sign_in_to_console(owner, demo)
    for path in (f"/console/cards/{card['id']}", f"/console?q={card['short_code']}"):
        owner.goto(demo["public_url"] + path)
        expect(owner.locator("main")).to_contain_text(name)
        assert not owner.evaluate(TOO_WIDE), path
    customer = open_window(PHONE, GERMAN).page
    customer.goto(f"{card['links']['web']}/data")
    expect(customer.locator("#told-name")).to_have_value(name)
    assert not customer.evaluate(TOO_WIDE)


def test_a_card_learns_another_language_and_every_open_window_of_it_too(demo: Demo, open_window: Open) -> None:
    card = demo.new_card("en")
    hand, desk = open_window(PHONE, ENGLISH).page, open_window(DESK, ENGLISH).page
    for page in (hand, desk):
        page.goto(card["links"]["web"])
        expect(page.locator(".pass-label")).to_have_text("Stamps")
    hand.locator("#language").click()
    for page in (hand, desk):
        expect(page.locator(".pass-label")).to_have_text("Stempel")
        expect(page.locator("html")).to_have_attribute("lang", "de")


def test_a_card_that_wears_another_design_is_drawn_anew(demo: Demo, open_window: Open) -> None:
    page = open_window(PHONE, ENGLISH).page
    page.goto(demo.new_card("en")["links"]["web"])
    page.evaluate("document.documentElement.dataset.old = 'yes'")
    page.evaluate("document.getElementById('pass').dataset.brand = '/brand/demo/0/brand.css'")
    expect(page.locator("html")).not_to_have_attribute("data-old", "yes")
    expect(page.locator("#pass")).to_be_visible()


@pytest.fixture
def console(demo: Demo, open_window: Open) -> Page:
    page = open_window(DESK, ENGLISH).page
    sign_in_to_console(page, demo)
    return page


def test_a_card_is_found_while_one_types_and_the_focus_stays(demo: Demo, console: Page) -> None:
    demo.new_card("en", "Zwetschge Eins")
    demo.new_card("en", "Zwetschge Zwei")
    console.evaluate("window.untouched = true")
    console.locator("#q").focus()
    console.keyboard.type("zwetschge")
    expect(console.locator("#cards tbody tr")).to_have_count(2)
    expect(console.locator("#announcement")).to_have_text("2 cards found")
    console.keyboard.type(" zw")
    expect(console.locator("#cards tbody tr")).to_have_count(1)
    expect(console.locator("#announcement")).to_have_text("1 card found")
    expect(console.locator("#q")).to_be_focused()
    assert console.url.endswith("/console?q=zwetschge+zw")
    console.keyboard.type("x")
    expect(console.locator("#nothing-found")).to_be_visible()
    assert console.evaluate("window.untouched"), "no page was loaded"
    console.reload()
    expect(console.locator("#q")).to_have_value("zwetschge zwx")


def test_a_slow_answer_never_overtakes_a_newer_one(demo: Demo, console: Page) -> None:
    card = demo.new_card("en", "Mirabelle Langsam")
    held: list[Route] = []

    def held_back(route: Route) -> None:
        held.append(route)

    console.route("**/console?q=mira", held_back)
    with console.expect_request("**/console?q=mira"):
        console.locator("#q").fill("mira")
    console.locator("#q").fill("mirabelle lang")
    expect(console.locator("#cards tbody tr")).to_have_count(1)
    for route in held:
        route.abort()
    console.locator("#q").fill(card["short_code"].lower())
    expect(console.locator("#announcement")).to_have_text("1 card found")
    expect(console.locator("#search-failed")).to_be_hidden()


def test_a_search_that_does_not_get_through_says_so_and_finds_later(demo: Demo, console: Page) -> None:
    demo.new_card("en", "Renette Offline")
    console.context.set_offline(True)
    console.locator("#q").fill("renette")
    expect(console.locator("#search-failed")).to_be_visible()
    console.context.set_offline(False)
    console.locator("#search button").click()
    expect(console.locator("#cards tbody tr")).not_to_have_count(0)
    expect(console.locator("#search-failed")).to_be_hidden()
    expect(console.locator("#announcement")).to_contain_text("found")

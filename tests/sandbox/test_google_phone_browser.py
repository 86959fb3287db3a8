"""The Android phone in a real browser: what the eye, the keyboard and a camera find."""

import io
from collections.abc import Iterator
from statistics import median
from time import monotonic

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from zxingcpp import read_barcodes

from tests.sandbox.browser import phone_window
from tests.sandbox.google_parts import Client, Pictures, image
from tests.sandbox.making import png


@pytest.fixture
def page(chromium: Browser, wallet: Client, pictures: Pictures) -> Iterator[Page]:
    pictures.served |= {"/logo.png": png(), "/hero.png": png(344, 112)}
    for resource in wallet.google.held():
        wallet.google.remove(resource)
    with phone_window(chromium, f"{wallet.root}/phone/") as made:
        yield made


def _card(wallet: Client, pictures: Pictures, **changes: object) -> str:
    program = wallet.program(programLogo=image(f"{pictures.url}/logo.png"))
    return wallet.card(classId=program, heroImage=image(f"{pictures.url}/hero.png"), **changes)


def _add(page: Page, wallet: Client, pictures: Pictures, **changes: object) -> str:
    card = _card(wallet, pictures, **changes)
    page.goto(wallet.link(card))
    page.get_by_role("button", name="Hinzufügen").click()
    page.wait_for_url("**/google/phone/pass/*")
    return card


def _stamp(wallet: Client, card: str, points: str, **more: str) -> None:
    answer = wallet.call("PATCH", f"loyaltyObject/{card}", {"loyaltyPoints": {"balance": {"string": points}}, **more})
    assert answer.status_code == 200


def test_a_change_shows_within_a_second_without_a_reload(page: Page, wallet: Client, pictures: Pictures) -> None:
    card = _add(page, wallet, pictures)
    took = []
    for number in range(4, 9):
        _stamp(wallet, card, f"{number}/10")
        begun = monotonic()
        expect(page.locator("[data-key=loyaltyPoints] dd")).to_have_text(f"{number}/10")
        took.append(monotonic() - begun)
    assert median(took) < 1.0
    expect(page.locator("#did")).to_contain_text(f"PATCH loyaltyObject/{card}")


def test_a_notification_shows_and_leads_to_its_pass(page: Page, wallet: Client, pictures: Pictures) -> None:
    card = _add(page, wallet, pictures)
    front = page.url
    page.goto(f"{front}/details")
    _stamp(wallet, card, "4/10", notifyPreference="NOTIFY_ON_UPDATE")
    expect(page.locator(".banner")).to_contain_text("hat sich geändert: 4/10", timeout=15000)
    page.locator(".banner").click()
    page.wait_for_url(front)


def test_a_camera_reads_the_code_off_the_screen(page: Page, wallet: Client, pictures: Pictures) -> None:
    _add(page, wallet, pictures)
    page.locator("#code").evaluate("image => image.decode()")
    (found,) = read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    assert found.text == "T1" + "A" * 34


def test_the_whole_way_can_be_gone_by_keyboard(page: Page, wallet: Client, pictures: Pictures) -> None:
    page.goto(wallet.link(_card(wallet, pictures)))
    page.locator("#add").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/google/phone/pass/*")
    page.locator("#info").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/details")
    page.locator("#remove").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Noch kein Pass")).to_be_visible()


def test_everything_to_tap_is_large_enough_and_nothing_scrolls_sideways(
    page: Page, wallet: Client, pictures: Pictures
) -> None:
    links = {"uris": [{"uri": "https://example.org", "description": "Unsere Seite"}]}
    _add(page, wallet, pictures, linksModuleData=links, state="INACTIVE")
    _add(page, wallet, pictures, linksModuleData=links)
    front = page.url
    for address in (front, f"{front}/details", f"{wallet.root}/phone/", wallet.link(_card(wallet, pictures))):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        taps = page.locator("a, button").filter(visible=True).all()
        sizes = [(tap.bounding_box(), tap.inner_text()) for tap in taps]
        assert [text for box, text in sizes if box and min(box["height"], box["width"]) < 44] == []


def test_a_refused_link_says_why_on_the_screen(page: Page, wallet: Client, pictures: Pictures) -> None:
    with page.expect_response(lambda answer: answer.status == 422):
        page.goto(wallet.link("3388000000099999999.never"))
    expect(page.get_by_role("alert")).to_contain_text("muss vorher angelegt werden")

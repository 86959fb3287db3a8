"""The phone in a real browser: what the eye, the keyboard and a camera find."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from zxingcpp import read_barcodes

from sandbox.authority import Authority
from sandbox.server import Running, running
from tests.sandbox.browser import phone_window
from tests.sandbox.issuer_double import Issuer
from tests.sandbox.making import make_pass, pass_json
from tests.sandbox.parts import PASS_TYPE, machine_now, until


@pytest.fixture
def sandbox(authority: Authority, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, phone_port=0, apns_port=0, authority=authority, now=machine_now) as made:
        yield made


@pytest.fixture
def issuer(authority: Authority) -> Iterator[Issuer]:
    made = Issuer(authority)
    yield made
    made.go_down()


@pytest.fixture
def page(chromium: Browser, sandbox: Running) -> Iterator[Page]:
    with phone_window(chromium, f"{sandbox.phone_url}/phone/1/") as made:
        yield made


def _bring(page: Page, data: bytes) -> None:
    page.set_input_files("#file", {"name": "card.pkpass", "mimeType": "", "buffer": data})


def _add(page: Page, issuer: Issuer) -> None:
    _bring(page, issuer.card())
    page.get_by_role("button", name="Hinzufügen").click()
    page.wait_for_url("**/pass/*")
    until(lambda: issuer.registered)


def test_a_push_shows_the_new_card_and_a_notification_without_a_reload(
    page: Page, sandbox: Running, issuer: Issuer
) -> None:
    _add(page, issuer)
    issuer.stamp()
    sandbox.phones.get("1").on_push(PASS_TYPE)
    expect(page.locator(".banner")).to_contain_text("You have 4 / 10 stamps now.", timeout=15000)
    expect(page.locator(".card .header-fields")).to_contain_text("4 / 10")
    expect(page.locator("#did")).to_contain_text("Den neuen Pass geholt")


def test_the_phone_buzzes_with_a_notification(page: Page, sandbox: Running, issuer: Issuer) -> None:
    page.add_init_script("navigator.vibrate = (beats) => { document.title = `buzz ${beats}`; return true; }")
    _add(page, issuer)
    issuer.stamp()
    sandbox.phones.get("1").on_push(PASS_TYPE)
    expect(page).to_have_title("buzz 120,60,120", timeout=15000)
    expect(page.locator("#device")).to_have_class("device buzz")


def test_a_camera_reads_the_code_off_the_screen(page: Page, issuer: Issuer) -> None:
    _add(page, issuer)
    page.locator("#code").evaluate("image => image.decode()")
    (found,) = read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    assert found.text == "T1" + "A" * 34


def test_the_whole_way_can_be_gone_by_keyboard(page: Page, issuer: Issuer) -> None:
    _bring(page, issuer.card())
    page.wait_for_url("**/offer/*")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pass/*")
    page.locator("#info").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/back")
    page.locator("#remove").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Noch kein Pass")).to_be_visible()


def test_everything_to_tap_is_large_enough_and_nothing_scrolls_sideways(page: Page, issuer: Issuer) -> None:
    issuer.stamps["CARD0002"], issuer.tags["CARD0002"] = 7, 2
    _add(page, issuer)
    addresses = [page.url, f"{page.url}/back"]
    _bring(page, issuer.card("CARD0002"))
    page.get_by_role("button", name="Hinzufügen").click()
    page.wait_for_url("**/pass/*")
    for address in (*addresses, addresses[0].split("pass/", maxsplit=1)[0]):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        taps = page.locator("a, button, label").filter(visible=True).all()
        sizes = [(tap.bounding_box(), tap.inner_text()) for tap in taps if not _in_text(tap.inner_text())]
        assert [text for box, text in sizes if box and min(box["height"], box["width"]) < 44] == []


def _in_text(label: str) -> bool:
    """Links inside the running text of a back field keep the size of the text, as in Wallet."""
    return "@" in label


def test_a_refused_pass_says_why_on_the_screen(page: Page, foreign_authority: Authority) -> None:
    with page.expect_response(lambda answer: answer.status == 422):
        _bring(page, make_pass(foreign_authority, pass_json()))
    expect(page.get_by_role("alert")).to_contain_text("zu keiner Wurzel")

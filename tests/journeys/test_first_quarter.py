"""The merchant's first quarter of an hour: from an empty installation to the poster at the counter."""

import io
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.journeys.browsers import DESK, GERMAN, PHONE
from tests.journeys.conftest import Open, ended
from tests.journeys.running import Demo

FEWEST_TOO_MANY = 15
COUNT = """
addEventListener("click", (event) => {
  if (event.detail > 0) localStorage.clicks = Number(localStorage.clicks ?? 0) + 1;
}, true);
"""


@pytest.fixture(scope="module")
def empty_demo() -> Iterator[Demo]:
    """An installation that begins without a shop."""
    running = Demo("--empty")
    yield running
    assert ended(running) == []


def logo() -> bytes:
    """Lettering as a small shop has it, on a transparent ground."""
    picture = Image.new("RGBA", (900, 260), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((10, 10, 250, 250), fill=(20, 110, 90, 255))
    draw.rectangle((300, 90, 880, 170), fill=(20, 110, 90, 255))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def test_a_newcomer_goes_from_nothing_to_the_printed_poster_in_under_15_clicks(
    empty_demo: Demo, open_window: Open, tmp_path: Path
) -> None:
    window = open_window(DESK, GERMAN)
    window.context.add_init_script(COUNT)
    page = window.page
    _sign_in(page, empty_demo)
    _answer_five_questions(page)
    expect(page.locator("#title")).to_have_text("Ihre Karte ist live")
    with page.expect_download() as downloading:
        page.locator("#poster").evaluate("link => link.setAttribute('download', '')")
        page.locator("#poster").click()
    poster = Path(downloading.value.path())
    clicks = int(page.evaluate("() => localStorage.clicks"))
    print(f"clicks from the sign-in to the poster: {clicks}")
    assert clicks < FEWEST_TOO_MANY
    (code,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(poster)[0].render(scale=200 / 72).to_pil())
    assert code.text == f"{empty_demo['public_url']}/join/baeckerei-sonnenschein?source=poster"

    customer = open_window(PHONE, GERMAN).page
    customer.goto(code.text)
    expect(customer.locator(".pass")).to_contain_text("0 / 10")
    customer.locator("#join").click()
    customer.wait_for_url("**/card/*")
    expect(customer.locator(".pass")).to_contain_text("0 / 10")


def _sign_in(page: Page, demo: Demo) -> None:
    page.goto(demo["console_url"])
    page.locator("#email").click()
    page.locator("#email").fill(demo["console_email"])
    page.locator("#password").click()
    page.locator("#password").fill(demo["console_password"])
    page.locator("#sign-in button").click()


def _answer_five_questions(page: Page) -> None:
    page.wait_for_url("**/first-run/shop")
    page.locator("#name").click()
    page.locator("#name").fill("Bäckerei Sonnenschein")
    page.get_by_role("radio", name="Bäckerei").click()
    page.locator("#next").click()
    page.wait_for_url("**/first-run/logo")
    page.set_input_files("#logo", {"name": "logo.png", "mimeType": "image/png", "buffer": logo()})
    page.locator("#next").click()
    page.wait_for_url("**/first-run/look")
    page.get_by_role("radio").nth(1).click()
    page.locator("#next").click()
    page.wait_for_url("**/first-run/rule")
    page.locator("#next").click()
    page.wait_for_url("**/first-run/live")
    page.locator("#next").click()
    page.wait_for_url("**/first-run/done")


def test_the_keyboard_alone_founds_a_shop(empty_demo: Demo, open_window: Open) -> None:
    page, (email, password) = open_window(DESK, GERMAN).page, empty_demo.new_founder()
    page.goto(empty_demo["console_url"])
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(f"{password}\n")
    page.wait_for_url("**/first-run/shop")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("Salon Scherenschnitt")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", checked=True)).to_have_count(1)
    for step in ("logo", "look", "rule", "live", "done"):
        _tab_to(page, "next")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/first-run/{step}")
    _tab_to(page, "poster")
    expect(page.locator("#poster")).to_be_focused()


def _tab_to(page: Page, wanted: str) -> None:
    """Tab through the page as far as the control with this id; it must come within forty steps."""
    for _ in range(40):
        if page.evaluate("() => document.activeElement.id") == wanted:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"#{wanted} cannot be reached with the keyboard")

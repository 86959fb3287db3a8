"""Draws docs/pictures: `python -m tests.journeys.picture` starts a demo and photographs it."""

import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.chromium import launch
from tests.journeys.browsers import DESK, ENGLISH, GERMAN, PHONE, window
from tests.journeys.people import open_till, put_on_phone, sign_in_to_console, stamp, type_code
from tests.journeys.running import COMMAND, Demo

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
GROUND = "#eeebe4"
MARGIN, HEIGHT = 40, 760
MOST_BYTES = 250_000
CONSOLE = {"width": 1200, "height": 1000}
BAKERY = {GERMAN: ("Bäckerei Sonnenschein", "Bäckerei"), ENGLISH: ("Sunshine Bakery", "Bakery")}
# German pictures stand beside the German text, the others wherever English is read.
ENDING = {GERMAN: "-de", ENGLISH: ""}
POSTER_DPI = 72
MARGIN_BELOW = 12


def phone_and_till(browser: Browser, demo: Demo) -> Image.Image:
    """The phone and the till a moment after the fourth stamp."""
    card = demo.new_card("en")
    demo.stamp(card, 3)
    with (
        window(browser, DESK, ENGLISH, device_scale_factor=2) as customer,
        window(browser, PHONE, ENGLISH, touch=True, device_scale_factor=2) as staff,
    ):
        put_on_phone(customer.page, demo, card, "1")
        open_till(staff.page, demo)
        type_code(staff.page, card["short_code"])
        stamp(staff.page, "4 / 10")
        expect(staff.page.locator("#answer-undo")).to_have_text(re.compile("Undo"))
        expect(customer.page.locator(".banner")).to_contain_text("6 more stamps")
        expect(customer.page.locator(".card .header-fields")).to_contain_text("4 / 10")
        customer.page.locator(".card img.strip").evaluate("image => image.decode()")
        return side_by_side(_seen(customer.page, ".glass"), _seen(staff.page, "#answer"))


def _seen(page: Page, part: str) -> Image.Image:
    shot = Image.open(io.BytesIO(page.locator(part).screenshot(animations="disabled"))).convert("RGB")
    return shot.resize((round(shot.width * HEIGHT / shot.height), HEIGHT), Image.Resampling.LANCZOS)


def side_by_side(phone: Image.Image, till: Image.Image) -> Image.Image:
    width = phone.width + till.width + 3 * MARGIN
    canvas = Image.new("RGB", (width, HEIGHT + 2 * MARGIN), GROUND)
    canvas.paste(phone, (MARGIN, MARGIN), _rounded(phone.size, 50))
    canvas.paste(till, (phone.width + 2 * MARGIN, MARGIN), _rounded(till.size, 36))
    return canvas


def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    """A mask with soft edges: drawn four times as large."""
    large = Image.new("L", (size[0] * 4, size[1] * 4), 0)
    ImageDraw.Draw(large).rounded_rectangle((0, 0, large.width - 1, large.height - 1), radius * 4, fill=255)
    return large.resize(size, Image.Resampling.LANCZOS)


def designer(browser: Browser, demo: Demo, locale: str) -> Image.Image:
    """The form of the designer and the card beside it."""
    with window(browser, CONSOLE, locale, device_scale_factor=2) as owner:
        sign_in_to_console(owner.page, demo)
        owner.page.goto(f"{demo['console_url']}/design")
        expect(owner.page.locator("[data-fill=half] [data-view=apple] .apple")).to_be_visible()
        owner.page.wait_for_load_state("networkidle")
        return _down_to(owner.page, ".stage")


def first_run(browser: Browser, demo: Demo, locale: str) -> tuple[Image.Image, Image.Image]:
    """A bakery choosing its colours, and the poster that it prints in the end."""
    name, trade = BAKERY[locale]
    with window(browser, CONSOLE, locale, device_scale_factor=2) as founder:
        page = founder.page
        _enter(page, demo, f"founder@{locale.lower()}.example.com")
        page.locator("#name").fill(name)
        page.get_by_role("radio", name=trade).check(force=True)
        for step, following in pairwise(("shop", "logo", "look", "rule", "live", "done")):
            page.wait_for_url(f"**/first-run/{step}")
            if step == "look":
                page.wait_for_load_state("networkidle")
                colours = _down_to(page, "fieldset")
            page.locator("#next").click()
            page.wait_for_url(f"**/first-run/{following}")
        poster = page.request.get(f"{demo['console_url']}/print/poster-A4.pdf").body()
    return colours, pypdfium2.PdfDocument(poster)[0].render(scale=POSTER_DPI / 72).to_pil()


def _enter(page: Page, demo: Demo, email: str) -> None:
    """Somebody signs in who has no shop yet."""
    made = subprocess.run(
        [COMMAND, "user", "create", email, "--new-shop"],
        env={**os.environ, "DATA_DIR": str(demo.folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    page.goto(demo["console_url"])
    page.locator("#email").fill(email)
    page.locator("#password").fill(next(line.split()[1] for line in made.splitlines() if line.startswith("password")))
    page.locator("#sign-in button").click()
    page.wait_for_url("**/first-run/shop")


def _down_to(page: Page, part: str) -> Image.Image:
    """The page from its top to a little below the part."""
    box = page.locator(part).first.bounding_box()
    assert box is not None
    clip = {"x": 0, "y": 0, "width": CONSOLE["width"], "height": box["y"] + box["height"] + MARGIN_BELOW}
    return Image.open(io.BytesIO(page.screenshot(clip=clip, full_page=True, animations="disabled"))).convert("RGB")


def drawn(browser: Browser, demo: Demo) -> Iterator[tuple[str, Image.Image]]:
    """Each picture with its file's name."""
    yield "phone-and-till", phone_and_till(browser, demo)
    for locale, ending in ENDING.items():
        yield f"designer{ending}", _few_colours(designer(browser, demo, locale))
        colours, poster = first_run(browser, demo, locale)
        yield f"first-run{ending}", _few_colours(colours)
        yield f"poster{ending}", _few_colours(poster)


def _few_colours(picture: Image.Image) -> Image.Image:
    """A page has few colours: a palette of 256 shows it as well in a third of the bytes."""
    return picture.quantize(256, dither=Image.Dither.NONE)


def main() -> None:
    demo = Demo()
    try:
        with sync_playwright() as playwright, launch(playwright) as browser:
            pictures = dict(drawn(browser, demo))
    finally:
        rooms = demo.rooms()
        demo.stop()
        for room in rooms:
            shutil.rmtree(room, ignore_errors=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        file = PICTURES / f"{name}.png"
        picture.save(file, optimize=True)
        assert file.stat().st_size < MOST_BYTES, f"{file} is too large for a page"


if __name__ == "__main__":
    main()

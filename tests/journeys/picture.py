"""Draws docs/pictures/phone-and-till.png: `python -m tests.journeys.picture` starts a demo and photographs it."""

import io
import re
import shutil
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.journeys.browsers import DESK, ENGLISH, PHONE, launch, window
from tests.journeys.people import open_till, put_on_phone, stamp, type_code
from tests.journeys.running import Demo

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "phone-and-till.png"
GROUND = "#eeebe4"
MARGIN, HEIGHT = 40, 760
MOST_BYTES = 200_000


def photograph(browser: Browser, demo: Demo) -> tuple[Image.Image, Image.Image]:
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
        return _seen(customer.page, ".glass"), _seen(staff.page, "#answer")


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


def main() -> None:
    demo = Demo()
    try:
        with sync_playwright() as playwright, launch(playwright) as browser:
            picture = side_by_side(*photograph(browser, demo))
    finally:
        rooms = demo.rooms()
        demo.stop()
        for room in rooms:
            shutil.rmtree(room, ignore_errors=True)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    picture.save(PICTURE, optimize=True)
    assert PICTURE.stat().st_size < MOST_BYTES, f"{PICTURE} is too large for a README"


if __name__ == "__main__":
    main()

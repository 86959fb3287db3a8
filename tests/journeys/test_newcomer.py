"""The newcomer's story, word for word: join, put the card on the phone, hold it to the till, drink the coffee."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Page, Playwright, expect
from zxingcpp import read_barcodes

from cli.processes import wait_until
from tests.journeys.browsers import DESK, ENGLISH, PHONE, film_of, seeing
from tests.journeys.conftest import Open
from tests.journeys.people import (
    join,
    next_card,
    open_till,
    put_on_phone,
    sign_in_to_console,
    stamp,
    tap_add_to_phone,
    type_code,
)
from tests.journeys.running import Demo

# Counts how often the page asked the device to shake.
COUNT_BUZZES = """
navigator.vibrate = () => {
  const root = document.documentElement;
  root.dataset.buzzes = Number(root.dataset.buzzes ?? 0) + 1;
  return true;
};
"""


@dataclass
class Strip:
    """The artwork on the pass, as the phone shows it right now."""

    demo: Demo
    page: Page

    def look(self) -> Image.Image:
        address = self.page.locator(".card img.strip").first.evaluate("image => image.src")
        return Image.open(io.BytesIO(self.demo.get(str(address)))).convert("RGB")


def _changed_share(before: Image.Image, after: Image.Image) -> float:
    """How much of the width a change touches: one of five places in a row is a fifth."""
    # Palettes differ by a shade that nobody sees.
    changed = ImageChops.difference(before, after).convert("L").point(lambda shade: 255 * (shade > 16))
    box = changed.getbbox()
    return (box[2] - box[0]) / before.width if box else 0.0


def _join_and_add(page: Page, demo: Demo) -> str:
    code = join(page, demo)
    expect(page.locator("#join, form input[type=text], form input[type=email]")).to_have_count(0)
    qr = demo.card(code)["links"]["qr"]
    assert qr.endswith("/qr.svg")
    tap_add_to_phone(page)
    expect(page.locator(".card .header-fields")).to_contain_text("0 / 10")
    expect(page.locator("#did")).to_contain_text("Den Herausgeber gebeten")
    return code


def test_ten_stamps_from_the_till_become_a_coffee_on_the_phone(
    demo: Demo, open_window: Open, playwright: Playwright, tmp_path: Path
) -> None:
    customer = open_window(PHONE)
    customer.context.add_init_script(COUNT_BUZZES)
    phone = customer.page
    code = _join_and_add(phone, demo)
    card = demo.card(code)
    film = film_of(demo.get(card["links"]["qr"].replace(".svg", ".png")), tmp_path)
    with seeing(playwright, film) as till_browser:
        staff = open_window(PHONE, browser=till_browser, touch=True)
        open_till(staff.page, demo)
        _first_stamp_by_camera(staff.page, phone, demo, code)
        _nine_more_by_typing(staff.page, demo, code)
        _the_coffee(staff.page, phone, code)
        staff.context.close()
    assert demo.stamps(card) == 0
    assert [cause for cause, _ in demo.entries(card)] == ["stamp"] * 10 + ["round", "round", "redemption"]


def _first_stamp_by_camera(till: Page, phone: Page, demo: Demo, code: str) -> None:
    strip = Strip(demo, phone)
    before = strip.look()
    expect(till.locator("#card-code")).to_have_text(code)
    expect(till.locator("#stamp")).to_be_enabled()
    stamp(till, "1 / 10")
    expect(phone.locator(".banner")).to_contain_text("Noch 9 Stempel")
    expect(phone.locator("html")).to_have_attribute("data-buzzes", "1")
    expect(phone.locator(".card .header-fields")).to_contain_text("1 / 10")
    assert 0 < _changed_share(before, strip.look()) < 0.25
    next_card(till)


def _nine_more_by_typing(till: Page, demo: Demo, code: str) -> None:
    for count in range(2, 10):
        type_code(till, code.lower() if count % 2 else code)
        stamp(till, f"{count} / 10")
        next_card(till)
    type_code(till, code)
    stamp(till, "10 / 10")
    expect(till.locator("#answer-word")).to_have_text("Prämie verdient")


def _the_coffee(till: Page, phone: Page, code: str) -> None:
    expect(phone.locator(".card .header-fields")).to_contain_text("10 / 10")
    expect(phone.locator(".card")).to_contain_text("Kaffee")
    till.locator("#answer-card").click()
    expect(till.locator("#card-code")).to_have_text(code)
    till.get_by_role("button", name="Einlösen: Kaffee").click()
    expect(till.locator("#answer-word")).to_have_text("Eingelöst")
    expect(phone.locator(".card .header-fields")).to_contain_text("0 / 10")


def test_the_code_on_the_phones_screen_is_the_one_the_till_reads(demo: Demo, open_window: Open) -> None:
    page = open_window(PHONE).page
    card = demo.new_card()
    put_on_phone(page, demo, card, "camera")
    page.locator("#code").evaluate("image => image.decode()")
    (found,) = read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    assert found.text == card["code"]


def test_a_second_tap_on_the_join_button_finds_the_first_ones_card(demo: Demo, open_window: Open) -> None:
    page = open_window(PHONE).page
    page.goto(demo["join_url"])
    page.locator("#join").dblclick()
    page.wait_for_url("**/card/*")
    first = page.url
    page.go_back()
    page.wait_for_url("**/join/demo")
    page.reload()
    page.locator("#open-card").click()
    page.wait_for_url("**/card/*")
    assert page.url == first


def test_the_whole_story_works_in_english_at_a_desk(demo: Demo, open_window: Open) -> None:
    customer, staff, owner = (open_window(DESK, ENGLISH) for _ in range(3))
    code = join(customer.page, demo)
    expect(customer.page.locator(".pass-status")).to_have_text("10 more stamps for: Coffee")
    open_till(staff.page, demo)
    staff.page.keyboard.type(f"{code}\n")
    expect(staff.page.locator("#stamp")).to_be_focused()
    staff.page.keyboard.press("Enter")
    expect(staff.page.locator("#answer-headline")).to_have_text("1 / 10")
    expect(customer.page.locator(".pass-status")).to_have_text("9 more stamps for: Coffee")
    sign_in_to_console(owner.page, demo)
    row = owner.page.locator("#cards tbody tr", has_text=code)
    expect(row).to_contain_text("1 / 10")


def test_two_phones_with_the_same_card_both_change(demo: Demo, open_window: Open) -> None:
    card = demo.new_card()
    for name in ("left", "right"):
        put_on_phone(open_window(PHONE).page, demo, card, name)
    demo.stamp(card, 3)

    def both_hold_it() -> bool:
        fields = [demo.phone_state(name)["passes"][0]["fields"] for name in ("left", "right")]
        return [one["stamps"] for one in fields] == ["3 / 10", "3 / 10"]

    assert wait_until(both_hold_it, 10, 0.1)

"""A redesign: drafted beside the card, published, and on the phone; and the way back."""

import re

from playwright.sync_api import Page, expect

from cli.processes import wait_until
from tests.journeys.browsers import DESK, ENGLISH, PHONE
from tests.journeys.conftest import Open
from tests.journeys.people import put_on_phone, sign_in_to_console
from tests.journeys.running import Demo

OLD, NEW = "rgb(74, 36, 21)", "rgb(20, 63, 90)"
SHOWN = "[data-fill=half] [data-view=apple] .apple"


def _on_phone(demo: Demo, phone: str) -> str:
    return demo.get(f"{demo['sandbox_url']}/phone/{phone}/colours.css").decode()


def _design(page: Page, demo: Demo) -> None:
    page.goto(f"{demo['console_url']}/design")
    expect(page.locator(SHOWN)).to_be_visible()


def _publish(page: Page) -> None:
    page.locator("#publish").click()
    expect(page.locator("#reach")).to_contain_text(re.compile("changes the card on [1-9]"))
    page.locator("#publish-now").click()
    expect(page.locator("#reach")).to_be_visible()


def test_a_redesign_reaches_the_phone_and_can_be_taken_back(demo: Demo, open_window: Open) -> None:
    card = demo.new_card("en")
    put_on_phone(open_window(PHONE, ENGLISH).page, demo, card, "dressed")
    web = open_window(PHONE, ENGLISH).page
    web.goto(card["links"]["web"])
    owner = open_window(DESK, ENGLISH).page
    sign_in_to_console(owner, demo)
    before = owner.goto(f"{demo['console_url']}/design/versions") and owner.locator("#versions li").count()

    _design(owner, demo)
    owner.locator("#background").fill("#143f5a")
    expect(owner.locator("#draft-state")).to_have_text("Draft saved")
    expect(owner.locator(SHOWN)).to_have_css("background-color", NEW)
    assert OLD in _on_phone(demo, "dressed")
    expect(web.locator(".pass")).to_have_css("background-color", OLD)

    _publish(owner)
    assert wait_until(lambda: NEW in _on_phone(demo, "dressed"), 20, 0.2)
    expect(web.locator(".pass")).to_have_css("background-color", NEW)
    assert wait_until(lambda: _all_have_it(owner), 20, 0.5)

    owner.goto(f"{demo['console_url']}/design/versions/{before}")
    owner.locator("#bring-back").click()
    owner.wait_for_url("**/design/publish")
    owner.locator("#publish-now").click()
    assert wait_until(lambda: OLD in _on_phone(demo, "dressed"), 20, 0.2)


def _all_have_it(owner: Page) -> bool:
    owner.reload()
    return "not yet" not in owner.locator("#reach").inner_text()


def test_a_text_that_is_too_faint_is_repaired_with_one_click_and_cannot_be_published_before(
    demo: Demo, open_window: Open
) -> None:
    owner = open_window(DESK, ENGLISH).page
    sign_in_to_console(owner, demo)
    _design(owner, demo)
    before = owner.locator("#foreground").input_value()
    owner.locator("#foreground").fill("#6a4030")
    expect(owner.locator("#repair")).to_be_visible()
    owner.goto(f"{demo['console_url']}/design/publish")
    expect(owner.get_by_role("alert")).to_contain_text("too faint")
    expect(owner.locator("#publish-now")).to_have_count(0)
    _design(owner, demo)
    owner.locator("#repair").click()
    expect(owner.locator("#repair")).to_have_count(0)
    expect(owner.locator("#background")).to_have_value("#4a2415")
    expect(owner.locator("#foreground")).not_to_have_value("#6a4030")
    owner.reload()
    owner.locator("#discard").click()
    expect(owner.locator("#foreground")).to_have_value(before)


def test_the_designer_works_without_a_script(demo: Demo, open_window: Open) -> None:
    owner = open_window(DESK, ENGLISH, java_script_enabled=False).page
    sign_in_to_console(owner, demo)
    owner.goto(f"{demo['console_url']}/design")
    before = owner.locator("#label").input_value()
    owner.locator("#label").fill("#ffcc88")
    owner.locator("#save").click()
    expect(owner.locator("#label")).to_have_value("#ffcc88")
    owner.get_by_role("radio", name="Android").click()
    expect(owner.locator('[data-fill="half"] .google')).to_be_visible()
    owner.locator("#discard").click()
    expect(owner.locator("#label")).to_have_value(before)

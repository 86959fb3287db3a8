"""Every no says why and what to do next, in a word and a sentence, and books nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsers import ENGLISH, GERMAN, PHONE
from tests.journeys.conftest import Open
from tests.journeys.people import next_card, stamp, type_code
from tests.journeys.running import Demo

# Signed by another shop's server: the right shape, 36 letters, and a check that our key never made.
FOREIGN_CODE = "T1P2KM73VMR4F55XO2Z225GSNXUIGEK2562M"


@pytest.fixture
def till(demo: Demo, open_window: Open, open_till_state: Any) -> Page:
    page = open_window(PHONE, ENGLISH, state=open_till_state).page
    page.goto(f"{demo['public_url']}/till")
    return page


@pytest.fixture
def pause(demo: Demo) -> Iterator[None]:
    """The shop wants ten minutes between two stamps of a card."""
    path = f"/programs/{demo['program_id']}"
    demo.ask(path, "PATCH", {"pause_seconds": 600})
    yield
    demo.ask(path, "PATCH", {"pause_seconds": 0})


def _mistyped(short_code: str) -> str:
    return short_code.replace(short_code[0], "7" if short_code[0] != "7" else "8", 1)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("https://example.com/menu", "This is not the code of a stamp card"),
        ("ハロー ☕ <b>", "This is not the code of a stamp card"),
        (FOREIGN_CODE, "This is not the code of a stamp card"),
    ],
)
def test_a_code_that_is_not_ours_is_refused_with_the_next_step(till: Page, code: str, sentence: str) -> None:
    till.locator("#code").fill(code)
    till.locator("#look-up").click()
    expect(till.locator("#answer")).to_have_attribute("data-kind", "no")
    expect(till.locator("#answer-word")).to_have_text("No card found")
    expect(till.locator("#answer-sentence")).to_contain_text(sentence)
    next_card(till)
    expect(till.locator("#code")).to_have_value(code)


def test_one_wrong_letter_is_told_from_an_unknown_card(demo: Demo, till: Page) -> None:
    till.locator("#code").fill(_mistyped(demo.new_card()["short_code"]))
    till.locator("#look-up").click()
    expect(till.locator("#answer-sentence")).to_contain_text("There is a mistake in this code")


def test_a_card_of_nobody_is_refused(till: Page) -> None:
    # Its check letter is right, but no shop ever gave it out.
    till.locator("#code").fill("0000-000")
    till.locator("#look-up").click()
    expect(till.locator("#answer-word")).to_have_text("No card found")
    expect(till.locator("#answer-sentence")).to_contain_text("This shop has no such card")


def test_a_stamp_too_soon_is_refused_in_the_language_of_the_till(
    demo: Demo, open_window: Open, open_till_state: Any, pause: None
) -> None:
    card = demo.new_card("en")
    page = open_window(PHONE, GERMAN, state=open_till_state).page
    page.goto(f"{demo['public_url']}/till")
    type_code(page, card["short_code"])
    stamp(page, "1 / 10")
    next_card(page)
    type_code(page, card["short_code"])
    page.locator("#stamp").click()
    expect(page.locator("#answer")).to_have_attribute("data-kind", "no")
    expect(page.locator("#answer-word")).to_have_text("Nicht gestempelt")
    expect(page.locator("#answer-sentence")).to_contain_text("10 min")
    assert demo.entries(card) == [("stamp", 1)]


def test_a_stamp_taken_back_does_not_make_the_customer_wait(demo: Demo, till: Page, pause: None) -> None:
    card = demo.new_card()
    type_code(till, card["short_code"])
    stamp(till, "1 / 10")
    till.locator("#answer-undo").click()
    expect(till.locator("#answer-word")).to_have_text("Undone")
    next_card(till)
    type_code(till, card["short_code"])
    stamp(till, "1 / 10")
    assert demo.stamps(card) == 1


def test_a_reward_that_was_handed_over_elsewhere_meanwhile_is_refused(demo: Demo, till: Page) -> None:
    card = demo.new_card()
    demo.stamp(card, 10)
    type_code(till, card["short_code"])
    reward = demo.card(card["short_code"])["rewards"][0]["reward_id"]
    demo.ask(f"/cards/{card['id']}/redemptions", "POST", {"reward_id": reward, "confirm": True})
    till.get_by_role("button", name="Redeem: Coffee").click()
    expect(till.locator("#answer-word")).to_have_text("Not redeemed")
    expect(till.locator("#answer-sentence")).to_contain_text("No reward is waiting on this card")


def test_a_browser_that_is_no_till_is_told_how_to_become_one(demo: Demo, open_window: Open) -> None:
    page = open_window(PHONE, ENGLISH).page
    page.goto(f"{demo['public_url']}/till")
    expect(page.get_by_role("heading", name="This browser is not a till yet")).to_be_visible()
    expect(page.locator("#stamp")).to_have_count(0)


def test_a_wrong_enrolment_link_is_refused_with_a_sentence(demo: Demo, open_window: Open) -> None:
    page = open_window(PHONE, ENGLISH).page
    page.goto(f"{demo['public_url']}/till/enrol/not-the-link")
    expect(page.get_by_role("alert")).to_contain_text("This enrolment link is not valid any more")


def test_a_wrong_pin_is_refused_and_the_right_one_still_opens(demo: Demo, open_window: Open) -> None:
    page = open_window(PHONE, ENGLISH).page
    page.goto(demo["till_url"])
    page.locator("#pin").fill("0000" if demo["staff_pin"] != "0000" else "1111")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This PIN is wrong. Tries left: 4.")
    for digit in demo["staff_pin"]:
        page.get_by_role("button", name=digit, exact=True).click()
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#scan")).to_be_visible()


def test_a_wrong_password_does_not_say_which_part_was_wrong(demo: Demo, open_window: Open) -> None:
    page = open_window(PHONE, ENGLISH).page
    page.goto(demo["console_url"])
    page.locator("#email").fill(demo["console_email"])
    page.locator("#password").fill("guessed")
    page.locator("#sign-in button").click()
    expect(page.get_by_role("alert")).to_contain_text("This address and password do not belong together")
    expect(page.locator("#password")).to_be_focused()


@pytest.mark.parametrize("path", ["/card/nobody", "/join/nobody", "/nowhere"])
def test_a_page_that_is_not_there_leads_back(demo: Demo, open_window: Open, path: str) -> None:
    page = open_window(PHONE, ENGLISH).page
    page.goto(demo["public_url"] + path)
    expect(page.locator("h1")).to_have_count(1)
    page.locator("#next").click()
    expect(page.locator("h1")).to_have_text("The stamp card that lives on the phone")


def test_the_phone_refuses_a_file_that_is_no_pass(demo: Demo, open_window: Open) -> None:
    page = open_window(PHONE, ENGLISH).page
    page.goto(f"{demo['sandbox_url']}/phone/refusing/")
    page.set_input_files("#file", {"name": "card.pkpass", "mimeType": "", "buffer": b"not a pass"})
    expect(page.get_by_role("alert")).to_contain_text("not a ZIP archive")

"""A merchant makes a program by keyboard, changes it, and reads before what that will do."""

from playwright.sync_api import Page, expect

from tests.journeys.browsers import DESK, ENGLISH
from tests.journeys.conftest import Open
from tests.journeys.people import sign_in_to_console
from tests.journeys.running import Demo

FEW_TABS = 150


def _tab_to(page: Page, selector: str) -> None:
    """By the Tab key alone, as somebody without a mouse."""
    for _ in range(FEW_TABS):
        if page.evaluate("selector => document.activeElement?.matches(selector) ?? false", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by keyboard.")


def _type(page: Page, selector: str, text: str) -> None:
    _tab_to(page, selector)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(text)


def _press(page: Page, selector: str) -> None:
    _tab_to(page, selector)
    page.keyboard.press("Enter")


def test_a_points_program_with_a_birthday_present_is_made_and_changed_by_keyboard(
    demo: Demo, open_window: Open
) -> None:
    page = open_window(DESK, ENGLISH).page
    sign_in_to_console(page, demo)
    page.goto(f"{demo['public_url']}/console/programs")
    _press(page, "#new-program")
    page.wait_for_url("**/programs/new")
    _press(page, "#kind-points")
    page.wait_for_url("**kind=points")
    _press(page, "button[value='add:birthday']")
    expect(page.locator("#parts-1-sentence")).to_have_text("On your birthday: Coffee")
    _type(page, "#parts-1-grant-reward-de", "Torte")
    _type(page, "#parts-1-grant-reward-en", "Cake")
    _press(page, "#save")
    expect(page.locator("#said-en li")).to_contain_text(["1 point per €1.00", "On your birthday: Cake"])

    _press(page, "#change")
    page.wait_for_url("**/change")
    _type(page, "#parts-0-prices-0-price", "30")
    _press(page, "#review")
    expect(page.locator("#before")).to_contain_text("Espresso (25)")
    expect(page.locator("#after")).to_contain_text("Espresso (30)")
    expect(page.locator("#effects")).to_contain_text("“Espresso” costs 30 points instead of 25.")
    _press(page, "#publish-now")
    expect(page.locator("#versions .row")).to_have_count(2)
    expect(page.locator("#versions .row").first).to_contain_text("Espresso (30)")
    expect(page.locator("#versions .row").last).to_contain_text("Espresso (25)")


def test_the_form_asks_only_for_what_counts_and_says_the_sentence_while_typing(demo: Demo, open_window: Open) -> None:
    page = open_window(DESK, ENGLISH).page
    sign_in_to_console(page, demo)
    page.goto(f"{demo['public_url']}/console/programs/new?kind=stamps")
    expect(page.locator("#parts-0-amount")).to_be_hidden()
    page.locator("#parts-0-earn").select_option("amount")
    expect(page.locator("#parts-0-amount")).to_be_visible()
    page.locator("#parts-0-amount").fill("4,50")
    page.locator("#parts-0-amount").press("Tab")
    expect(page.locator("#told-en li")).to_have_text(["10 stamps, then one for free: Coffee; One stamp from €4.50"])


def test_without_javascript_the_same_form_makes_the_same_program(demo: Demo, open_window: Open) -> None:
    page = open_window(DESK, ENGLISH, java_script_enabled=False).page
    sign_in_to_console(page, demo)
    page.goto(f"{demo['public_url']}/console/programs/new?kind=donation")
    page.locator("button[value='add:goodwill']").click()
    page.locator("#parts-1-a_week").fill("3")
    page.locator("#save").click()
    expect(page.locator("#said-en li")).to_contain_text(
        ["10 stamps become a donation of €3.00", "up to 3 times a week"]
    )

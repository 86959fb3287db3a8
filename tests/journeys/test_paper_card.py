"""The life of a paper card: printed on a sheet, begun by its first stamp, full, redeemed."""

import io

import pypdfium2
import zxingcpp
from playwright.sync_api import Page, expect

from tests.journeys.browsers import DESK, ENGLISH, PHONE
from tests.journeys.conftest import Open
from tests.journeys.people import next_card, open_with_pin, sign_in_to_console, stamp, type_code
from tests.journeys.running import Demo

SHEET_DPI = 200


def _printed(page: Page, demo: Demo, count: int) -> list[str]:
    """Codes read off new sheets, as a scanner reads them."""
    page.goto(f"{demo['console_url']}/print")
    page.locator("#count").fill(str(count))
    page.get_by_role("button", name="Make new cards").click()
    link = page.locator("#batches tbody tr").first.get_by_role("link", name="Open the sheets").get_attribute("href")
    answer = page.request.get(f"{demo['public_url']}{link}")
    assert answer.headers["content-type"] == "application/pdf"
    document = pypdfium2.PdfDocument(io.BytesIO(answer.body()))
    pictures = [sheet.render(scale=SHEET_DPI / 72).to_pil() for sheet in document]
    return [code.text for picture in pictures for code in zxingcpp.read_barcodes(picture)]


def _enrolled(page: Page, owner: Page, demo: Demo) -> None:
    """A new device becomes a till by the link that the console shows, opened by a new colleague with their PIN."""
    owner.goto(f"{demo['console_url']}/shops")
    owner.get_by_role("button", name="Enrol a till").first.click()
    page.goto(owner.locator("#link").input_value())
    page.locator("main form button").click()
    open_with_pin(page, demo)


def test_a_paper_card_begins_with_its_first_stamp_and_ends_with_a_coffee(demo: Demo, open_window: Open) -> None:
    owner, till = open_window(DESK, ENGLISH).page, open_window(PHONE, ENGLISH, touch=True).page
    sign_in_to_console(owner, demo)
    codes = _printed(owner, demo, 11)
    assert len(set(codes)) == 11
    _enrolled(till, owner, demo)
    assert demo.ask(f"/cards?code={codes[0]}")["items"] == []

    type_code(till, codes[0])
    expect(till.locator("body")).to_contain_text("A new paper card: it begins with its first stamp.")
    stamp(till, "1 / 10")
    next_card(till)
    (card,) = demo.ask(f"/cards?code={codes[0]}")["items"]
    assert card["balances"]["stamps"] == 1

    demo.stamp(card, 8)
    type_code(till, card["short_code"])
    stamp(till, "10 / 10")
    next_card(till)
    type_code(till, codes[0])
    till.locator("#front button").click()
    expect(till.locator("#answer")).to_have_attribute("data-kind", "yes")
    assert [entry for entry in demo.entries(card) if entry[0] == "redemption"] == [("redemption", -1)]

    owner.goto(f"{demo['console_url']}/print")
    row = owner.locator("#batches tbody tr").first
    expect(row).to_contain_text("1")
    row.get_by_role("button", name="Withdraw").click()
    till.goto(f"{demo['public_url']}/till")
    till.locator("#code").fill(codes[1])
    till.locator("#look-up").click()
    expect(till.locator("#answer")).to_contain_text("withdrawn unused")

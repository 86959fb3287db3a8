"""At the till: what is tapped counts once, whatever happens to taps, answers, pages and connections."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.browsers import DESK, ENGLISH, PHONE
from tests.journeys.conftest import Open
from tests.journeys.people import next_card, open_till, stamp, type_code
from tests.journeys.running import Demo

KEY = "idempotency-key"


@pytest.fixture
def card(demo: Demo) -> dict[str, Any]:
    return demo.new_card()


@pytest.fixture
def till(demo: Demo, open_window: Open, open_till_state: Any) -> Page:
    page = open_window(PHONE, ENGLISH, touch=True, state=open_till_state).page
    page.goto(f"{demo['public_url']}/till")
    return page


@pytest.fixture
def keys(till: Page) -> list[str]:
    """The keys under which this device asked for stamps, in order, also of requests that got no answer."""
    seen: list[str] = []
    till.on("request", lambda one: seen.append(one.headers[KEY]) if one.url.endswith("/till/stamps") else None)
    return seen


def _answer_gets_lost(route: Route) -> None:
    """The server books, and the line breaks before its answer arrives."""
    route.fetch()
    route.abort()


def _answer_never_comes(route: Route) -> None:
    """The server books, and the line stays silent."""
    route.fetch()


def _somebody_elses_page_comes_instead(route: Route) -> None:
    """As the sign-in page of a guest network does."""
    route.fetch()
    route.fulfill(status=200, content_type="text/html", body="<h1>Accept our terms</h1>")


def test_a_code_that_was_sent_before_the_script_was_there_is_looked_up(
    demo: Demo, till: Page, card: dict[str, Any]
) -> None:
    """The form then asks for the page anew, with the code in the address."""
    till.goto(f"{demo['public_url']}/till?code={card['short_code']}")
    expect(till.locator("#card-code")).to_have_text(card["short_code"])
    expect(till.locator("#card-count")).to_have_text("0 / 10")
    assert till.url == f"{demo['public_url']}/till"


def test_a_double_tap_is_one_stamp(demo: Demo, till: Page, card: dict[str, Any], keys: list[str]) -> None:
    type_code(till, card["short_code"])
    till.locator("#stamp").dblclick()
    expect(till.locator("#answer-headline")).to_have_text("1 / 10")
    next_card(till)
    assert len(keys) == 1
    assert demo.entries(card) == [("stamp", 1)]


def test_two_clicks_in_the_same_moment_are_one_stamp(
    demo: Demo, till: Page, card: dict[str, Any], keys: list[str]
) -> None:
    type_code(till, card["short_code"])
    till.locator("#stamp").evaluate("button => { button.click(); button.click(); }")
    expect(till.locator("#answer-headline")).to_have_text("1 / 10")
    assert len(keys) == 1
    assert demo.entries(card) == [("stamp", 1)]


@pytest.mark.parametrize("trouble", [_answer_gets_lost, _somebody_elses_page_comes_instead])
def test_a_lost_answer_is_asked_for_again_under_the_same_key_and_booked_once(
    demo: Demo, till: Page, card: dict[str, Any], keys: list[str], trouble: Any
) -> None:
    type_code(till, card["short_code"])
    till.route("**/till/stamps", trouble, times=1)
    till.locator("#stamp").click()
    expect(till.locator("#answer-word")).to_have_text("Kept, not yet confirmed")
    expect(till.locator("#answer-word")).to_have_text("Stamped")
    expect(till.locator("#answer-headline")).to_have_text("1 / 10")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert demo.entries(card) == [("stamp", 1)]


def test_a_page_loaded_anew_in_the_middle_sends_the_kept_stamp_and_it_counts_once(
    demo: Demo, till: Page, card: dict[str, Any], keys: list[str]
) -> None:
    type_code(till, card["short_code"])
    till.route("**/till/stamps", _answer_never_comes, times=1)
    with till.expect_request("**/till/stamps"):
        till.locator("#stamp").click()
    expect(till.locator("#stamp")).to_be_disabled()
    till.reload()
    expect(till.locator("#answer-word")).to_have_text("Stamped")
    expect(till.locator("#answer-headline")).to_have_text("1 / 10")
    expect(till.locator("#kept-pill")).to_be_hidden()
    assert len(set(keys)) == 1
    assert demo.entries(card) == [("stamp", 1)]


def test_a_stamp_without_a_connection_is_kept_and_booked_when_it_is_back(
    demo: Demo, till: Page, card: dict[str, Any]
) -> None:
    type_code(till, card["short_code"])
    till.context.set_offline(True)
    till.locator("#stamp").click()
    expect(till.locator("#answer-word")).to_have_text("Kept, not yet confirmed")
    next_card(till)
    expect(till.locator("#kept-pill")).to_have_text("1 kept")
    assert demo.entries(card) == []
    till.context.set_offline(False)
    expect(till.locator("#answer-headline")).to_have_text("1 / 10")
    expect(till.locator("#kept-pill")).to_be_hidden()
    assert demo.entries(card) == [("stamp", 1)]


def test_nothing_jumps_when_the_connection_is_lost(till: Page) -> None:
    before = till.locator("#finder").bounding_box()
    till.context.set_offline(True)
    expect(till.locator("#kept-pill")).to_be_visible()
    assert till.locator("#finder").bounding_box() == before


def test_a_stamp_kept_while_the_shift_ended_is_booked_after_the_next_sign_in(
    demo: Demo, card: dict[str, Any], open_window: Open
) -> None:
    till = open_window(PHONE, ENGLISH).page
    open_till(till, demo)
    type_code(till, card["short_code"])
    other = till.context.new_page()
    other.goto(f"{demo['public_url']}/till")
    other.get_by_role("button", name="Sign out").click()
    expect(other.locator("#pin")).to_be_visible()
    other.close()
    till.locator("#stamp").click()
    expect(till.locator("#kept-note")).to_be_visible()
    till.locator("#pin").fill(demo["staff_pin"])
    till.get_by_role("button", name="Sign in").click()
    expect(till.locator("#answer-headline")).to_have_text("1 / 10")
    assert demo.entries(card) == [("stamp", 1)]


def test_an_undo_within_the_minute_is_a_counter_entry_and_reaches_the_card(
    demo: Demo, till: Page, card: dict[str, Any], open_window: Open
) -> None:
    customer = open_window(PHONE, ENGLISH).page
    customer.goto(card["links"]["web"])
    type_code(till, card["short_code"])
    stamp(till, "1 / 10")
    expect(customer.locator(".stamp.is-filled")).to_have_count(1)
    expect(till.locator("#answer-undo")).to_have_text(re.compile(r"Undo \((60|5\d|4\d) s\)"))
    till.locator("#answer-undo").click()
    expect(till.locator("#answer-word")).to_have_text("Undone")
    expect(till.locator("#answer-headline")).to_have_text("0 / 10")
    expect(customer.locator(".stamp.is-filled")).to_have_count(0)
    assert demo.entries(card) == [("stamp", 1), ("reversal", -1)]


def test_a_redemption_can_be_undone_after_the_next_tap_too(demo: Demo, till: Page, card: dict[str, Any]) -> None:
    demo.stamp(card, 10)
    type_code(till, card["short_code"])
    till.get_by_role("button", name="Redeem: Coffee").click()
    expect(till.locator("#answer-word")).to_have_text("Redeemed")
    next_card(till)
    till.locator("#last-undo").click()
    expect(till.locator("#answer-word")).to_have_text("Undone")
    assert [reward["count"] for reward in demo.card(card["short_code"])["rewards"]] == [1]


def test_a_spent_round_cannot_be_undone(demo: Demo, till: Page, card: dict[str, Any], open_window: Open) -> None:
    demo.stamp(card, 9)
    type_code(till, card["short_code"])
    stamp(till, "10 / 10")
    reward = demo.card(card["short_code"])["rewards"][0]["reward_id"]
    demo.ask(f"/cards/{card['id']}/redemptions", "POST", {"reward_id": reward, "confirm": True})
    till.locator("#answer-undo").click()
    expect(till.locator("#answer-word")).to_have_text("Not undone")
    expect(till.locator("#answer-sentence")).to_contain_text("take back the redemption")


def test_several_stamps_are_given_at_once_behind_one_tap(demo: Demo, till: Page, card: dict[str, Any]) -> None:
    type_code(till, card["short_code"])
    till.locator("#several").click()
    till.locator("#more").click()
    expect(till.locator("#stamp")).to_have_text("3 stamps")
    stamp(till, "3 / 10")
    assert demo.entries(card) == [("stamp", 3)]


def test_a_hand_scanner_and_the_keyboard_alone_serve_a_queue(demo: Demo, open_window: Open) -> None:
    page = open_window(DESK, ENGLISH).page
    page.goto(demo["till_url"])
    page.keyboard.type(f"{demo['staff_pin']}\n")
    expect(page.locator("#code")).to_be_focused()
    for card in (demo.new_card(), demo.new_card()):
        page.keyboard.type(f"{card['code']}\n")
        expect(page.locator("#card-code")).to_have_text(card["short_code"])
        expect(page.locator("#stamp")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#answer-headline")).to_have_text("1 / 10")
        expect(page.locator("#next")).to_be_focused()
        assert demo.entries(card) == [("stamp", 1)]

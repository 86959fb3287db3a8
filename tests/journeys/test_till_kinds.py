"""Every kind of program at the till: what staff tap, what they are told, and that each counts once."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.browsers import DESK, ENGLISH, PHONE
from tests.journeys.conftest import Open
from tests.journeys.kinds import (
    CAKE,
    balances,
    cashback_card,
    discount_card,
    gifted_card,
    give_voucher,
    offered_card,
    points_card,
    prepaid_card,
)
from tests.journeys.people import next_card, type_code
from tests.journeys.running import Demo

KEY = "idempotency-key"
# A bar code of something on the shelf, as a hand scanner types it.
GROCERY = "4006381333931"


@pytest.fixture
def till(demo: Demo, open_window: Open, open_till_state: Any) -> Page:
    page = open_window(PHONE, ENGLISH, touch=True, state=open_till_state).page
    page.goto(f"{demo['public_url']}/till")
    return page


@pytest.fixture
def desk(demo: Demo, open_window: Open, open_till_state: Any) -> Page:
    """A till with a keyboard and a hand scanner."""
    page = open_window(DESK, ENGLISH, state=open_till_state).page
    page.goto(f"{demo['public_url']}/till")
    return page


@pytest.fixture
def keys(till: Page) -> list[str]:
    """The keys under which this device asked for purchases, also of requests that got no answer."""
    seen: list[str] = []
    till.on("request", lambda one: seen.append(one.headers[KEY]) if one.url.endswith("/till/purchases") else None)
    return seen


def _answer_gets_lost(route: Route) -> None:
    """The server books, and the line breaks before its answer arrives."""
    route.fetch()
    route.abort()


def _type_amount(page: Page, amount: str) -> None:
    """Tap the amount on the keypad of a card that is looked up."""
    page.locator("#stamp").click()
    tap(page, amount)


def tap(page: Page, amount: str) -> None:
    for sign in amount:
        page.locator(f"#amount-pad [data-key='{sign}']").click()


def _further(page: Page, name: str) -> None:
    page.locator("#open-further").click()
    page.get_by_role("button", name=name).click()


def _answers(page: Page, word: str, headline: str) -> None:
    expect(page.locator("#answer-word")).to_have_text(word)
    expect(page.locator("#answer-headline")).to_have_text(headline)


def test_a_discount_says_what_is_to_pay_before_and_after(demo: Demo, till: Page) -> None:
    card = discount_card(demo)
    type_code(till, card["short_code"])
    _type_amount(till, "40")
    expect(till.locator("#amount-price")).to_have_text("40.00 − 6.00 (15%) = €34.00 to pay")
    till.locator("#book").click()
    _answers(till, "To pay", "€34.00")


def test_the_amount_stands_as_it_was_typed(demo: Demo, till: Page) -> None:
    type_code(till, points_card(demo)["short_code"])
    till.locator("#stamp").click()
    expect(till.locator("#book")).to_be_disabled()
    for typed, shown in ((",", "0."), ("0", "0.0"), ("0", "0.00"), ("5", "0.00")):
        tap(till, typed)
        expect(till.locator("#amount-typed")).to_have_text(shown)
        expect(till.locator("#book")).to_be_disabled()
    for _ in range(3):
        till.locator("#amount-pad [data-key='Backspace']").click()
    tap(till, "12,40")
    expect(till.locator("#amount-typed")).to_have_text("12.40")
    expect(till.locator("#book")).to_be_enabled()


def test_points_are_earned_and_a_reward_is_bought_with_them(demo: Demo, till: Page) -> None:
    card = points_card(demo)
    type_code(till, card["short_code"])
    _type_amount(till, "21,50")
    till.locator("#book").click()
    _answers(till, "To pay", "€21.50")
    expect(till.locator("#answer-sentence")).to_contain_text("Earned: 21 points")
    next_card(till)
    type_code(till, card["short_code"])
    till.get_by_role("button", name="Coffee for 20 points").click()
    _answers(till, "Redeemed", "Coffee")
    assert balances(demo, card) == {"points": 1}


def test_what_the_points_are_not_enough_for_says_what_is_missing(demo: Demo, till: Page) -> None:
    type_code(till, points_card(demo, 30)["short_code"])
    till.locator("#open-further").click()
    cake = till.get_by_role("button", name="Slice of cake for 50 points")
    expect(cake).to_be_disabled()
    expect(cake).to_contain_text("20 more")


def test_credit_is_switched_on_and_pays(demo: Demo, till: Page) -> None:
    card = cashback_card(demo, 50)
    type_code(till, card["short_code"])
    _type_amount(till, "12")
    till.get_by_role("button", name="Pay with credit: €5.00").click()
    expect(till.locator("#amount-price")).to_have_text("12.00 − 5.00 (credit) = €7.00 to pay")
    till.locator("#book").click()
    _answers(till, "To pay", "€7.00")
    assert balances(demo, card) == {"credit": 70}


def test_visits_are_sold_and_used_several_at_once(demo: Demo, till: Page) -> None:
    card = prepaid_card(demo)
    type_code(till, card["short_code"])
    till.get_by_role("button", name="Sell 10 × Coffee: €27.00").click()
    _answers(till, "To pay", "€27.00")
    next_card(till)
    type_code(till, card["short_code"])
    till.locator("#several").click()
    expect(till.locator("#stamp")).to_have_text("Use 2 × Coffee")
    till.locator("#stamp").click()
    _answers(till, "Visits left", "8")
    assert balances(demo, card) == {"prepaid": 8}


def test_a_present_is_given_with_a_reason_by_two_taps_more(demo: Demo, till: Page) -> None:
    card = gifted_card(demo)
    type_code(till, card["short_code"])
    _further(till, "Give as a present: 1 stamp")
    expect(till.locator("#reason-left")).to_have_text("10 of 10 left this week")
    till.get_by_role("button", name="Waited too long").click()
    _answers(till, "Present given", "1 / 10")
    expect(till.locator("#answer-sentence")).to_contain_text("9 of 10 left this week")
    next_card(till)
    type_code(till, card["short_code"])
    _further(till, "Give as a present: 1 stamp")
    till.locator("#reason-words").fill("Helped us carry the chairs")
    till.get_by_role("button", name="Give", exact=True).click()
    _answers(till, "Present given", "2 / 10")


def test_a_review_is_rewarded_once_and_offered_no_more(demo: Demo, till: Page) -> None:
    card = gifted_card(demo)
    type_code(till, card["short_code"])
    _further(till, "2 stamps for a review")
    _answers(till, "Present given", "2 / 10")
    next_card(till)
    type_code(till, card["short_code"])
    till.locator("#open-further").click()
    expect(till.get_by_role("button", name="2 stamps for a review")).to_be_disabled()


def test_a_second_counter_is_stamped_by_its_own_button(demo: Demo, till: Page) -> None:
    card = gifted_card(demo)
    type_code(till, card["short_code"])
    till.get_by_role("button", name="Stamp: Lunch").click()
    _answers(till, "Stamped", "1 / 5")
    assert balances(demo, card) == {"stamps:lunch": 1}


def test_a_purchase_can_be_undone(demo: Demo, till: Page) -> None:
    card = points_card(demo)
    type_code(till, card["short_code"])
    _type_amount(till, "30")
    till.locator("#book").click()
    _answers(till, "To pay", "€30.00")
    till.locator("#answer-undo").click()
    _answers(till, "Undone", "0")
    assert demo.entries(card) == [("purchase", 30), ("reversal", -30)]


def test_two_taps_on_book_are_one_purchase(demo: Demo, till: Page, keys: list[str]) -> None:
    card = points_card(demo)
    type_code(till, card["short_code"])
    _type_amount(till, "30")
    till.locator("#book").evaluate("button => { button.click(); button.click(); }")
    _answers(till, "To pay", "€30.00")
    assert len(keys) == 1
    assert demo.entries(card) == [("purchase", 30)]


def test_a_purchase_without_a_connection_is_kept_told_in_words_and_booked_once(
    demo: Demo, till: Page, keys: list[str]
) -> None:
    card = points_card(demo)
    type_code(till, card["short_code"])
    till.context.set_offline(True)
    _type_amount(till, "30")
    till.locator("#book").click()
    expect(till.locator("#answer-word")).to_have_text("Kept, not yet confirmed")
    expect(till.locator("#answer-sentence")).to_contain_text("The purchase is kept on this device")
    next_card(till)
    till.locator("#kept-pill").click()
    expect(till.locator("#kept-entries")).to_contain_text("Book a purchase")
    till.locator("#kept-close").click()
    till.context.set_offline(False)
    _answers(till, "To pay", "€30.00")
    assert len(set(keys)) == 1
    assert demo.entries(card) == [("purchase", 30)]


def test_a_lost_answer_to_a_purchase_is_asked_for_again_under_the_same_key(
    demo: Demo, till: Page, keys: list[str]
) -> None:
    card = points_card(demo)
    type_code(till, card["short_code"])
    till.route("**/till/purchases", _answer_gets_lost, times=1)
    _type_amount(till, "30")
    till.locator("#book").click()
    expect(till.locator("#answer-word")).to_have_text("Kept, not yet confirmed")
    _answers(till, "To pay", "€30.00")
    assert (len(keys), len(set(keys))) == (2, 1)
    assert demo.entries(card) == [("purchase", 30)]


def test_nobody_is_charged_a_price_that_could_not_be_worked_out(demo: Demo, till: Page) -> None:
    card = discount_card(demo)
    type_code(till, card["short_code"])
    till.context.set_offline(True)
    _type_amount(till, "40")
    expect(till.locator("#amount-price")).to_contain_text("cannot be worked out without a connection")
    expect(till.locator("#book")).to_be_disabled()
    till.context.set_offline(False)
    expect(till.locator("#amount-price")).to_contain_text("€34.00 to pay")
    expect(till.locator("#book")).to_be_enabled()


def test_the_code_of_a_voucher_opens_its_card_with_the_voucher_switched_on(demo: Demo, till: Page) -> None:
    card = points_card(demo)
    voucher = give_voucher(demo, card, {"percent": "10"})
    till.locator("#code").fill(voucher["code"])
    till.locator("#look-up").click()
    expect(till.locator("#amount-code")).to_have_text(card["short_code"])
    expect(till.locator("#amount-switches button")).to_have_attribute("aria-pressed", "true")
    tap(till, "20")
    expect(till.locator("#amount-price")).to_have_text("20.00 − 2.00 (voucher) = €18.00 to pay")
    till.locator("#book").click()
    _answers(till, "To pay", "€18.00")


def test_the_code_of_a_voucher_for_a_thing_makes_it_the_main_button(demo: Demo, till: Page) -> None:
    card = points_card(demo)
    voucher = give_voucher(demo, card, {"thing": CAKE})
    type_code(till, voucher["code"])
    expect(till.locator("#stamp")).to_have_text("Voucher: Slice of cake")
    till.locator("#stamp").click()
    _answers(till, "Redeemed", "Slice of cake")
    next_card(till)
    type_code(till, voucher["code"])
    expect(till.locator("#card-note")).to_contain_text("used already")


def test_the_code_of_a_card_that_was_merged_opens_the_other_one(demo: Demo, till: Page) -> None:
    kept, old = demo.new_card(), demo.new_card()
    demo.stamp(old, 3)
    demo.ask(f"/cards/{kept['id']}/merge", "POST", {"from": old["id"]})
    type_code(till, old["short_code"])
    expect(till.locator("#card-code")).to_have_text(kept["short_code"])
    expect(till.locator("#card-count")).to_have_text("3 / 10")
    expect(till.locator("#card-note")).to_contain_text(kept["short_code"])


def test_the_keyboard_alone_books_a_purchase(demo: Demo, desk: Page) -> None:
    card = points_card(demo)
    desk.keyboard.type(f"{card['short_code']}\n")
    expect(desk.locator("#stamp")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator("#amount")).to_be_visible()
    desk.keyboard.type("12.41", delay=90)
    desk.keyboard.press("Backspace", delay=90)
    expect(desk.locator("#amount-typed")).to_have_text("12.4")
    desk.keyboard.press("Enter")
    _answers(desk, "To pay", "€12.40")
    assert demo.entries(card) == [("purchase", 12)]


def test_what_a_hand_scanner_reads_does_not_land_in_the_amount(demo: Demo, desk: Page) -> None:
    card, other = points_card(demo), demo.new_card()
    desk.keyboard.type(f"{card['short_code']}\n")
    expect(desk.locator("#stamp")).to_be_focused()
    desk.keyboard.press("Enter")
    desk.keyboard.type("7", delay=90)
    expect(desk.locator("#amount-typed")).to_have_text("7")
    desk.keyboard.type(f"{other['code']}\n")
    expect(desk.locator("#card-code")).to_have_text(other["short_code"])
    assert demo.entries(card) == []


def test_the_bar_code_of_something_on_the_shelf_is_no_price(demo: Demo, desk: Page) -> None:
    card = points_card(demo)
    desk.keyboard.type(f"{card['short_code']}\n")
    expect(desk.locator("#stamp")).to_be_focused()
    desk.keyboard.press("Enter")
    desk.keyboard.type(f"{GROCERY}\n")
    expect(desk.locator("#answer-sentence")).to_contain_text("This is not the code of a stamp card")
    assert demo.entries(card) == []


def test_escape_leads_back_step_by_step(demo: Demo, desk: Page) -> None:
    desk.keyboard.type(f"{gifted_card(demo)['short_code']}\n")
    expect(desk.locator("#stamp")).to_be_focused()
    _further(desk, "Give as a present")
    for view in ("#card", "#scan"):
        desk.keyboard.press("Escape")
        expect(desk.locator(view)).to_be_visible()
        expect(desk.locator("#reason")).to_be_hidden()


def test_an_offer_is_handed_over_with_one_tap_and_undone(till: Page, demo: Demo) -> None:
    card = offered_card(demo)
    type_code(till, card["short_code"])
    offer = till.locator("[data-deed=offer]")
    expect(offer).to_have_text("Offer: Coffee and croissant 3.90")
    expect(till.locator("#card-offers")).to_contain_text("Double stamps")
    expect(offer).to_be_enabled()
    assert (offer.bounding_box() or {"height": 0})["height"] >= 44
    offer.tap()
    expect(till.locator("#answer-word")).to_have_text("Offer redeemed")
    expect(till.locator("#answer-headline")).to_have_text("Coffee and croissant 3.90")
    assert ("redemption", -1) in demo.entries(card)
    till.locator("#answer-undo").tap()
    expect(till.locator("#answer-word")).to_have_text("Undone")
    next_card(till)
    type_code(till, card["short_code"])
    expect(offer).to_be_enabled()


def test_an_offer_whose_answer_is_lost_is_handed_over_once(desk: Page, demo: Demo) -> None:
    card = offered_card(demo)
    type_code(desk, card["short_code"])
    expect(desk.locator("[data-deed=offer]")).to_be_enabled()
    desk.route("**/till/offers", _answer_gets_lost, times=1)
    desk.locator("[data-deed=offer]").focus()
    desk.keyboard.press("Enter")
    expect(desk.locator("#answer-word")).to_have_text("Offer redeemed")
    assert len(demo.entries(card)) == 2

"""What staff see of every kind of program."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page, expect

from tests.journeys.kinds import (
    cashback_card,
    discount_card,
    gifted_card,
    give_voucher,
    offered_card,
    points_card,
    prepaid_card,
)

if TYPE_CHECKING:
    from tests.journeys.scenes import Stage


def _amount(stage: "Stage", card: dict[str, Any], euros: str) -> Page:
    page = stage.till_with(card)
    page.locator("#stamp").click()
    for sign in euros:
        page.locator(f"#amount-pad [data-key='{sign}']").click()
    return page


def _reckoned(stage: "Stage") -> Page:
    card = discount_card(stage.demo)
    give_voucher(stage.demo, card, {"percent": "10"})
    page = _amount(stage, card, "40")
    page.locator("#amount-switches button").click()
    expect(page.locator("#amount-price")).to_contain_text("30")
    expect(page.locator("#book")).to_be_enabled()
    return page


def _unreckoned(stage: "Stage") -> Page:
    page = stage.window(stage.staff.context.storage_state())
    stage.at(page, "/till")
    page.locator("#code").fill(discount_card(stage.demo)["short_code"])
    page.locator("#look-up").click()
    expect(page.locator("#stamp")).to_be_enabled()
    page.route("**/till/quote", lambda route: route.abort())
    page.locator("#stamp").click()
    page.locator("#amount-pad [data-key='4']").click()
    expect(page.locator("#amount-price")).not_to_be_empty()
    return page


def _bought(stage: "Stage") -> Page:
    page = _amount(stage, points_card(stage.demo), "12,40")
    page.locator("#book").click()
    expect(page.locator("#next")).to_be_enabled()
    return page


def _credit(stage: "Stage") -> Page:
    page = _amount(stage, cashback_card(stage.demo, 50), "12")
    page.locator("#amount-switches button").click()
    expect(page.locator("#book")).to_be_enabled()
    return page


def _further(stage: "Stage", card: dict[str, Any]) -> Page:
    page = stage.till_with(card)
    page.locator("#open-further").click()
    expect(page.locator("#further")).to_be_visible()
    return page


def _reason(stage: "Stage") -> Page:
    page = _further(stage, gifted_card(stage.demo))
    page.locator("[data-deed=goodwill]").click()
    expect(page.locator("#reason")).to_be_visible()
    return page


def _given(stage: "Stage") -> Page:
    page = _reason(stage)
    page.locator("#reason-presets button").first.click()
    expect(page.locator("#next")).to_be_enabled()
    return page


def _offer_used(stage: "Stage") -> Page:
    page = stage.till_with(offered_card(stage.demo))
    page.locator("[data-deed=offer]").click()
    expect(page.locator("#next")).to_be_enabled()
    return page


TILL_SCENES: dict[str, Callable[["Stage"], Page]] = {
    "till-counters": lambda stage: stage.till_with(gifted_card(stage.demo)),
    "till-points": lambda stage: stage.till_with(points_card(stage.demo, 31)),
    "till-points-further": lambda stage: _further(stage, points_card(stage.demo, 31)),
    "till-prepaid": lambda stage: stage.till_with(prepaid_card(stage.demo)),
    "till-amount": _reckoned,
    "till-amount-offline": _unreckoned,
    "till-credit": _credit,
    "till-bought": _bought,
    "till-further": lambda stage: _further(stage, gifted_card(stage.demo)),
    "till-reason": _reason,
    "till-given": _given,
    "till-offer": lambda stage: stage.till_with(offered_card(stage.demo)),
    "till-offer-used": _offer_used,
}

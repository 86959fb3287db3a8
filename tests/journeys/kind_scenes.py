"""What customers see of cards that are no plain stamp card."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import Page

from tests.journeys import kinds

if TYPE_CHECKING:
    from tests.journeys.scenes import Stage

TIERS = {
    "kind": "tiers",
    "by": "spend",
    "window": "year",
    "tiers": [{"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 1000, "factor": "1.5"}],
}
FRIENDS = {"kind": "referral", "friend": {"unit": "points", "amount": 5}, "referrer": {"unit": "points", "amount": 9}}


def _spoken(stage: "Stage", card: dict[str, str]) -> Page:
    """The card's page in the language of the stage: a card that the till system makes speaks German."""
    page = stage.window()
    page.goto(card["links"]["web"])  # type: ignore[index, call-overload]
    if stage.language == "en":
        page.locator("form[action$='/language'] button").click()
        page.wait_for_load_state("networkidle")
    return page


def _tiers(stage: "Stage") -> Page:
    rewards = [{"name": kinds.COFFEE, "price": 20}]
    card = kinds.card_under(stage.demo, "points", {}, rewards=rewards, extras=[TIERS, FRIENDS])
    kinds.buy(stage.demo, card, 12)
    return _spoken(stage, card)


def _joining(stage: "Stage") -> Page:
    card = kinds.gifted_card(stage.demo)
    program = stage.demo.ask(f"/programs/{card['program_id']}")
    page = stage.window()
    page.goto(program["join"])
    return page


KIND_SCENES: "dict[str, Callable[[Stage], Page]]" = {
    "web-points": lambda stage: _spoken(stage, kinds.points_card(stage.demo, 34)),
    "web-tiers": _tiers,
    "web-cashback": lambda stage: _spoken(stage, kinds.cashback_card(stage.demo, 25)),
    "web-counters": lambda stage: _spoken(stage, kinds.gifted_card(stage.demo)),
    "join-counters": _joining,
}

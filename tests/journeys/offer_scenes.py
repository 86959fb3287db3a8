"""What the merchant sees of offers, and the customer of what they are told."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page, expect

from cli.processes import wait_until
from tests.journeys.kinds import offered_card

if TYPE_CHECKING:
    from tests.journeys.scenes import Stage

OFFERS = "/console/offers"


def _form(stage: "Stage", idea: str = "comeback") -> Page:
    page = stage.at(stage.owner, f"{OFFERS}/new?idea={idea}")
    expect(page.locator("#said-de")).to_be_visible()
    return page


def _refused(stage: "Stage") -> Page:
    page = _form(stage)
    page.locator("#trigger-days").fill("bald")
    page.locator("#content-card-de").fill("")
    page.locator("#content-card-en").fill("")
    page.locator("#save").click()
    expect(page.locator("#summary")).to_be_visible()
    return page


def _review(stage: "Stage", idea: str = "comeback") -> Page:
    """Under a name of no language, for the list that shows it in both."""
    page = _form(stage, idea)
    page.locator("#name").fill("A1")
    page.locator("#save").click()
    expect(page.locator("#preview")).to_be_visible()
    return page


def _offer(stage: "Stage", **trial: Any) -> str:
    """The id of an offer that runs, of which somebody was shown something."""
    card = offered_card(stage.demo)
    found = stage.demo.ask("/offers")["items"]
    return next(str(one["id"]) for one in found if card["program_id"] in one["audience"]["programs"])


def _results(stage: "Stage") -> Page:
    offer_id = _offer(stage)
    page = stage.at(stage.owner, f"{OFFERS}/{offer_id}")
    assert wait_until(lambda: bool(page.reload()) and page.locator("#results").count() > 0, 20, 0.5)
    return page


def _listed(stage: "Stage", path: str = "") -> Page:
    _offer(stage)
    return stage.at(stage.owner, f"{OFFERS}{path}")


def _wishes(stage: "Stage") -> Page:
    page = stage.window()
    page.goto(f"{stage.card(3)['links']['web']}/wishes")
    return page


def _borne(stage: "Stage") -> Page:
    page = stage.window()
    page.goto(offered_card(stage.demo, stage.language)["links"]["web"])
    expect(page.locator("#offers .offer").first).to_be_visible()
    return page


OFFER_SCENES: "dict[str, Callable[[Stage], Page]]" = {
    "console-offers": _listed,
    "console-offer-ideas": lambda stage: stage.at(stage.owner, f"{OFFERS}/new"),
    "console-offer-form": _form,
    "console-offer-weather": lambda stage: _form(stage, "heat"),
    "console-offer-refused": _refused,
    "console-offer-review": lambda stage: _review(stage, "morning"),
    "console-offer": _results,
    "console-offer-calendar": lambda stage: _listed(stage, "/calendar"),
    "console-offers-held": lambda stage: stage.at(stage.owner, f"{OFFERS}/held"),
    "console-offer-rules": lambda stage: stage.at(stage.owner, f"{OFFERS}/rules"),
    "card-offers": _borne,
    "card-wishes": _wishes,
}

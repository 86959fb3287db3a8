"""What a manager sees when putting a card right, and what was given for goodwill."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.journeys.scenes import Stage


def _busy_card(stage: "Stage") -> dict[str, Any]:
    """Stamps, a purchase and a voucher."""
    card = stage.card(3)
    money = {"amount": "12.40", "currency": "EUR"}
    stage.demo.ask(f"/cards/{card['id']}/purchases", "POST", {"total": money, "reference": f"bill {card['id'][:8]}"})
    voucher = {"name": "Gutschein 7", "worth": {"percent": "10"}}
    stage.demo.ask(f"/cards/{card['id']}/vouchers", "POST", voucher)
    return card


def _correct(stage: "Stage") -> Page:
    return stage.at(stage.owner, f"/console/cards/{_busy_card(stage)['id']}/correct")


def _refused(stage: "Stage") -> Page:
    page = _correct(stage)
    page.locator("#voucher button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _moved(stage: "Stage") -> Page:
    """The way to a card for the new phone."""
    page = _correct(stage)
    page.locator("#move button").click()
    expect(page.locator("#link")).to_be_visible()
    return page


def _history(stage: "Stage") -> Page:
    """A card that moved, and took over another."""
    card, other = _busy_card(stage), stage.card(1)
    stage.demo.ask(f"/cards/{card['id']}/move", "POST", {})
    stage.demo.ask(f"/cards/{card['id']}/merge", "POST", {"from": other["id"]})
    return stage.at(stage.owner, f"/console/cards/{card['id']}")


def _old_page(stage: "Stage") -> Page:
    """What the link of the old phone shows."""
    card = stage.card(2)
    stage.demo.ask(f"/cards/{card['id']}/move", "POST", {})
    page = stage.window()
    page.goto(card["links"]["web"])
    return page


def _used_up(stage: "Stage") -> Page:
    """A card whose only voucher is used, at the till."""
    rule = {"names": {"de": "Kuchen 7", "en": "Kuchen 7"}, "worth": {"thing": {"de": "Kuchen 7", "en": "Kuchen 7"}}}
    made = stage.demo.ask("/programs", "POST", {"name": f"Voucher {stage.locale}", "kind": "voucher", "rule": rule})
    card = stage.demo.ask("/cards", "POST", {"program_id": made["id"], "language": stage.language})
    voucher = stage.demo.ask(f"/cards/{card['id']}/vouchers")["items"][0]
    stage.demo.ask(f"/vouchers/{voucher['id']}/redemptions", "POST", {})
    return stage.till_with(card)


def _goodwill(stage: "Stage") -> Page:
    """In a program of its own: the demo's first one gives nothing away."""
    program = {
        "name": f"Program {stage.locale}",
        "rule": {"stamps_needed": 10},
        "rewards": [{"name": "Espresso"}],
        "extras": [{"kind": "goodwill", "grant": {"unit": "stamps", "amount": 1}, "a_week": 5}],
    }
    made = stage.demo.ask("/programs", "POST", program)
    card = stage.demo.ask("/cards", "POST", {"program_id": made["id"]})
    stage.demo.ask(f"/cards/{card['id']}/goodwill", "POST", {"reason": "Ada 7"})
    return stage.at(stage.owner, "/console/goodwill")


CORRECTION_SCENES: "dict[str, Callable[[Stage], Page]]" = {
    "console-correct": _correct,
    "console-correct-refused": _refused,
    "console-moved": _moved,
    "console-card-history": _history,
    "card-moved-away": _old_page,
    "till-used-up": _used_up,
    "console-goodwill": _goodwill,
}

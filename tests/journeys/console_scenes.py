"""What the merchant sees when designing, printing, founding and letting others in."""

from collections.abc import Callable
from itertools import pairwise
from secrets import token_hex
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.journeys.scenes import Stage

TOO_FAINT = "#6a4030"
STEPS = ("shop", "logo", "look", "rule", "live", "done")


def _designer(stage: "Stage") -> Page:
    page = stage.at(stage.owner, "/console/design")
    if page.locator("#discard").count():
        page.locator("#discard").click()
        expect(page.locator("#discard")).to_have_count(0)
    expect(page.locator("[data-fill=half] [data-view=apple] .apple")).to_be_visible()
    return page


def _designer_faint(stage: "Stage") -> Page:
    page = _designer(stage)
    page.locator("#foreground").fill(TOO_FAINT)
    expect(page.locator("#repair")).to_be_visible()
    # The card itself is as faint as it was made; what is judged is the page around it.
    page.locator('input[name="view"][value="back"]').check(force=True)
    return page


def _designer_wallet(stage: "Stage") -> Page:
    """One place taken, another one that is none, and the fold open on it."""
    page = _designer(stage)
    page.locator("#wallet > summary").click()
    page.locator("#place_0_at").fill("52.51628, 13.37771")
    page.locator("#place_0_text").fill("Lindenstraße 3")
    page.locator("button[value='more:place']").click()
    expect(page.locator("#place_1_at")).to_be_visible()
    page.locator("#place_1_at").fill("Berlin")
    expect(page.locator("#problems")).to_be_visible()
    expect(page.locator("#place_1_at[aria-invalid][aria-describedby=place_1_at-error]")).to_be_visible()
    expect(page.locator("#place_1_at + #place_1_at-error")).to_contain_text("Berlin")
    return page


def _designer_face(stage: "Stage", view: str) -> Page:
    page = _designer(stage)
    page.locator(f'input[name="view"][value="{view}"]').check(force=True)
    return page


def _review(stage: "Stage") -> Page:
    page = _designer(stage)
    shade = f"#ffe0{token_hex(1)}"
    page.locator("#label").fill(shade)
    drawn = "shade => document.querySelector('#preview .preview').dataset.label === shade"
    page.wait_for_function(drawn, arg=shade)
    return stage.at(page, "/console/design/publish")


def _published(stage: "Stage") -> Page:
    page = _review(stage)
    page.locator("#publish-now").click()
    page.wait_for_url("**/design/versions/*")
    return page


def _invited(stage: "Stage") -> Page:
    page = stage.at(stage.owner, "/console/team")
    page.locator("input[name=email]").last.fill(f"new-{stage.language}@example.com")
    page.locator("form:has(input[name=email]) button").last.click()
    expect(page.locator("input[readonly]").first).to_be_visible()
    return page


def _keyed(stage: "Stage") -> Page:
    page = stage.at(stage.owner, "/console/keys")
    page.locator("#name").fill(f"Online shop {token_hex(2)}")
    page.locator("#make button").click()
    expect(page.locator("#key")).to_be_visible()
    return page


def _key_without_rights(stage: "Stage") -> Page:
    page = stage.at(stage.owner, "/console/keys")
    page.locator("#name").fill("Till 2")
    for box in page.locator("input[name=scopes]").all():
        box.uncheck()
    page.locator("#make button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _invitation(stage: "Stage") -> Page:
    link = _invited(stage).locator("input[readonly]").first.input_value()
    page = stage.window()
    page.goto(link)
    return page


def _enrol(stage: "Stage") -> Page:
    page = stage.at(stage.owner, "/console/shops")
    page.locator("form[action$='/till'] button").first.click()
    expect(page.locator(".enrol-qr")).to_be_visible()
    return page


def _become(stage: "Stage") -> Page:
    link = _enrol(stage).locator("#link").input_value()
    page = stage.window()
    page.goto(link)
    return page


def _founder(stage: "Stage", until: str) -> Page:
    """Somebody who founds a shop, at this step; the same person as before, if they have not come further yet."""
    page = stage.founder
    if page is None or STEPS.index(_step(page)) > STEPS.index(until):
        page = stage.founder = _new_founder(stage)
    for step, following in pairwise(STEPS[STEPS.index(_step(page)) : STEPS.index(until) + 1]):
        if step == "shop":
            page.locator("#name").fill("Gärtnerei Übermut")
            page.locator("input[name=trade]").last.check(force=True)
        page.locator("#next").click()
        page.wait_for_url(f"**/first-run/{following}")
    page.wait_for_load_state("networkidle")
    return page


def _step(page: Page) -> str:
    return page.url.rpartition("/")[2].partition("?")[0]


def _new_founder(stage: "Stage") -> Page:
    email, password = stage.demo.new_founder()
    page = stage.window(lasting=True)
    page.goto(stage.demo["console_url"])
    page.locator("#email").fill(email)
    page.locator("#password").fill(password)
    page.locator("#sign-in button").click()
    page.wait_for_url("**/first-run/shop")
    return page


def _first_run_refused(stage: "Stage") -> Page:
    page = _founder(stage, "rule")
    usual = page.locator("#needed").input_value()
    page.locator("#needed").fill("99")
    page.locator("#next").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("#needed").fill(usual)
    return page


def _program_form(stage: "Stage") -> Page:
    page = stage.at(stage.owner, "/console/programs/new?kind=points")
    page.locator("button[value='add:birthday']").click()
    page.locator("button[value='add:tiers']").click()
    expect(page.locator("#parts-2-sentence")).to_be_visible()
    return page


def _program_refused(stage: "Stage") -> Page:
    page = _program_form(stage)
    page.locator("#parts-0-per_cents").fill("–")
    page.locator("#save").click()
    expect(page.locator("#summary")).to_be_visible()
    # What was typed belongs to nobody's language; what is judged is the page around it.
    return page


def _program_review(stage: "Stage") -> Page:
    page = stage.at(stage.owner, "/console/programs")
    page.locator(".program-name").first.click()
    page.locator("#change").click()
    page.locator("#parts-0-stamps_needed").fill("12")
    page.locator("#review").click()
    expect(page.locator("#effects")).to_be_visible()
    return page


def _program(stage: "Stage", *, closed: bool = False) -> Page:
    """A program of its own, so that nobody else's join page is shut."""
    page = stage.at(stage.owner, "/console/programs/new?kind=voucher")
    page.locator("#save").click()
    expect(page.locator("#change")).to_be_visible()
    if closed:
        page.locator("#close").click()
        expect(page.locator("#closed")).to_be_visible()
    return page


CONSOLE_SCENES: "dict[str, Callable[[Stage], Page]]" = {
    "console-design": _designer,
    "console-design-faint": _designer_faint,
    "console-design-wallet": _designer_wallet,
    "console-design-android": lambda stage: _designer_face(stage, "google"),
    "console-design-paper": lambda stage: _designer_face(stage, "paper"),
    "console-publish": _review,
    "console-published": _published,
    "console-versions": lambda stage: stage.at(stage.owner, "/console/design/versions"),
    "console-version": lambda stage: stage.at(stage.owner, "/console/design/versions/1"),
    "console-programs": lambda stage: stage.at(stage.owner, "/console/programs"),
    "console-program-kinds": lambda stage: stage.at(stage.owner, "/console/programs/new"),
    "console-program-form": _program_form,
    "console-program-refused": _program_refused,
    "console-program-review": _program_review,
    "console-program": _program,
    "console-program-closed": lambda stage: _program(stage, closed=True),
    "console-print": lambda stage: stage.at(stage.owner, "/console/print"),
    "console-shops": lambda stage: stage.at(stage.owner, "/console/shops"),
    "console-enrol": _enrol,
    "till-become": _become,
    "console-team": _invited,
    "console-invitation": _invitation,
    "console-keys": _keyed,
    "console-keys-refused": _key_without_rights,
    "console-account": lambda stage: stage.at(stage.owner, "/console/account"),
    **{f"first-run-{step}": lambda stage, step=step: _founder(stage, step) for step in STEPS[:4]},
    "first-run-refused": _first_run_refused,
    **{f"first-run-{step}": lambda stage, step=step: _founder(stage, step) for step in STEPS[4:]},
}

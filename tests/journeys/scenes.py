"""Every page in every state that people meet, each arranged by a few taps."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, Route, expect

from tests.journeys.browsers import PHONE, window
from tests.journeys.console_scenes import CONSOLE_SCENES
from tests.journeys.correction_scenes import CORRECTION_SCENES
from tests.journeys.kind_scenes import KIND_SCENES
from tests.journeys.offer_scenes import OFFER_SCENES
from tests.journeys.people import open_till, put_on_phone, sign_in_to_console, stamp, type_code
from tests.journeys.running import Demo
from tests.journeys.till_scenes import TILL_SCENES


@dataclass
class Stage:
    """The windows in which the scenes are played, in one language."""

    demo: Demo
    chromium: Browser
    locale: str
    open_windows: ExitStack
    founder: Page | None = None
    passing: ExitStack | None = None
    """Ends with the scene that is played: pages that nobody looks at any more still ask for news."""

    def __post_init__(self) -> None:
        self.stranger = self.window()
        self.recruit = self.window()
        self.recruit.goto(self.demo["till_url"])
        self.staff = self.window()
        open_till(self.staff, self.demo)
        self.owner = self.window()
        sign_in_to_console(self.owner, self.demo)

    @property
    def language(self) -> str:
        return self.locale[:2]

    def window(self, state: Any = None, *, lasting: bool = False) -> Page:
        stack = self.open_windows if lasting or self.passing is None else self.passing
        return stack.enter_context(window(self.chromium, PHONE, self.locale, state=state)).page

    def card(self, stamps: int = 0, name: str | None = None) -> dict[str, Any]:
        made = self.demo.new_card(self.language, name)
        if stamps:
            self.demo.stamp(made, stamps)
        return made

    def at(self, page: Page, path: str) -> Page:
        page.goto(self.demo["public_url"] + path)
        return page

    def till_with(self, card: dict[str, Any]) -> Page:
        """The till with this card looked up."""
        page = self.at(self.staff, "/till")
        type_code(page, card["short_code"])
        return page

    def on_phone(self, card: dict[str, Any], phone: str) -> Page:
        page = self.window()
        put_on_phone(page, self.demo, card, f"{phone}-{self.language}")
        return page


def _join_again(stage: Stage) -> Page:
    page = stage.window()
    page.goto(stage.demo["join_url"])
    page.locator("#join").click()
    page.wait_for_url("**/card/*")
    page.goto(stage.demo["join_url"])
    return page


def _join_refused(stage: Stage) -> Page:
    page = stage.at(stage.stranger, "/join/demo")
    page.locator("#tell summary").click()
    page.locator("#told-mail").fill("lena")
    page.locator("#join-told").click()
    expect(page.locator("#told-mail-wrong")).to_be_visible()
    return page


def _own_data(stage: Stage) -> Page:
    page = stage.stranger
    page.goto(f"{stage.card(0, 'Lena Sommer')['links']['web']}/data")
    return page


def _web_card(stage: Stage, stamps: int) -> Page:
    page = stage.stranger
    page.goto(stage.card(stamps)["links"]["web"])
    page.locator("#other-ways summary").click()
    page.locator(".pass-qr").evaluate("image => image.decode()")
    return page


def _google_soon(stage: Stage) -> Page:
    """Held: it would go on by itself."""
    page = stage.window()
    page.route("**/google?form=1", _without_going_on)
    page.goto(f"{stage.card()['links']['google']}?form=1")
    return page


def _without_going_on(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, headers={name: said for name, said in answer.headers.items() if name != "refresh"})


def _google_later(stage: Stage) -> Page:
    page = stage.window()
    page.goto(f"{stage.card()['links']['google']}?tried=99")
    return page


def _wrong_pin(stage: Stage) -> Page:
    page = stage.at(stage.recruit, "/till")
    page.locator("#pin").fill("0000" if stage.demo["staff_pin"] != "0000" else "1111")
    page.locator("#sign-in button:not([type])").click()
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _till_several(stage: Stage) -> Page:
    page = stage.till_with(stage.card(3, "Lena Sommer"))
    page.locator("#several").click()
    return page


def _till_stamped(stage: Stage) -> Page:
    page = stage.till_with(stage.card(3))
    stamp(page, "4 / 10")
    expect(page.locator("#next")).to_be_enabled()
    return page


def _till_after(stage: Stage) -> Page:
    page = _till_stamped(stage)
    page.locator("#next").click()
    expect(page.locator("#last-undo")).to_be_visible()
    return page


def _till_reward(stage: Stage) -> Page:
    page = stage.till_with(stage.card(9))
    stamp(page, "10 / 10")
    expect(page.locator("#next")).to_be_enabled()
    return page


def _till_refusal(stage: Stage) -> Page:
    page = stage.at(stage.staff, "/till")
    page.locator("#code").fill("https://example.com/menu")
    page.locator("#look-up").click()
    expect(page.locator("#next")).to_be_enabled()
    return page


def _till_undone(stage: Stage) -> Page:
    page = _till_stamped(stage)
    page.locator("#answer-undo").click()
    expect(page.locator("#answer")).to_have_attribute("data-kind", "undone")
    expect(page.locator("#next")).to_be_enabled()
    return page


def _till_kept(stage: Stage) -> Page:
    page = stage.window(stage.staff.context.storage_state())
    stage.at(page, "/till")
    type_code(page, stage.card()["short_code"])
    page.route("**/till/stamps", lambda route: route.abort())
    page.locator("#stamp").click()
    expect(page.locator("#answer")).to_have_attribute("data-kind", "wait")
    expect(page.locator("#next")).to_be_enabled()
    return page


def _till_kept_list(stage: Stage) -> Page:
    page = _till_kept(stage)
    page.locator("#next").click()
    page.locator("#kept-pill").click()
    expect(page.locator("#kept-list")).to_be_visible()
    return page


def _console_refusal(stage: Stage) -> Page:
    page = stage.at(stage.stranger, "/console/sign-in")
    page.locator("#email").fill("guest@example.com")
    page.locator("#password").fill("guessed")
    page.locator("#sign-in button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _console_card(stage: Stage) -> Page:
    card = stage.card(0, "Lena Sommer")
    stage.on_phone(card, "seen")
    stage.demo.stamp(card, 11)
    return stage.at(stage.owner, f"/console/cards/{card['id']}")


def _phone(stage: Stage, address: str = "") -> Page:
    card = stage.card(4)
    page = stage.on_phone(card, "shown")
    page.goto(page.url + address)
    page.locator("#panel h1").wait_for()
    return page


def _phone_offer(stage: Stage) -> Page:
    page = stage.window()
    page.goto(f"{stage.demo['sandbox_url']}/phone/empty-{stage.language}/")
    page.goto(f"{stage.demo['sandbox_url']}/add?pass={stage.card(7)['links']['apple']}")
    expect(page.locator("#add")).to_be_visible()
    return page


def _phone_stack(stage: Stage) -> Page:
    page = stage.on_phone(stage.card(2), "stacked")
    put_on_phone(page, stage.demo, stage.card(8), f"stacked-{stage.language}")
    page.goto(f"{stage.demo['sandbox_url']}/phone/stacked-{stage.language}/")
    return page


def _phone_refusal(stage: Stage) -> Page:
    page = stage.window()
    page.goto(f"{stage.demo['sandbox_url']}/phone/empty-{stage.language}/")
    page.set_input_files("#file", {"name": "card.pkpass", "mimeType": "", "buffer": b"not a pass"})
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _phone_empty(stage: Stage) -> Page:
    page = stage.window()
    page.goto(f"{stage.demo['sandbox_url']}/phone/empty-{stage.language}/")
    return page


SCENES: dict[str, Callable[[Stage], Page]] = {
    "home": lambda stage: stage.at(stage.stranger, "/"),
    "join": lambda stage: stage.at(stage.stranger, "/join/demo"),
    "join-again": _join_again,
    "join-refused": _join_refused,
    "card-data": _own_data,
    "card-new": lambda stage: _web_card(stage, 0),
    "card-seven": lambda stage: _web_card(stage, 7),
    "card-reward": lambda stage: _web_card(stage, 20),
    "google-soon": _google_soon,
    "google-later": _google_later,
    "not-found": lambda stage: stage.at(stage.stranger, "/card/nobody"),
    "till-no-till": lambda stage: stage.at(stage.stranger, "/till"),
    "till-bad-link": lambda stage: stage.at(stage.stranger, "/till/enrol/nothing"),
    "till-sign-in": lambda stage: stage.at(stage.recruit, "/till"),
    "till-wrong-pin": _wrong_pin,
    "till-scan": lambda stage: stage.at(stage.staff, "/till"),
    "till-card": lambda stage: stage.till_with(stage.card(12, "Lena Sommer")),
    "till-several": _till_several,
    "till-stamped": _till_stamped,
    "till-after": _till_after,
    "till-reward": _till_reward,
    "till-refusal": _till_refusal,
    "till-undone": _till_undone,
    "till-kept": _till_kept,
    "till-kept-list": _till_kept_list,
    **TILL_SCENES,
    "console-sign-in": lambda stage: stage.at(stage.stranger, "/console"),
    "console-refusal": _console_refusal,
    "console-cards": lambda stage: stage.at(stage.owner, "/console"),
    "console-none": lambda stage: stage.at(stage.owner, "/console?q=nobody"),
    "console-card": _console_card,
    "console-card-new": lambda stage: stage.at(stage.owner, f"/console/cards/{stage.card()['id']}"),
    "phone-empty": _phone_empty,
    "phone-offer": _phone_offer,
    "phone-pass": _phone,
    "phone-back": lambda stage: _phone(stage, "/back"),
    "phone-stack": _phone_stack,
    "phone-refusal": _phone_refusal,
    "docs": lambda stage: stage.at(stage.stranger, "/api/v1/docs"),
    **CONSOLE_SCENES,
    **CORRECTION_SCENES,
    **KIND_SCENES,
    **OFFER_SCENES,
}

"""What is seen of every page: its words, what axe-core finds, whether it fits; with PICTURES=folder a picture of it.

Every page is judged at the width at which its people use it, by day and by night, and these few at every width: one of
each frame that our pages stand in.
"""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.journeys.browsers import DESK, ENGLISH, GERMAN, PHONE, TABLET
from tests.journeys.running import Demo
from tests.journeys.scenes import SCENES, Stage

EVERY_WIDTH = {"home", "join", "card-seven", "till-card", "console-card", "console-design", "console-program-form"}
AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = """
(rules) => axe.run({ resultTypes: ["violations"], preload: false, ...(rules && { runOnly: rules }) })
  .then(({ violations }) => violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`))
"""
TEXTS = """
() => {
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  // What is marked as being in another language may be in that one, and a name in code is in none.
  const here = document.documentElement.lang;
  const own = ({ parentElement: at }) => !at.closest("code") && at.closest("[lang]").lang === here;
  while (walker.nextNode()) if (own(walker.currentNode)) texts.push(walker.currentNode.data);
  for (const name of ["aria-label", "placeholder", "title", "alt", "data-sentence"])
    for (const element of document.querySelectorAll(`[${name}]`)) texts.push(element.getAttribute(name));
  return texts.map((text) => text.replace(/\\s+/g, " ").trim()).filter(Boolean);
}
"""
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass(frozen=True)
class Look:
    """What was seen of one page. `findings` are axe-core's, `too_wide` the sizes that scroll sideways."""

    language: str
    texts: Sequence[str]
    findings: Sequence[str]
    too_wide: Sequence[str]


class Gallery:
    """Arranges each scene once a language and keeps what was seen."""

    def __init__(self, chromium: Browser, demo: Demo, stack: ExitStack) -> None:
        self._stages = {locale: Stage(demo, chromium, locale, stack) for locale in (GERMAN, ENGLISH)}
        self.look = cache(self._look)
        self._axe = AXE.read_text()

    def _look(self, scene: str, locale: str) -> Look:
        stage = self._stages[locale]
        with ExitStack() as stage.passing:
            page = SCENES[scene](stage)
            texts, language = page.evaluate(TEXTS), page.evaluate("() => document.documentElement.lang")
            seen = self._sized(page, scene) if locale == GERMAN else ((), ())
        return Look(language, texts, *seen)

    def _sized(self, page: Page, scene: str) -> tuple[list[str], list[str]]:
        """Findings, and sizes that scroll sideways; German words are the longer ones."""
        usual = DESK if scene.startswith(("console-", "first-run-")) else PHONE
        findings: list[str] = []
        too_wide = []
        page.evaluate(self._axe)
        for size in [*(size for size in (TABLET, DESK, PHONE) if size != usual), usual]:
            page.set_viewport_size(size)  # type: ignore[arg-type]
            if page.evaluate(TOO_WIDE):
                too_wide.append(f"{size['width']} px")
            _picture(page, f"{scene}-{size['width']}")
            if size == usual or scene in EVERY_WIDTH:
                findings += [f"{size['width']} px, light: {finding}" for finding in page.evaluate(RUN_AXE)]
        findings += _by_night(page)
        # Scenes go on in this window: on a telephone again.
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        return findings, too_wide


def _picture(page: Page, name: str) -> None:
    folder = os.environ.get("PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


def _by_night(page: Page) -> list[str]:
    """What is too faint in the dark: colours are all that night changes."""
    page.emulate_media(color_scheme="dark")
    found = [f"dark: {finding}" for finding in page.evaluate(RUN_AXE, ["color-contrast"])]
    page.emulate_media(color_scheme="light")
    return found

"""What is seen of every page: its words, what axe-core finds, whether it fits, and a picture of it."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.journeys.browsers import DESK, ENGLISH, GERMAN, PHONE, TABLET
from tests.journeys.running import Demo
from tests.journeys.scenes import SCENES, Stage

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = """
(rules) => axe.run({ resultTypes: ["violations"], ...(rules && { runOnly: rules }) })
  .then(({ violations }) => violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`))
"""
TEXTS = """
() => {
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  // What is marked as being in another language may be in that one, and a name in code is in none.
  const own = ({ parentElement: at }) => !at.closest("code") && at.closest("[lang]").lang === document.documentElement.lang;
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

    def __init__(self, chromium: Browser, demo: Demo, folder: Path, stack: ExitStack) -> None:
        self._stages = {locale: Stage(demo, chromium, locale, stack) for locale in (GERMAN, ENGLISH)}
        self._folder = folder
        self.look = cache(self._look)

    def _look(self, scene: str, locale: str) -> Look:
        page = SCENES[scene](self._stages[locale])
        texts, language = page.evaluate(TEXTS), page.evaluate("() => document.documentElement.lang")
        if locale == GERMAN:
            return Look(language, texts, *self._sized(page, scene))
        return Look(language, texts, (), ())

    def _sized(self, page: Page, scene: str) -> tuple[list[str], list[str]]:
        """Findings, and sizes that scroll sideways; German words are the longer ones."""
        findings: list[str] = []
        too_wide = []
        page.evaluate(AXE.read_text())
        for size in (TABLET, DESK, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            if page.evaluate(TOO_WIDE):
                too_wide.append(f"{size['width']} px")
            page.screenshot(path=self._folder / f"{scene}-{size['width']}.png")
            findings += self._by_day(page, size["width"]) if size != TABLET else []
        return findings + self._by_night(page), too_wide

    def _by_day(self, page: Page, width: int) -> list[str]:
        """Serious and critical findings."""
        return [f"{width} px, light: {finding}" for finding in page.evaluate(RUN_AXE)]

    def _by_night(self, page: Page) -> list[str]:
        """What is too faint in the dark: colours are all that night changes."""
        page.emulate_media(color_scheme="dark")
        found = [f"dark: {finding}" for finding in page.evaluate(RUN_AXE, ["color-contrast"])]
        page.emulate_media(color_scheme="light")
        return found

"""Every page in every state: for everybody's eyes and hands, in both languages, on three sizes of screen."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from playwright.sync_api import Browser

from issuer.language import LOCALE
from sandbox.texts_de import GERMAN as PHONE_GERMAN
from sandbox.texts_en import ENGLISH as PHONE_ENGLISH
from tests.journeys.browsers import ENGLISH, GERMAN
from tests.journeys.gallery import AXE, EVERY_WIDTH, Gallery
from tests.journeys.running import Demo
from tests.journeys.scenes import SCENES

HERE = Path(__file__).parents[2]
PLACES = re.compile(r"%\\\([a-z_]+\\\)s|\\\{[a-z_]+\\\}|%@")
NUMBERS = re.compile(r"%\\\(num\\\)s|\\\{count\\\}")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "said": None, "N_": None}

every_page = pytest.mark.parametrize("scene", SCENES)


@pytest.fixture(scope="module")
def gallery(chromium: Browser, demo: Demo) -> Iterator[Gallery]:
    if not AXE.exists():
        reason = "axe-core is missing, so nobody looks for barriers (npm ci --prefix tests/node)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with ExitStack() as stack:
        yield Gallery(chromium, demo, stack)


@cache
def _catalogue() -> Catalog:
    with (LOCALE / "de" / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return read_po(source, locale="de")


@cache
def _pairs() -> list[tuple[str, str]]:
    """English and German of every sentence that differs in the two."""
    pairs = [(PHONE_ENGLISH[key], PHONE_GERMAN[key]) for key in PHONE_ENGLISH]
    for message in _catalogue():
        english = message.id if isinstance(message.id, tuple) else (message.id,)
        german = message.string if isinstance(message.string, tuple) else (message.string,)
        pairs += zip(english, german, strict=False)
    return [(one, other) for one, other in pairs if one and one != other]


def _known_in(sentences: Iterable[str]) -> re.Pattern[str]:
    """Recognises each sentence, whatever stands in its places for values."""
    return re.compile("|".join(_with_values(sentence) for sentence in sentences if _says_much(sentence)))


def _with_values(sentence: str) -> str:
    return PLACES.sub(".+", NUMBERS.sub(r"\\d+", re.escape(sentence)))


def _says_much(sentence: str) -> bool:
    """Whether there are words besides the places for values."""
    return bool(re.search(r"[A-Za-z]{2}", PLACES.sub("", re.escape(sentence))))


@cache
def _english_only() -> re.Pattern[str]:
    german = {german for _, german in _pairs()}
    return _known_in(english for english, _ in _pairs() if english not in german)


@cache
def _german_only() -> re.Pattern[str]:
    english = {english for english, _ in _pairs()}
    return _known_in(german for _, german in _pairs() if german not in english)


@every_page
def test_a_german_page_holds_no_english_sentence(gallery: Gallery, scene: str) -> None:
    look = gallery.look(scene, GERMAN)
    assert look.language == "de"
    assert [text for text in look.texts if _english_only().fullmatch(text)] == []


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene.startswith("till-")])
def test_the_till_speaks_to_staff_and_not_to_the_customer(gallery: Gallery, scene: str) -> None:
    said_to_a_friend = re.compile(r"\b(du|dich|dir|deine?[rnms]?)\b", re.IGNORECASE)
    assert [text for text in gallery.look(scene, GERMAN).texts if said_to_a_friend.search(text)] == []


@every_page
def test_an_english_page_holds_no_german_sentence(gallery: Gallery, scene: str) -> None:
    look = gallery.look(scene, ENGLISH)
    assert look.language == "en"
    assert [text for text in look.texts if _german_only().fullmatch(text)] == []


def test_the_pages_that_are_judged_at_every_width_are_there() -> None:
    assert EVERY_WIDTH - SCENES.keys() == set()


@every_page
def test_no_page_has_a_serious_or_critical_barrier_by_day_or_night(gallery: Gallery, scene: str) -> None:
    assert gallery.look(scene, GERMAN).findings == []


@every_page
def test_no_page_scrolls_sideways_on_any_screen(gallery: Gallery, scene: str) -> None:
    assert gallery.look(scene, GERMAN).too_wide == []


def test_every_sentence_of_templates_and_code_has_its_german() -> None:
    known = {one for message in _catalogue() if all(_forms(message.string)) for one in _forms(message.id)}
    assert _sentences("templates", "**.html", "jinja2.ext:babel_extract") - known == set()
    assert _sentences("issuer", "**.py", "python") - known == set()


def _sentences(folder: str, files: str, method: str) -> set[str]:
    found = extract_from_dir(HERE / folder, [(files, method)], keywords=KEYWORDS)
    said = {one for _file, _line, ids, *_ in found for one in _forms(ids)}
    assert said
    return said


def _forms(ids: str | tuple[str, ...]) -> tuple[str, ...]:
    return ids if isinstance(ids, tuple) else (ids,)


def test_the_sandboxs_phone_speaks_both_languages_with_the_same_sentences() -> None:
    assert PHONE_ENGLISH.keys() == PHONE_GERMAN.keys()
    assert not [key for key, text in PHONE_GERMAN.items() if not text.strip()]

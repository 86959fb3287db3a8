"""Whatever is said in code or templates is said in German too, with the same blanks to fill."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from issuer.history import PhoneView
from issuer.language import LANGUAGES, LOCALE, known_language, translator
from issuer.web.wording import ACTORS, CAUSES
from tests.issuer.counting import Till

ROOT = Path(__file__).parents[2]
CODE = ("issuer", "passes", "worker", "templates")
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2"), ("**.xml", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "plural": (1, 2), "said": None, "N_": None}
Message = str | tuple[str, ...]


def _spoken() -> Iterator[tuple[Message, str]]:
    """Every message in the source, with where it stands."""
    for folder in CODE:
        options = {pattern: {"extensions": "jinja2.ext.i18n", "silent": "false"} for pattern, _ in METHODS}
        found = extract_from_dir(str(ROOT / folder), METHODS, options, keywords=KEYWORDS)
        for name, line, message, _, _ in found:
            yield message, f"{folder}/{name}:{line}"


@pytest.fixture(scope="module")
def german() -> Catalog:
    with (LOCALE / "de" / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return read_po(source, locale="de", abort_invalid=True)


def _blanks(text: str) -> list[str]:
    return sorted(set(re.findall(r"%\(\w+\)[a-z]|%%|%@|\{\w*\}", text)))


def _texts(message: Message) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message)


def test_messages_are_found_where_they_are_spoken() -> None:
    places = {place.partition(":")[0] for _, place in _spoken()}
    assert {"issuer/refusals.py", "issuer/issuing.py", "issuer/web/till.py", "templates/till/till.html"} <= places


def test_everything_that_is_said_is_said_in_german(german: Catalog) -> None:
    silent = set()
    for message, place in _spoken():
        entry = german.get(_texts(message)[0])
        if entry is None or not all(_texts(entry.string)):
            silent.add(f"{place}: {message}")
    assert silent == set()


def test_a_message_with_a_plural_has_every_german_form(german: Catalog) -> None:
    for message, place in _spoken():
        if isinstance(message, tuple):
            entry = german.get(message[0])
            assert entry is not None, place
            assert tuple(entry.id) == message, place
            assert len(entry.string) == german.num_plurals, place


def test_german_fills_the_same_blanks_as_english(german: Catalog) -> None:
    for entry in german:
        if entry.id:
            english = {blank for text in _texts(entry.id) for blank in _blanks(text)}
            for text in _texts(entry.string):
                assert set(_blanks(text)) == english, entry.id


def test_no_german_sentence_is_empty_doubtful_or_left_in_english(german: Catalog) -> None:
    same = {"PIN", "Name", "treuepass", "Apple", "Website", "Import", "Status", "Version", "Code", "OK"}
    for entry in german:
        if not entry.id:
            continue
        assert not entry.fuzzy, entry.id
        assert all(text.strip() for text in _texts(entry.string)), entry.id
        if len(_texts(entry.id)[0].split()) > 3:
            assert _texts(entry.id) != _texts(entry.string) or entry.id in same, entry.id


def test_no_german_sentence_waits_for_something_that_nobody_says_any_more(german: Catalog) -> None:
    spoken = {_texts(message)[0] for message, _ in _spoken()}
    assert {_texts(entry.id)[0] for entry in german if entry.id} - spoken == set()


def test_what_is_a_sentence_in_english_is_a_sentence_in_german(german: Catalog) -> None:
    for entry in german:
        pairs = zip(_texts(entry.id), _texts(entry.string), strict=False) if entry.id else ()
        for english, text in pairs:
            assert text.endswith(".") or not english.endswith("."), (english, text)


def test_what_code_says_is_a_text_and_not_put_together() -> None:
    """An f-string or a sum inside gettext would never be found in the catalogue."""
    for path in sorted(ROOT.glob("issuer/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in ("gettext", "ngettext", "said", "N_", "_"):
                    assert not isinstance(node.args[0], ast.JoinedStr | ast.BinOp), f"{path}:{node.lineno}"


@pytest.mark.parametrize("words", [CAUSES, ACTORS])
def test_every_cause_and_actor_has_a_german_word(words: dict[str, str]) -> None:
    for word in words.values():
        assert translator("de").gettext(word)
        assert translator("en").gettext(word) == word


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_why_a_phone_is_behind_is_a_sentence(till: Till, language: str) -> None:
    now = till.now
    behind = {"device": "d", "since": now, "version": 5, "listed_at": None, "fetched_at": None}

    def said(
        pushed: int | None, listed: int | None, fetched: int | None, answer: str | None = "200", ago: float = 1
    ) -> str:
        told = {"pushed_version": pushed, "pushed_at": now - timedelta(seconds=ago), "push_answer": answer}
        view = PhoneView(**behind, **told, listed_version=listed, fetched_version=fetched)  # type: ignore[arg-type]
        return view.sentence(language, now)

    reasons = [
        said(5, 5, 5),
        said(4, 4, 4, "503"),
        said(4, 4, 4),
        said(None, None, None, None),
        said(5, 5, 4),
        said(5, 4, 4),
        said(5, 4, 4, ago=3600),
    ]
    assert len(set(reasons)) == 6
    assert all(reason.endswith(".") and "%" not in reason for reason in reasons)
    if language == "de":
        assert not any(" the " in reason for reason in reasons)


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [("de", "de"), ("de-AT", "de"), ("EN-us", "en"), ("en", "en"), ("fr", "de"), ("", "de"), (None, "de"), ("-", "de")],
)
def test_the_nearest_language_we_speak_is_chosen(wanted: str | None, spoken: str) -> None:
    assert known_language(wanted) == spoken


@pytest.mark.parametrize(("count", "text"), [(1, "Noch 1 Stempel bis: Kaffee"), (2, "Noch 2 Stempel bis: Kaffee")])
def test_german_counts_stamps(count: int, text: str) -> None:
    sentence = translator("de").ngettext(
        "%(num)s more stamp for: %(reward)s", "%(num)s more stamps for: %(reward)s", count
    )
    assert sentence % {"num": count, "reward": "Kaffee"} == text


def test_a_language_nobody_translated_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        translator("fr")

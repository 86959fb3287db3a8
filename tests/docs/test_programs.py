"""The guide to programs shows each kind with the very sentence that the rule prints."""

import json
import re
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from issuer.rules.rules import AnyPart
from issuer.rules.wording import Wording

DOCS = Path(__file__).parents[2] / "docs"
NAMES = {
    "COFFEE": {"de": "Kaffee", "en": "Coffee"},
    "CAKE": {"de": "Kuchen", "en": "Cake"},
    "SPARKLING": {"de": "Glas Sekt", "en": "Glass of sparkling wine"},
    "LUNCH": {"de": "Mittagessen", "en": "Lunch"},
}
IDS = {name: UUID(int=number) for number, name in enumerate(NAMES, 1)}
EXAMPLE = re.compile(r"^## (.+?)\n+> (.+?)\n\n.*?```json\n(.+?)\n```", re.MULTILINE | re.DOTALL)
PAGES = {"de": "programme.md", "en": "programs.md"}


def _examples(language: str) -> list[tuple[str, str, str]]:
    return EXAMPLE.findall((DOCS / PAGES[language]).read_text())


@pytest.mark.parametrize(
    ("language", "sentence", "rule"),
    [(language, sentence, rule) for language in PAGES for _, sentence, rule in _examples(language)],
)
def test_each_example_prints_the_sentence_beside_it(language: str, sentence: str, rule: str) -> None:
    for name, reward_id in IDS.items():
        rule = rule.replace(name, str(reward_id))
    part = TypeAdapter(AnyPart).validate_python(json.loads(rule))
    assert part.sentence(Wording(language, {IDS[name]: names for name, names in NAMES.items()})) == sentence


@pytest.mark.parametrize("language", PAGES)
def test_no_kind_is_left_out(language: str) -> None:
    shown = {json.loads(rule)["kind"] for _, _, rule in _examples(language)}
    assert shown == {
        "stamps", "points", "tiers", "cashback", "discount", "prepaid", "voucher", "donation", "referral", "occasion",
        "goodwill", "causes", "expiry",
    }  # fmt: skip


def test_both_languages_show_the_same_rules() -> None:
    german, english = ([rule for _, _, rule in _examples(language)] for language in PAGES)
    assert german == english

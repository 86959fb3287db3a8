"""What is said to a merchant whose text near a shop is not as Apple asks."""

from typing import Any

import pytest

from issuer.language import LANGUAGES, translator
from issuer.offers.advice import NAMED, ORDER, advice, order_in
from issuer.offers.offer import Offer
from tests.issuer.bearing import ALL_DAY, NEAR, offer

SHOP = "Café Morgenrot"


def _placed(german: str, english: str = "Coffee 2.50", **more: Any) -> Offer:
    content = {"de": {"card": "x", "place": german}, "en": {"card": "x", "place": english}}
    return Offer.model_validate({"name": "x", "trigger": NEAR, "content": content, **more})


@pytest.mark.parametrize(("text", "language", "word"), [
    ("Komm vorbei!", "de", "Komm"),
    ("Hol dir einen Kaffee", "de", "Hol"),
    ("Kaffee 2,50. Jetzt gleich holt ihr euch den!", "de", "holt"),
    ("Bitte zeig deine Karte", "de", "zeig"),
    ("Come in", "en", "Come"),
    ("Coffee 2.50 – get it until ten", "en", "get"),
    ("REDEEM HERE", "en", "REDEEM"),
    ("Please now grab a cake", "en", "grab"),
])  # fmt: skip
def test_an_order_is_found_where_a_sentence_begins(text: str, language: Any, word: str) -> None:
    assert order_in(text, language) == word


@pytest.mark.parametrize(("text", "language"), [
    ("Kaffee und Croissant 3,90", "de"), ("Lindenstraße 3, gegenüber der Post", "de"), ("Komma 5", "de"),
    ("Eis zum Mitnehmen, das kommt gut", "de"), ("Get well soon cards", "de"), ("", "de"), ("3 für 2", "de"),
    ("Coffee to go", "en"), ("Ice cream you can order", "en"), ("To the left of the station", "en"),
])  # fmt: skip
def test_what_only_says_what_there_is_is_no_order(text: str, language: Any) -> None:
    assert order_in(text, language) is None


def test_both_languages_are_looked_at_and_the_sentence_names_text_and_word() -> None:
    found = advice(_placed("Komm rein", "Get a coffee"), SHOP)
    assert [(one.message, one.values["word"]) for one in found] == [(ORDER, "Komm"), (ORDER, "Get")]
    for language in LANGUAGES:
        said = translator(language).gettext(found[0].message) % found[0].values
        assert "Komm rein" in said


def test_the_shops_own_name_stands_there_anyway() -> None:
    (one,) = advice(_placed("Neu im café morgenrot: Tee"), f" {SHOP} ")
    assert (one.message, one.values["shop"]) == (NAMED, SHOP)
    assert advice(_placed("Morgenrot am Himmel"), SHOP) == []
    assert advice(_placed("Tee"), "Te") == []


def test_without_a_text_for_the_place_that_of_the_card_is_said_and_looked_at() -> None:
    one = Offer.model_validate({"name": "x", "trigger": NEAR, "content": {"de": {"card": "Hol dir Tee"}, "en": {
        "card": "Tea"}}})  # fmt: skip
    assert [found.values["word"] for found in advice(one, SHOP)] == ["Hol"]


def test_the_texts_of_both_halves_are_looked_at_and_nothing_is_said_twice() -> None:
    other = {"de": {"card": "Komm rein"}, "en": {"card": "Coffee 2.50"}}
    assert len(advice(_placed("Hol Tee", trial={"other": other}), SHOP)) == 2
    same = {"de": {"card": "Hol Tee"}, "en": {"card": "Tea"}}
    assert len(advice(_placed("Hol Tee", trial={"other": same}), SHOP)) == 1


def test_nothing_is_said_of_an_offer_that_is_on_the_card_only() -> None:
    assert advice(offer("Komm rein", ALL_DAY), SHOP) == []

"""Each trigger has its page in both languages, which quotes what the product says and names what is usual."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from issuer.language import LANGUAGES, translator
from issuer.offers.content import LONGEST_BACK, LONGEST_CARD, LONGEST_MESSAGE, LONGEST_PLACE
from issuer.offers.named import Named
from issuer.offers.offer import Offer
from issuer.offers.policy import Policy
from issuer.offers.sayings import HELD_BACK, KINDS
from issuer.offers.sentence import sentence
from issuer.offers.triggers import KINDS as ALL_KINDS
from issuer.rules.wording import Wording
from issuer.schema import Customer
from issuer.web.console.offer_ideas import IDEAS, idea

DOCS = Path(__file__).parents[2] / "docs"
FOLDERS = {"de": "aktionen", "en": "offers"}
LINDENSTRASSE = UUID(int=1)
NAMED = Named(shops={LINDENSTRASSE: "Lindenstraße"}, tiers={"gold": {"de": "Gold", "en": "Gold"}})
MORNING = {"weekdays": [0, 1, 2, 3, 4], "start": "07:00", "end": "10:00"}
TUESDAY = {"weekdays": [1], "start": "14:00", "end": "17:00"}
COFFEE = "Kaffee und Croissant 3,90 €, 7 bis 10", "Coffee and croissant €3.90, 7 to 10"
LINK = re.compile(r"\[[^\]]+\]\(([^)]+)\)")
Tree = dict[str, Any]


def example(german: str, english: str, /, worth: Tree | None = None, **more: Any) -> Tree:
    """An offer as the console makes it: a voucher is called what stands on the card."""
    names = {"de": german, "en": english}
    texts = more.pop("texts", {})
    content = {language: {"card": names[language], **texts.get(language, {})} for language in LANGUAGES}
    unlocks = {"unlocks": {"kind": "voucher", "names": names, "worth": worth}} if worth else {}
    return {"name": "Example", "content": content, **unlocks, **more}


def a_thing(german: str, english: str) -> Tree:
    return {"thing": {"de": german, "en": english}}


def on(kind: str, **more: Any) -> Tree:
    return {"kind": kind, **more}


REMINDER = {"kind": "words"}
NEAR = {"de": {"place": "Kaffee und Croissant, bis zehn"}, "en": {"place": "Coffee and croissant, until ten"}}
GREETING = {"de": {"message": "Alles Gute: %@"}, "en": {"message": "Happy birthday: %@"}}
EXAMPLES: Mapping[str, tuple[Tree, ...]] = {
    "time": (
        example(
            "Doppelte Stempel bis 17 Uhr",
            "Double stamps until five",
            trigger=on("time", hours=TUESDAY),
            unlocks={"kind": "multiplier", "factor": "2"},
        ),
    ),
    "place": (
        example(*COFFEE, trigger=on("place", hours=MORNING, locations=[LINDENSTRASSE]), texts=NEAR),
        example(*COFFEE, trigger=on("place", hours=MORNING, stays=True)),
    ),
    "visit": (
        example(
            "Beim zweiten Mal: Kuchen gratis",
            "Second time round: free cake",
            a_thing("ein Stück Kuchen", "a slice of cake"),
            trigger=on("visit", nth=1, after_hours=20),
            lasts_days=14,
        ),
    ),
    "birthday": (
        example(
            "Kuchen zum Geburtstag",
            "Cake for your birthday",
            a_thing("ein Stück Kuchen", "a slice of cake"),
            trigger=on("birthday"),
            texts=GREETING,
        ),
    ),
    "anniversary": (
        example(
            "Ein Jahr mit uns: ein Cappuccino",
            "A year with us: a cappuccino",
            trigger=on("anniversary", days_after=13),
        ),
    ),
    "quiet": (
        example(
            "15 %: schön, dich zu sehen",
            "15% off: good to see you",
            {"percent": "15"},
            trigger=on("quiet", days=30),
            lasts_days=14,
            limits={"rest_days": 90},
        ),
    ),
    "nearly": (
        example(
            "Diese Woche fehlt 1 Stempel",
            "One stamp to go this week",
            trigger=on("nearly", missing=1),
            unlocks=REMINDER,
        ),
    ),
    "unused": (
        example(
            "Dein Kaffee wartet auf dich",
            "Your coffee is waiting",
            unlocks=REMINDER,
            trigger=on("unused", days=14),
            lasts_days=30,
        ),
    ),
    "lapsing": (
        example(
            "Bald verfällt etwas auf dieser Karte",
            "Something here ends soon",
            unlocks=REMINDER,
            trigger=on("lapsing", days=14),
            lasts_days=14,
        ),
    ),
    "tier": (
        example(
            "Willkommen bei Gold: ein Glas Sekt",
            "Welcome to Gold: a glass of fizz",
            trigger=on("tier", tier="gold"),
            lasts_days=30,
        ),
    ),
    "milestone": (
        example(
            "50 Tage bei uns: ein Frühstück",
            "50 days with us: breakfast is on us",
            a_thing("ein Frühstück", "a breakfast"),
            trigger=on("milestone", visits=50, every=True),
            lasts_days=30,
        ),
    ),
    "event": (
        example(
            "10 % auf die nächste Bestellung",
            "10% off your next order",
            {"percent": "10"},
            trigger=on("event", name="order.delivered"),
            lasts_days=14,
            limits={"per_person": 3, "rest_days": 30},
        ),
    ),
    "weather": (
        example(
            "Eiskaffee 1 € günstiger",
            "Iced coffee €1 off",
            {"cents": 100},
            trigger=on("weather", limit="28", location=LINDENSTRASSE),
            limits={"cards": 40, "each_time": True},
        ),
    ),
}
PAGES = [(language, kind) for language in LANGUAGES for kind in ALL_KINDS]


def page(language: str, name: str) -> str:
    return (DOCS / FOLDERS[language] / f"{name}.md").read_text()


def plain(text: str) -> str:
    """Without line breaks, and with plain blanks where the product has others."""
    return " ".join(text.split())


def quoted(text: str) -> list[str]:
    """What the page says that the product says."""
    return [line.removeprefix("> ") for line in text.splitlines() if line.startswith("> ")]


def said(offer: Offer, language: str) -> str:
    return plain(sentence(offer, Wording(language), NAMED))


def rows(language: str) -> Iterator[tuple[str, str]]:
    """The first two cells of each row of the index's tables."""
    for line in page(language, "README").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if line.startswith("|") and len(cells) > 3:
            yield cells[1].strip("*"), cells[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_page_for_each_trigger_and_no_other(language: str) -> None:
    found = {path.stem for path in (DOCS / FOLDERS[language]).iterdir()}
    assert found == {"README", *ALL_KINDS}


@pytest.mark.parametrize(("language", "kind"), PAGES)
def test_the_index_leads_to_each_page_by_the_name_that_the_console_uses(language: str, kind: str) -> None:
    name = translator(language).gettext(KINDS[kind])
    assert f"| [{name}]({kind}.md) |" in page(language, "README")
    assert page(language, kind).startswith(f"# {name}\n")


@pytest.mark.parametrize(("language", "kind"), PAGES)
def test_each_page_quotes_what_the_product_says_of_its_examples(language: str, kind: str) -> None:
    offers = [Offer.model_validate(one) for one in EXAMPLES[kind]]
    assert {one.trigger.kind for one in offers} == {kind}
    assert quoted(page(language, kind)) == [said(one, language) for one in offers]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_index_builds_the_consoles_ideas_and_quotes_them(language: str) -> None:
    assert quoted(page(language, "README")) == [said(idea(key, language), language) for key in IDEAS]
    assert [title for title in IDEAS.values() if translator(language).gettext(title) not in _read(language)] == []


@pytest.mark.parametrize(("language", "kind"), PAGES)
def test_each_page_says_what_every_way_to_keep_a_card_does(language: str, kind: str) -> None:
    text = page(language, kind).lower()
    assert all(way in text for way in ("apple wallet", "google wallet", {"de": "webkarte", "en": "web card"}[language]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_have_the_same_parts(language: str) -> None:
    for name in ("README", *ALL_KINDS):
        assert _shape(page(language, name)) == _shape(page("en", name)), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rules_that_are_named_are_those_that_a_shop_begins_with(language: str) -> None:
    policy, named, to = Policy(), dict(rows(language)), {"de": "bis", "en": "to"}[language]
    begins = {
        "Messages in a week": str(policy.weekly),
        "Hours of rest after a visit": str(policy.pause_hours),
        "Quiet hours": f"{policy.quiet_from:%H:%M} {to} {policy.quiet_until:%H:%M}",
        "Silent changes in 24 hours": str(policy.silent_a_day),
        "Offers may sound": {"de": ("nein", "ja"), "en": ("no", "yes")}[language][policy.sounds],
        "Days until a customer counts as lost": str(policy.lapsed_days),
    }
    assert {label: named[translator(language).gettext(label)] for label in begins} == begins


def test_who_chose_nothing_has_fewer_offers_as_the_index_says() -> None:
    assert Customer.__table__.c.wish.default.arg == "fewer"
    assert "Who chose nothing has *fewer*" in _read("en")
    assert "Wer nichts gewählt hat, hat *weniger*" in _read("de")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_to_hold_back_is_explained_in_the_words_of_the_list(language: str) -> None:
    explained = dict(rows(language))
    assert {translator(language).gettext(one) for one in HELD_BACK.values()} <= set(explained)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lengths_that_are_named_are_those_that_hold(language: str) -> None:
    up_to = {"de": "bis zu", "en": "up to"}[language]
    lengths = [
        int(number) for number in re.findall(rf"^- \*\*.*?{up_to} (\d+)", page(language, "README"), re.MULTILINE)
    ]
    assert lengths == [LONGEST_CARD, LONGEST_MESSAGE, LONGEST_PLACE, LONGEST_BACK]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_link_leads_nowhere(language: str) -> None:
    for path in (DOCS / FOLDERS[language]).iterdir():
        files = [link.partition("#")[0] for link in LINK.findall(path.read_text()) if "://" not in link]
        assert [one for one in files if one and not (path.parent / one).exists()] == [], path


@pytest.mark.parametrize("where", ["README.md", "docs/merchants.md", "docs/haendler.md"])
def test_who_reads_on_is_led_there(where: str) -> None:
    found = LINK.findall((DOCS.parent / where).read_text())
    language = "de" if where.endswith("haendler.md") else "en"
    assert any(link.endswith(f"{FOLDERS[language]}/README.md") for link in found)


def _read(language: str) -> str:
    return plain(page(language, "README"))


def _shape(text: str) -> tuple[int, int, int]:
    """How many headings, points and rows of tables."""
    lines = text.splitlines()
    return tuple(sum(line.startswith(mark) for line in lines) for mark in ("#", "- ", "|"))  # type: ignore[return-value]

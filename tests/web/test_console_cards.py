"""A card in the console: found as one types, with whose it is, how they came and what waits on it."""

import html
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser

MAIL = "quirin.zabel@example.org"
ZABEL = {"name": "Quirin Zabel", "mail": MAIL, "birthday": "1964-08-12"}


@pytest.fixture
def zabel(api: Api, cafe: Cafe) -> dict[str, Any]:
    return api.made("/cards", {"program_id": str(cafe.program_id), "customer": ZABEL})


def _page(console: Browser, card: dict[str, Any], language: str = "en") -> str:
    answer = console.client.get(f"/console/cards/{card['id']}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    return html.unescape(answer.text)


def _search(console: Browser, query: str) -> str:
    answer = console.client.get("/console", query_string={"q": query}, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return answer.text


def _facts(page: str) -> dict[str, str]:
    found = re.findall(r"<dt>([^<]+)</dt> <dd[^>]*>([^<]+)</dd>", page.partition('id="customer"')[2])
    return {label: text.strip() for label, text in found}


@pytest.mark.parametrize("typed", [MAIL, MAIL.upper(), f" {MAIL} "])
def test_a_card_is_found_by_a_whole_address(console: Browser, zabel: dict[str, Any], typed: str) -> None:
    assert zabel["short_code"] in _search(console, typed)


@pytest.mark.parametrize("typed", ["quirin.zabel@", "zabel@example.org", "@example.org", "quirin.zabel@example.com"])
def test_a_part_of_an_address_or_another_one_finds_nobody(console: Browser, zabel: dict[str, Any], typed: str) -> None:
    page = _search(console, typed)
    assert zabel["short_code"] not in page
    assert 'id="nothing-found"' in page


def test_what_was_found_is_counted_for_those_who_listen(console: Browser, zabel: dict[str, Any]) -> None:
    assert 'data-found="1 card found"' in _search(console, zabel["serial"])
    assert 'data-found="0 cards found"' in _search(console, "nobody at all")


@pytest.mark.usefixtures("card")
def test_the_search_works_as_a_plain_form(console: Browser) -> None:
    form = re.search(r'<form[^>]+id="search".+?</form>', console.client.get("/console").text, re.DOTALL)
    assert form is not None
    for part in ('method="get"', 'action="/console"', 'name="q"', 'type="submit"'):
        assert part in form[0]


def test_the_cards_page_tells_whose_it_is_and_how_they_came(console: Browser, zabel: dict[str, Any]) -> None:
    facts = _facts(_page(console, zabel))
    assert (facts["Name"], facts["E-mail"], facts["Birthday"]) == ("Quirin Zabel", MAIL, "12/08/1964")
    assert facts["Joined"].endswith("· Till system")
    assert facts["Language"] == "German"


def test_every_consent_stands_there_with_its_date_also_when_it_was_withdrawn(
    console: Browser, zabel: dict[str, Any]
) -> None:
    path = urlsplit(zabel["links"]["web"]).path
    Browser(console.client, f"{path}/data").submit(f"{path}/data/forget", what="mail")
    page = _page(console, zabel)
    consents = page.partition('id="consents"')[2].partition("</details>")[0]
    assert (consents.count("given</span>"), consents.count("withdrawn</span>")) == (3, 1)
    assert "Card's page" in consents
    assert "E-mail" not in _facts(page)


def test_a_nameless_customer_is_told_of_in_a_sentence(console: Browser, card: dict[str, Any]) -> None:
    page = _page(console, card)
    assert 'id="nothing-told"' in page
    assert 'id="consents"' not in page
    assert "Joined" in _facts(page)


def test_the_page_leads_to_the_web_card_and_to_paper(console: Browser, card: dict[str, Any]) -> None:
    page = _page(console, card)
    assert f'href="{card["links"]["web"]}"' in page
    assert f'href="{card["links"]["web"]}/card.pdf"' in page


def test_rewards_that_wait_are_named_and_counted(console: Browser, api: Api, card: dict[str, Any]) -> None:
    assert 'id="rewards"' not in _page(console, card)
    api.made(f"/cards/{card['id']}/stamps", {"count": 20})
    waiting = _page(console, card).partition('id="rewards"')[2].partition("</section>")[0]
    assert "2\u2009× Coffee" in waiting


@pytest.mark.usefixtures("as_staff")
def test_staff_see_the_name_and_neither_mail_nor_birthday(console: Browser, zabel: dict[str, Any]) -> None:
    for language in ("de", "en"):
        page = _page(console, zabel, language)
        assert "Quirin Zabel" in page
        for secret in (MAIL, "1964", "Birthday", "Geburtstag"):
            assert secret not in page


@pytest.mark.usefixtures("as_staff")
def test_staff_find_by_name_and_code_and_not_by_mail(console: Browser, zabel: dict[str, Any]) -> None:
    for query in ("zabel", zabel["short_code"][:5], zabel["serial"][:12]):
        assert zabel["short_code"] in _search(console, query)
    assert zabel["short_code"] not in _search(console, MAIL)


@pytest.mark.parametrize("name", ["M" * 40, "عبد الرحمن بن محمد", "👩\u200d🍳🥐", "<script>alert(1)</script>"])
def test_a_name_of_any_writing_is_shown_as_text(console: Browser, api: Api, cafe: Cafe, name: str) -> None:
    made = api.made("/cards", {"program_id": str(cafe.program_id), "customer": {"name": name}})
    for page in (
        console.client.get(f"/console/cards/{made['id']}").text,
        _search(console, made["serial"]),
        _search(console, name),
    ):
        assert f">{html.escape(name)}<" in page
        assert "<script>alert" not in page

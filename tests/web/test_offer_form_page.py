"""The page of an offer's form: mistakes lead to fields that are there, what a phone cuts is said beside its text."""

import html
import re
from datetime import datetime
from typing import Any

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from tests.web.members import Member
from tests.web.programming import ENGLISH, bakery, get, ten_stamps

NEW = "/console/offers/new"
LONG = "Iced coffee today one euro less than usual"[:40]
USUAL = {"kind": "quiet", "do": "save", "unlock": "none", "trigger.days": "30", "content.card.de": "Hallo"}


@pytest.fixture
def owner(app: OpenAPI, engine: Engine, now: datetime) -> Member:
    found = bakery(app, engine, now)
    ten_stamps(engine, found, now)
    return found


def sent(owner: Member, **typed: str) -> str:
    data = USUAL | {name.replace("__", "."): text for name, text in typed.items()}
    answer: Any = owner.browser.client.post(NEW, data={"csrf_token": owner.browser.token, **data}, headers=ENGLISH)
    assert answer.status_code in (200, 422)
    return html.unescape(answer.text)


def summary(page: str) -> list[tuple[str, str]]:
    part = page.partition('id="summary"')[2].partition("</ul>")[0]
    return re.findall(r'<a href="#([^"]+)">([^<]+)</a>', part)


@pytest.mark.parametrize(
    ("typed", "target", "sentence"),
    [
        (
            {"content__card__de": "", "unlock": "percent", "unlock__percent": "15"},
            "content-card-de",
            "Text on the card: Nothing stands here yet: write it in German, in English or in both.",
        ),
        (
            {"unlock": "percent", "unlock__percent": "150"},
            "unlock-percent",
            "Per cent off: “150” is too large: write at most 100.",
        ),
        (
            {"unlock": "multiplier", "unlock__factor": ""},
            "unlock-factor",
            "How many times it counts: This is missing: fill it in.",
        ),
        (
            {"content__card__en": "x" * 41},
            "content-card-en",
            f"Text on the card (English): “{'x' * 40}” is too long: write at most 40 characters.",
        ),
    ],
    ids=["no text", "too many per cent", "no factor", "too long"],
)
def test_each_mistake_leads_to_a_field_of_the_page_by_the_name_that_it_has_there(
    owner: Member, typed: dict[str, str], target: str, sentence: str
) -> None:
    page = sent(owner, **typed)
    assert summary(page) == [(target, sentence)]
    assert page.count(f'id="{target}"') == 1
    assert (
        sentence.partition(": ")[0].removesuffix(" (English)")
        in page.partition('id="summary"')[2].partition("</ul>")[2]
    )


def cuts(page: str) -> list[str]:
    return re.findall(r"<p[^>]*>([^<]+)</p>", page.partition('id="cuts"')[2].partition("</div>")[0])


def test_what_the_front_of_an_iphone_cuts_is_said_beside_the_text_in_its_language(owner: Member) -> None:
    (said,) = cuts(sent(owner, do="look", content__card__en=LONG))
    assert re.match(r"English: On the front there is room for “[^”]+…”; all of it stands on the back\.", said)


@pytest.mark.parametrize(
    "typed",
    [{}, {"content__card__de": ""}, {"kind": "place", "content__card__de": LONG}],
    ids=["it fits", "no text yet", "said near shops instead"],
)
def test_nothing_is_said_where_nothing_is_cut(owner: Member, typed: dict[str, str]) -> None:
    assert cuts(sent(owner, do="look", **typed)) == []


def test_the_limit_of_the_weather_has_the_unit_of_what_is_measured(owner: Member) -> None:
    page = get(owner, f"{NEW}?kind=weather")
    units = re.findall(r'data-only="trigger.measure" data-values="(\w+)">([^<]+)<', page)
    assert units == [("temperature", "°C"), ("rain", "mm")]


def test_fifths_that_run_backward_are_objected_to_where_they_are_chosen(owner: Member) -> None:
    page = sent(owner, audience__money__least="5", audience__money__most="2")
    assert 'id="audience-money-error"' in page

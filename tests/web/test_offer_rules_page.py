"""How often customers are spoken to: the page of the merchant's settings for all offers."""

import html
import re
from datetime import datetime, time
from uuid import UUID

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer import governing
from issuer.database import transaction
from issuer.merchants import NewMerchant, create_merchant
from issuer.offers.policy import Policy
from tests.conftest import Cafe
from tests.web.members import Member, member

RULES = "/console/offers/rules"
FORM = {
    "weekly": "2",
    "pause_hours": "6",
    "quiet_from": "20:00",
    "quiet_until": "09:30",
    "silent_a_day": "3",
    "sounds": "yes",
    "lapsed_days": "120",
}


@pytest.fixture
def merchant_id(engine: Engine, now: datetime) -> UUID:
    with transaction(engine) as session:
        return create_merchant(session, NewMerchant("Eisdiele Venezia"), now).id


@pytest.fixture
def manager(app: OpenAPI, merchant_id: UUID, now: datetime) -> Member:
    return member(app, now, (merchant_id, "manager"))


def _policy(engine: Engine, merchant_id: UUID) -> Policy:
    with transaction(engine, merchant_id) as session:
        return governing.policy_of(session, merchant_id)


def _fields(page: str) -> dict[str, str]:
    inputs = re.findall(r'<input class="input[^>]* name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in inputs}


def _ticked(page: str) -> bool:
    return re.search(r'name="sounds" value="yes" checked', page) is not None


def test_the_page_shows_what_is_usual_until_somebody_changes_it(manager: Member) -> None:
    page = manager.get(RULES)
    assert _fields(page) == {"weekly": "3", "pause_hours": "4", "quiet_from": "21:00", "quiet_until": "08:00",
                             "silent_a_day": "4", "lapsed_days": "90"}  # fmt: skip
    assert not _ticked(page)


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_whoever_runs_the_shop_changes_the_rules(
    app: OpenAPI, engine: Engine, merchant_id: UUID, now: datetime, role: str
) -> None:
    person = member(app, now, (merchant_id, role))
    person.browser.page = RULES
    answer = person.browser.submit(RULES, **FORM)
    assert (answer.status_code, answer.location) == (303, RULES)
    assert _policy(engine, merchant_id) == Policy(
        weekly=2, pause_hours=6, quiet_from=time(20), quiet_until=time(9, 30), silent_a_day=3, sounds=True,
        lapsed_days=120,
    )  # fmt: skip
    page = person.get(RULES)
    assert 'role="status"' in page
    assert _fields(page) == {name: value for name, value in FORM.items() if name != "sounds"}
    assert _ticked(page)


def test_what_is_not_ticked_does_not_sound(manager: Member, engine: Engine, merchant_id: UUID) -> None:
    manager.browser.submit(RULES, **FORM)
    manager.browser.submit(RULES, **{name: value for name, value in FORM.items() if name != "sounds"})
    assert not _policy(engine, merchant_id).sounds


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("weekly", "", "This is missing: fill it in."),
        ("weekly", "many", "“many” is not a whole number: write digits only."),
        ("weekly", "51", "“51” is too large: write at most 50."),
        ("weekly", '"><b>', "“&#34;&gt;&lt;b&gt;” is not a whole number: write digits only."),
        ("weekly", "\x00", "“” is not a whole number: write digits only."),
        ("pause_hours", "-1", "“-1” is too small: write at least 0."),
        ("quiet_from", "25:00", "“25:00” is not a time: write hours and minutes, like 14:00."),
        ("quiet_from", "21:00:30", "“21:00:30” is no time of a shop&#39;s clock: write it like 07:00."),
        ("quiet_until", " ", "This is missing: fill it in."),
        ("quiet_until", "19:00", "Quiet from 20:00 to 19:00 leaves too little of the day: 18 hours are the most."),
        ("silent_a_day", "1.5", "“1.5” is not a whole number: write digits only."),
        ("lapsed_days", "3", "“3” is too small: write at least 7."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_the_form_keeps_what_was_typed(
    manager: Member, engine: Engine, merchant_id: UUID, field: str, typed: str, sentence: str
) -> None:
    manager.browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    answer = manager.browser.submit(RULES, **FORM | {field: typed})
    assert answer.status_code == 422
    assert f'<p class="error" id="policy-error" role="alert">{sentence}</p>' in answer.text
    wrong = re.findall(r'id="(\w+)" name="\w+"[^>]* aria-invalid="true" aria-describedby="policy-error"', answer.text)
    assert wrong == [field]
    typed_back = {name: value for name, value in FORM.items() if name != "sounds"} | {field: typed}
    assert _fields(answer.text).keys() == typed_back.keys()
    assert {name: value for name, value in _fields(answer.text).items() if name != field} == {
        name: value for name, value in typed_back.items() if name != field
    }
    assert _ticked(answer.text)
    assert _policy(engine, merchant_id) == Policy()


@pytest.mark.parametrize(("weekly", "fewer"), [("3", "2"), ("4", "2"), ("1", "1"), ("0", "0")])
def test_how_many_messages_they_get_who_have_chosen_nothing_is_said(manager: Member, weekly: str, fewer: str) -> None:
    manager.browser.submit(RULES, **FORM | {"weekly": weekly})
    page = manager.browser.client.get(RULES, headers={"Accept-Language": "en"}).text
    assert f"or has chosen nothing yet, gets half of that: {fewer}." in page


def test_it_is_said_in_german_too(manager: Member) -> None:
    answer = manager.browser.client.get(RULES, headers={"Accept-Language": "de"})
    assert "Wie oft Kundinnen und Kunden angesprochen werden" in answer.text


def test_whoever_only_looks_up_cards_has_no_such_page(app: OpenAPI, merchant_id: UUID, now: datetime) -> None:
    staff = member(app, now, (merchant_id, "staff"))
    assert staff.browser.client.get(RULES).status_code == 403
    assert staff.browser.submit(RULES, **FORM).status_code == 403


def test_nobody_changes_another_shops_rules(
    app: OpenAPI, engine: Engine, merchant_id: UUID, other_cafe: Cafe, now: datetime
) -> None:
    member(app, now, (other_cafe.merchant_id, "owner")).browser.submit(RULES, **FORM)
    assert _policy(engine, merchant_id) == Policy()

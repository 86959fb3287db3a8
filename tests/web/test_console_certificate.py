"""Owners read on the console's first page that the certificate ends; nobody else, and not before."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, update

from issuer import people
from issuer.database import transaction
from issuer.schema import Certificate
from tests.conftest import PASSWORD, Cafe
from tests.web.conftest import Browser

MARK = 'id="certificate-ends"'
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _as_it_was(engine: Engine) -> Iterator[None]:
    with transaction(engine) as session:
        end = session.query(Certificate).one().not_after
    yield
    ends(engine, end)


def ends(engine: Engine, at: datetime) -> None:
    with transaction(engine) as session:
        session.execute(update(Certificate).values(not_after=at))


def start(console: Browser, language: str = "en") -> str:
    answer = console.client.get(f"/console?lang={language}")
    assert answer.status_code == 200
    return str(answer.text)


@pytest.mark.parametrize("days", [3650, 46])
def test_as_long_as_there_is_time_nothing_is_said(console: Browser, engine: Engine, now: datetime, days: int) -> None:
    ends(engine, now + days * DAY)
    assert MARK not in start(console)


@pytest.mark.parametrize(
    ("days", "banner"), [(45, "attention"), (8, "attention"), (6.5, "refusal"), (0.5, "refusal"), (-1, "refusal")]
)
def test_from_45_days_on_it_is_said_and_in_the_last_week_louder(
    console: Browser, engine: Engine, now: datetime, days: float, banner: str
) -> None:
    ends(engine, now + days * DAY)
    assert f'<p class="banner banner-{banner}" {MARK}' in start(console)


def test_it_names_the_day_and_what_follows_in_both_languages(console: Browser, engine: Engine, now: datetime) -> None:
    ends(engine, now + 9 * DAY)
    english, german = start(console), start(console, "de")
    assert "the certificate that signs your cards ends on" in english
    assert "Das Zertifikat, mit dem Ihre Karten unterschrieben sind, gilt nur noch bis" in german
    assert str((now + 9 * DAY).year) in english


def test_when_it_is_over_it_says_so(console: Browser, engine: Engine, now: datetime) -> None:
    ends(engine, now - DAY)
    assert "the certificate that signs your cards ended on" in start(console)
    assert "abgelaufen" in start(console, "de")


@pytest.mark.parametrize("role", ["manager", "staff"])
def test_whoever_cannot_do_anything_about_it_is_not_troubled(
    app: OpenAPI, engine: Engine, cafe: Cafe, now: datetime, role: str
) -> None:
    ends(engine, now + DAY)
    email = f"{role}-of-certificates@cafe.example"
    with transaction(engine) as session:
        people.add_member(session, people.create_user(session, email, PASSWORD, now), cafe.merchant_id, role, now)
    browser = Browser(app.test_client(), "/console/sign-in")
    assert browser.submit("/console/sign-in", email=email, password=PASSWORD).status_code == 303
    assert MARK not in start(browser)

"""The console says when Apple takes no updates, and which phone is out of step."""

import html
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, update

from issuer import push_stops
from issuer.database import transaction
from issuer.schema import Membership, Registration
from tests.conftest import PASS_TYPE, Cafe
from tests.web.conftest import Browser
from tests.web.phones import Held

MARK = 'id="pushes-stopped"'
MINUTE = timedelta(minutes=1)
Stop = Callable[..., None]


@pytest.fixture
def stop(engine: Engine, phone: Held) -> Iterator[Stop]:
    """Stop the pass type of the shop's cards, or another."""
    stopped = set[str]()

    def stop(*, refused: bool, ago: timedelta = MINUTE, pass_type: str = PASS_TYPE) -> None:
        since = datetime.now(UTC) - ago
        stopped.add(pass_type)
        with transaction(engine) as session:
            push_stops.stop(session, pass_type, "403 BadCertificate", since, since + MINUTE, refused=refused)

    yield stop
    with transaction(engine) as session:
        for pass_type in stopped:
            push_stops.resume(session, pass_type)


def _first_page(console: Browser, language: str = "en") -> str:
    answer = console.client.get("/console", headers={"Accept-Language": language})
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_while_apple_takes_what_is_sent_nothing_is_said(console: Browser, phone: Held) -> None:
    assert MARK not in _first_page(console)


@pytest.mark.parametrize(("language", "words"), [("en", "Nothing is lost"), ("de", "Verloren geht nichts")])
def test_an_owner_reads_that_apple_refuses_the_updates_and_that_nothing_is_lost(
    console: Browser, stop: Stop, language: str, words: str
) -> None:
    stop(refused=True)
    page = _first_page(console, language)
    assert MARK in page
    assert words in page
    assert "403 BadCertificate" in page


@pytest.mark.parametrize(
    ("language", "words"), [("en", "No card can be added"), ("de", "Keine Karte kann auf ein iPhone")]
)
def test_an_owner_reads_that_apple_does_not_accept_the_certificate_any_more(
    console: Browser, stop: Stop, language: str, words: str
) -> None:
    for _ in range(push_stops.SURE + 1):
        assert words not in _first_page(console, language)
        stop(refused=True)
    page = _first_page(console, language)
    assert words in page
    assert "403 BadCertificate" in page


def test_a_moment_without_apple_is_not_worth_saying(console: Browser, stop: Stop) -> None:
    stop(refused=False, ago=4 * MINUTE)
    assert MARK not in _first_page(console)


def test_that_apple_has_not_been_reached_for_long_is_said(console: Browser, stop: Stop) -> None:
    stop(refused=False, ago=6 * MINUTE)
    assert "cannot be reached" in _first_page(console)


def test_another_shops_trouble_is_none_of_ours(console: Browser, stop: Stop) -> None:
    stop(refused=True, pass_type="pass.example.elsewhere")
    assert MARK not in _first_page(console)


def test_only_owners_read_it(console: Browser, stop: Stop, engine: Engine, cafe: Cafe) -> None:
    stop(refused=True)
    mine = update(Membership).where(Membership.merchant_id == cafe.merchant_id)
    with transaction(engine) as session:
        session.execute(mine.values(role="manager"))
    try:
        assert MARK not in _first_page(console)
    finally:
        with transaction(engine) as session:
            session.execute(mine.values(role="owner"))


def test_the_metrics_name_the_pass_type_and_how_long(console: Browser, stop: Stop) -> None:
    stop(refused=True)
    told = console.client.get("/metrics").text
    assert f'treuepass_pushes_stopped_seconds{{pass_type="{PASS_TYPE}"}} 6' in told


@pytest.mark.parametrize(("language", "words"), [("en", "out of step"), ("de", "nicht auf dem Stand")])
def test_a_phone_told_twice_that_did_not_come_is_out_of_step_on_the_page_of_its_card(
    console: Browser, phone: Held, engine: Engine, language: str, words: str
) -> None:
    def page() -> str:
        return console.client.get(f"/console/cards/{phone.card['id']}", headers={"Accept-Language": language}).text

    phone.register()
    phone.stamp()
    told = update(Registration).where(Registration.merchant_id == phone.merchant_id)
    with transaction(engine) as session:
        session.execute(told.values(pushed_version=2, pushed_at=datetime.now(UTC) - timedelta(hours=1)))
    assert words not in page()
    with transaction(engine) as session:
        session.execute(told.values(repeated_version=2))
    assert words in page()
    phone.fetch()
    assert words not in page()

"""The console says when Google takes nothing of the issuer, what that means for the cards, and whom to ask."""

import html
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, delete, insert, select, update

from issuer import push_stops
from issuer.database import transaction
from issuer.google_relaying import stop_key, wish
from issuer.schema import Card, GoogleClass, Membership, Pass
from issuer.settings import Settings
from tests.conftest import EMAIL, PASS_TYPE, PASSWORD, Cafe
from tests.signing.google_signing import ISSUER
from tests.web.conftest import Browser
from tests.web.google_cards import carried, key_file, with_google
from tests.web.phones import Held

MARK = 'id="google-stopped"'
MINUTE = timedelta(minutes=1)
OURS, DENIED = stop_key(ISSUER), "403 permissionDenied"
Stop = Callable[..., None]


@pytest.fixture(scope="module")
def settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return with_google(settings, key_file(tmp_path_factory.mktemp("google")))


@pytest.fixture
def stop(engine: Engine) -> Iterator[Stop]:
    """Stop all that goes to Google, or what is named."""
    stopped = set[str]()

    def stop(*, refused: bool = True, ago: timedelta = MINUTE, key: str = OURS, answer: str = DENIED) -> None:
        since = datetime.now(UTC) - ago
        stopped.add(key)
        with transaction(engine) as session:
            push_stops.stop(session, key, answer, since, since + MINUTE, refused=refused)

    yield stop
    with transaction(engine) as session:
        for key in stopped:
            push_stops.resume(session, key)


@pytest.fixture
def asked(engine: Engine, cafe: Cafe, card: dict[str, Any]) -> dict[str, Any]:
    """A card that somebody wants on Google."""
    with transaction(engine, cafe.merchant_id) as session:
        issue = session.scalars(select(Pass).where(Pass.card_id == UUID(card["id"]))).one()
        wish(session, issue, session.get_one(Card, issue.card_id), datetime.now(UTC))
    return card


def _page(console: Browser, path: str = "", language: str = "en") -> str:
    answer = console.client.get(f"/console{path}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_while_google_takes_what_is_sent_nothing_is_said(console: Browser, asked: dict[str, Any]) -> None:
    assert MARK not in _page(console)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Nothing is lost", "no card can be added", "a user of the issuer account")),
        ("de", ("Verloren geht nichts", "keine kommt hinzu", "Nutzer des Ausstellerkontos")),
    ],
)
def test_an_owner_reads_that_google_refuses_what_becomes_of_the_cards_and_what_to_do(
    console: Browser, asked: dict[str, Any], stop: Stop, language: str, words: tuple[str, ...]
) -> None:
    stop()
    page = _page(console, language=language)
    assert MARK in page
    assert [one for one in (*words, DENIED) if one not in page] == []


def test_a_moment_without_google_is_not_worth_saying(console: Browser, asked: dict[str, Any], stop: Stop) -> None:
    stop(refused=False, ago=4 * MINUTE)
    assert MARK not in _page(console)


def test_that_google_has_not_been_reached_for_long_is_said(console: Browser, asked: dict[str, Any], stop: Stop) -> None:
    stop(refused=False, ago=6 * MINUTE, answer="no answer in time")
    page = _page(console)
    assert "Google cannot be reached (no answer in time)" in page
    assert "service account" not in page


def test_a_refusal_of_the_issuer_that_was_is_none_of_ours(console: Browser, asked: dict[str, Any], stop: Stop) -> None:
    stop(key=stop_key("3388000000000000001"))
    assert MARK not in _page(console)


def test_a_shop_with_no_card_at_google_does_not_read_it(app: OpenAPI, asked: dict[str, Any], stop: Stop) -> None:
    stop()
    other = Browser(app.test_client(), "/console/sign-in")
    assert other.submit("/console/sign-in", email=f"-other{EMAIL}", password=PASSWORD).status_code == 303
    assert MARK not in _page(other)


def test_only_owners_read_it(console: Browser, asked: dict[str, Any], stop: Stop, engine: Engine, cafe: Cafe) -> None:
    stop()
    mine = update(Membership).where(Membership.merchant_id == cafe.merchant_id)
    with transaction(engine) as session:
        session.execute(mine.values(role="manager"))
    try:
        assert MARK not in _page(console)
    finally:
        with transaction(engine) as session:
            session.execute(mine.values(role="owner"))


def test_apples_refusal_and_googles_stand_beside_each_other(
    console: Browser, asked: dict[str, Any], phone: Held, stop: Stop
) -> None:
    stop()
    stop(key=PASS_TYPE, answer="403 BadCertificate")
    page = _page(console)
    assert MARK in page
    assert 'id="pushes-stopped"' in page


@pytest.mark.parametrize(
    ("language", "soon", "held"),
    [("en", "within seconds", "takes nothing at the moment"), ("de", "binnen Sekunden", "nimmt gerade nichts an")],
)
def test_the_page_of_a_card_promises_no_seconds_while_google_takes_nothing(
    console: Browser, asked: dict[str, Any], stop: Stop, language: str, soon: str, held: str
) -> None:
    path = f"/cards/{asked['id']}"
    assert soon in _page(console, path, language)
    stop()
    page = _page(console, path, language)
    assert soon not in page
    assert held in page
    assert DENIED in page


def test_what_google_has_already_is_told_as_ever(
    console: Browser, asked: dict[str, Any], stop: Stop, engine: Engine
) -> None:
    carried(engine)
    stop()
    page = _page(console, f"/cards/{asked['id']}")
    assert "Google has the newest version (1)" in page
    assert DENIED not in page


def test_the_metrics_name_the_issuer_and_how_long(console: Browser, stop: Stop) -> None:
    stop()
    told = console.client.get("/metrics").text
    assert f'treuepass_pushes_stopped_seconds{{pass_type="google:{ISSUER}"}} 6' in told


@pytest.mark.parametrize(("language", "words"), [("en", "does not take the look"), ("de", "nimmt Aussehen und Texte")])
def test_an_owner_reads_that_google_does_not_take_a_design_until_it_does(
    console: Browser, engine: Engine, cafe: Cafe, asked: dict[str, Any], language: str, words: str
) -> None:
    row = insert(GoogleClass).values(
        program_id=cafe.program_id, kind="loyalty", merchant_id=cafe.merchant_id, answer="400 invalidImage"
    )
    with transaction(engine) as session:
        session.execute(row)
    page = _page(console, language=language)
    with transaction(engine) as session:
        session.execute(delete(GoogleClass))
    assert words in page
    assert "(400 invalidImage)" in page
    assert words not in _page(console, language=language)

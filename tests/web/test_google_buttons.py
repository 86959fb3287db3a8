"""The right wallet for the phone that asks: Google first on Android, Apple first on an iPhone, both at a desk."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, delete, func, select

from issuer.database import transaction
from issuer.publishing import GOOGLE
from issuer.schema import CardKey, GoogleObject, Publication
from issuer.settings import Settings
from issuer.web import create_app
from issuer.web.public.visitors import visitor_of
from signing.tokens import digest
from tests.web.conftest import CSRF
from tests.web.google_cards import carried, claimed, key_file, with_google
from tests.web.test_public_join import (
    CHROME,
    DESK,
    EVERYBODY,
    FACEBOOK,
    FIELD,
    HEAVIEST,
    INSTAGRAM,
    IPAD,
    JOIN,
    LOADED,
    SAFARI,
    WEB_VIEW,
)

BUTTON = re.compile(r'<a id="(add-[a-z]+)"')


@pytest.fixture(scope="module")
def settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return with_google(settings, key_file(tmp_path_factory.mktemp("google")))


@pytest.fixture(scope="module")
def demo(settings: Settings) -> Iterator[FlaskClient]:
    """The same service with a phone in the browser."""
    app = create_app(replace(settings, sandbox_url="http://127.0.0.1:9999"))
    yield app.test_client()
    app.extensions["treuepass"].engine.dispose()


@pytest.fixture(autouse=True)
def nothing_waits(engine: Engine) -> Iterator[None]:
    yield
    with transaction(engine) as session:
        session.execute(delete(Publication).where(Publication.channel == GOOGLE))


def buttons(client: FlaskClient, card: dict[str, Any], agent: str) -> tuple[list[str], list[str]]:
    """What a visitor sees at once, and what after one tap."""
    page = client.get(urlsplit(card["links"]["web"]).path, headers={"User-Agent": agent}).text
    first, _, others = page.partition('<details class="fold" id="other-ways">')
    return BUTTON.findall(first), BUTTON.findall(others)


def join(client: FlaskClient, way: str, page: str | None = None) -> Any:
    page = page or client.get(JOIN, headers={"User-Agent": CHROME}).text
    token, join_id = CSRF.search(page), FIELD.search(page)
    assert token is not None
    assert join_id is not None
    return client.post(JOIN, data={"csrf_token": token[1], "join_id": join_id[1], "way": way})


def asked(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.scalar(select(func.count()).select_from(GoogleObject)) or 0


@pytest.mark.parametrize(("agent", "first", "others"), [
    (SAFARI, ["add-apple"], ["add-google"]), (INSTAGRAM, ["add-apple"], ["add-google"]),
    (CHROME, ["add-google"], ["add-apple"]), (WEB_VIEW, ["add-google"], ["add-apple"]),
    (DESK, ["add-google", "add-apple"], []), (IPAD, ["add-google", "add-apple"], []),
])  # fmt: skip
def test_the_cards_page_offers_the_phones_own_wallet_first(
    client: FlaskClient, card: dict[str, Any], agent: str, first: list[str], others: list[str]
) -> None:
    assert buttons(client, card, agent) == (first, others)


@pytest.mark.parametrize(("agent", "first"), [
    (SAFARI, "add-apple"), (CHROME, "add-google"), (DESK, "add-sandbox"),
])  # fmt: skip
def test_the_phone_in_the_browser_is_one_more_way(
    demo: FlaskClient, card: dict[str, Any], agent: str, first: str
) -> None:
    at_once, others = buttons(demo, card, agent)
    assert at_once == [first]
    assert sorted([first, *others]) == ["add-apple", "add-google", "add-sandbox"]


@pytest.mark.parametrize("phone", ["ios", "android", "none"])
@pytest.mark.parametrize("google", [False, True])
@pytest.mark.parametrize("sandbox", [False, True])
def test_every_way_there_is_is_offered_once(phone: str, google: bool, sandbox: bool) -> None:
    visitor = replace(visitor_of(DESK), phone=phone)
    first, others = visitor.ways(google=google, sandbox=sandbox)
    there = {"apple", "page"} | ({"google"} if google else set()) | ({"sandbox"} if sandbox else set())
    assert set(first) | set(others) == there
    assert len(first) + len(others) == len(there)
    assert first


def test_the_button_leads_to_our_own_address_and_is_in_two_languages(client: FlaskClient, card: dict[str, Any]) -> None:
    page = client.get(urlsplit(card["links"]["web"]).path, headers={"User-Agent": CHROME}).text
    found = re.search(r'<a id="add-google"[^>]* href="([^"]+)">.*?</svg>([^<]+)</a>', page)
    assert found is not None
    assert (found[1], found[2]) == (card["links"]["google"], "Zu Google Wallet hinzufügen")
    assert "pay.google.com" not in page, "a link is signed when it is tapped"


def test_inside_an_app_of_android_the_button_opens_chrome(client: FlaskClient, card: dict[str, Any]) -> None:
    page = client.get(urlsplit(card["links"]["web"]).path, headers={"User-Agent": FACEBOOK}).text
    found = re.search(r'<a id="add-google"[^>]* href="([^"]+)"', page)
    assert found is not None
    link = html.unescape(found[1])
    assert link.startswith(f"intent://{card['links']['google'].removeprefix('http://')}#Intent;")
    assert "package=com.android.chrome;" in link


def test_an_android_phone_is_offered_google_wallet_first_and_the_web_page_second(client: FlaskClient) -> None:
    page = client.get(JOIN, headers={"User-Agent": CHROME}).text
    assert page.index('id="join-google"') < page.index('id="join"') < page.index("<details")
    assert 'value="apple"' not in page


@pytest.mark.parametrize("agent", [SAFARI, INSTAGRAM, DESK, IPAD, FACEBOOK, WEB_VIEW, "", "curl/8"])
def test_who_has_no_google_wallet_is_offered_none_to_join_by(client: FlaskClient, agent: str) -> None:
    assert 'value="google"' not in client.get(JOIN, headers={"User-Agent": agent}).text


@pytest.mark.parametrize("agent", EVERYBODY)
def test_the_join_page_stays_light_and_of_our_own_files(client: FlaskClient, agent: str) -> None:
    page = client.get(JOIN, headers={"User-Agent": agent}).text
    files = {html.unescape(found) for found in LOADED.findall(page)}
    assert [found for found in files if "//" in found] == []
    weights = [len(client.get(urljoin(JOIN, path)).data) for path in files]
    assert len(page.encode()) + sum(weights) < HEAVIEST


def test_who_joins_for_google_has_the_card_on_its_way_before_the_page_is_there(
    client: FlaskClient, engine: Engine
) -> None:
    answer = join(client, "google")
    assert answer.status_code == 303
    card = answer.location.partition("/google")[0]
    assert len(carried(engine)) == 1
    there = client.get(answer.location)
    assert (there.status_code, there.headers["Refresh"]) == (200, f"0; url={card}/google")
    assert client.get(f"{card}/google").status_code == 302


def test_two_taps_make_one_card_and_ask_for_it_once(client: FlaskClient, engine: Engine) -> None:
    page = client.get(JOIN, headers={"User-Agent": CHROME}).text
    first, second = join(client, "google", page), join(client, "google", page)
    assert first.location == second.location
    assert len(claimed(engine)) == 1


def test_who_joins_and_stays_on_the_web_is_not_told_of_to_google(client: FlaskClient, engine: Engine) -> None:
    before = asked(engine)
    for way in ("web", "apple", "", "Google"):
        assert join(client, way).status_code == 303
    assert asked(engine) == before


def test_a_card_that_was_revoked_between_two_taps_is_not_sent_to_google(client: FlaskClient, engine: Engine) -> None:
    page = client.get(JOIN, headers={"User-Agent": CHROME}).text
    key = urlsplit(join(client, "web", page).location).path.split("/")[2]
    with transaction(engine) as session:
        session.execute(delete(CardKey).where(CardKey.key_hash == digest(key)))
    before = asked(engine)
    assert join(client, "google", page).status_code == 303
    assert asked(engine) == before


def test_without_an_issuer_joining_for_google_leads_to_the_web_card(settings: Settings, engine: Engine) -> None:
    app: OpenAPI = create_app(replace(settings, google=None))
    before = asked(engine)
    assert re.fullmatch(r"/card/[^/?]+", join(app.test_client(), "google").location)
    assert asked(engine) == before
    app.extensions["treuepass"].engine.dispose()

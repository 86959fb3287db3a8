"""Callers of every face: an integrator, a till, a merchant, a phone.

One furnished database a file; every test brings its own card. Tests that list or count take a merchant of their own.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, update

from issuer import api_keys, certificates
from issuer.branding import load_branding
from issuer.brands import create_brand
from issuer.clock import Clock
from issuer.database import make_engine, transaction
from issuer.keys import Keys, keys_of
from issuer.merchants import NewMerchant, create_location, create_merchant
from issuer.program_changes import create_stamp_program
from issuer.schema import Membership
from issuer.settings import Settings, load_settings
from issuer.web import create_app
from sandbox.authority import Authority
from signing.certificates import read_pass_certificate
from tests.conftest import API_KEY, EMAIL, PASSWORD, PIN, TEMPLATE, TILL_LINK, Cafe, Servers, named, open_cafe, plain
from tests.web.asking import Api
from tests.web.phones import Held, held

Travel = Callable[[timedelta], None]
CSRF = re.compile(r'name="csrf[-_]token" (?:content|value)="([^"]+)"')


@dataclass(frozen=True)
class Furnished:
    """A database that holds two merchants and a certificate, to be copied."""

    template: str
    cafe: Cafe
    other_cafe: Cafe


def web_settings(database_url: str, redis_url: str, data_dir: Path) -> Settings:
    environ = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "SECRET_KEY": "a secret of the web tests, long enough to pass",
        "KEY_ENCRYPTION_KEY": "dHJldWVwYXNzIHRlc3RzOiAzMiBieXRlcyBvZiBrZXk=",
        "DATA_DIR": str(data_dir),
        "TREUEPASS_MODE": "test",
    }
    return load_settings(environ, {})


@pytest.fixture(scope="session")
def furnished(
    servers: Servers, redis_url: str, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Furnished]:
    name, now = f"furnished_{uuid4().hex}", datetime.now(UTC)
    with psycopg.connect(plain(servers.database), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        settings = web_settings(named(servers.database, name), redis_url, tmp_path_factory.mktemp("furnished"))
        engine = make_engine(settings.database_url)
        cafe, other = open_cafe(engine, now), open_cafe(engine, now, slug="other", suffix="-other")
        paths = (authority.pass_certificate, authority.pass_key, authority.intermediate)
        given = read_pass_certificate([path.read_bytes() for path in paths], password=None, now=now)
        with transaction(engine) as session:
            certificates.store(session, keys_of(settings), given, now)
        engine.dispose()
        yield Furnished(name, cafe, other)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def database_url(servers: Servers, furnished: Furnished) -> Iterator[str]:
    name = f"web_{uuid4().hex}"
    with psycopg.connect(plain(servers.database), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {furnished.template}")
        yield named(servers.database, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def settings(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return web_settings(database_url, redis_url, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def keys(settings: Settings) -> Keys:
    return keys_of(settings)


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[OpenAPI]:
    app = create_app(settings)
    yield app
    app.extensions["treuepass"].engine.dispose()


@pytest.fixture(scope="module")
def engine(app: OpenAPI) -> Engine:
    return app.extensions["treuepass"].engine


@pytest.fixture(scope="session")
def cafe(furnished: Furnished) -> Cafe:
    return furnished.cafe


@pytest.fixture(scope="session")
def other_cafe(furnished: Furnished) -> Cafe:
    return furnished.other_cafe


@pytest.fixture(scope="session")
def counts(redis_url: str) -> "Iterator[redis.Redis[Any]]":
    """Where the house counts what it was sent."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_counted(counts: "redis.Redis[Any]") -> None:
    """No test uses up what another one may send in a minute."""
    counts.flushdb()


@pytest.fixture
def travel(app: OpenAPI) -> Iterator[Travel]:
    """Let the house's clock run ahead, until the test is over."""
    house = app.extensions["treuepass"]

    def ahead(span: timedelta) -> None:
        app.extensions["treuepass"] = replace(house, clock=Clock(span))

    yield ahead
    app.extensions["treuepass"] = house


@pytest.fixture
def alone(app: OpenAPI, engine: Engine, now: datetime) -> Api:
    """A caller of a merchant that nobody else uses."""
    branding, name = load_branding("cafe"), uuid4().hex
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant(name), now)
        create_location(session, merchant, "Lindenstraße", now)
        create_stamp_program(session, create_brand(session, merchant, branding, now), branding, name, now)
        api_keys.create_api_key(session, merchant.id, name, api_keys.SCOPES, now)
    return Api(app.test_client(), name)


@pytest.fixture
def api(client: FlaskClient) -> Api:
    return Api(client, API_KEY)


@pytest.fixture
def other_api(app: OpenAPI) -> Api:
    return Api(app.test_client(), f"{API_KEY}-other")


@pytest.fixture
def card(api: Api, cafe: Cafe) -> dict[str, Any]:
    """A card without stamps."""
    return api.made("/cards", {"program_id": str(cafe.program_id)})


@pytest.fixture
def full_card(api: Api, card: dict[str, Any]) -> dict[str, Any]:
    """A card on which one reward waits."""
    return api.made(f"/cards/{card['id']}/stamps", {"count": 10})["card"]


def csrf_of(client: FlaskClient, path: str) -> str:
    """The token that a page of ours gives to its forms and scripts."""
    found = CSRF.search(client.get(path).text)
    assert found is not None, f"{path} has no token"
    return found[1]


class Browser:
    """A browser with cookies that sends the token its page was given."""

    def __init__(self, client: FlaskClient, page: str) -> None:
        self.client, self.page = client, page
        self._read: tuple[str, str] | None = None

    @property
    def token(self) -> str:
        """Read off the page once for each session cookie: it holds as long as that."""
        if self._read is None or self._read[0] != self._session():
            token = csrf_of(self.client, self.page)
            self._read = self._session(), token
        return self._read[1]

    def _session(self) -> str:
        found = self.client.get_cookie("treuepass")
        return found.value if found else ""

    def submit(self, path: str, **fields: str) -> Any:
        return self.client.post(path, data={"csrf_token": self.token} | fields)

    def send(self, path: str, body: object, key: str | None = None) -> Any:
        """What the till's script does; with a fresh key unless told which, or none."""
        key = str(uuid4()) if key is None else key
        headers = {"X-CSRFToken": self.token} | ({"Idempotency-Key": key} if key else {})
        return self.client.post(path, json=body, headers=headers)


def enrolled(app: OpenAPI, link: str = TILL_LINK) -> Browser:
    client = app.test_client()
    assert client.get(f"/till/enrol/{link}").status_code == 303
    return Browser(client, "/till")


def opened(till: Browser, cafe: Cafe) -> Browser:
    assert till.submit("/till/sign-in", staff_id=str(cafe.staff_id), pin=PIN).status_code == 303
    return till


def signed_in(app: OpenAPI) -> Browser:
    browser = Browser(app.test_client(), "/console/sign-in")
    assert browser.submit("/console/sign-in", email=EMAIL, password=PASSWORD).status_code == 303
    return browser


def cookie_of(browser: Browser, name: str, path: str = "/") -> str:
    found = browser.client.get_cookie(name, path=path)
    assert found is not None
    return found.value


@pytest.fixture(scope="module")
def till_cookie(app: OpenAPI, cafe: Cafe) -> str:
    """Opened once a file: hashing a PIN takes as long as ten stamps."""
    return cookie_of(opened(enrolled(app), cafe), "treuepass_till")


@pytest.fixture
def till(app: OpenAPI, till_cookie: str) -> Browser:
    """A till that Mia has opened."""
    client = app.test_client()
    client.set_cookie("treuepass_till", till_cookie)
    return Browser(client, "/till")


@pytest.fixture(scope="module")
def console_cookie(app: OpenAPI) -> str:
    return cookie_of(signed_in(app), "treuepass_console", "/console")


@pytest.fixture
def console(app: OpenAPI, console_cookie: str) -> Browser:
    """The owner, signed in."""
    client = app.test_client()
    client.set_cookie("treuepass_console", console_cookie, path="/console")
    return Browser(client, "/console/sign-in")


@pytest.fixture
def phone(api: Api, cafe: Cafe) -> Held:
    """A phone that has just downloaded a pass."""
    return held(api, cafe)


@pytest.fixture
def second_phone(api: Api, cafe: Cafe) -> Held:
    return held(api, cafe)


@pytest.fixture
def as_staff(engine: Engine, cafe: Cafe) -> Iterator[None]:
    """The owner is a member of staff for a while."""

    def become(role: str) -> None:
        with transaction(engine) as session:
            session.execute(update(Membership).where(Membership.merchant_id == cafe.merchant_id).values(role=role))

    become("staff")
    yield
    become("owner")

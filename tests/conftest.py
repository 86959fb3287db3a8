"""Real servers for every test that wants them: one PostgreSQL and one Valkey a run, a database of its own a test."""

import fcntl
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from cli import unprivileged
from cli.postgresql import PostgreSQL
from cli.postgresql import Running as Database
from cli.valkey import Running as Broker
from cli.valkey import Valkey
from issuer import api_keys, certificates, migrating, people, sealing, tills
from issuer.branding import load_branding
from issuer.brands import create_brand
from issuer.database import make_engine, transaction
from issuer.keys import Keys, keys_of
from issuer.merchants import NewMerchant, create_location, create_merchant
from issuer.program_changes import create_stamp_program
from issuer.programs import program_view
from issuer.settings import Settings, load_settings
from issuer.web import create_app
from sandbox.authority import Authority, ensure_authority
from signing import passwords
from signing.certificates import read_pass_certificate
from tests.second_readers import SecondReaders

HOME = "PYTEST_TREUEPASS_HOME"
IN_MEMORY, ROOM_NEEDED = Path("/dev/shm"), 4 << 30  # noqa: S108 (a folder of a random name is made in it)
TEMPLATE = "template_of_tests"
PASS_TYPE = "pass.example.treuepass.test"
API_KEY = "tp_key-of-the-tests"
PIN = "4711"
PASSWORD = "right horse"
EMAIL = "owner@cafe.example"
TILL_LINK = "till-link-of-the-tests"
OWNER = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    if HOME not in os.environ:
        os.environ[HOME] = tempfile.mkdtemp(prefix="treuepass-tests-", dir=_room())
        config.stash[OWNER] = True


def _room() -> Path | None:
    """In memory where there is some: ext4 takes half a second to make a database while it forgets a dropped one."""
    return IN_MEMORY if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM_NEEDED else None


def pytest_collection_finish() -> None:
    """Thousands of tests and all they import stay to the end: looking for garbage among them takes seconds."""
    gc.freeze()


def _quietly(_sentence: str) -> None:
    """What the servers say to a human is no news in a test run."""


def pytest_unconfigure(config: pytest.Config) -> None:
    """Whoever began the run ends the servers; workers only use them."""
    if not config.stash.get(OWNER, False):
        return
    home = Path(os.environ.pop(HOME))
    if (home / "servers").exists():
        database, broker = PostgreSQL(), Valkey()
        _started(home, database, broker)
        database.discard()
        broker.discard()
    shutil.rmtree(home, ignore_errors=True)


def _started(home: Path, database: PostgreSQL, broker: Valkey) -> tuple[Database, Broker]:
    """Both servers, running; when root runs the tests, the database's other account finds its place here, too."""
    home.chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unprivileged, "ROOM", home)
        return database.ensure(home, _quietly), broker.ensure(home, _quietly)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Argon2id as always, but with so little work that a thousand sign-ins do not take minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def second_readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the service seals in a test must also please OpenSSL and pass-js, who are asked once: that takes long."""
    readers = SecondReaders(tmp_path_factory.mktemp("sealed"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "seal_pass", readers.seal)
        yield
    assert not list(readers.complaints())


@dataclass(frozen=True)
class Servers:
    """Addresses of the run's servers; the database address names the maintenance database."""

    database: str
    redis: str


@pytest.fixture(scope="session")
def servers() -> Servers:
    home = Path(os.environ[HOME])
    with _alone(home):
        database, broker = _started(home, PostgreSQL(), Valkey())
        if not (home / "servers").exists():
            _make_template(database.url)
            (home / "servers").touch()
    return Servers(database.url, broker.url)


def plain(url: str) -> str:
    """The address as psycopg wants it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def named(url: str, database: str) -> str:
    """The same server, another database."""
    head, _, tail = url.partition("?")
    return f"{head.rpartition('/')[0]}/{database}?{tail}"


def _make_template(url: str) -> None:
    """The migrated database that every test copies; nobody needs these servers' data after a power cut."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    migrating.upgrade(named(url, TEMPLATE))


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """A migrated, empty database for one test."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(plain(servers.database), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        yield named(servers.database, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> str:
    """A Redis database of this worker's own."""
    number = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", "0"))) or 0)
    return servers.redis.partition("?")[0] + f"?db={number % 16}"


@pytest.fixture
def environ(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """A complete environment for the service; tests change it before asking for `settings`."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "SECRET_KEY": "a secret of the tests, long enough to pass",
        "KEY_ENCRYPTION_KEY": "dHJldWVwYXNzIHRlc3RzOiAzMiBieXRlcyBvZiBrZXk=",
        "DATA_DIR": str(tmp_path),
        "TREUEPASS_MODE": "test",
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return load_settings(environ, {})


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return keys_of(settings)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """Connections as the application has them: stepped down to the role that owns nothing."""
    engine = make_engine(settings.database_url, pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Stands in for Apple's certificate authority."""
    folder = tmp_path_factory.mktemp("authority")
    return ensure_authority(folder, pass_type=PASS_TYPE, team_id="TEAMTEST01", now=datetime.now(UTC))


@dataclass(frozen=True)
class Cafe:
    """Ids of a merchant with a shop, a program "10 for 1", a till link, a staff member, an owner and an API key."""

    merchant_id: UUID
    location_id: UUID
    program_id: UUID
    reward_id: UUID
    staff_id: UUID
    slug: str


def open_cafe(engine: Engine, now: datetime, *, slug: str = "cafe", suffix: str = "") -> Cafe:
    """Found a merchant as `treuepass merchant create` does. ``suffix`` keeps a second one's names apart."""
    branding = load_branding("cafe")
    with transaction(engine) as session:
        merchant = create_merchant(
            session, NewMerchant(f"Café Test{suffix}", contact={"mail": "hallo@cafe.example"}), now
        )
        location = create_location(session, merchant, "Lindenstraße", now)
        brand = create_brand(session, merchant, branding, now)
        program = create_stamp_program(session, brand, branding, slug, now)
        user = people.create_user(session, f"{suffix}{EMAIL}", PASSWORD, now)
        people.add_member(session, user, merchant.id, "owner", now)
        staff = tills.hire(session, merchant.id, "Mia", PIN, now)
        tills.invite_till(session, location.id, merchant.id, TILL_LINK + suffix, now, expires_at=None)
        api_keys.create_api_key(session, merchant.id, API_KEY + suffix, api_keys.SCOPES, now)
        view = program_view(session, program.id)
        assert view is not None
        return Cafe(merchant.id, location.id, program.id, view.rewards[0].id, staff.id, slug)


@pytest.fixture
def cafe(engine: Engine, now: datetime) -> Cafe:
    return open_cafe(engine, now)


@pytest.fixture
def other_cafe(engine: Engine, now: datetime) -> Cafe:
    """Somebody else's merchant, to knock at its doors."""
    return open_cafe(engine, now, slug="other", suffix="-other")


@pytest.fixture
def certificate(engine: Engine, keys: Keys, authority: Authority, now: datetime) -> None:
    """The platform's certificate is in place."""
    paths = (authority.pass_certificate, authority.pass_key, authority.intermediate)
    given = read_pass_certificate([path.read_bytes() for path in paths], password=None, now=now)
    with transaction(engine) as session:
        certificates.store(session, keys, given, now)


@pytest.fixture
def app(settings: Settings, cafe: Cafe, certificate: None) -> Iterator[OpenAPI]:
    app = create_app(settings)
    app.config["TESTING"] = False
    yield app
    app.extensions["treuepass"].engine.dispose()


@pytest.fixture
def client(app: OpenAPI) -> FlaskClient:
    return app.test_client()

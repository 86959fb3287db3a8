"""The worker's surroundings: the push service on a real connection, a Redis that may be killed."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from cli.valkey import Running, Valkey
from issuer.settings import Settings, load_settings
from sandbox.authority import Authority
from sandbox.google_account import ensure_service_account
from signing.certificates import PassCertificate, read_pass_certificate
from tests.conftest import Cafe
from tests.worker.google_scene import GoogleScene, GoogleServer
from tests.worker.scene import PushService, Scene
from worker.apns import ApnsConnection
from worker.google_desk import Desk
from worker.google_rate import GoogleRate
from worker.lines import Lines
from worker.office import Office


@pytest.fixture
def service(authority: Authority) -> Iterator[PushService]:
    service = PushService(authority)
    yield service
    service.apns.stop()


@pytest.fixture
def pass_certificate(authority: Authority) -> PassCertificate:
    paths = (authority.pass_certificate, authority.pass_key, authority.intermediate)
    return read_pass_certificate([path.read_bytes() for path in paths], password=None, now=datetime.now(UTC))


@pytest.fixture
def connection(service: PushService, authority: Authority, pass_certificate: PassCertificate) -> ApnsConnection:
    return ApnsConnection(service.url, str(authority.root), pass_certificate, patience=1.0)


@pytest.fixture
def environ(environ: dict[str, str], service: PushService, authority: Authority) -> dict[str, str]:
    return environ | {"APNS_URL": service.url, "APNS_CA_FILE": str(authority.root)}


@pytest.fixture
def office(settings: Settings) -> Iterator[Office]:
    office = Office(settings)
    yield office
    office.engine.dispose()


@pytest.fixture
def lines(office: Office) -> Lines:
    return Lines(office)


@pytest.fixture
def scene(office: Office, cafe: Cafe, certificate: None) -> Scene:
    return Scene(office, cafe)


class OwnRedis:
    """A Redis of this test's own, on one socket however often it is killed and started."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tp-"))
        self._server = Valkey()
        self.running: Running = self._server.ensure(self.folder, print)

    @property
    def url(self) -> str:
        return self.running.url

    def start(self) -> None:
        self.running = self._server.ensure(self.folder, print)

    def stop(self) -> None:
        self._server.stop()

    def discard(self) -> None:
        self._server.discard()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def own_redis() -> Iterator[OwnRedis]:
    redis = OwnRedis()
    yield redis
    redis.discard()


@pytest.fixture(scope="session")
def google_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service account's key file; making one takes a third of a second."""
    return ensure_service_account(tmp_path_factory.mktemp("account"), "https://nobody.example/token").path


@pytest.fixture
def google(tmp_path_factory: pytest.TempPathFactory, google_key: Path) -> Iterator[GoogleServer]:
    folder = tmp_path_factory.mktemp("google")
    shutil.copy(google_key, folder)
    server = GoogleServer(folder)
    yield server
    server.stop()


@pytest.fixture
def google_scene(environ: dict[str, str], google: GoogleServer, cafe: Cafe, certificate: None) -> Iterator[GoogleScene]:
    """Google lets in as many calls as the tests make; who tests the rate says so."""
    google.allow(rate=100_000)
    settings = load_settings(environ | google.environ() | {"PUBLIC_URL": "https://karten.example"}, {})
    assert settings.google is not None
    office = Office(settings)
    desk = Desk(office, settings.google, patience=(0.5, 0.5))
    desk.__dict__["rate"] = GoogleRate(desk.redis, f"test {uuid4()}", settings.google_rate)
    yield GoogleScene(Scene(office, cafe), desk, google)
    desk.close()
    office.engine.dispose()

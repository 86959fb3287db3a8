"""The worker's surroundings: the push service on a real connection, a Redis that may be killed."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.valkey import Running, Valkey
from issuer.settings import Settings
from sandbox.authority import Authority
from signing.certificates import PassCertificate, read_pass_certificate
from tests.conftest import Cafe
from tests.worker.scene import PushService, Scene
from worker.apns import ApnsConnection
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

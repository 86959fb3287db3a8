"""Two authorities, an APNs stand-in that trusts one of them, and an issuer with a Google of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from sandbox.authority import Authority, ensure_authority
from sandbox.server import running as running_sandbox
from tests.sandbox.browser import chromium_running
from tests.sandbox.google_parts import Client, Clock, Listening, Pictures
from tests.sandbox.parts import PASS_TYPE, TEAM, RunningApns, machine_now


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    return ensure_authority(folder, pass_type=PASS_TYPE, team_id=TEAM, now=machine_now())


@pytest.fixture(scope="session")
def foreign_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("foreign")
    return ensure_authority(folder, pass_type=PASS_TYPE, team_id=TEAM, now=machine_now())


@pytest.fixture
def running(authority: Authority) -> Iterator[RunningApns]:
    server = RunningApns(authority)
    yield server
    server.apns.stop()


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def wallet(authority: Authority, tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Client]:
    """An issuer with a Google of its own, which takes as many calls a second as come."""
    folder = tmp_path_factory.mktemp("google")
    with running_sandbox(folder, phone_port=0, apns_port=0, authority=authority, now=clock.now) as made:
        client = Client(made)
        client.tell("settings", {"rate": 100_000})
        yield client


@pytest.fixture(scope="module")
def issuer_listening() -> Iterator[Listening]:
    made = Listening()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_running() as browser:
        yield browser


@pytest.fixture(scope="module")
def pictures() -> Iterator[Pictures]:
    made = Pictures()
    yield made
    made.stop()

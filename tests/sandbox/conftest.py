"""Two authorities, and an APNs stand-in that trusts one of them."""

from collections.abc import Iterator

import pytest

from sandbox.authority import Authority, ensure_authority
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

"""Throwaway data folders: as root the database lives outside them and has to be removed too."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.processes import command_line, pids_with


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder with a short name, so that its sockets can stand inside it."""
    folder = Path(tempfile.mkdtemp(prefix="tp-"))
    yield folder
    places = [*folder.rglob("elsewhere"), *folder.rglob("socket-folder")]
    rooms = [str(folder), *(note.read_text() for note in places)]
    left = [command_line(pid) for room in rooms for pid in pids_with(room)]
    for room in rooms:
        shutil.rmtree(room, ignore_errors=True)
    assert left == []


@pytest.fixture
def ordinary_user() -> tuple[int, int] | None:
    """User and group to become, when the tests run as root; None when they do not."""
    return (65534, 65534) if os.geteuid() == 0 else None


@pytest.fixture(scope="session")
def openssl() -> str:
    found = shutil.which("openssl")
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "openssl is not installed: no second opinion on requests"
        )
    return str(found)

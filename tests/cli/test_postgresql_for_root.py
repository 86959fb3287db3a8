"""PostgreSQL refuses to run as root: what happens in its place opens nobody's folder."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import unprivileged
from cli.postgresql import PostgreSQL, installed_programs
from cli.processes import StartRefused

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root meets this case")


def silent(_sentence: str) -> None:
    return


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A room of the test's own in the place of /var/tmp, like it open to all."""
    room = Path(tempfile.mkdtemp(prefix="room-", dir="/var/tmp"))
    room.chmod(0o1777)
    monkeypatch.setattr(unprivileged, "ROOM", room)
    yield room
    shutil.rmtree(room)


@pytest.fixture
def server(room: Path, data_dir: Path) -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.stop()


def copy_in(room: Path) -> Path:
    return next(room.glob("treuepass-postgresql-*"))


def program_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/exe").readlink()


def test_no_folder_above_the_data_is_opened(server: PostgreSQL, data_dir: Path) -> None:
    home = data_dir / "home"
    home.mkdir(mode=0o700)
    server.ensure(home / "var", silent)
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "var" / "postgresql").stat().st_mode & 0o777 == 0o700


def test_it_runs_as_another_user_and_says_so_once(server: PostgreSQL, data_dir: Path) -> None:
    heard: list[str] = []
    running = server.ensure(data_dir, heard.append)
    assert Path(f"/proc/{running.pid}").stat().st_uid != 0
    assert [line for line in heard if "refuses to run as root" in line and str(running.folder.parent) in line]
    server.stop()
    heard.clear()
    server.ensure(data_dir, heard.append)
    assert heard == []


def test_two_demos_share_one_copy_of_the_programs(server: PostgreSQL, room: Path, data_dir: Path) -> None:
    first = server.ensure(data_dir / "one", silent)
    other = PostgreSQL()
    second = other.ensure(data_dir / "two", silent)
    assert program_of(first.pid) == program_of(second.pid)
    assert program_of(first.pid).is_relative_to(copy_in(room))
    other.stop()


def test_the_copy_of_the_programs_is_made_once(room: Path, tmp_path: Path) -> None:
    programs = unprivileged.readable_copy(installed_programs(), "18.0.0", tmp_path)
    made = (programs / "postgres").stat().st_ino
    assert unprivileged.readable_copy(installed_programs(), "18.0.0", tmp_path) == programs
    assert (programs / "postgres").stat().st_ino == made
    assert programs.is_relative_to(copy_in(room))


@pytest.mark.parametrize("damage", ["writable", "foreign", "shorter", "added", "link"])
def test_a_copy_that_another_may_have_touched_is_not_run(room: Path, tmp_path: Path, damage: str) -> None:
    program = unprivileged.readable_copy(installed_programs(), "18.0.0", tmp_path) / "postgres"
    shared = copy_in(room)
    if damage == "writable":
        program.chmod(0o777)
    elif damage == "foreign":
        os.chown(shared, 65534, 65534)
    elif damage == "shorter":
        os.truncate(program, 100)
    elif damage == "added":
        program.with_name("libc.so.6").write_bytes(b"")
    else:
        shared.rename(room / "moved")
        shared.symlink_to(room / "moved")
    assert unprivileged.readable_copy(installed_programs(), "18.0.0", tmp_path).is_relative_to(tmp_path)


def test_a_place_that_another_has_taken_is_refused(server: PostgreSQL, data_dir: Path) -> None:
    server.ensure(data_dir, silent)
    server.stop()
    place = Path((data_dir / "postgresql" / "elsewhere").read_text())
    os.chown(place, 65534, 65534)
    with pytest.raises(StartRefused, match="is not the folder that root made"):
        server.ensure(data_dir, silent)


def test_a_place_that_was_cleaned_away_is_made_anew_and_said(server: PostgreSQL, data_dir: Path) -> None:
    server.ensure(data_dir, silent)
    server.stop()
    shutil.rmtree((data_dir / "postgresql" / "elsewhere").read_text())
    heard: list[str] = []
    server.ensure(data_dir, heard.append)
    assert "is gone" in heard[0]


def test_another_users_data_are_left_to_that_user(server: PostgreSQL, data_dir: Path) -> None:
    (data_dir / "postgresql" / "cluster").mkdir(parents=True)
    with pytest.raises(StartRefused, match="start the demo as that user"):
        server.ensure(data_dir, silent)

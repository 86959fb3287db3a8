"""The PostgreSQL of one machine: started, adopted, stopped, and never at another's expense."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from cli.postgresql import DataFolderRefused, PostgreSQL, Running
from cli.processes import SOCKET_PATH_LIMIT, StartRefused, command_line, pids_with, unreaped, wait_until
from tests.cli.apart import Apart


def silent(_sentence: str) -> None:
    return


@pytest.fixture
def server(data_dir: Path) -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.discard()


def ask(running: Running, question: str) -> object:
    with psycopg.connect(running.url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(question)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def test_data_outlive_a_stop_and_a_start(server: PostgreSQL, data_dir: Path) -> None:
    ask(server.ensure(data_dir, silent), "CREATE TABLE kept AS SELECT 7 AS seven")
    server.stop()
    assert ask(server.ensure(data_dir, silent), "SELECT seven FROM kept") == 7


def test_a_stop_leaves_no_process(server: PostgreSQL, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    server.stop()
    assert not server.running()
    assert pids_with(str(running.folder)) == []


def test_a_stop_does_not_wait_for_open_connections(server: PostgreSQL, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    with psycopg.connect(running.url.replace("+psycopg", "")) as connection:
        connection.execute("SELECT 1")
        server.stop()
        assert not server.running()
        connection.close()


def test_it_runs_as_the_demo_needs_it_and_nobody_else_can_reach_it(server: PostgreSQL, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    wanted = {"listen_addresses": "", "fsync": "on", "server_encoding": "UTF8", "max_connections": "100"}
    assert {name: ask(running, f"SHOW {name}") for name in wanted} == wanted
    assert running.folder.stat().st_mode & 0o77 == 0
    assert (running.folder.parent / "socket").stat().st_mode & 0o77 == 0


def test_a_server_whose_parent_was_killed_is_adopted(server: PostgreSQL, data_dir: Path) -> None:
    parent = Apart(lambda: str(PostgreSQL().ensure(data_dir, silent).pid))
    first = int(parent.said())
    parent.kill()
    heard: list[str] = []
    assert server.ensure(data_dir, heard.append).pid == first
    assert "still running" in heard[-1]


def test_an_adopted_server_can_be_stopped(server: PostgreSQL, data_dir: Path) -> None:
    parent = Apart(lambda: str(PostgreSQL().ensure(data_dir, silent).pid))
    parent.said()
    parent.kill()
    running = server.ensure(data_dir, silent)
    server.stop()
    assert wait_until(lambda: pids_with(str(running.folder)) == [], 5)


def test_two_starts_at_once_share_one_server(server: PostgreSQL, data_dir: Path) -> None:
    others = [Apart(lambda: str(PostgreSQL().ensure(data_dir, silent).pid)) for _ in range(2)]
    pids = {int(other.said()) for other in others} | {server.ensure(data_dir, silent).pid}
    for other in others:
        other.kill()
    assert len(pids) == 1


def test_what_was_committed_outlives_a_killed_server(server: PostgreSQL, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    ask(running, "CREATE TABLE kept AS SELECT 7 AS seven")
    os.kill(running.pid, signal.SIGKILL)
    assert wait_until(lambda: not server.running(), 5)
    again = server.ensure(data_dir, silent)
    assert again.pid != running.pid
    assert ask(again, "SELECT seven FROM kept") == 7


def test_a_process_that_got_the_dead_servers_number_does_not_hinder(server: PostgreSQL, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    record = running.folder / "postmaster.pid"
    lines = record.read_text().splitlines()
    server.stop()
    record.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert ask(server.ensure(data_dir, silent), "SELECT 1") == 1


def test_a_killed_server_that_nobody_reaped_does_not_hinder(server: PostgreSQL, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    record = running.folder / "postmaster.pid"
    lines = record.read_text().splitlines()
    server.stop()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        assert wait_until(lambda: unreaped(ended.pid), 10)
        record.write_text("\n".join([str(ended.pid), *lines[1:]]) + "\n")
        assert server.ensure(data_dir, silent).pid != ended.pid


def test_making_the_cluster_may_be_killed_half_way(server: PostgreSQL, data_dir: Path) -> None:
    parent = Apart(lambda: str(PostgreSQL().ensure(data_dir, silent).pid))
    assert wait_until(lambda: _making(data_dir) != [], 20, step=0.005)
    parent.kill()
    assert wait_until(lambda: not _kill_all(_making(data_dir)), 10)
    running = server.ensure(data_dir, silent)
    assert ask(running, "SELECT 1") == 1
    assert list(running.folder.parent.glob("half-made-*")) == []


def _making(data_dir: Path) -> list[int]:
    """The processes that make this folder's cluster; other tests make theirs at the same time."""
    places = [str(data_dir), *(note.read_text() for note in data_dir.rglob("elsewhere"))]
    return [pid for place in places for pid in pids_with("half-made-") if f"{place}/" in command_line(pid)]


def _kill_all(pids: list[int]) -> list[int]:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pids


def test_another_versions_folder_is_refused_and_left_alone(server: PostgreSQL, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    server.stop()
    (running.folder / "PG_VERSION").write_text("17\n")
    before = sorted((path, path.stat().st_mtime_ns) for path in running.folder.rglob("*"))
    with pytest.raises(DataFolderRefused, match=r"by PostgreSQL 17 and PostgreSQL 18 is needed: name another"):
        server.ensure(data_dir, silent)
    assert sorted((path, path.stat().st_mtime_ns) for path in running.folder.rglob("*")) == before


def test_a_folder_that_holds_something_else_is_refused(server: PostgreSQL, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    server.stop()
    (running.folder / "PG_VERSION").unlink()
    with pytest.raises(DataFolderRefused, match="no data folder"):
        server.ensure(data_dir, silent)


def test_a_spoiled_cluster_is_refused_with_its_reason(server: PostgreSQL, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    server.stop()
    (running.folder / "postgresql.conf").write_text("max_connections = many\n")
    (running.folder / "global" / "pg_control").unlink()
    with pytest.raises(StartRefused, match="did not start"):
        server.ensure(data_dir, silent)


def _owned(folder: Path, user: tuple[int, int] | None) -> Path:
    if user is not None:
        os.chown(folder, *user)
    return folder


@pytest.mark.parametrize("name", ["x" * 80, "a place, with blanks? & ümlauts"])
def test_a_folder_that_no_socket_can_stand_in_gets_a_short_one(
    data_dir: Path, ordinary_user: tuple[int, int] | None, name: str
) -> None:
    _owned(data_dir, ordinary_user)

    def work() -> str:
        server = PostgreSQL()
        first = server.ensure(data_dir / name, silent)
        second = PostgreSQL().ensure(data_dir / name, silent)
        answer = ask(second, "SHOW unix_socket_directories")
        server.discard()
        return f"{first.url == second.url} {answer}"

    apart = Apart(work, ordinary_user)
    same, _, sockets = apart.said().partition(" ")
    apart.kill()
    assert same == "True"
    assert len(f"{sockets}/.s.PGSQL.5432") <= SOCKET_PATH_LIMIT
    assert not Path(sockets).exists()


def test_an_ordinary_users_data_stand_in_the_data_folder(data_dir: Path, ordinary_user: tuple[int, int] | None) -> None:
    _owned(data_dir, ordinary_user)
    apart = Apart(lambda: str(PostgreSQL().ensure(data_dir, silent).folder), ordinary_user)
    folder = apart.said()
    apart.kill()
    adopted = Apart(lambda: str(_stop(data_dir)), ordinary_user)
    assert adopted.said() == "False"
    adopted.kill()
    assert folder == str(data_dir / "postgresql" / "cluster")


def _stop(data_dir: Path) -> bool:
    server = PostgreSQL()
    server.ensure(data_dir, silent)
    server.stop()
    return server.running()


def test_a_folder_that_may_not_be_written_is_refused(data_dir: Path, ordinary_user: tuple[int, int] | None) -> None:
    data_dir.chmod(0o555)
    apart = Apart(lambda: _refusal(data_dir / "var"), ordinary_user)
    assert "cannot be made (Permission denied): name another --data-dir" in apart.said()
    apart.kill()


def _refusal(data_dir: Path) -> str:
    try:
        PostgreSQL().ensure(data_dir, silent)
    except StartRefused as refused:
        return str(refused)
    return "not refused"

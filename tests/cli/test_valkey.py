"""The Redis-compatible server of one machine: started, adopted, stopped."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from cli.processes import SOCKET_PATH_LIMIT, StartRefused, pids_with, wait_until
from cli.valkey import Valkey
from tests.cli.apart import Apart


def silent(_sentence: str) -> None:
    return


@pytest.fixture
def server(data_dir: Path) -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.discard()


def client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, decode_responses=True)


def test_what_was_queued_outlives_a_stop_and_a_start(server: Valkey, data_dir: Path) -> None:
    client(server.ensure(data_dir, silent).url).rpush("queue", "work")
    server.stop()
    assert client(server.ensure(data_dir, silent).url).lpop("queue") == "work"


def test_what_was_queued_a_second_ago_outlives_a_killed_server(server: Valkey, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    with client(running.url) as before:
        before.rpush("queue", "work")
        before.execute_command("WAITAOF", 1, 0, 5000)
    os.kill(running.pid, signal.SIGKILL)
    assert wait_until(lambda: not server.running(), 5)
    again = server.ensure(data_dir, silent)
    assert again.pid != running.pid
    assert client(again.url).lpop("queue") == "work"


def test_it_listens_on_no_network_port_and_writes_every_second(server: Valkey, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    settings: Any = client(running.url).config_get("port", "appendonly", "appendfsync", "maxmemory-policy")
    assert settings == {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }
    assert running.socket.parent.stat().st_mode & 0o77 == 0


def test_a_stop_leaves_no_process(server: Valkey, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    server.stop()
    assert pids_with(str(running.socket)) == []


def test_a_server_whose_parent_was_killed_is_adopted_and_can_be_stopped(server: Valkey, data_dir: Path) -> None:
    parent = Apart(lambda: str(Valkey().ensure(data_dir, silent).pid))
    first = int(parent.said())
    parent.kill()
    running = server.ensure(data_dir, silent)
    assert running.pid == first
    server.stop()
    assert wait_until(lambda: pids_with(str(running.socket)) == [], 5)


def test_one_that_nobody_can_reach_any_more_is_ended_first(server: Valkey, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    running.socket.unlink()
    again = Valkey()
    assert again.ensure(data_dir, silent).pid != running.pid
    assert wait_until(lambda: not server.running() or pids_with(str(running.socket)) != [running.pid], 5)
    again.stop()


def test_a_damaged_file_is_set_aside_and_said(server: Valkey, data_dir: Path) -> None:
    running = server.ensure(data_dir, silent)
    client(running.url).rpush("queue", "work")
    server.stop()
    for part in (running.folder / "appendonlydir").glob("*.incr.aof"):
        part.write_bytes(b"*3\r\n$5\r\nRPUSH\r\ngarbage" + part.read_bytes())
    heard: list[str] = []
    assert client(server.ensure(data_dir, heard.append).url).llen("queue") == 0
    assert "set aside" in heard[0]
    assert list(running.folder.glob("damaged-*"))


def test_a_folder_that_no_socket_can_stand_in_gets_a_short_one(server: Valkey, data_dir: Path) -> None:
    running = server.ensure(data_dir / ("long and blank " * 8), silent)
    assert len(str(running.socket)) <= SOCKET_PATH_LIMIT
    assert client(running.url).ping()


def test_a_short_folder_that_others_may_enter_is_not_used_again(server: Valkey, data_dir: Path) -> None:
    folder = data_dir / ("long and blank " * 8)
    first = server.ensure(folder, silent).socket
    server.stop()
    first.parent.chmod(0o755)
    assert server.ensure(folder, silent).socket != first
    first.parent.rmdir()


def test_a_file_in_the_folders_place_is_refused_in_one_sentence(server: Valkey, data_dir: Path) -> None:
    (data_dir / "valkey").write_text("in the way")
    with pytest.raises(StartRefused, match="cannot be made"):
        server.ensure(data_dir, silent)

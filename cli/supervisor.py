"""Keeps the processes of a demo alive, ends them in order, and leaves none behind however it ends itself."""

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cli.processes import Log, StartRefused, alive, open_log, pids_with, signal_group, wait_until

PATIENCE = 10.0
PAUSES = (0.0, 1.0, 2.0, 4.0)
STEADY_SECONDS = 10.0
RUN_FILE = "run.json"


class AlreadyRunning(StartRefused):
    """Another demo works in this data folder: use that one, or name another folder."""


class Kept(Protocol):
    """Something the supervisor keeps alive."""

    def start(self) -> int:
        """Starts it and says its process number; raises `StartRefused`."""

    def ended(self) -> str | None:
        """How it ended; None while it runs."""

    def stop(self) -> None:
        """Ends it and waits until it is gone."""


@dataclass
class Command:
    """A command of ours in a session of its own, which makes it the leader of a process group."""

    arguments: Sequence[str]
    environ: Mapping[str, str]
    log_file: Path
    patience: float = PATIENCE
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> int:
        """Starts it; what it prints goes to the log file."""
        self._sweep()
        output = open_log(self.log_file)
        try:
            self.child = subprocess.Popen(
                list(self.arguments),
                env={**self.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise StartRefused(f"{self.arguments[0]} cannot be started: {error.strerror}.") from error
        finally:
            os.close(output)
        return self.child.pid

    def ended(self) -> str | None:
        """Its exit status or the signal that ended it."""
        status = self.child.poll() if self.child else None
        if status is None:
            return None
        return f"signal {-status}" if status < 0 else f"exit status {status}"

    def stop(self) -> None:
        """SIGTERM to the leader, who ends its own; SIGKILL to the group after the patience (seconds)."""
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(self.patience)
            except subprocess.TimeoutExpired:
                signal_group(self.child.pid, signal.SIGKILL)
                self.child.wait()
        self._sweep()

    def _sweep(self) -> None:
        # What the dead leader left in its group still holds its port and its messages.
        if self.child is not None:
            signal_group(self.child.pid, signal.SIGKILL)


@dataclass
class Server:
    """PostgreSQL or Valkey: started or adopted by `ensure`, which says the process number."""

    ensure: Callable[[], int]
    running: Callable[[], bool]
    halt: Callable[[], None]

    def start(self) -> int:
        """Starts or adopts it."""
        return self.ensure()

    def ended(self) -> str | None:
        """Says no more than that it is gone: an adopted process is not ours to be asked."""
        return None if self.running() else "it is gone"

    def stop(self) -> None:
        """Ends it."""
        self.halt()


@dataclass
class _Watched:
    kept: Kept
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    due: float | None = None


class Supervisor:
    """Starts, watches and ends what it was given; `changed` hears of every new process number."""

    def __init__(self, log: Log, changed: Callable[[dict[str, int]], None]) -> None:
        self._log, self._changed = log, changed
        self._watched: dict[str, _Watched] = {}

    def start(self, name: str, kept: Kept) -> None:
        """Starts it now and watches it from now on."""
        watched = self._watched[name] = _Watched(kept)
        watched.pid, watched.started = kept.start(), time.monotonic()

    def pids(self) -> dict[str, int]:
        """The process number of each, in the order of their start."""
        return {name: watched.pid for name, watched in self._watched.items()}

    def failures(self, name: str) -> int:
        """How often it ended in a row, each time soon after its start."""
        return self._watched[name].failures

    def watch(self, stop: threading.Event, tick: float = 0.2) -> None:
        """Looks after all of them until `stop` is set."""
        while not stop.wait(tick):
            self.look()

    def look(self) -> None:
        """Looks at each once; one that has ended is started again: at once, then after 1, 2, 4, 4 … s."""
        now = time.monotonic()
        for name, watched in self._watched.items():
            if watched.due is None:
                self._notice(name, watched, now)
            if watched.due is not None and watched.due <= now:
                self._restart(name, watched)

    def _notice(self, name: str, watched: _Watched, now: float) -> None:
        how = watched.kept.ended()
        if how is None:
            return
        if now - watched.started > STEADY_SECONDS:
            watched.failures = 0
        pause = PAUSES[min(watched.failures, len(PAUSES) - 1)]
        watched.failures += 1
        watched.due = now + pause
        self._log(f"{name} has ended ({how}); it is started again{f' in {pause:.0f} s' if pause else ''}.")

    def _restart(self, name: str, watched: _Watched) -> None:
        watched.due, watched.started = None, time.monotonic()
        try:
            watched.pid = watched.kept.start()
        except StartRefused as refused:
            watched.due = time.monotonic() + PAUSES[-1]
            self._log(f"{name} could not be started again: {refused}")
            return
        self._changed(self.pids())

    def stop(self, order: Sequence[str]) -> None:
        """Ends all, the named ones in that order and the rest after them; one that resists stops no other."""
        names = [name for name in order if name in self._watched]
        for name in [*names, *(name for name in self._watched if name not in names)]:
            try:
                self._watched[name].kept.stop()
            except OSError as error:
                self._log(f"{name} could not be ended: {error}")


def die_with_parent(parent_pid: int) -> None:
    """Ends this process (SIGTERM, after 10 s at once) when its parent is no longer the given process."""

    def wait_for_the_end() -> None:
        while os.getppid() == parent_pid:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE)
        os._exit(1)

    threading.Thread(target=wait_for_the_end, name="die-with-parent", daemon=True).start()


def end_leftovers(data_dir: Path, log: Log) -> None:
    """Ends what an earlier run left behind: every process whose command line bears that run's random id."""
    try:
        run_id = json.loads((data_dir / RUN_FILE).read_text())["run_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if not isinstance(run_id, str) or len(run_id) < 16:
        return
    for number, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, PATIENCE)):
        left = [pid for pid in pids_with(run_id) if alive(pid)]
        if not left:
            break
        log(f"Ending {len(left)} processes that an earlier run left behind.")
        for pid in left:
            _signal(pid, number)
        wait_until(lambda pids=left: not any(alive(pid) for pid in pids), patience)  # type: ignore[misc]
    (data_dir / RUN_FILE).unlink(missing_ok=True)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


@contextmanager
def only_demo(data_dir: Path, address: str) -> Iterator[None]:
    """Holds the data folder for this demo; raises `AlreadyRunning` with the other one's address.

    The lock belongs to the open file: the system frees it however this process ends.
    """
    with (data_dir / "lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.seek(0)
            raise AlreadyRunning(
                f"A demo is starting or already running in {data_dir}: {handle.read().strip()}"
                " (for a second one name another --data-dir and --port)."
            ) from error
        handle.truncate(0)
        handle.write(address)
        handle.flush()
        yield


def write_private(path: Path, value: Mapping[str, object]) -> None:
    """Writes JSON that only its owner may read; a reader sees the old file or the new one, never half."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(value, handle, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    aside.replace(path)

"""What the demo asks the operating system about processes, folders and locks."""

import fcntl
import os
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

PROC = Path("/proc")
LOG_CAP = 5_000_000
SOCKET_PATH_LIMIT = 103
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./")

Log = Callable[[str], None]


class StartRefused(Exception):
    """The demo cannot start as things stand: the sentence says what a person should change."""


def command_line(pid: int) -> str:
    """The arguments of a process, blank between them; empty when it is gone or only waits to be reaped."""
    if (PROC / "self").exists():
        with suppress(OSError):
            return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    return _ps("-o", "command=", "-p", str(pid)).strip()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not reaped yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _state(pid) not in {"Z", "X", ""}


def unreaped(pid: int) -> bool:
    """Whether the process has ended, while its number is still taken: for ever under a parent that does not wait."""
    return _state(pid) == "Z"


def _state(pid: int) -> str:
    if not (PROC / "self").exists():
        return _ps("-o", "stat=", "-p", str(pid)).strip()[:1]
    with suppress(OSError):
        # The name stands in brackets and may hold blanks and brackets itself.
        return (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    return ""


def pids_with(text: str) -> list[int]:
    """Every process but this one whose command line holds the text."""
    if (PROC / "self").exists():
        found = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
        found = [pid for pid in found if text in command_line(pid)]
    else:
        rows = (line.split(None, 1) for line in _ps("-axo", "pid=,command=").splitlines())
        found = [int(row[0]) for row in rows if len(row) == 2 and text in row[1]]
    return [pid for pid in found if pid != os.getpid()]


def _ps(*options: str) -> str:
    return subprocess.run(["ps", "-ww", *options], capture_output=True, text=True, check=False).stdout


def wait_until(condition: Callable[[], bool], seconds: float, step: float = 0.02) -> bool:
    """Asks until the condition holds (True) or the seconds are over (False)."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def end_process(pid: Callable[[], int | None], numbers: Sequence[int], seconds: float) -> None:
    """Sends one signal after the other, each with `seconds` to take effect, until `pid` finds no process."""
    for number in numbers:
        found = pid()
        if found is None:
            return
        with suppress(ProcessLookupError):
            os.kill(found, number)
        if wait_until(lambda: pid() is None, seconds):
            return


def signal_group(pid: int, number: int) -> None:
    """Signals the whole process group that the process leads; nothing happens when none is left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def private_folder(folder: Path) -> Path:
    """Makes the folder, for its owner only; raises `StartRefused` when that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartRefused(f"{folder} cannot be made ({error.strerror}): name another --data-dir.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StartRefused(f"{folder} may not be written by this user: name another --data-dir or change its owner.")
    return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock file; waits while another process holds it. The system frees it when a process dies."""
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def socket_folder(keep: Path, wanted: Path, longest_name: str) -> Path:
    """A folder whose sockets every client can name: the wanted one, else a short one remembered in `keep`.

    A socket's whole path may have 103 bytes on macOS (107 on Linux), and the URLs of PostgreSQL, redis-py and
    Celery quote a path in three ways: letters, digits, ``_-./`` mean the same in all of them.
    """
    path = str(wanted / longest_name)
    if len(path.encode()) <= SOCKET_PATH_LIMIT and set(path) <= PLAIN:
        wanted.mkdir(mode=0o700, exist_ok=True)
        return wanted
    note = keep / "socket-folder"
    known = Path(note.read_text()) if note.exists() else None
    if known is not None and _ours_alone(known):
        return known
    short = Path(tempfile.mkdtemp(prefix="treuepass-"))
    note.write_text(str(short))
    return short


def _ours_alone(folder: Path) -> bool:
    """Temporary folders are cleaned and others can take their names: only a private one is used again."""
    try:
        state = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & 0o77


def open_log(path: Path) -> int:
    """A descriptor to append to; a log that has grown over 5 MB is set aside as `.1` first."""
    private_folder(path.parent)
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_CAP:
            path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

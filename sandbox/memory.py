"""What a phone remembers, in memory and in a folder, so that a restart finds its passes again."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sandbox.wallet import OpenedPass, reopen_pass

KEPT_NOTICES = 50
KEPT_HAPPENINGS = 200

PassKey = tuple[str, str]


@dataclass(frozen=True)
class Held:
    """A pass on the phone. Times are RFC 3339; `last_modified` is the server's header as it came."""

    opened: OpenedPass
    data: bytes
    added_at: str
    updated_at: str
    last_modified: str | None = None
    registered: bool = False

    @property
    def key(self) -> PassKey:
        """Pass type and serial: what names a pass."""
        return self.opened.pass_type, self.opened.serial


@dataclass(frozen=True)
class Notice:
    """A notification: the organization and the changed field with its changeMessage."""

    n: int
    at: str
    pass_type: str
    serial: str
    title: str
    field: dict[str, Any]


@dataclass(frozen=True)
class Happening:
    """One line of "what the phone did": `what` names the sentence, `line` the request as it went."""

    n: int
    at: str
    what: str
    line: str = ""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """A request that the phone still owes a server."""

    kind: str
    url: str
    pass_type: str
    serial: str = ""
    token: str = ""


@dataclass
class Memory:
    """Everything a phone knows. `version` rises with every change."""

    version: int = 0
    passes: dict[PassKey, Held] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    owed: list[Job] = field(default_factory=list)

    def trim(self) -> None:
        """Forget the oldest notices and happenings."""
        del self.notices[:-KEPT_NOTICES]
        del self.happenings[:-KEPT_HAPPENINGS]


def save(memory: Memory, folder: Path) -> None:
    """Write it all into the folder. The JSON file comes last and whole: a kill leaves the old or the new."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = {_file_of(held.key, held.data): held for held in memory.passes.values()}
    for name, held in kept.items():
        if not (folder / name).exists():
            _replace(folder / name, held.data)
    index = {
        "version": memory.version,
        "tags": memory.tags,
        "notices": [asdict(notice) for notice in memory.notices],
        "happenings": [asdict(happening) for happening in memory.happenings],
        "owed": [asdict(job) for job in memory.owed],
        "passes": [_entry(name, held) for name, held in kept.items()],
    }
    _replace(folder / "memory.json", json.dumps(index, ensure_ascii=False, indent=1).encode())
    for path in folder.glob("*.pkpass"):
        if path.name not in kept:
            path.unlink()


def load(folder: Path) -> Memory:
    """Read what `save` wrote; an empty memory when there is nothing."""
    path = folder / "memory.json"
    if not path.exists():
        return Memory()
    index = json.loads(path.read_bytes())
    memory = Memory(
        version=index["version"],
        tags=index["tags"],
        notices=[Notice(**entry) for entry in index["notices"]],
        happenings=[Happening(**entry) for entry in index["happenings"]],
        owed=[Job(**entry) for entry in index["owed"]],
    )
    for entry in index["passes"]:
        data = (folder / entry.pop("file")).read_bytes()
        held = Held(reopen_pass(data), data, **entry)
        memory.passes[held.key] = held
    return memory


def _entry(name: str, held: Held) -> dict[str, Any]:
    return {
        "file": name,
        "added_at": held.added_at,
        "updated_at": held.updated_at,
        "last_modified": held.last_modified,
        "registered": held.registered,
    }


@lru_cache(maxsize=64)
def _file_of(key: PassKey, data: bytes) -> str:
    return hashlib.sha256("\n".join(key).encode() + data).hexdigest()[:32] + ".pkpass"


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(content)
    draft.replace(path)

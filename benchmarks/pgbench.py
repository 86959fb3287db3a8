"""pgbench running what was recorded, with another card each time.

Two recordings of the same deed on different cards tell which values are constant, which name the card, which are
fresh, and which follow from an earlier answer. A value that is none of these stops the benchmark.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url

from benchmarks.recording import Answered, Statement
from benchmarks.shop import FIRST_NUMBER
from cli.postgresql import installed_programs

UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OWNED = re.compile(r"^(00000000-0000-4000-8\d{3}-000000)(\d{6})$")
INSTANT = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$")
PLACE = re.compile(r"\$(\d+)\b")
RATE = re.compile(r"^tps = ([\d.]+) \(without initial connection time\)", re.MULTILINE)
DONE = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
FAILED = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)
SESSION = "-c role=treuepass_app -c lock_timeout=5s -c timezone=UTC"


class Unexplained(Exception):
    """A value of a recorded statement that pgbench could not be told how to make: teach this module its source."""


@dataclass(frozen=True)
class Measured:
    """Deeds a second, and how many were done in all."""

    rate: float
    done: int


@dataclass
class Script:
    """A pgbench script in the making. ``constants``: what goes in by ``-D``; in simple mode literals stand instead."""

    prepared: bool
    lines: list[str] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    fresh: dict[str, int] = field(default_factory=dict)

    def text(self, cards: int) -> str:
        """The whole script, for cards numbered from `FIRST_NUMBER`."""
        draws = [f"\\set card random({FIRST_NUMBER}, {FIRST_NUMBER + cards - 1})"]
        for number in self.fresh.values():
            draws += [f"\\set head_{number} random(10000000, 99999999)"]
            draws += [f"\\set tail_{number} random(100000000000, 999999999999)"]
        return "\n".join([*draws, *self.lines, ""])


def script_of(one: Sequence[Answered], other: Sequence[Answered], *, prepared: bool) -> Script:
    """A script that does to any card what was done to both of these.

    :raises Unexplained: the two differ in their statements, or in a value of unknown source
    """
    if [a.statement.sql for a in one] != [b.statement.sql for b in other]:
        raise Unexplained("two stamps sent different statements: nothing to compare with")
    script = Script(prepared)
    asked = dict[int, set[str]]()
    bodies = [_body(script, one[: at + 1], other[: at + 1], asked) for at in range(len(one))]
    for at, body in enumerate(bodies):
        script.lines.append(f"{body} \\gset answer_{at}_" if at in asked else f"{body};")
    return script


def run(
    script: Script, url: str, cards: int, folder: Path, *, clients: int = 1, seconds: float | None = None
) -> Measured:
    """Without vacuum, on as many threads as there are processors. Without ``seconds`` one transaction, logged."""
    path = folder / "stamp.sql"
    path.write_text(script.text(cards))
    address, session = make_url(url), SESSION if seconds else f"{SESSION} -c log_statement=all"
    command = [str(installed_programs() / "pgbench"), "-n", "-f", str(path), "-c", str(clients)]
    command += [
        "-j",
        str(min(clients, os.cpu_count() or 1)),
        *(["-T", str(round(seconds))] if seconds else ["-t", "1"]),
    ]
    command += ["-M", "prepared" if script.prepared else "simple"]
    command += [part for name, value in script.constants.items() for part in ("-D", f"{name}={value}")]
    command += ["-h", str(address.query["host"]), "-U", str(address.username), str(address.database)]
    ended = subprocess.run(
        command, env=os.environ | {"PGOPTIONS": session}, capture_output=True, text=True, check=False
    )
    rate, done, failed = (pattern.search(ended.stdout) for pattern in (RATE, DONE, FAILED))
    if ended.returncode or not rate or not done or (failed and failed[1] != "0"):
        raise RuntimeError(f"pgbench failed: {ended.stderr.strip()[:2000]}")
    return Measured(float(rate[1]), int(done[1]))


def check_same(recorded: Sequence[Statement], sent: Sequence[Statement]) -> None:
    """That pgbench sends what was recorded, word for word beside the values.

    :raises Unexplained: it does not
    """
    if len(recorded) != len(sent):
        raise Unexplained(f"recorded were {len(recorded)} statements, and pgbench sent {len(sent)}")
    for ours, theirs in zip(recorded, sent, strict=True):
        words = r"\(.+?\)::[a-z \[\]]+".join(re.escape(part) for part in PLACE.split(ours.sql)[::2])
        if not re.fullmatch(words, theirs.sql, re.DOTALL):
            raise Unexplained(f"recorded was {ours.sql!r}, and pgbench sent {theirs.sql!r}")


def _body(script: Script, one: Sequence[Answered], other: Sequence[Answered], asked: dict[int, set[str]]) -> str:
    """The last statement with every ``$n`` replaced by where its value comes from."""
    mine, yours = one[-1], other[-1]
    sources = [
        f"({_source(script, a, b, one[:-1], other[:-1], asked)})::{kind}"
        for a, b, kind in zip(mine.statement.values, yours.statement.values, mine.types, strict=True)
    ]
    return PLACE.sub(lambda place: sources[int(place[1]) - 1], mine.statement.sql)


def _source(
    script: Script,
    a: str | None,
    b: str | None,
    one: Sequence[Answered],
    other: Sequence[Answered],
    asked: dict[int, set[str]],
) -> str:
    if a is None or b is None:
        if a != b:
            raise Unexplained(f"{a!r} on one card, {b!r} on the other")
        return "NULL"
    if a == b:
        return _constant(script, a)
    if INSTANT.match(a):
        return "now()"
    if a.lstrip("-").isdigit():
        return _from_answer(int(a), int(b), one, other, asked)
    if a.startswith('{"'):
        return _constant(script, a)
    return _text(script, a, b)


def _constant(script: Script, value: str) -> str:
    if not script.prepared:
        return _literal(value)
    name = next(
        (known for known, held in script.constants.items() if held == value), f"constant_{len(script.constants)}"
    )
    script.constants[name] = value
    return f":{name}"


def _literal(value: str) -> str:
    """pgbench would take a colon and a letter for a variable, also within quotes."""
    inner = value.replace("\\", "\\\\").replace("'", "''")
    return "E'" + inner.replace(":", "\\x3A") + "'"


def _text(script: Script, a: str, b: str) -> str:
    """A text that differs by the ids in it."""
    if UUID_TEXT.split(a) != UUID_TEXT.split(b) or not UUID_TEXT.search(a):
        raise Unexplained(f"{a[:80]!r} on one card, {b[:80]!r} on the other")
    parts = list[str]()
    for between, found in zip(UUID_TEXT.split(a), [*UUID_TEXT.findall(a), ""], strict=True):
        parts += [_literal(between)] if between else []
        parts += [_id(script, found)] if found else []
    return " || ".join(parts)


def _id(script: Script, text: str) -> str:
    if owned := OWNED.match(text):
        return f"'{owned[1]}' || :card"
    number = script.fresh.setdefault(text, len(script.fresh))
    return f":head_{number} || '-0000-4000-8000-' || :tail_{number}"


def _from_answer(a: int, b: int, one: Sequence[Answered], other: Sequence[Answered], asked: dict[int, set[str]]) -> str:
    told = [
        (abs(a - one[at].row[column]), -at, column)
        for at, column in _columns(one)
        if _whole(one[at].row[column], other[at].row.get(column))
        and a - one[at].row[column] == b - other[at].row[column]
    ]
    if not told:
        raise Unexplained(f"{a} on one card, {b} on the other, and no earlier answer told")
    _off, back, column = min(told)
    asked.setdefault(-back, set()).add(column)
    return f":answer_{-back}_{column}::bigint + {a - one[-back].row[column]}"


def _whole(*values: object) -> bool:
    return all(type(value) is int for value in values)


def _columns(answers: Sequence[Answered]) -> Iterable[tuple[int, str]]:
    return [(at, column) for at, answered in enumerate(answers) for column in answered.row]

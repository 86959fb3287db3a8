"""What one stamp really sends to the server, from the server's own log, whatever client library sent it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import RawCursor

from benchmarks.shop import plain

LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]+ UTC \[\d+\] (\w+):  (.*)$")
SENT = re.compile(r"^(?:statement|execute [^:]+): (.*)$", re.DOTALL)
PARAMETER = re.compile(r"\$(\d+) = (?:(NULL)|'((?:[^']|'')*)')")
ROLE = "SET ROLE treuepass_app"


@dataclass(frozen=True)
class Statement:
    """SQL with ``$1`` …, and the values as text; ``None`` is NULL."""

    sql: str
    values: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Answered:
    """A statement, the types of its parameters, and its answer when that is one row."""

    statement: Statement
    types: tuple[str, ...]
    row: dict[str, Any]


def record(log_file: Path, work: Callable[[], object]) -> list[Statement]:
    """The statements that ``work`` sends over connections that are `shop.logged`."""
    begin = log_file.stat().st_size
    work()
    with log_file.open("rb") as log:
        log.seek(begin)
        return _statements(log.read().decode())


def replay(url: str, statements: Sequence[Statement]) -> list[Answered]:
    """Run what was recorded against the state it was recorded in, and undo it."""
    with psycopg.connect(plain(url), cursor_factory=RawCursor) as connection:
        connection.execute(ROLE.encode())
        connection.commit()
        found = [_answer(connection, number, statement) for number, statement in enumerate(statements)]
        connection.rollback()
    return found


def _answer(connection: Any, number: int, statement: Statement) -> Answered:
    if statement.sql.startswith(("BEGIN", "COMMIT")):
        return Answered(statement, (), {})
    name = f"recorded_{number}"
    connection.execute(f"PREPARE {name} AS {statement.sql}")
    (types,) = connection.execute(
        "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = $1", [name]
    ).fetchone()
    cursor = connection.execute(statement.sql, statement.values)
    rows = cursor.fetchall() if cursor.description else []
    names = [column.name for column in cursor.description or ()]
    return Answered(statement, tuple(types), dict(zip(names, rows[0], strict=True)) if len(rows) == 1 else {})


def _statements(log: str) -> list[Statement]:
    found = list[Statement]()
    for level, text in _entries(log):
        if level == "LOG" and (sent := SENT.match(text)):
            found.append(Statement(sent[1].strip().rstrip(";")))
        elif level == "DETAIL" and text.lower().startswith("parameters:"):
            values = [None if null else value.replace("''", "'") for _, null, value in PARAMETER.findall(text)]
            found[-1] = Statement(found[-1].sql, tuple(values))
    return found


def _entries(log: str) -> list[tuple[str, str]]:
    """Level and text; the server begins a text's further lines with a tab."""
    entries = list[tuple[str, str]]()
    for line in log.splitlines():
        if begin := LINE.match(line):
            entries.append((begin[1], begin[2]))
        elif entries:
            level, text = entries[-1]
            entries[-1] = level, f"{text}\n{line.removeprefix(chr(9))}"
    return entries

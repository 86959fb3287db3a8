"""What the sandbox's Google remembers over a restart: JSON values by drawer and name, one row each.

One file per phone is rewritten as a whole; ten thousand objects are not.
"""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

_PUT = "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (drawer, name) DO UPDATE SET value = excluded.value"

_ALL = "SELECT name, value FROM kept WHERE drawer = ? ORDER BY rowid"


class Shelf:
    """A small SQLite file. Thread-safe. What was put is there after a kill, if not after a power cut."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS kept (drawer TEXT, name TEXT, value TEXT, PRIMARY KEY (drawer, name))"
        )

    def put(self, drawer: str, name: str, value: object) -> None:
        """Keep the value in place of what had this name."""
        with self._lock:
            self._file.execute(_PUT, (drawer, name, json.dumps(value)))

    def all(self, drawer: str) -> dict[str, Any]:
        """Everything in a drawer by name, what was put first comes first."""
        with self._lock:
            rows = self._file.execute(_ALL, (drawer,)).fetchall()
        return {name: json.loads(value) for name, value in rows}

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._file.close()

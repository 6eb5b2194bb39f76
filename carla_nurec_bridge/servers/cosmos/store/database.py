"""The server's SQLite file: jobs and blobs, in write-ahead mode."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Values = Sequence[Any] | Mapping[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, api TEXT NOT NULL, backend TEXT NOT NULL, status TEXT NOT NULL,
    priority TEXT NOT NULL, token_id TEXT NOT NULL, key TEXT, session TEXT,
    created REAL NOT NULL, prepared REAL, started REAL, finished REAL,
    progress REAL NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '', error TEXT,
    worker TEXT, stop INTEGER NOT NULL DEFAULT 0, expired INTEGER NOT NULL DEFAULT 0,
    request TEXT NOT NULL, clip TEXT NOT NULL, task TEXT NOT NULL, result TEXT,
    UNIQUE (token_id, key)
);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, priority, created);
CREATE INDEX IF NOT EXISTS jobs_by_session ON jobs (session);
CREATE TABLE IF NOT EXISTS blobs (
    id TEXT PRIMARY KEY, size INTEGER NOT NULL, name TEXT NOT NULL, used REAL NOT NULL
);
"""


class Database:
    """One connection that threads share, one statement (or transaction) at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA busy_timeout=5000")
        self._connection.executescript(_SCHEMA)

    def rows(self, statement: str, values: Values = ()) -> list[sqlite3.Row]:
        """Run a statement; return its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, values: Values = ()) -> sqlite3.Row | None:
        """Run a statement; return its first row, if any."""
        found = self.rows(statement, values)
        return found[0] if found else None

    def count(self, statement: str, values: Values = ()) -> int:
        """Run a statement that changes rows; return how many it changed."""
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock:
            self._connection.close()

"""What of many jobs is done, kept on disk after each of them."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..buffers import sha256_of
from ..errors import InputError, RunError
from .reasons import reason_of


def request_key(request: Mapping[str, Any]) -> str:
    """Return the hash of all that a job's result depends on: equal ones are not made twice."""
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Ledger:
    """One JSON line for each job that ended; the last line of a name counts."""

    def __init__(self, path: Path) -> None:
        """Read what is there; a last line that was cut short is dropped."""
        self._path = path
        self._rows: dict[str, dict[str, Any]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            return
        lines = path.read_bytes().splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                self._rows[row["name"]] = row
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                if number < len(lines):
                    raise InputError(f"{path}, line {number} is no entry of a ledger") from error
                path.write_bytes(b"".join(lines[:-1]))

    def is_done(self, name: str, key: str, output: Path) -> bool:
        """Return whether a job with this request is done and its file is still as it was."""
        row = self._rows.get(name)
        if row is None or row["state"] != "done" or row["key"] != key or not output.is_file():
            return False
        return bool(sha256_of(output) == row["sha256"])

    def last(self, name: str, key: str) -> dict[str, Any] | None:
        """Return the last line about a job with this request; None without one."""
        row = self._rows.get(name)
        return row if row is not None and row["key"] == key else None

    def add(self, name: str, state: str, key: str, **facts: Any) -> None:
        """Append a line and force it to the disk; RunError when that refuses."""
        row = {"name": name, "state": state, "key": key, "time": round(time.time(), 3)} | facts
        self._rows[name] = row
        before = self._path.stat().st_size if self._path.exists() else 0
        try:
            with self._path.open("a") as file:
                file.write(json.dumps(row) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):  # half a line would spoil the next one
                os.truncate(self._path, before)
            raise RunError(f"cannot write {self._path}: {reason_of(error, self._path)}") from error

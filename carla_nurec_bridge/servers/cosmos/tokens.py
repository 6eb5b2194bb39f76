"""Bearer tokens ``cc_<id>_<secret>``, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path

from ...core.errors import InputError


class TokenStore:
    """The tokens of one state folder (``tokens.json``, readable by its owner only)."""

    def __init__(self, state_dir: Path, opaque: str | None = None) -> None:
        """Read the file; a new one gets a first token, written to ``initial_token.txt``.

        ``opaque`` is a token of any form that is good as long as this object lives.
        """
        self._path = state_dir / "tokens.json"
        self._opaque = opaque
        self._read_ns = -1
        self._rows: dict[str, dict[str, str | float]] = {}
        state_dir.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            self._write({})
            if opaque is None:
                _write_private(state_dir / "initial_token.txt", self.add("initial") + "\n")

    def add(self, label: str) -> str:
        """Make a token; it is returned here and can never be read again."""
        name, secret = secrets.token_hex(4), secrets.token_urlsafe(24)
        row: dict[str, str | float] = {"label": label, "sha256": _digest(secret)}
        row["created"] = time.time()
        self._write(self._current() | {name: row})
        return f"cc_{name}_{secret}"

    def rows(self) -> list[tuple[str, str]]:
        """Return (id, label) of every token."""
        return [(name, str(row["label"])) for name, row in self._current().items()]

    def revoke(self, name: str) -> None:
        """Forget a token; InputError when there is none of that id."""
        rows = dict(self._current())
        if name not in rows:
            raise InputError(f"no token {name!r}; there are {', '.join(rows) or 'none'}")
        del rows[name]
        self._write(rows)

    def check(self, token: str) -> str | None:
        """Return the id of a good token, else None; takes as long for a wrong secret as a right."""
        if self._opaque is not None and hmac.compare_digest(_digest(token), _digest(self._opaque)):
            return _digest(token)[:8]
        pieces = token.split("_", 2)
        if len(pieces) != 3 or pieces[0] != "cc":
            return None
        row = self._current().get(pieces[1])
        expected = str(row["sha256"]) if row else "0" * 64
        return pieces[1] if hmac.compare_digest(_digest(pieces[2]), expected) else None

    def _current(self) -> dict[str, dict[str, str | float]]:
        changed_ns = self._path.stat().st_mtime_ns
        if changed_ns != self._read_ns:
            self._rows = json.loads(self._path.read_text())
            self._read_ns = changed_ns
        return self._rows

    def _write(self, rows: dict[str, dict[str, str | float]]) -> None:
        _write_private(self._path, json.dumps(rows, indent=1) + "\n")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write_private(path: Path, text: str) -> None:
    part = path.with_suffix(path.suffix + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    part.replace(path)

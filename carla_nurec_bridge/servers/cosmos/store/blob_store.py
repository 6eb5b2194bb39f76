"""Uploaded files by the SHA-256 of their content."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path

from ....core.errors import InputError
from .database import Database

_ID = re.compile(r"[0-9a-f]{64}\Z")


class TooLarge(InputError):
    """An upload is larger than the server takes, or than what is left for uploads."""


class BlobStore:
    """Files below ``blobs/aa/<sha256>``; each appears whole or not at all."""

    def __init__(self, database: Database, root: Path, max_bytes: int, max_total: int) -> None:
        """Make the folder and remove what an interrupted upload left.

        ``max_bytes`` bounds one blob, ``max_total`` all together.
        """
        self._db = database
        self._root = root
        self._max_bytes = max_bytes
        self._max_total = max_total
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob("*.part"):
            left.unlink()

    def path(self, blob_id: str) -> Path:
        """Return where a blob lies, or would lie."""
        if not _ID.match(blob_id):
            raise InputError(f"{blob_id!r} is no SHA-256: 64 lower-case hexadecimal digits")
        return self._root / blob_id[:2] / blob_id

    def has(self, blob_id: str) -> bool:
        """Return whether a blob is here, and count that as a use of it."""
        touched = self._db.count("UPDATE blobs SET used=? WHERE id=?", (time.time(), blob_id))
        return bool(touched) and self.path(blob_id).is_file()

    async def put(self, blob_id: str, body: AsyncIterator[bytes], name: str) -> tuple[int, bool]:
        """Store a blob; return its size and whether it was here before."""
        target = self.path(blob_id)
        part = self._root / f"{secrets.token_hex(8)}.part"
        digest, size = hashlib.sha256(), 0
        room = self._max_total - self.usage()[1]
        try:
            with part.open("wb") as file:
                async for chunk in body:
                    size += len(chunk)
                    if size > self._max_bytes or size > room:
                        raise TooLarge(
                            f"upload is larger than {min(self._max_bytes, room)} bytes; shorten the"
                            " video, or raise the server's limit"
                        )
                    digest.update(chunk)
                    file.write(chunk)
            if digest.hexdigest() != blob_id:
                raise InputError(
                    f"the body has SHA-256 {digest.hexdigest()}, the address says {blob_id}"
                )
            existed = target.is_file()
            target.parent.mkdir(exist_ok=True)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        self._db.count(
            "INSERT INTO blobs VALUES (?,?,?,?) ON CONFLICT (id) DO UPDATE SET used=excluded.used",
            (blob_id, size, name, time.time()),
        )
        return size, existed

    def usage(self) -> tuple[int, int]:
        """Return how many blobs there are, and their bytes."""
        row = self._db.row("SELECT COUNT(*) AS n, COALESCE(SUM(size), 0) AS bytes FROM blobs")
        assert row is not None
        return int(row["n"]), int(row["bytes"])

    def sweep(self, older_than: float, in_use: set[str]) -> int:
        """Remove blobs unused since a time and not of a waiting job; return how many."""
        gone = [
            row["id"]
            for row in self._db.rows("SELECT id FROM blobs WHERE used < ?", (older_than,))
            if str(self.path(row["id"])) not in in_use
        ]
        for blob_id in gone:
            self.path(blob_id).unlink(missing_ok=True)
            self._db.count("DELETE FROM blobs WHERE id=?", (blob_id,))
        return len(gone)

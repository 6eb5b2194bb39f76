"""Jobs and their states: queued, preparing, running, then done, failed or cancelled."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .database import Database

LIVE = ("queued", "preparing", "running")
ENDED = ("done", "failed", "cancelled")
_ORDER = "ORDER BY priority = 'batch', created, id"


@dataclass(frozen=True)
class NewJob:
    """What a submission becomes; ``task`` is what the worker gets (see task.py)."""

    api: str
    backend: str
    task: Mapping[str, Any]
    request: Mapping[str, Any]
    token_id: str = "local"
    priority: str = "interactive"
    clip: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    session: str | None = None


class JobStore:
    """The table of jobs. ``wake`` is set whenever there may be work."""

    def __init__(self, database: Database) -> None:
        """Put jobs that a stopped server had begun back into the queue."""
        self._db = database
        self.wake = threading.Event()
        self._db.count(
            "UPDATE jobs SET status='cancelled', finished=? WHERE stop=1 "
            "AND status IN ('preparing','running')",
            (time.time(),),
        )
        self.requeued = self._db.count(
            "UPDATE jobs SET status='queued', progress=0, prepared=NULL, started=NULL, worker=NULL,"
            " message='queued again after a restart' WHERE status IN ('preparing','running')"
        )

    def submit(self, new: NewJob) -> tuple[sqlite3.Row, bool]:
        """Queue a job, unless one with its key is here; return its row and whether it was."""
        job_id = f"j_{secrets.token_hex(8)}"
        inserted = self._db.count(
            "INSERT INTO jobs (id, api, backend, status, priority, token_id, key, session, created,"
            " request, clip, task) VALUES (?,?,?,'queued',?,?,?,?,?,?,?,?)"
            " ON CONFLICT (token_id, key) DO NOTHING",
            (
                job_id,
                new.api,
                new.backend,
                new.priority,
                new.token_id,
                new.key,
                new.session,
                time.time(),
                json.dumps(dict(new.request)),
                json.dumps(dict(new.clip)),
                json.dumps(dict(new.task)),
            ),
        )
        if inserted:
            self.wake.set()
            return self._required(job_id), False
        assert new.key is not None
        return self.with_key(new.token_id, new.key)[0], True

    def with_key(self, token_id: str, key: str) -> list[sqlite3.Row]:
        """Return the job (or none) that a token submitted with an idempotency key."""
        return self._db.rows("SELECT * FROM jobs WHERE token_id=? AND key=?", (token_id, key))

    def find(self, job_id: str) -> sqlite3.Row | None:
        """Return a job's row."""
        return self._db.row("SELECT * FROM jobs WHERE id=?", (job_id,))

    def of_session(self, session: str) -> list[sqlite3.Row]:
        """Return the jobs of a Gradio session, oldest first."""
        return self._db.rows("SELECT * FROM jobs WHERE session=? ORDER BY created", (session,))

    def matching(
        self, status: str | None, backend: str | None, token_id: str | None, limit: int
    ) -> list[sqlite3.Row]:
        """Return jobs, newest first, that match what is not None."""
        return self._db.rows(
            "SELECT * FROM jobs WHERE (:status IS NULL OR status=:status)"
            " AND (:backend IS NULL OR backend=:backend)"
            " AND (:token_id IS NULL OR token_id=:token_id)"
            " ORDER BY created DESC, id LIMIT :limit",
            {"status": status, "backend": backend, "token_id": token_id, "limit": limit},
        )

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are in each state."""
        found = self._db.rows("SELECT status, COUNT(*) AS n FROM jobs GROUP BY status")
        return dict.fromkeys(LIVE + ENDED, 0) | {row["status"]: row["n"] for row in found}

    def waiting_of(self, token_id: str) -> int:
        """Return how many jobs of a token have not ended."""
        row = self._db.row(
            "SELECT COUNT(*) AS n FROM jobs WHERE token_id=? AND finished IS NULL", (token_id,)
        )
        return int(row["n"]) if row else 0

    def position(self, row: sqlite3.Row) -> int | None:
        """Return how many queued jobs go before this one; None when it is not queued."""
        if row["status"] != "queued":
            return None
        ids = [
            r["id"] for r in self._db.rows(f"SELECT id FROM jobs WHERE status='queued' {_ORDER}")
        ]
        return ids.index(row["id"]) if row["id"] in ids else None

    def claim(self, worker: str) -> sqlite3.Row | None:
        """Take the next job for a worker; None when the queue is empty."""
        return self._db.row(
            "UPDATE jobs SET status='preparing', prepared=?, worker=?, message='' WHERE id ="
            f" (SELECT id FROM jobs WHERE status='queued' {_ORDER} LIMIT 1) RETURNING *",
            (time.time(), worker),
        )

    def start(self, job_id: str) -> None:
        """Say that the worker has begun to make pictures."""
        self._db.count(
            "UPDATE jobs SET status='running', started=? WHERE id=?", (time.time(), job_id)
        )

    def progress(self, job_id: str, share: float, message: str) -> bool:
        """Store how far a job is, 0 to 1; return whether somebody asked to stop it."""
        row = self._db.row(
            "UPDATE jobs SET progress=?, message=? WHERE id=? RETURNING stop",
            (share, message, job_id),
        )
        return row is None or bool(row["stop"])

    def finish(
        self,
        job_id: str,
        status: str,
        error: str | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """End a job with one of ENDED."""
        self._db.count(
            "UPDATE jobs SET status=?, finished=?, error=?, result=?, message=?,"
            " progress=CASE WHEN ?='done' THEN 1.0 ELSE progress END WHERE id=?",
            (
                status,
                time.time(),
                error,
                None if result is None else json.dumps(dict(result)),
                error or "",
                status,
                job_id,
            ),
        )

    def cancel(self, job_id: str) -> str:
        """Cancel a queued job at once, ask a begun one to stop; return its state from then on."""
        self._db.count(
            "UPDATE jobs SET status='cancelled', finished=? WHERE id=? AND status='queued'",
            (time.time(), job_id),
        )
        self._db.count(
            "UPDATE jobs SET stop=1 WHERE id=? AND status IN ('preparing','running')", (job_id,)
        )
        return str(self._required(job_id)["status"])

    def delete(self, job_id: str) -> None:
        """Forget a job that has ended."""
        self._db.count("DELETE FROM jobs WHERE id=?", (job_id,))

    def expire(self, older_than: float) -> list[str]:
        """Mark jobs that ended before a time as without files; return their ids."""
        rows = self._db.rows(
            "UPDATE jobs SET expired=1 WHERE expired=0 AND finished < ? RETURNING id", (older_than,)
        )
        return [row["id"] for row in rows]

    def tasks_in_use(self) -> list[dict[str, Any]]:
        """Return the tasks of jobs that have not ended; their files must stay."""
        rows = self._db.rows("SELECT task FROM jobs WHERE finished IS NULL")
        return [json.loads(row["task"]) for row in rows]

    def _required(self, job_id: str) -> sqlite3.Row:
        row = self.find(job_id)
        assert row is not None, job_id
        return row


def job_info(row: sqlite3.Row, position: int | None) -> dict[str, Any]:
    """Return a job as clients see it."""
    info = {
        "id": row["id"],
        "backend": row["backend"],
        "status": row["status"],
        "priority": row["priority"],
        "token_id": row["token_id"],
        "created": _iso(row["created"]),
        "started": _iso(row["started"]),
        "finished": _iso(row["finished"]),
        "progress": row["progress"],
        "message": row["message"],
        "error": row["error"],
        "views": json.loads(row["request"]).get("views", []),
        "worker": row["worker"],
        "idempotency_key": row["key"],
    }
    return info if position is None else info | {"queue_position": position}


def _iso(time_s: float | None) -> str | None:
    if time_s is None:
        return None
    text = datetime.fromtimestamp(time_s, timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")

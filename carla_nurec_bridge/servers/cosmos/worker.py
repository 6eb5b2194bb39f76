"""The thread that makes the videos, and sweeps what nobody needs any more."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import BridgeError
from .options import CosmosServerOptions
from .painting.prompt_conditions import read_conditions
from .painting.shading import Relighter
from .store.blob_store import BlobStore
from .store.job_store import JobStore
from .task import (
    Cancelled,
    Task,
    file_entry,
    make_video,
)

NAME = "filters-0"
_REPORT_S = 0.1
_log = logging.getLogger(__name__)


class Worker:
    """One job at a time, interactive before batch, then oldest first."""

    def __init__(self, options: CosmosServerOptions, jobs: JobStore, blobs: BlobStore) -> None:
        """Keep the stores; ``start`` begins to work."""
        self._options = options
        self._jobs = jobs
        self._blobs = blobs
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="cosmos worker")
        self.ready = threading.Event()
        self.state = "starting"

    def start(self) -> None:
        """Start the thread; ``ready`` is set once its filters are compiled and have been tried."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the frame in hand; the next start queues a job again that is not done."""
        self._stop.set()
        self._jobs.wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def status(self) -> dict[str, Any]:
        """Return what the ready route says about this worker."""
        smoke = self.ready.is_set()
        return {"name": NAME, "state": self.state, "smoke_ok": smoke, "gpus": [], "error": None}

    def result_dir(self, job_id: str) -> Path:
        """Return the folder of a job's result."""
        return self._options.state_dir / "jobs" / job_id / "result"

    def _work(self) -> None:
        _smoke_test()
        self.state = "idle"
        self.ready.set()
        swept = time.monotonic()
        while not self._stop.is_set():
            self._jobs.wake.clear()
            row = self._jobs.claim(NAME)
            if row is not None:
                self.state = "busy"
                self._do(row)
                self.state = "idle"
            else:
                self._jobs.wake.wait(1.0)
            if time.monotonic() - swept > self._options.sweep_s:
                swept = time.monotonic()
                self.sweep()
        self.state = "stopped"

    def _do(self, row: sqlite3.Row) -> None:
        job_id = row["id"]
        try:
            result = self._make(row)
        except Cancelled:
            if not self._stop.is_set():
                self._jobs.finish(job_id, "cancelled")
        except BridgeError as error:
            self._jobs.finish(job_id, "failed", str(error))
        except Exception as error:  # noqa: BLE001 - the top of this thread's work: one job must not end it
            _log.exception("job %s", job_id)
            self._jobs.finish(job_id, "failed", f"internal error: {error!r}")
        else:
            self._jobs.finish(job_id, "done", result=result)

    def _make(self, row: sqlite3.Row) -> dict[str, Any]:
        job_id, task = row["id"], Task.from_json(row["task"])
        if "model-error" in self._options.faults:
            raise BridgeError("the model failed, as --simulate model-error asked")
        folder = self.result_dir(job_id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder.parent / "request.json").write_text(row["request"])
        (folder.parent / "clip_manifest.json").write_text(row["clip"])
        self._jobs.start(job_id)
        began = time.time()
        reported = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal reported
            now = time.monotonic()
            if self._stop.is_set():
                raise Cancelled
            if now - reported < _REPORT_S and done < total:
                return
            reported = now
            if self._jobs.progress(job_id, done / max(total, 1), f"frame {done} of {total}"):
                raise Cancelled

        blocked = "guardrail-block" in self._options.faults
        about: dict[str, Any] = {"guardrails": False, "blocked": True}
        files = []
        if not blocked:
            about = make_video(
                task, folder / "output.mp4", progress, watermark=self._options.watermark
            )
            files = [file_entry(folder / "output.mp4", "video")]
        return {
            "format_version": 1,
            "job_id": job_id,
            "backend": row["backend"],
            "worker": NAME,
            "request": json.loads(row["request"]),
            "clip": json.loads(row["clip"]),
            "files": files,
            "worker_manifest": about,
            "timings": {
                "queued": round(row["prepared"] - row["created"], 3),
                "preparing": round(began - row["prepared"], 3),
                "running": round(time.time() - began, 3),
            },
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }

    def sweep(self) -> None:
        """Remove results and uploads that are older than the server keeps them."""
        now = time.time()
        for job_id in self._jobs.expire(now - 3600 * self._options.job_ttl_h):
            shutil.rmtree(self.result_dir(job_id).parent, ignore_errors=True)
        in_use = {path for task in self._jobs.tasks_in_use() for path in task["videos"].values()}
        oldest = now - 3600 * self._options.blob_ttl_h
        self._blobs.sweep(oldest, in_use)
        for folder in (self._options.state_dir / "uploads").glob("*"):
            if folder.stat().st_mtime < oldest and not any(str(folder) in p for p in in_use):
                shutil.rmtree(folder, ignore_errors=True)


def _smoke_test() -> None:
    """Compile the filters by trying every one of them on a small picture."""
    conditions = read_conditions("heavy rain, snow, fog at night, wet road, sunset", "", 0)
    rgb = np.full((32, 64, 3), 120, np.uint8)
    tags = np.ones((32, 64), np.uint8)
    Relighter(conditions, 32, 64, 10.0, 0)(rgb, tags, np.full((32, 64), 9, np.float32), 0)

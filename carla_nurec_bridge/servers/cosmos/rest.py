"""The REST job API: blobs, jobs, results, health."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, PlainTextResponse

from ...core.errors import InputError, RefusalError
from ...cosmos.jobs.contracts import CONTRACTS
from .messages import BlobIds, JobSubmission
from .parts import Parts
from .store.blob_store import TooLarge
from .store.job_store import ENDED, NewJob, job_info
from .submission import (
    BACKEND,
    REST_BACKENDS,
    accept,
)

VERSION = "0.1.0"
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


def rest_router(parts: Parts) -> APIRouter:
    """Return the routes below ``/v1``."""
    router = APIRouter(prefix="/v1")
    _health(router, parts)
    _blobs(router, parts)
    _jobs(router, parts)
    _results(router, parts)
    return router


def _health(router: APIRouter, parts: Parts) -> None:
    started = time.monotonic()

    @router.get("/health/live")
    def live() -> dict[str, Any]:
        return {"status": "ok", "version": VERSION}

    @router.get("/health/ready")
    def ready(response: Response) -> dict[str, Any]:
        is_ready = parts.worker.ready.is_set()
        response.status_code = 200 if is_ready else 503
        workers = [parts.worker.status()]
        return {"ready": is_ready, "profile": "filters", "backends": [BACKEND], "workers": workers}

    @router.get("/status")
    def status() -> dict[str, Any]:
        count, size = parts.blobs.usage()
        counts = parts.jobs.counts()
        return {
            "version": VERSION,
            "profile": "filters",
            "backend_name": "image filters, no model",
            "uptime_s": round(time.monotonic() - started, 1),
            "ready": parts.worker.ready.is_set(),
            "workers": [parts.worker.status()],
            "queued": {BACKEND: counts["queued"]},
            "jobs": counts,
            "blobs": {"count": count, "bytes": size},
            "guardrails": False,
            "watermark": parts.options.watermark,
        }

    def model(name: str) -> dict[str, Any]:
        here = name == BACKEND
        return {
            "contract": CONTRACTS[name].to_json(),
            "available": here and parts.worker.ready.is_set(),
            "workers": [parts.worker.status()["name"]] if here else [],
            "queued": parts.jobs.counts()["queued"] if here else 0,
            "scene_rendering": False,
            "placement": "cpu" if here else None,
        }

    @router.get("/models")
    def models() -> dict[str, Any]:
        return {name: model(name) for name in REST_BACKENDS}

    @router.get("/models/{name}")
    def one_model(name: str) -> dict[str, Any]:
        if name not in REST_BACKENDS:
            raise HTTPException(404, f"no model {name!r}")
        return model(name)

    @router.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> str:
        counts = parts.jobs.counts()
        lines = [f'cosmos_jobs{{status="{name}"}} {n}' for name, n in counts.items()]
        lines.append(f'cosmos_queue_depth{{backend="{BACKEND}"}} {counts["queued"]}')
        worker = parts.worker.status()
        lines.append(
            f'cosmos_worker_state{{worker="{worker["name"]}",state="{worker["state"]}"}} 1'
        )
        return "\n".join(lines) + "\n"


def _blobs(router: APIRouter, parts: Parts) -> None:
    @router.put("/blobs/{blob_id}")
    async def put(blob_id: str, request: Request, response: Response) -> dict[str, Any]:
        name = request.headers.get("x-filename", "")[:200]
        try:
            size, existed = await parts.blobs.put(blob_id, request.stream(), name)
        except TooLarge as error:
            raise HTTPException(413, str(error)) from error
        except InputError as error:
            raise HTTPException(400, str(error)) from error
        response.status_code = 200 if existed else 201
        return {"id": blob_id, "size": size, "existed": existed}

    @router.post("/blobs/check")
    def check(body: BlobIds) -> dict[str, list[str]]:
        present = [blob for blob in body.ids if parts.blobs.has(blob)]
        return {"present": present, "missing": [b for b in body.ids if b not in set(present)]}

    @router.get("/blobs/{blob_id}")
    def get(blob_id: str) -> FileResponse:
        try:
            path = parts.blobs.path(blob_id)
        except InputError as error:
            raise HTTPException(404, str(error)) from error
        if not parts.blobs.has(blob_id):
            raise HTTPException(404, f"no blob {blob_id}")
        return FileResponse(path, media_type="application/octet-stream")


def _jobs(router: APIRouter, parts: Parts) -> None:
    def submit(body: JobSubmission, token_id: str, key: str | None) -> dict[str, Any]:
        known = [] if key is None else parts.jobs.with_key(token_id, key)
        if not known and parts.jobs.waiting_of(token_id) >= parts.options.max_queued_per_token:
            raise HTTPException(
                429,
                {"errors": ["too many jobs of this token wait; try again later"]},
                {"Retry-After": "2"},
            )
        if known:
            return job_info(known[0], parts.jobs.position(known[0]))
        try:
            task = accept(body.request, parts.blobs, body.manifest)
        except RefusalError as error:
            raise HTTPException(error.code, {"errors": list(error.reasons)}) from error
        request = body.request.model_dump(exclude_none=True)
        new = NewJob(
            "rest",
            body.request.backend,
            task.to_json(),
            request,
            token_id,
            body.request.priority,
            body.manifest,
            key,
        )
        row, _ = parts.jobs.submit(new)
        return job_info(row, parts.jobs.position(row))

    @router.post("/jobs", status_code=202)
    async def post(body: JobSubmission, request: Request, key: Key = None) -> dict[str, Any]:
        return await run_in_threadpool(submit, body, request.state.token_id, key)

    @router.get("/jobs")
    def jobs(
        request: Request,
        status: str | None = None,
        backend: str | None = None,
        mine: bool = False,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> list[dict[str, Any]]:
        token = request.state.token_id if mine else None
        rows = parts.jobs.matching(status, backend, token, limit)
        return [job_info(row, parts.jobs.position(row)) for row in rows]

    @router.get("/jobs/{job_id}")
    def job(job_id: str) -> dict[str, Any]:
        row = _row(parts, job_id)
        return job_info(row, parts.jobs.position(row))

    @router.delete("/jobs/{job_id}")
    def delete(job_id: str) -> dict[str, Any]:
        row = _row(parts, job_id)
        if row["status"] in ENDED:
            shutil.rmtree(parts.worker.result_dir(job_id).parent, ignore_errors=True)
            parts.jobs.delete(job_id)
            return {"id": job_id, "action": "delete", "accepted": True}
        parts.jobs.cancel(job_id)
        return {"id": job_id, "action": "cancel", "accepted": True}


def _results(router: APIRouter, parts: Parts) -> None:
    @router.get("/jobs/{job_id}/result")
    def result(job_id: str) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(_done(parts, job_id)["result"])
        return manifest

    @router.get("/jobs/{job_id}/result/{name:path}")
    def file(job_id: str, name: str) -> FileResponse:
        manifest = json.loads(_done(parts, job_id)["result"])
        path = parts.worker.result_dir(job_id) / Path(name).name
        if name not in {entry["name"] for entry in manifest["files"]} or not path.is_file():
            raise HTTPException(404, f"{job_id} has no file {name!r}")
        return FileResponse(path)


def _row(parts: Parts, job_id: str) -> sqlite3.Row:
    row = parts.jobs.find(job_id)
    if row is None:
        raise HTTPException(404, f"no job {job_id!r}")
    return row


def _done(parts: Parts, job_id: str) -> sqlite3.Row:
    row = _row(parts, job_id)
    if row["status"] != "done":
        raise HTTPException(409, f"{job_id} is {row['status']}, not done")
    if row["expired"]:
        raise HTTPException(410, f"the files of {job_id} have expired")
    return row

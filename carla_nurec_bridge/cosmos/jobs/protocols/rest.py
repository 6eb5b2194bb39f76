"""The REST job API (content-addressed blobs, jobs, results)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....core.buffers import sha256_of
from ....core.errors import InputError, ProtocolError
from ..contracts import CONTRACTS
from ..failures import JobFailed, ServerUnreachable
from ..probe import probe
from ..spec import JobSpec
from .http import (
    Http,
    NotThere,
    Transient,
    parsed,
)
from .server import (
    Listener,
    RemoteFile,
    Update,
    chunks,
)

if TYPE_CHECKING:
    import httpx

_GUIDANCE_MOST = 7
_OWN_S = 5.0
_TOLD = ("backend", "worker", "worker_manifest", "timings")
_MOST_TOLD = 20_000


class RestServer:
    """A server with the REST job API."""

    def __init__(
        self,
        http: Http,
        backend: str = "transfer2.5",
        poll_s: float = 5.0,
        priority: str = "interactive",
    ) -> None:
        """Use ``backend``; ask for a job's state every ``poll_s``; ``batch`` jobs wait longer."""
        self.contract = backend
        self._http = http
        self._poll_s = poll_s
        self._priority = priority
        self._told: dict[str, dict[str, Any]] = {}

    def upload(self, videos: Mapping[str, Path], listener: Listener) -> dict[str, str]:
        """Send the blobs that the server does not have yet."""
        if CONTRACTS[self.contract].rgb == "no":
            videos = {name: path for name, path in videos.items() if name != "rgb"}
        ids = {name: sha256_of(path) for name, path in videos.items()}
        body = {"ids": sorted(set(ids.values()))}
        missing = set(self._http.json("POST", "/v1/blobs/check", json=body)["missing"])
        for number, (name, path) in enumerate(videos.items()):
            listener(Update("uploading", number / len(videos), message=name))
            if ids[name] in missing:
                self._http.attempts(f"upload of {path.name}", partial(self._put, ids[name], path))
                missing.discard(ids[name])
        return ids

    def begin(self, spec: JobSpec, uploads: Mapping[str, str], key: str) -> str:
        """Submit; after a lost answer look the job up before submitting again."""
        request = _request(spec, uploads, self.contract) | {"priority": self._priority}
        body = {"request": request, "manifest": _manifest(spec)}
        before = self._mine()
        keys = {job.get("idempotency_key"): job for job in before}
        number = 0
        while keys.get(f"{key}.{number}", {}).get("status") in ("failed", "cancelled"):
            number += 1
        name = f"{key}.{number}"
        if name in keys:
            return str(keys[name]["id"])
        known = {job["id"] for job in before}

        def post() -> str:
            found = self._submitted(name, known) if tried else None
            tried.append(True)
            if found is not None:
                return found
            answer = self._http.once(
                "POST", "/v1/jobs", json=body, headers={"Idempotency-Key": name}
            )
            return str(parsed(answer)["id"])

        tried: list[bool] = []
        return self._http.attempts("submitting the job", post)

    def wait(self, job_id: str, listener: Listener) -> RemoteFile:
        """Poll until the job ends; return the first video of its result."""
        while True:
            info = self._state(job_id)
            state = info["status"]
            if state == "done":
                return self._result(job_id)
            listener(
                Update(state, info["progress"], info.get("queue_position"), info["message"] or "")
            )
            if state in ("failed", "cancelled"):
                raise JobFailed(f"job {job_id} {state}: {info['error'] or 'no reason was given'}")
            time.sleep(min(self._poll_s, self._http.deadline.left(f"job {job_id} is {state}")))

    def told(self, job_id: str) -> dict[str, Any]:
        """Return backend, worker, the worker's own words and timings, of a job waited for."""
        return self._told.get(job_id, {})

    def cancel(self, job_id: str) -> None:
        """Delete the job."""
        self._http.client.delete(f"{self._http.url}/v1/jobs/{job_id}", timeout=_OWN_S)

    def open_file(self, file: RemoteFile) -> AbstractContextManager[httpx.Response]:
        """Open the stream of a result."""
        return self._http.client.stream("GET", self._http.url + file.path)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _state(self, job_id: str) -> dict[str, Any]:
        try:
            return dict(self._http.json("GET", f"/v1/jobs/{job_id}"))
        except NotThere as error:
            if error.status != 404:
                raise
            raise JobFailed(f"job {job_id} was deleted on the server") from error

    def _put(self, blob_id: str, path: Path) -> None:
        headers = {
            "Content-Length": str(path.stat().st_size),
            "Content-Type": "video/mp4",
            "X-Filename": path.name,
        }
        self._http.once("PUT", f"/v1/blobs/{blob_id}", content=chunks(path), headers=headers)

    def _mine(self) -> list[dict[str, Any]]:
        jobs = self._http.json("GET", "/v1/jobs", params={"mine": "true", "limit": 1000})
        return list(jobs)

    def _submitted(self, key: str, known: set[str]) -> str | None:
        """Find a job whose answer was lost: by its key, else as the only new one."""
        jobs = self._mine()
        for job in jobs:
            if job.get("idempotency_key") == key:
                return str(job["id"])
        new = [j for j in jobs if j["id"] not in known and j.get("idempotency_key") is None]
        new = [job for job in new if job["backend"] == self.contract]
        if len(new) > 1:
            ids = ", ".join(job["id"] for job in new)
            raise ServerUnreachable(
                f"the answer to the submission was lost, and any of {ids} may be the job; "
                "nothing was submitted again"
            )
        return str(new[0]["id"]) if new else None

    def _result(self, job_id: str) -> RemoteFile:
        try:
            manifest = self._http.json("GET", f"/v1/jobs/{job_id}/result")
        except NotThere as error:
            if error.status == 410:
                raise JobFailed(
                    f"the files of job {job_id} have expired on the server; use --again"
                ) from error
            raise
        told = {name: manifest[name] for name in _TOLD if name in manifest}
        if len(json.dumps(told)) <= _MOST_TOLD:
            self._told[job_id] = told
        videos = [f for f in manifest["files"] if f["name"].endswith(".mp4")]
        videos.sort(key=lambda file: file["kind"] != "video")
        if not videos:
            raise JobFailed(f"job {job_id} ended without a video; a guardrail may have blocked it")
        file = videos[0]
        path = f"/v1/jobs/{job_id}/result/{file['name']}"
        return RemoteFile(file["name"], path, file["sha256"], file["size"])


def list_jobs(http: Http, status: str | None, limit: int, *, mine: bool) -> list[dict[str, Any]]:
    """Return a server's newest jobs: all, those in a state, or those of this token."""
    query = {"limit": limit, "mine": str(mine).lower()} | ({"status": status} if status else {})
    return list(http.json("GET", "/v1/jobs", params=query))


def cancel_job(http: Http, job_id: str) -> str:
    """Ask a server to stop a job that has not ended; return the job's state before.

    InputError when there is no such job, or when it has ended: its result stays.
    """
    try:
        state = str(http.json("GET", f"/v1/jobs/{job_id}")["status"])
    except NotThere as error:
        raise InputError(f"{http.url} has no job {job_id}; list them without --cancel") from error
    if state in ("done", "failed", "cancelled"):
        raise InputError(f"job {job_id} is {state} already; there is nothing to cancel")
    http.json("DELETE", f"/v1/jobs/{job_id}")
    return f"asked to stop ({state} before)"


def served_backends(http: Http) -> list[str]:
    """Return the backends that a server can work for now."""
    models = http.json("GET", "/v1/models")
    if not isinstance(models, dict):
        raise ProtocolError(f"{http.url}/v1/models is no table of models")
    return [name for name, model in models.items() if model["available"] and name in CONTRACTS]


def wait_ready(http: Http, poll_s: float = 2.0) -> None:
    """Wait until the server has loaded its workers."""
    while True:
        answer = http.attempts("asking whether it is ready", partial(_ready, http))
        if answer:
            return
        time.sleep(min(poll_s, http.deadline.left(f"{http.url} is not ready")))


def _ready(http: Http) -> bool:
    response = http.client.get(f"{http.url}/v1/health/ready")
    if response.status_code not in (200, 503):
        http.judge(response, "GET /v1/health/ready")
    body = parsed(response)
    if not isinstance(body, dict) or "ready" not in body:
        raise Transient("the answer does not say whether it is ready")
    return bool(body["ready"])


def _request(spec: JobSpec, uploads: Mapping[str, str], backend: str) -> dict[str, Any]:
    controls = {
        name: {
            "weight": control.weight,
            **({"derive": True} if control.video is None else {"blob": uploads[name]}),
        }
        for name, control in spec.controls.items()
    }
    return {
        "backend": backend,
        "prompt": spec.prompt,
        "negative_prompt": spec.negative_prompt,
        "seed": spec.seed,
        "guidance": min(round(spec.guidance), _GUIDANCE_MOST),
        "num_steps": spec.num_steps,
        "controls": controls,
        "rgb": {"front": uploads["rgb"]} if "rgb" in uploads else {},
        "extra": {
            "sigma_max": f"{spec.sigma_max:g}",
            "preset_edge_threshold": spec.canny_threshold,
            "preset_blur_strength": spec.blur_strength,
        },
    }


def _manifest(spec: JobSpec) -> dict[str, Any]:
    clip = probe(spec.video)
    return {
        "format_version": 1,
        "clip_id": spec.video.parent.name or spec.video.stem,
        "fps": clip.rate_hz,
        "frames": clip.frames,
        "rig": {"cameras": [{"name": "front", "width": clip.width, "height": clip.height}]},
        "encodings": {"depth": dict(spec.depth)} if spec.depth else {},
    }

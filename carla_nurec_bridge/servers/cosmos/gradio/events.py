"""Gradio's calls: started by one request, followed as a stream of events by another."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....core.errors import InputError
from ..parts import Parts
from ..store.job_store import ENDED, NewJob
from .config import PREFIX
from .uploads import register, registered_list
from .variants import (
    BadJson,
    Variant,
    refusal_data,
    status_data,
)

_POLL_S = 0.05
_HEARTBEAT_S = 5.0
_KEPT = 2000


@dataclass
class CallEvent:
    """One call: its answer if it needed no worker, else the job it waits for."""

    id: str
    name: str
    session: str
    output: list[Any] | None = None
    job_id: str | None = None
    delivered: bool = field(default=False)


class Events:
    """The calls of one Gradio app."""

    def __init__(self, parts: Parts, variant: Variant) -> None:
        """Keep the parts; calls that wait for jobs survive a restart of the server."""
        self._parts = parts
        self._variant = variant
        self._events: dict[str, CallEvent] = {}

    def call(
        self, name: str, data: list[Any], session: str | None, token_id: str, key: str | None
    ) -> CallEvent:
        """Start a call of an endpoint; a second one with the same key is the first."""
        if not name.startswith("generate") or name == "generate_default_request":
            event = CallEvent(secrets.token_hex(16), name, session or secrets.token_hex(8))
            event.output = [self._answer(name, data)]
            return self._keep(event)
        argument = data[0] if data else None
        if key is not None and (known := self._parts.jobs.with_key(token_id, key)):
            return self._of_job(known[0])
        try:
            task = self._variant.read(argument)
        except InputError as error:
            event = CallEvent(secrets.token_hex(16), name, session or secrets.token_hex(8))
            event.output = self._refusal(name, error)
            return self._keep(event)
        session = session or secrets.token_hex(8)
        request = {"endpoint": name, "request": argument}
        row, _ = self._parts.jobs.submit(
            NewJob(
                self._variant.prefix,
                self._variant.name,
                task.to_json(),
                request,
                token_id,
                key=key,
                session=session,
            )
        )
        return self._of_job(row)

    def find(self, event_id: str) -> CallEvent | None:
        """Return a call, also one that was started before the server's last restart."""
        if event_id in self._events:
            return self._events[event_id]
        row = self._parts.jobs.find(f"j_{event_id}")
        return None if row is None or row["api"] != self._variant.prefix else self._of_job(row)

    def of_session(self, session: str) -> list[CallEvent]:
        """Return the calls of a session that are still to be answered, else all it had."""
        events = [e for e in self._events.values() if e.session == session]
        for row in self._parts.jobs.of_session(session):
            if row["api"] == self._variant.prefix and row["id"][2:] not in self._events:
                events.append(self._of_job(row))
        return [event for event in events if not event.delivered] or events

    def cancel(self, event_id: str) -> bool:
        """Cancel the job behind a call; return whether there was one."""
        event = self.find(event_id)
        if event is None or event.job_id is None:
            return False
        self._parts.jobs.cancel(event.job_id)
        return True

    async def follow(self, event: CallEvent) -> AsyncIterator[dict[str, Any]]:
        """Yield the messages of one call up to ``process_completed``, heartbeats between."""
        said: Any = None
        last = time.monotonic()
        while True:
            output, state = self._progress(event)
            if output is not None:
                yield {
                    "msg": "process_completed",
                    "event_id": event.id,
                    "success": True,
                    "output": {"data": output, "is_generating": False},
                }
                return
            if state != said:
                said, last = state, time.monotonic()
                yield state | {"event_id": event.id}
            elif time.monotonic() - last > _HEARTBEAT_S:
                last = time.monotonic()
                yield {"msg": "heartbeat"}
            await asyncio.sleep(_POLL_S)

    def _progress(self, event: CallEvent) -> tuple[list[Any] | None, dict[str, Any]]:
        if event.output is not None:
            return event.output, {}
        assert event.job_id is not None
        row = self._parts.jobs.find(event.job_id)
        if row is None:
            return [None, "Error: the job was deleted"], {}
        if row["status"] in ENDED:
            return self._output(event, row), {}
        rank = self._parts.jobs.position(row)
        if rank is not None:
            size = self._parts.jobs.counts()["queued"]
            return None, {"msg": "estimation", "rank": rank, "queue_size": size, "rank_eta": None}
        if row["status"] == "preparing":
            return None, {"msg": "process_starts", "eta": None}
        part = {"index": None, "length": None, "unit": "frames", "progress": row["progress"]}
        return None, {"msg": "progress", "progress_data": [part | {"desc": row["message"]}]}

    def _output(self, event: CallEvent, row: sqlite3.Row) -> list[Any]:
        videos = []
        if row["status"] == "done" and not row["expired"]:
            folder = self._parts.worker.result_dir(row["id"])
            videos = [str(folder / f["name"]) for f in json.loads(row["result"])["files"]]
        if event.name == "generate":
            return [status_data(row, videos)]
        video = {"video": _file_data(Path(videos[0])), "subtitles": None} if videos else None
        return [video, self._variant.status(row, videos)]

    def _refusal(self, name: str, error: InputError) -> list[Any]:
        if name == "generate":
            return [refusal_data(error)]
        if isinstance(error, BadJson) or "generate_default_request" not in self._variant.endpoints:
            return [None, str(error)]
        status = json.dumps(refusal_data(error))
        old = "generate" not in self._variant.endpoints
        return [None, f"Inference failed.\nResult json: {status}" if old else status]

    def _answer(self, name: str, data: list[Any]) -> Any:
        if name == "upload_file":
            return register(self._parts.options.state_dir, data[0] if data else None)
        if name == "upload_file_list":
            return registered_list(self._parts.options.state_dir, data[0] if data else None)
        request = {
            "name": "sample",
            "prompt": "",
            "video_path": "",
            "edge": {"control_weight": 1.0},
        }
        return json.dumps(request, indent=1)

    def _of_job(self, row: sqlite3.Row) -> CallEvent:
        event_id = row["id"][2:]
        if event_id in self._events:
            return self._events[event_id]
        name = json.loads(row["request"])["endpoint"]
        return self._keep(CallEvent(event_id, name, row["session"], job_id=row["id"]))

    def _keep(self, event: CallEvent) -> CallEvent:
        while len(self._events) >= _KEPT:
            del self._events[next(iter(self._events))]
        self._events[event.id] = event
        return event


def _file_data(path: Path) -> dict[str, Any]:
    return {
        "path": str(path),
        "url": f"{PREFIX}/file={path}",
        "size": path.stat().st_size if path.exists() else None,
        "orig_name": path.name,
        "mime_type": "video/mp4",
        "is_stream": False,
        "meta": {"_type": "gradio.FileData"},
    }

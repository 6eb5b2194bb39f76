"""The routes of one Gradio app, below its own prefix."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from ....core.files.safe_name import safe_name
from ..parts import Parts
from .config import PREFIX, api_info, app_config
from .events import CallEvent, Events
from .uploads import received_dir
from .variants import Variant

_CHUNK = 1 << 20
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


class CallBody(BaseModel):
    """The body of a call."""

    data: list[Any] = Field(default_factory=list)
    session_hash: str | None = None
    fn_index: int | None = None


class CancelBody(BaseModel):
    """The body of a request to stop a call."""

    session_hash: str
    fn_index: int | None = None
    event_id: str


def gradio_router(parts: Parts, variant: Variant) -> APIRouter:
    """Return the routes of a variant, as Gradio's clients know them."""
    router = APIRouter(prefix=variant.prefix, include_in_schema=False)
    events = Events(parts, variant)
    _about(router, variant)
    _files(router, parts)
    _calls(router, events, variant)
    _queue(router, events, variant)
    return router


def _about(router: APIRouter, variant: Variant) -> None:
    def config(request: Request) -> dict[str, Any]:
        root = str(request.base_url).rstrip("/") + variant.prefix
        return app_config(f"{variant.name} (image filters)", root, variant.endpoints)

    @router.get("/config")
    def get_config(request: Request) -> dict[str, Any]:
        return config(request)

    @router.get("", response_class=HTMLResponse)
    @router.get("/", response_class=HTMLResponse)
    def page(request: Request) -> str:
        text = json.dumps(config(request)).replace("<", "\\u003c")
        return f"<!doctype html><script>window.gradio_config = {text};</script>"

    @router.get(f"{PREFIX}/info")
    def info() -> dict[str, Any]:
        return api_info(variant.endpoints)

    @router.post(f"{PREFIX}/reset")
    def reset() -> dict[str, bool]:
        return {"success": True}


def _files(router: APIRouter, parts: Parts) -> None:
    @router.post(f"{PREFIX}/upload")
    async def upload(files: list[UploadFile]) -> list[str]:
        paths = []
        for file in files:
            target = received_dir(parts.options.state_dir) / safe_name(file.filename or "", "file")
            size = 0
            with target.open("wb") as out:
                while chunk := await file.read(_CHUNK):
                    size += len(chunk)
                    if size > parts.options.max_upload_bytes:
                        target.unlink()
                        raise HTTPException(413, "File is larger than the server takes")
                    out.write(chunk)
            paths.append(str(target))
        return paths

    @router.get(f"{PREFIX}/file={{path:path}}")
    def file(path: str) -> FileResponse:
        found = Path(path if path.startswith("/") else f"/{path}").resolve()
        state = parts.options.state_dir.resolve()
        allowed = found.is_relative_to(state / "uploads") or (
            found.is_relative_to(state / "jobs") and found.parent.name == "result"
        )
        if not allowed or not found.is_file():
            raise HTTPException(403, f"File not allowed: {path}.")
        return FileResponse(found)


def _calls(router: APIRouter, events: Events, variant: Variant) -> None:
    @router.post(f"{PREFIX}/call/{{name}}")
    async def call(name: str, body: CallBody, request: Request, key: Key = None) -> Any:
        if name not in variant.endpoints:
            return JSONResponse({"error": f"no endpoint {name!r}"}, 500)
        event = await run_in_threadpool(
            events.call, name, body.data, body.session_hash, request.state.token_id, key
        )
        return {"event_id": event.id}

    @router.get(f"{PREFIX}/call/{{name}}/{{event_id}}")
    async def answer(name: str, event_id: str) -> StreamingResponse:
        event = events.find(event_id)
        return _stream(_simple(events, event if event and event.name == name else None))


def _queue(router: APIRouter, events: Events, variant: Variant) -> None:
    @router.post(f"{PREFIX}/queue/join")
    async def join(body: CallBody, request: Request, key: Key = None) -> dict[str, str]:
        if body.fn_index is None or not 0 <= body.fn_index < len(variant.endpoints):
            raise HTTPException(400, f"no function {body.fn_index}")
        event = await run_in_threadpool(
            events.call,
            variant.endpoints[body.fn_index],
            body.data,
            body.session_hash,
            request.state.token_id,
            key,
        )
        return {"event_id": event.id}

    @router.get(f"{PREFIX}/queue/data")
    async def data(session_hash: Annotated[str, Query(max_length=200)]) -> StreamingResponse:
        return _stream(_session(events, session_hash))

    @router.post(f"{PREFIX}/cancel")
    async def cancel(body: CancelBody) -> dict[str, bool]:
        return {"success": await run_in_threadpool(events.cancel, body.event_id)}


async def _simple(events: Events, event: CallEvent | None) -> AsyncIterator[str]:
    """Yield a call's answer in the form of ``/call``."""
    if event is None:
        yield f"event: error\ndata: {json.dumps('404: Not Found')}\n\n"
        return
    async for message in events.follow(event):
        if message["msg"] == "heartbeat":
            yield "event: heartbeat\ndata: null\n\n"
        elif message["msg"] == "process_completed":
            yield f"event: complete\ndata: {json.dumps(message['output']['data'])}\n\n"


async def _session(events: Events, session: str) -> AsyncIterator[str]:
    """Yield every message of a session's calls, one call after the other, then close."""
    waiting = events.of_session(session)
    if not waiting:
        yield _data(
            {
                "msg": "unexpected_error",
                "message": "404: Session not found.",
                "success": False,
                "event_id": None,
            }
        )
        return
    while waiting:
        for event in waiting:
            async for message in events.follow(event):
                yield _data(message)
            event.delivered = True
        waiting = [event for event in events.of_session(session) if not event.delivered]
    yield _data({"msg": "close_stream", "event_id": None})


def _data(message: dict[str, Any]) -> str:
    return f"data: {json.dumps(message)}\n\n"


def _stream(lines: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(lines, media_type="text/event-stream")

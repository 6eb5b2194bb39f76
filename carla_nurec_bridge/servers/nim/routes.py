"""The routes: health, models, chat completions."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from .answering import answer
from .completion import Completion
from .cut_response import CutResponse
from .errors import ChatRefusal, error_response, json_response
from .faults import FaultPlan
from .messages import ChatRequest, parse_request
from .options import FINGERPRINT, MODEL, OWNER, NimServerOptions

_RETRY_S = 1


def nim_router(options: NimServerOptions) -> APIRouter:
    """Return the routes below ``/v1``."""
    router = APIRouter(prefix="/v1")
    plan = FaultPlan(options.faults)
    started_s = int(time.time())

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"object": "health.response", "message": "Service is live."}

    @router.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"object": "health.response", "message": "Service is ready."}

    @router.get("/version")
    async def version() -> dict[str, str]:
        return {"release": FINGERPRINT, "api": "1.0.0"}

    @router.get("/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [_card(MODEL, started_s)]}

    @router.get("/models/{name:path}")
    async def model(name: str) -> Response:
        if name != MODEL and name not in options.aliases:
            return error_response(ChatRefusal(404, f"there is no model {name!r} here", "model"))
        return json_response(_card(MODEL, started_s))

    @router.post("/chat/completions")
    async def chat(request: Request) -> Response:
        faults = plan.take()
        try:
            return await _chat(await request.body(), options, faults)
        except ChatRefusal as refusal:
            return error_response(refusal)

    return router


async def _chat(body: bytes, options: NimServerOptions, faults: frozenset[str]) -> Response:
    if "rate-limit" in faults:
        retry = {"Retry-After": str(_RETRY_S)}
        raise ChatRefusal(429, "too many requests (a fault, on purpose)", headers=retry)
    if "server-error" in faults:
        raise ChatRefusal(503, "the engine is overloaded (a fault, on purpose)")
    if "slow" in faults:
        await asyncio.sleep(options.slow_s)
    try:
        request, completion = await asyncio.wait_for(
            run_in_threadpool(_answered, body, options, faults), options.answer_s
        )
    except asyncio.TimeoutError:
        raise ChatRefusal(503, f"no answer within {options.answer_s:g} s") from None
    headers = {"Cache-Control": "no-store"}
    if request.ignored():
        headers["X-Ignored-Fields"] = (
            ", ".join(request.ignored())[:1000]
            .encode("ascii", "backslashreplace")
            .decode()
            .translate({10: 32, 13: 32})
        )
    return _response(request, completion, headers, cut="cut-stream" in faults)


def _answered(
    body: bytes, options: NimServerOptions, faults: frozenset[str]
) -> tuple[ChatRequest, Completion]:
    request = parse_request(body)
    return request, answer(request, options, faults)


def _response(
    request: ChatRequest, completion: Completion, headers: dict[str, str], *, cut: bool
) -> Response:
    if not request.stream:
        whole = json_response(completion.body(), headers=headers)
        if cut:
            return CutResponse(whole.body, 200, headers, "application/json")
        return whole
    with_usage = request.stream_options is not None and request.stream_options.include_usage
    events = list(completion.events(with_usage))
    if cut:
        # Its length is not told: it is a stream, which ends without its last chunk.
        response = CutResponse(b"".join(events), 200, headers, "text/event-stream")
        del response.headers["content-length"]
        return response
    return StreamingResponse(_each(events), 200, headers, "text/event-stream")


async def _each(events: list[bytes]) -> Any:
    for event in events:
        yield event


def _card(name: str, created_s: int) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": created_s,
        "owned_by": OWNER,
        "root": name,
        "parent": None,
    }

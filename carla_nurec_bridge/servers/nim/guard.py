"""Stand before the application: tokens, sizes, deadlines, and how many requests at a time."""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

from .errors import ChatRefusal, error_response
from .options import MODEL, NimServerOptions

_PUBLIC = ("/v1/health/live", "/v1/health/ready")
_RETRY = {"Retry-After": "1"}
_CLOSE = {"Connection": "close"}


class RequestGuard:
    """ASGI middleware: reads the body whole within its limits before the application sees it."""

    def __init__(self, app: Any, options: NimServerOptions) -> None:
        """Wrap an application."""
        self._app = app
        self._options = options
        self._busy = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on with its body, or refuse it."""
        if scope["type"] != "http":
            return
        send = _signed(send)
        if scope["path"] in _PUBLIC:
            await self._app(scope, receive, send)
            return
        try:
            self._check_token(dict(scope["headers"]))
            if self._busy >= self._options.in_flight:
                raise ChatRefusal(
                    429,
                    f"{self._busy} requests are being answered; try again later",
                    headers=_CLOSE | _RETRY,
                )
        except ChatRefusal as refusal:
            await error_response(refusal)(scope, receive, send)
            return
        self._busy += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._busy -= 1

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await asyncio.wait_for(self._body(scope, receive), self._options.read_s)
        except asyncio.TimeoutError:
            late = f"the request did not arrive within {self._options.read_s:g} s"
            await error_response(ChatRefusal(408, late, headers=_CLOSE))(scope, receive, send)
            return
        except ChatRefusal as refusal:
            await error_response(refusal)(scope, receive, send)
            return
        if body is None:
            return
        given = False

        async def once() -> Any:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, once, send)

    async def _body(self, scope: Any, receive: Any) -> bytes | None:
        """Return the body; None when the client has gone. ChatRefusal when it is too large."""
        most = self._options.body_bytes
        length = dict(scope["headers"]).get(b"content-length", b"0")
        parts: list[bytes] = []
        promised, size = int(length) if length.isdigit() else 0, 0
        while max(promised, size) <= most:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if not message.get("more_body") and size <= most:
                return b"".join(parts)
        raise ChatRefusal(
            413,
            f"the request has more than {most} bytes; send smaller or fewer images and videos",
            headers=_CLOSE,
        )

    def _check_token(self, headers: dict[bytes, bytes]) -> None:
        if self._options.token is None:
            return
        kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        good = hmac.compare_digest(token.strip().encode(), self._options.token.encode())
        if kind.lower() != "bearer" or not good:
            what = "this key is not valid" if token else "a key is needed"
            raise ChatRefusal(
                401,
                f"{what}; it is what NIM_TOKEN held when the server was started",
                headers={"WWW-Authenticate": "Bearer", **_CLOSE},
            )


def _signed(send: Any) -> Any:
    """Return a ``send`` that says in a header of every response who answers."""

    async def signed(message: Any) -> None:
        if message["type"] == "http.response.start":
            sign = (b"x-answered-by", f"{MODEL}; no model".encode())
            message = message | {"headers": [*message["headers"], sign]}
        await send(message)

    return signed

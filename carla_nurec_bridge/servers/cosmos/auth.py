"""Refuse requests without a good token before their body is read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .tokens import TokenStore

_PUBLIC = ("/", "/favicon.ico", "/v1/health/live", "/v1/health/ready")


class TokenGuard:
    """ASGI middleware: 401 for what is not public; the token's id goes into the request's state.

    ``open_prefixes`` need no token (Gradio's own servers have none).
    """

    def __init__(self, app: Any, tokens: TokenStore, open_prefixes: Iterable[str]) -> None:
        """Wrap an application."""
        self._app = app
        self._tokens = tokens
        self._open = tuple(open_prefixes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        headers = dict(scope["headers"])
        kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        name = self._tokens.check(token.strip()) if kind.lower() == "bearer" else None
        if name is None and path not in _PUBLIC and not path.startswith(self._open):
            await self._refuse(send, bool(token))
            return
        scope.setdefault("state", {})["token_id"] = name or "local"
        await self._app(scope, receive, send)

    @staticmethod
    async def _refuse(send: Any, given: bool) -> None:
        what = "this token is not valid" if given else "a bearer token is needed"
        body = json.dumps({"detail": f"{what}; see `carla-nurec cosmos tokens`"}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"www-authenticate", b"Bearer"),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": body})

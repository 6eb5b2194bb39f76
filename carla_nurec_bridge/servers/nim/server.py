"""The server: one port, one application."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ...core.errors import told
from ..http_server import HttpServer, listen, url_of
from .errors import ChatRefusal, error_response
from .guard import RequestGuard
from .options import NimServerOptions
from .routes import nim_router


class NimServer:
    """Serves from the start of a ``with`` block to its end; closing twice does no harm."""

    def __init__(self, options: NimServerOptions) -> None:
        """Take the port; InputError when it cannot be had."""
        self.options = options
        listener = listen(options.host, options.port)
        self._http = HttpServer(_application(options), listener, "nim http")
        self.port = self._http.port

    @property
    def url(self) -> str:
        """Return the base address for clients on this machine, which ends with ``/v1``."""
        return f"{url_of(self.options.host, self.port)}/v1"

    def start(self) -> None:
        """Serve; returns once connections are taken."""
        self._http.start()

    def close(self) -> None:
        """Stop serving."""
        self._http.close()

    def __enter__(self) -> NimServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _application(options: NimServerOptions) -> Any:
    app = FastAPI(title="Scene facts (no model)", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(nim_router(options))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        reason = f"{request.method} {request.url.path}: {error.detail}"
        return error_response(ChatRefusal(error.status_code, reason, headers=error.headers))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return error_response(ChatRefusal(500, str(told(error))))

    return RequestGuard(app, options)

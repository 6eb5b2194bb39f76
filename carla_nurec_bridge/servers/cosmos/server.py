"""The server: one port for the REST job API and the Gradio apps."""

from __future__ import annotations

import os
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from ...core.errors import InputError
from ..http_server import HttpServer, listen, url_of
from .auth import TokenGuard
from .gradio.app import gradio_router
from .gradio.variants import VARIANTS
from .options import CosmosServerOptions
from .parts import Parts
from .rest import VERSION, rest_router
from .store.blob_store import BlobStore
from .store.database import Database
from .store.job_store import JobStore
from .tokens import TokenStore
from .worker import Worker


class CosmosServer:
    """Serves from the start of a ``with`` block to its end; closing twice does no harm."""

    def __init__(self, options: CosmosServerOptions) -> None:
        """Open the state folder and the port; InputError when one of them cannot be had."""
        self.options = options
        try:
            options.state_dir.mkdir(parents=True, exist_ok=True)
            self._lock = _claim(options)
            self.tokens = TokenStore(options.state_dir, options.token)
            self._database = Database(options.state_dir / "cosmos.sqlite")
        except OSError as error:
            raise InputError(
                f"cannot use the state folder {options.state_dir}: {error.strerror}; "
                "name another with --state"
            ) from error
        self.jobs = JobStore(self._database)
        blobs = BlobStore(
            self._database,
            options.state_dir.resolve() / "blobs",
            options.max_upload_bytes,
            options.max_store_bytes,
        )
        self.worker = Worker(options, self.jobs, blobs)
        app = _application(Parts(options, self.jobs, blobs, self.worker), self.tokens)
        self._http = HttpServer(app, listen(options.host, options.port), "cosmos http")
        self.port = self._http.port

    @property
    def url(self) -> str:
        """Return the address for clients on this machine."""
        return url_of(self.options.host, self.port)

    def start(self) -> None:
        """Serve, and begin to work; returns once connections are taken."""
        self.worker.start()
        self._http.start()

    def close(self) -> None:
        """Stop serving and working."""
        self._http.stop()
        self.worker.close()
        self._http.close()
        self._database.close()
        os.close(self._lock)
        self._lock = os.open(os.devnull, os.O_RDONLY)

    def __enter__(self) -> CosmosServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _application(parts: Parts, tokens: TokenStore) -> Any:
    app = FastAPI(
        title="Cosmos jobs (image filters, no model)",
        version=VERSION,
        docs_url="/v1/docs",
        openapi_url="/v1/openapi.json",
    )

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def page() -> str:
        links = "".join(f'<li><a href="{v.prefix}/config">{v.name}</a>' for v in VARIANTS)
        return (
            "<!doctype html><title>Cosmos jobs</title><h1>Cosmos jobs</h1><p>Image filters stand in"
            " for the model; there are no guardrails.</p>"
            f"<ul><li><a href=/v1/docs>REST job API</a>{links}</ul>"
        )

    app.include_router(rest_router(parts))
    for variant in VARIANTS:
        app.include_router(gradio_router(parts, variant))
    # Gradio's own servers know no tokens; beyond this machine everything needs one.
    open_prefixes = [f"{v.prefix}/" for v in VARIANTS] if parts.options.loopback else []
    return TokenGuard(app, tokens, open_prefixes)


def _claim(options: CosmosServerOptions) -> int:
    import fcntl

    handle = os.open(options.state_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise InputError(
            f"another server uses {options.state_dir}; stop it, or name another with --state"
        ) from error
    return handle

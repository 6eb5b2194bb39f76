"""Find out what kind of server answers at an address."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from ....core.errors import InputError
from ....core.loading.deferred import deferred
from ..contracts import CONTRACTS
from ..control_names import name_for
from .gradio import read_app
from .http import (
    Deadline,
    Http,
    NotThere,
    RetryPolicy,
    Transient,
)
from .rest import RestServer, served_backends, wait_ready
from .server import Server
from .transfer import TRANSFER1, TRANSFER25, GradioServer

if TYPE_CHECKING:
    import httpx
else:
    httpx = deferred("httpx")

Api = Literal["auto", "rest", "transfer1", "transfer2.5"]
APIS: tuple[str, ...] = get_args(Api)
_TRANSFER25_ONLY = ("upload_file_list", "generate_default_request", "generate")


def token_from(given: str | None) -> str | None:
    """Return the token: as given, of COSMOS_TOKEN, or in the file that COSMOS_TOKEN_FILE names."""
    if given or (given := os.environ.get("COSMOS_TOKEN")):
        return given
    file = os.environ.get("COSMOS_TOKEN_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise InputError(f"COSMOS_TOKEN_FILE {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"COSMOS_TOKEN_FILE {file} holds no token, but binary data") from error


def connect(
    url: str,
    api: str = "auto",
    token: str | None = None,
    policy: RetryPolicy | None = None,
    deadline: Deadline | None = None,
    poll_s: float = 5.0,
    priority: str = "interactive",
    backend: str = "auto",
    controls: Collection[str] = (),
) -> tuple[Http, Server]:
    """Return the connection and the server at ``url``, of the kind ``api`` or as it is found.

    Jobs of ``priority`` "batch" let interactive ones go before, where the server knows the two.
    ``backend`` is the one to use of a REST server, "auto" the first that takes all ``controls``,
    Transfer 2.5 before others. InputError when it is not served.
    """
    http = Http(url, token_from(token), policy or RetryPolicy(), deadline or Deadline(3600.0))
    try:
        found = _detect(http) if api == "auto" else api
        if found != "rest":
            return http, _gradio(http, found, backend)
        return http, RestServer(http, _chosen(http, backend, controls), poll_s, priority)
    except BaseException:
        http.close()
        raise


def _gradio(http: Http, api: str, backend: str) -> GradioServer:
    dialect = TRANSFER1 if api == "transfer1" else TRANSFER25
    if backend not in ("auto", dialect.contract):
        raise InputError(f"{http.url} is a Gradio app of {dialect.contract}, not of {backend}")
    return GradioServer(http, read_app(http), dialect)


def _chosen(http: Http, backend: str, controls: Collection[str]) -> str:
    wait_ready(http)
    served = served_backends(http)
    if not served:
        raise InputError(f"{http.url} has no backend that works; see {http.url}/v1/models")
    if backend != "auto":
        if backend not in served:
            raise InputError(f"{http.url} does not serve {backend}, only {', '.join(served)}")
        return backend
    served.sort(key=lambda name: name != "transfer2.5")
    for name in served:
        taken = CONTRACTS[name].controls
        if all(name_for(control, taken) in taken for control in controls):
            return name
    return served[0]


def _detect(http: Http) -> str:
    try:
        alive = http.json("GET", "/v1/health/live")
        if isinstance(alive, dict) and alive.get("status") == "ok":
            return "rest"
    except NotThere:
        pass
    try:
        app = read_app(http)
    except (NotThere, httpx.HTTPError, Transient) as error:
        raise InputError(
            f"{http.url} is neither a REST job server nor a Gradio app of Cosmos; "
            "check the address, or say which with --api"
        ) from error
    if "generate_video" not in app.functions:
        raise InputError(f"the Gradio app at {http.url} has no generate_video; it is not Cosmos")
    newer = any(name in app.functions for name in _TRANSFER25_ONLY)
    return "transfer2.5" if newer else "transfer1"

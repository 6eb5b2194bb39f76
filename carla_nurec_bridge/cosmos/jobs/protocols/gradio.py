"""Gradio's wire protocol: uploads, calls that are queued, and the stream that answers them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....core.errors import InputError, ProtocolError
from ....core.loading.deferred import deferred
from ..failures import JobFailed
from .http import Http, Transient, parsed
from .server import Listener, Update

if TYPE_CHECKING:
    import httpx
else:
    httpx = deferred("httpx")

_SILENCE_S = 120.0  # Gradio sends a heartbeat every 15 s
_LOST = "404"


@dataclass(frozen=True)
class App:
    """One Gradio app: where its API is, and the number of each endpoint."""

    prefix: str
    functions: dict[str, int]


def read_app(http: Http) -> App:
    """Ask a Gradio app what it offers."""
    config = http.json("GET", "/config")
    try:
        functions = {
            str(entry["api_name"]): int(entry.get("id", number))
            for number, entry in enumerate(config["dependencies"])
            if entry.get("api_name")
        }
        return App(str(config.get("api_prefix", "")), functions)
    except (KeyError, TypeError) as error:
        raise ProtocolError(f"{http.url}/config is not that of a Gradio app: {error!r}") from error


class Calls:
    """Calls of one app. A call has a session of its own, so that it can be found again."""

    def __init__(self, http: Http, app: App) -> None:
        """Use the app behind a connection."""
        self._http = http
        self._app = app

    def send(self, path: Path) -> dict[str, Any]:
        """Upload the bytes of a file; return the file data that calls take."""

        def once() -> Any:
            with path.open("rb") as file:
                response = self._http.once(
                    "POST", f"{self._app.prefix}/upload", files={"files": (path.name, file)}
                )
            return parsed(response)

        paths = self._http.attempts(f"upload of {path.name}", once)
        if not (isinstance(paths, list) and paths):
            raise ProtocolError(f"the upload of {path.name} was answered {str(paths)[:200]}")
        return {"path": paths[0], "meta": {"_type": "gradio.FileData"}, "orig_name": path.name}

    def start(self, name: str, data: list[Any], session: str, *, again: bool) -> None:
        """Queue a call of an endpoint in a session, once.

        ``again``: the session may have it already. After a lost answer the session is asked before
        the call is sent another time.
        """
        body = {"data": data, "fn_index": self._number(name), "session_hash": session}
        tried = [True] if again else []

        def once() -> None:
            if tried and self._has(session):
                return
            tried.append(True)
            headers = {"Idempotency-Key": session}
            response = self._http.once(
                "POST", f"{self._app.prefix}/queue/join", json=body, headers=headers
            )
            if "event_id" not in parsed(response):
                raise ProtocolError(f"a call of {name} was answered {response.text[:200]}")

        self._http.attempts(f"calling {name}", once)

    def answer(self, name: str, session: str, listener: Listener) -> list[Any]:
        """Follow a session to the end of its call; return the call's outputs."""
        what = f"waiting for {name}"
        return self._http.attempts(what, partial(self._follow, name, session, listener))

    def cancel(self, name: str, session: str) -> None:
        """Ask the app to stop the calls of a session."""
        for message in self._messages(session, 2.0):
            event = message.get("event_id")
            if event:
                body = {"session_hash": session, "fn_index": self._number(name), "event_id": event}
                url = f"{self._http.url}{self._app.prefix}/cancel"
                self._http.client.post(url, json=body, timeout=5.0)
                return

    def _number(self, name: str) -> int:
        if name not in self._app.functions:
            offered = ", ".join(self._app.functions)
            raise InputError(f"{self._http.url} has no endpoint {name!r}, only {offered}")
        return self._app.functions[name]

    def _has(self, session: str) -> bool:
        for message in self._messages(session, 30.0):
            return not _unknown(message)
        return False

    def _follow(self, name: str, session: str, listener: Listener) -> list[Any]:
        for message in self._messages(session, _SILENCE_S):
            kind = message.get("msg")
            if _unknown(message):
                raise JobFailed(
                    f"{self._http.url} no longer knows the call of {name}: its answer was lost "
                    "with the connection. It may still be at work on it; nothing was sent again. "
                    "Use --again to have it made anew"
                )
            if kind == "estimation":
                listener(Update("queued", position=message.get("rank")))
            elif kind == "process_starts":
                listener(Update("running"))
            elif kind == "progress":
                listener(_progress(message))
            elif kind == "unexpected_error":
                raise JobFailed(f"{name}: {message.get('message') or 'the server broke off'}")
            elif kind == "process_completed":
                return _outputs(name, message)
        raise Transient("the stream of events ended before its answer")

    def _messages(self, session: str, silence_s: float) -> Iterator[dict[str, Any]]:
        timeout = httpx.Timeout(silence_s, connect=10.0)
        path = f"{self._app.prefix}/queue/data"
        url = self._http.url + path
        query = {"session_hash": session}
        with self._http.client.stream("GET", url, params=query, timeout=timeout) as response:
            self._http.judge(response, f"GET {path}")
            for line in response.iter_lines():
                self._http.deadline.left("waiting for the server's answer")
                if line.startswith("data:"):
                    try:
                        yield json.loads(line[5:])
                    except ValueError as error:
                        raise Transient("an event came cut short") from error


def _unknown(message: dict[str, Any]) -> bool:
    error = message.get("msg") == "unexpected_error"
    return error and str(message.get("message", "")).startswith(_LOST)


def _progress(message: dict[str, Any]) -> Update:
    parts = message.get("progress_data") or [{}]
    share = parts[0].get("progress") or 0.0
    return Update("running", float(share), message=str(parts[0].get("desc") or ""))


def _outputs(name: str, message: dict[str, Any]) -> list[Any]:
    output = message.get("output") or {}
    if not message.get("success", True):
        raise JobFailed(f"{name}: {output.get('error') or 'the server raised an error'}")
    data = output.get("data")
    if not isinstance(data, list):
        raise ProtocolError(f"{name} ended without data: {str(output)[:200]}")
    return data

"""Ask servers of HTTP: language models (NIM, or anything of OpenAI's API) and Cosmos Transfer."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from .finding import Finding

_MOST_BYTES = 4_000_000
_SHOWN = 120


class _Unreachable(Exception):
    """No answer; the text says why."""


def look_at_language_model(
    name: str, url: str, limit_s: float, key: str | None, model: str | None
) -> Finding:
    """Ask for readiness, then for the models; ``model`` must be one of them where it is named."""
    root = url.rstrip("/").removesuffix("/v1")
    advice = f"start it (docker/compose.yaml, or carla-nurec nim serve), check {name}_ENDPOINT_URL"
    until_s = time.monotonic() + limit_s
    try:
        status, told = _get(f"{root}/v1/health/ready", until_s)
        if status == 503:
            wait = "a NIM loads for minutes; look at its log if that does not end"
            return Finding(name, "missing", f"{root} is not ready", wait)
        is_nim = status == 200 and "message" in _table(told)
        status, told = _get(f"{root}/v1/models", until_s, key)
    except _Unreachable as error:
        return Finding(name, "missing", f"{root}: {error}", advice)
    if status in (401, 403):
        return Finding(name, "missing", f"{root} refuses the key", "set BUILD_NVIDIA_API_KEY")
    data = _table(told).get("data")
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    ids = [str(row.get("id")) for row in rows]
    if status != 200 or not ids:
        return Finding(name, "missing", f"{root}/v1/models answers {status}, no models", advice)
    shown = ", ".join(ids)[:_SHOWN]
    if model and model not in ids:
        aim = f"set {name}_MODEL to one of these"
        return Finding(name, "missing", f"{root} has {shown}, not {model}", aim)
    kind = f"NIM{_release(root, until_s)}" if is_nim else "OpenAI's API"
    if any(str(row.get("owned_by")).startswith("carla-nurec: no model") for row in rows):
        kind = "the embedded server, no model"
    return Finding(name, "ok", f"{shown} at {root} ({kind})")


def look_at_cosmos(url: str, limit_s: float) -> Finding:
    """Ask for the health of a job server, else for the configuration of a Gradio app."""
    root = url.rstrip("/")
    advice = "start it (docker/compose.yaml, or carla-nurec cosmos serve), check its address"
    until_s = time.monotonic() + limit_s
    try:
        status, told = _get(f"{root}/v1/health/ready", until_s)
        ready = _table(told)
        if "ready" in ready:
            version = _table(_get(f"{root}/v1/health/live", until_s)[1]).get("version", "?")
            what = f"job server {version} at {root}, backends {', '.join(_names(ready))}"
            if status != 200 or not ready["ready"]:
                return Finding("Cosmos", "missing", f"{what}: not ready", "wait for its models")
            return Finding("Cosmos", "ok", what[:200])
        status, told = _get(f"{root}/config", until_s)
    except _Unreachable as error:
        return Finding("Cosmos", "missing", f"{root}: {error}", advice)
    config = _table(told)
    if status == 200 and "dependencies" in config:
        return Finding("Cosmos", "ok", f"Gradio {config.get('version', '?')} app at {root}")
    return Finding("Cosmos", "missing", f"{root} answers, but not as Cosmos Transfer does", advice)


def _names(ready: dict[str, Any]) -> list[str]:
    backends = ready.get("backends")
    return [str(name) for name in backends] if isinstance(backends, list) else []


def _release(root: str, until_s: float) -> str:
    try:
        release = _table(_get(f"{root}/v1/version", until_s)[1]).get("release")
    except _Unreachable:
        return ""
    return f" {str(release)[:40]}" if release else ""


def _table(content: bytes) -> dict[str, Any]:
    """Return the JSON object that an answer holds, {} where it holds none."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _get(url: str, until_s: float, key: str | None = None) -> tuple[int, bytes]:
    """Return status and body of an answer that is there, and not endless, by ``until_s``."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    left_s = until_s - time.monotonic()
    if left_s <= 0:
        raise _Unreachable("no answer in time")
    try:
        with (
            httpx.Client(timeout=left_s, trust_env=False) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            content = b""
            for part in response.iter_bytes():
                content += part
                if len(content) > _MOST_BYTES or time.monotonic() > until_s:
                    raise _Unreachable("its answer does not end")
            return response.status_code, content
    except httpx.TimeoutException:
        raise _Unreachable("no answer in time") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _Unreachable(str(error)[:_SHOWN] or type(error).__name__) from None

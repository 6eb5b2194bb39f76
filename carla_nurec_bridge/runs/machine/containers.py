"""Look at Docker, Compose and the container toolkit, which only containers need."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from .finding import Finding, Said, ask_program

_LIMIT_S = 15.0
_IMAGES_BYTES = 250e9
_COMPOSE = (2, 23, 1)
"""The first that knows all that docker/compose.yaml says (``ulimits`` of a build)."""
_FOR = "only docker/compose.yaml and `carla-nurec nurec container` need it"


def look_at_containers() -> list[Finding]:
    """Look at the engine, its plug-in Compose, NVIDIA's runtime and the engine's disk."""
    program = shutil.which("docker")
    if program is None:
        return [Finding("docker", "note", "none", f"{_FOR}; install Docker Engine 24 or later")]
    info = _json(ask_program([program, "info", "--format", "{{json .}}"], _LIMIT_S))
    server = str(info.get("ServerVersion") or "")
    findings = []
    if server:
        findings.append(Finding("docker", "ok", f"engine {server}"))
    else:
        wrong = "; ".join(map(str, info.get("ServerErrors") or [])) or "the engine does not answer"
        advice = f"{_FOR}; start it (systemctl start docker), or join its group"
        findings.append(Finding("docker", "note", wrong.splitlines()[0][:160], advice))
    findings.append(_compose(program))
    findings.append(_toolkit(info))
    root = info.get("DockerRootDir")
    if server and isinstance(root, str) and Path(root).is_dir():
        free = shutil.disk_usage(root).free
        enough = free >= _IMAGES_BYTES
        advice = "" if enough else "images and models of all profiles take about 250 GB"
        told = f"{free / 1e9:.0f} GB free at {root}"
        findings.append(Finding("disk of docker", "ok" if enough else "note", told, advice))
    return findings


def _compose(program: str) -> Finding:
    said = ask_program([program, "compose", "version", "--short"], _LIMIT_S)
    version = said.text.strip().lstrip("v")
    if said.wrong or not version[:1].isdecimal():
        advice = "only docker/compose.yaml needs it; install the package docker-compose-plugin"
        return Finding("docker compose", "note", "none", advice)
    numbers = tuple(int(piece) for piece in re.findall(r"\d+", version)[:3])
    if numbers < _COMPOSE:
        needed = ".".join(map(str, _COMPOSE))
        advice = f"docker/compose.yaml needs {needed} or later"
        return Finding("docker compose", "note", version, advice)
    return Finding("docker compose", "ok", version)


def _toolkit(info: dict[str, Any]) -> Finding:
    name = "container toolkit"
    if "nvidia" in (info.get("Runtimes") or {}):
        return Finding(name, "ok", "the engine has NVIDIA's runtime")
    if shutil.which("nvidia-ctk") is None:
        advice = "only containers with GPUs need it; install the package nvidia-container-toolkit"
        return Finding(name, "note", "none", advice)
    advice = "sudo nvidia-ctk runtime configure --runtime=docker, then restart docker"
    return Finding(name, "note", "installed, but not known to the engine", advice)


def _json(said: Said) -> dict[str, Any]:
    """Return what the engine tells; the client prints it also when the engine is away."""
    try:
        told = json.loads(said.text)
    except ValueError:
        told = None
    if isinstance(told, dict):
        return told
    return {"ServerErrors": [said.wrong]} if said.wrong else {}

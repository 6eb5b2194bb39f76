"""Look at the servers' ports, at multicast for discovery and at the ROS domain."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .finding import Finding
from .holders import holder_of

PORTS: dict[str, tuple[int, str]] = {
    "CARLA_PORT": (2000, "CARLA"),
    "NUREC_PORT": (46435, "NuRec"),
    "VLM_PORT": (8001, "VLM"),
    "LLM_PORT": (8002, "LLM"),
    "COSMOS_PORT": (8080, "Cosmos Transfer"),
    "NOTEBOOK_PORT": (8888, "workbench"),
}
"""The variable that names each server's port (docker/env.example), its usual one, and whose it is.

CARLA takes the two after its own as well.
"""


def look_at_network(environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """Look at ports, multicast and the ROS domain."""
    findings = []
    for variable, (usual, user) in PORTS.items():
        text = environment.get(variable) or str(usual)
        if not text.isdecimal() or not 0 < int(text) < 65536:
            advice = f"export {variable}=N with N from 1 to 65535"
            findings.append(Finding(f"port of {user}", "missing", f"{variable}={text}", advice))
            continue
        wanted = range(int(text), min(int(text) + (3 if user == "CARLA" else 1), 65536))
        findings += [_port(port, user) for port in wanted]
    findings.append(_multicast())
    domain = environment.get("ROS_DOMAIN_ID", "0")
    valid = domain.isdecimal() and int(domain) <= 232
    findings.append(
        Finding(
            "ROS_DOMAIN_ID",
            "ok" if valid else "missing",
            domain,
            "" if valid else "export ROS_DOMAIN_ID=N with N from 0 to 232",
        )
    )
    return findings


def _port(port: int, user: str) -> Finding:
    name = f"port {port} ({user})"
    holder = holder_of(port)
    if holder is None:
        return Finding(name, "ok", "free")
    advice = "fine if that is the server you want; else choose another port"
    return Finding(name, "note", f"{holder} listens", advice)


def _multicast() -> Finding:
    up, multicast = 0x1, 0x1000
    able = []
    for path in sorted(Path("/sys/class/net").glob("*/flags")):
        flags = int(path.read_text(), 16)
        if flags & up and flags & multicast:
            able.append(path.parent.name)
    if able:
        return Finding("multicast", "ok", ", ".join(able))
    return Finding(
        "multicast",
        "note",
        "no interface",
        "discovery takes 3 s instead of 0.3 s; sudo ip link set lo multicast on",
    )

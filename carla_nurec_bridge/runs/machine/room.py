"""Look at the room there is: shared memory, main memory, disk."""

from __future__ import annotations

import shutil
from pathlib import Path

from .finding import Finding, State

MIB = 1 << 20


def look_at_memory(folder: Path) -> list[Finding]:
    """Look at shared memory, main memory and the disk that ``folder`` is on."""
    findings = []
    shared = Path("/dev/shm")
    if shared.is_dir():
        free = shutil.disk_usage(shared).free // MIB
        state: State = "ok" if free >= 512 else "note" if free >= 128 else "missing"
        findings.append(
            Finding(
                "shared memory",
                state,
                f"{free} MiB free in {shared}",
                "" if state == "ok" else "large images get lost; docker: run with --shm-size=1g",
            )
        )
    else:
        findings.append(Finding("shared memory", "missing", f"no {shared}", f"mount {shared}"))
    memory = _available_memory() // MIB
    findings.append(
        Finding(
            "memory",
            "ok" if memory >= 3072 else "note",
            f"{memory} MiB free",
            "" if memory >= 3072 else "the demo takes up to 3 GiB; close other programs",
        )
    )
    disk = shutil.disk_usage(folder).free // MIB
    state = "ok" if disk >= 4096 else "note" if disk >= 512 else "missing"
    findings.append(
        Finding(
            "disk",
            state,
            f"{disk} MiB free at {folder}",
            "" if state == "ok" else "bags take about 100 MiB for ten simulated seconds; make room",
        )
    )
    return findings


def _available_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == "MemAvailable":
            return int(value.split()[0]) << 10
    return 0

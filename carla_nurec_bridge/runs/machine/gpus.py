"""Look at the driver and the GPUs, which only the real servers need."""

from __future__ import annotations

import re
import shutil

from .finding import Finding, ask_program

_LIMIT_S = 20.0
_QUERY = "index,name,memory.total,memory.free,compute_cap,driver_version"
_NEEDLESS = "only a real CARLA, NuRec, NIM or Cosmos on this machine needs one"
# NVIDIA's page "CUDA compatibility": the oldest driver that runs programs of each major release.
_OLDEST_DRIVER = {12: (525, 60, 13), 13: (580, 65, 6)}
_COSMOS_DRIVER = (570, 124, 6)
"""What the set-up guide of Cosmos Transfer 2.5 asks for."""
_CONTAINERS_CUDA = 12
_LARGEST_MODEL_MIB = 65.4 * 1024
"""What Cosmos Transfer 2.5 takes, as its documentation says."""


def look_at_gpus() -> list[Finding]:
    """Look for NVIDIA's driver and every GPU: memory, compute capability, CUDA."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return [Finding("GPU", "note", "no nvidia-smi", _NEEDLESS)]
    query = [program, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"]
    said = ask_program(query, _LIMIT_S)
    if said.wrong:
        advice = "load or reinstall NVIDIA's driver (nvidia-smi must answer), or leave GPUs alone"
        return [Finding("GPU", "note", f"nvidia-smi: {said.wrong}", advice)]
    rows = [[cell.strip() for cell in line.split(",")] for line in said.text.splitlines()]
    rows = [row for row in rows if len(row) == len(_QUERY.split(","))]
    if not rows:
        return [Finding("GPU", "note", "none", _NEEDLESS)]
    return [_driver(rows[0][5], program), *map(_gpu, rows)]


def _driver(version: str, program: str) -> Finding:
    banner = ask_program([program], _LIMIT_S)
    newest = re.search(r"CUDA[ A-Za-z]* Version\s*:\s*(\d+\.\d+)", banner.text)
    told = f"{version}, CUDA up to {newest[1]}" if newest else version
    numbers = tuple(int(piece) for piece in version.split(".") if piece.isdecimal())
    oldest = _OLDEST_DRIVER[_CONTAINERS_CUDA]
    if numbers >= _OLDEST_DRIVER[13]:
        return Finding("driver", "ok", f"{told}; runs containers of CUDA 12 and 13")
    if numbers >= oldest:
        enough = numbers >= _COSMOS_DRIVER
        advice = "" if enough else "Cosmos Transfer 2.5 asks for 570.124.06"
        return Finding("driver", "ok", f"{told}; runs containers of CUDA 12", advice)
    wanted = ".".join(map(str, oldest))
    advice = f"containers of CUDA {_CONTAINERS_CUDA} need driver {wanted} or later"
    return Finding("driver", "note", told, advice)


def _gpu(row: list[str]) -> Finding:
    index, name, total, free, capability, _ = row
    told = f"{name}, {total} MiB, {free} free, compute capability {capability}"
    if not total.isdecimal() or int(total) >= _LARGEST_MODEL_MIB:
        return Finding(f"GPU {index}", "ok", told)
    advice = "enough for CARLA and NuRec; Cosmos Transfer 2.5 takes 65.4 GB"
    return Finding(f"GPU {index}", "ok", told, advice)

"""Look at what the embedded servers would draw with: the GPU, Embree or numba."""

from __future__ import annotations

import importlib.util
import os

from ...rendering.engines.choice import NAMES, VARIABLE
from ...rendering.gpu.device import INSTALL, gpu_count, has_warp
from .finding import Finding

_NAME = "rendering engine"


def look_at_engine() -> list[Finding]:
    """Say which engine draws here, without opening it, and how to get a faster one."""
    gpus = gpu_count()
    wanted = os.environ.get(VARIABLE) or "auto"
    if wanted not in NAMES:
        advice = f"unset {VARIABLE}, or choose {', '.join(NAMES)}"
        return [Finding(_NAME, "missing", f"{VARIABLE}={wanted} is none", advice)]
    if wanted == "warp" and not (gpus and has_warp()):
        lacking = "no NVIDIA GPU" if not gpus else "no package warp-lang"
        advice = INSTALL if gpus else f"unset {VARIABLE}; see nvidia-smi"
        return [Finding(_NAME, "missing", f"{VARIABLE}=warp, but {lacking}", advice)]
    if wanted in ("auto", "warp") and gpus and has_warp():
        on_gpu = _is_there("nvidia.nvimgcodec")
        told = f"warp, on the first of {gpus} GPUs; JPEG on the {'GPU' if on_gpu else 'processor'}"
        return [Finding(_NAME, "ok", told, "" if on_gpu else INSTALL)]
    engine = "embree" if wanted != "numba" and _is_there("embreex") else "numba"
    advice = f"for the GPU: {INSTALL}" if gpus and wanted == "auto" else ""
    return [Finding(_NAME, "ok", f"{engine}, on the processor", advice)]


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package around it
        return False

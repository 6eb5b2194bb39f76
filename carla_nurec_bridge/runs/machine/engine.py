"""Look at what the embedded servers draw with: the GPU, Embree or numba."""

from __future__ import annotations

import importlib.util
import os

from ...rendering.engines.choice import NAMES, VARIABLE
from ...rendering.engines.embree import EmbreeError, library
from ...rendering.gpu.device import INSTALL, GpuError, check_seen, gpu_count, has_warp
from .finding import Finding

_NAME = "rendering engine"


def look_at_engine() -> list[Finding]:
    """Say which engine draws here, and how to get a faster one.

    Asks the engines' libraries themselves, as who draws does.
    """
    wanted = os.environ.get(VARIABLE) or "auto"
    if wanted not in NAMES:
        advice = f"unset {VARIABLE}, or choose {', '.join(NAMES)}"
        return [Finding(_NAME, "missing", f"{VARIABLE}={wanted} is none", advice)]
    for_gpu = ""
    if wanted in ("auto", "warp"):
        gpus = gpu_count()
        lacking, advice = _lacking_on_gpu(gpus)
        if not lacking:
            return [_drawn_by_warp(gpus)]
        if wanted == "warp":
            return [Finding(_NAME, "missing", f"{VARIABLE}=warp, but {lacking}", advice)]
        for_gpu = f"for the GPU: {advice}" if gpus else ""
    if wanted == "numba":
        return [Finding(_NAME, "ok", "numba, on the processor")]
    try:
        library()
    except EmbreeError as error:
        if wanted == "embree":
            found = f"{VARIABLE}=embree, but {error}"
            return [Finding(_NAME, "missing", found, f"or unset {VARIABLE}")]
        advice = "; ".join(filter(None, (f"embree is faster, but {error}", for_gpu)))
        return [Finding(_NAME, "ok", "numba, on the processor", advice)]
    return [Finding(_NAME, "ok", "embree, on the processor (Gaussians: numba)", for_gpu)]


def _lacking_on_gpu(gpus: int) -> tuple[str, str]:
    """Return what engine ``warp`` lacks, "" if nothing, and how to get it."""
    if not gpus:
        return "no NVIDIA GPU", f"unset {VARIABLE}; see nvidia-smi"
    if not has_warp():
        return "no package warp-lang", INSTALL
    try:
        check_seen()
    except GpuError as error:
        return "it cannot be used", str(error)
    return "", ""


def _drawn_by_warp(gpus: int) -> Finding:
    on_gpu = _is_there("nvidia.nvimgcodec")
    jpeg = "GPU" if on_gpu else "processor"
    told = f"warp, on the first of {gpus} GPUs, Gaussians too; JPEG on the {jpeg}"
    return Finding(_NAME, "ok", told, "" if on_gpu else INSTALL)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package around it
        return False

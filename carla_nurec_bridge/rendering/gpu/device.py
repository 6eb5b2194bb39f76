"""Whether there is an NVIDIA GPU, asked of its driver alone, and Warp made ready for it."""

from __future__ import annotations

import ctypes
import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType

from ...core.errors import BridgeError
from ...core.resources import cache_dir

INSTALL = "pip install 'carla_nurec_bridge[gpu]'"

_OLDEST_CUDA = 13
_TURN = threading.RLock()


class GpuError(BridgeError):
    """The GPU, or what drives it, cannot be used here."""


@contextmanager
def turn_on_gpu() -> Iterator[None]:
    """Be the only one who calls Warp: a process's scenes take turns. GpuError for what it raises.

    It raises RuntimeError, say when memory is short or a driver too old.
    """
    with _TURN:
        try:
            yield
        except RuntimeError as error:
            raise GpuError(
                f"the GPU cannot draw: {error}; CARLA_NUREC_ENGINE=embree draws on the processor"
            ) from error


@cache
def gpu_count() -> int:
    """Return how many NVIDIA GPUs this process may use; 0 where there is no driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def has_warp() -> bool:
    """Tell whether Warp is installed, without importing it."""
    return importlib.util.find_spec("warp") is not None


def check_usable() -> None:
    """Raise GpuError when there is no GPU or no Warp, saying which."""
    if gpu_count() == 0:
        raise GpuError(
            "engine warp needs an NVIDIA GPU, and the driver (libcuda.so.1) shows none; choose "
            "CARLA_NUREC_ENGINE=embree, or see nvidia-smi"
        )
    if not has_warp():
        raise GpuError(f"engine warp needs the package warp-lang: {INSTALL}")


@cache
def open_warp() -> ModuleType:
    """Import Warp, quiet, with the package's own cache of compiled kernels.

    GpuError when its libraries cannot be loaded.
    """
    try:
        import warp

        warp.config.log_level = warp.LOG_WARNING
        warp.config.kernel_cache_dir = str(cache_dir("warp"))
        warp.init()
    except (ImportError, OSError, RuntimeError) as error:
        raise GpuError(f"the package warp-lang cannot be loaded: {error}") from error
    return warp


def check_seen() -> None:
    """Raise GpuError when Warp does not see the GPU that the driver shows."""
    warp = open_warp()
    if not warp.is_cuda_available():
        raise GpuError(
            f"Warp {warp.config.version} does not see the NVIDIA GPU: it needs a driver of CUDA "
            f"{_OLDEST_CUDA} (580 or later); nvidia-smi shows which one is there"
        )

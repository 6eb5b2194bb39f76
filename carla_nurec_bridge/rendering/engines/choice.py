"""Which engine casts the rays.

``warp`` draws on an NVIDIA GPU, ``embree`` is the fast one of processors; ``numba`` needs no native
library and is the reference in tests. All leave the same hits up to rounding.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Literal, TypeVar, cast

from ...core.errors import InputError
from ..gpu.device import INSTALL, GpuError, check_seen, check_usable, gpu_count, has_warp
from .embree import EmbreeError, library
from .forms import Engine, PacketEngine

log = logging.getLogger(__name__)

EngineName = Literal["auto", "warp", "embree", "numba"]
NAMES: tuple[str, ...] = ("auto", "warp", "embree", "numba")
VARIABLE = "CARLA_NUREC_ENGINE"

_Opened = TypeVar("_Opened")


def open_engine(wanted: EngineName | None = None) -> Engine:
    """Open an engine by name; ``auto`` takes the first that can be used: GPU, Embree, numba.

    Without a name the environment variable CARLA_NUREC_ENGINE says which, else ``auto``. Raises
    GpuError or EmbreeError when that engine is asked for and cannot be used, InputError for other
    names.
    """
    name = _chosen(wanted)
    on_gpu = where_gpu(open_gpu, "rays are cast", name)
    if on_gpu is not None:
        return on_gpu
    if name == "embree":
        from .embree_engine import EmbreeEngine

        return EmbreeEngine()
    if name == "numba":
        from .numba_engine import NumbaEngine

        return NumbaEngine()
    return open_on_processor()


def where_gpu(
    open_it: Callable[[], _Opened], what: str, wanted: EngineName | None = None
) -> _Opened | None:
    """Open what works on the GPU where one shall and can be used; None: the processor does.

    ``what`` is what is then done by the processor, for the log. Raises as ``open_engine`` does.
    """
    name = _chosen(wanted)
    if name == "warp":
        check_usable()
        return open_it()
    if name == "auto" and gpu_count():
        if has_warp():
            try:
                return open_it()
            except GpuError as error:
                log.warning("%s by the processor: %s", what, error)
        else:
            log.info("%s by the processor; for the GPU: %s", what, INSTALL)
    return None


def check_engine() -> None:
    """Refuse an engine that the environment asks for and that cannot be used, opening none.

    Raises as ``open_engine`` does: for who starts something and opens its scenes later.
    """
    name = _chosen(None)
    if name == "warp":
        check_usable()
    elif name == "embree":
        library()


def _chosen(wanted: EngineName | None) -> EngineName:
    name = wanted or os.environ.get(VARIABLE) or "auto"
    if name not in NAMES:
        raise InputError(f"no rendering engine {name!r}; choose {', '.join(NAMES)}")
    return cast(EngineName, name)


def open_on_processor() -> PacketEngine:
    """Open an engine of the processor: Embree, or numba where that cannot be used or is asked for.

    What is done once, with rays of any origin, needs no GPU.
    """
    if os.environ.get(VARIABLE) != "numba":
        from .embree_engine import EmbreeEngine

        try:
            return EmbreeEngine()
        except EmbreeError as error:
            log.warning("rays are cast by numba, which is slower: %s", error)
    from .numba_engine import NumbaEngine

    return NumbaEngine()


def open_gpu() -> Engine:
    """Open the engine of the GPU; GpuError when it fails."""
    check_seen()
    from ..gpu.engine import WarpEngine

    return WarpEngine()

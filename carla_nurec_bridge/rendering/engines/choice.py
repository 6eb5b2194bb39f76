"""The ray casting engines behind one form: function addresses and mesh handles.

``embree`` is the fast one; ``numba`` needs no native library and is the reference in tests. Both
leave the same hits up to rounding.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from .embree import EmbreeError

log = logging.getLogger(__name__)

EngineName = Literal["auto", "embree", "numba"]
VARIABLE = "CARLA_NUREC_ENGINE"


class Engine(Protocol):
    """Trace packets of 16 rays (see ``packet``) against instances of meshes."""

    name: str

    @property
    def functions(self) -> tuple[int, int, int, int]:
        """Return the addresses that kernels take; they may change with ``place``.

        They are intersect and occluded, in the form of Embree's ``rtcIntersect16`` and
        ``rtcOccluded16``, then what to pass these as scene and as arguments.
        """
        ...

    def add_mesh(self, vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> int:
        """Build the tree of (V, 3) vertices and (T, 3) triangles; return a handle."""
        ...

    def place(self, meshes: Sequence[int], transforms: Sequence[NDArray[np.float32]]) -> None:
        """Show exactly these meshes, slot k at the poses transforms[k].

        Each is float32 (K, 3, 4), K poses evenly spread over the ray time 0 to 1.
        """
        ...

    def close(self) -> None:
        """Free everything; calling it again does nothing."""
        ...


def open_engine(wanted: EngineName | None = None) -> Engine:
    """Open an engine by name; ``auto`` takes Embree, or numba where Embree cannot be used.

    Without a name the environment variable CARLA_NUREC_ENGINE says which, else ``auto``. Raises
    EmbreeError when ``embree`` is asked for and cannot be used, InputError for other names.
    """
    name = wanted or os.environ.get(VARIABLE) or "auto"
    if name not in ("auto", "embree", "numba"):
        raise InputError(f"no rendering engine {name!r}; choose auto, embree or numba")
    if name != "numba":
        from .embree_engine import EmbreeEngine

        try:
            return EmbreeEngine()
        except EmbreeError as error:
            if name == "embree":
                raise
            log.warning("rays are cast by numba, which is slower: %s", error)
    from .numba_engine import NumbaEngine

    return NumbaEngine()

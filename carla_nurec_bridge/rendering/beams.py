"""Measure what beams meet: by an engine that draws frames, or in packets by all threads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .engines.forms import Engine, FrameEngine, FrameView, PacketEngine
from .engines.packet import page
from .engines.threads import share_blocks
from .kernels.lidar_kernel import column_blocks, sweep


def measure_beams(
    engine: Engine, view: FrameView, origins: NDArray[np.float32] | None, reach_m: float
) -> dict[str, NDArray]:
    """Return the fields of ``RayHits`` in the shape of the view's table, as ``FrameEngine.sweep``.

    ``origins`` (H, W, 3), when given, replace those of the poses; only then there are normals.
    Without them the view has a fraction for each column.
    """
    if isinstance(engine, FrameEngine):
        return engine.sweep(view, origins, reach_m)
    return _by_packets(engine, view, origins, reach_m)


def _by_packets(
    engine: PacketEngine, view: FrameView, origins: NDArray[np.float32] | None, reach_m: float
) -> dict[str, NDArray]:
    shape = view.rays.shape[:2]
    rotations, places, fractions = view.lines
    found: dict[str, NDArray] = {
        "range_m": np.empty(shape, np.float32),
        "intensity": np.empty(shape, np.float32),
        "tag": np.empty(shape, np.uint8),
        "instance": np.empty(shape, np.int32),
        "cos_incidence": np.empty(shape, np.float32),
    }
    nothing = np.empty((0, 0, 0), np.float32)
    normals = nothing if origins is None else np.empty((*shape, 3), np.float32)
    shared = (
        view.rays,
        column_blocks(rotations, places, fractions),
        nothing if origins is None else origins,
        np.float32(reach_m),
        view.surface,
        view.slots,
        *found.values(),
        normals,
    )

    def work(taken: NDArray[np.int64]) -> None:
        sweep(engine.functions, taken, page(), *shared)

    share_blocks(work, shape[0])
    return found if origins is None else {**found, "normals": normals}

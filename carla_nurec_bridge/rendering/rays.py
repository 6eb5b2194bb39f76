"""Cast any rays: radar, ray-cast lidar, obstacle sensors, queries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.errors import InputError
from .engines.forms import FrameEngine, FrameView, PacketEngine
from .engines.packet import LANES, page
from .engines.threads import part_count, share
from .kernels.lidar_kernel import sweep
from .scene import RenderScene

_ROW = 16 * LANES


@dataclass(frozen=True, eq=False)
class RayHits:
    """Hold the first hit of N rays.

    * range_m: float32 (N,), distance along the ray, inf where nothing was hit.
    * tag: uint8 (N,), CARLA's labels, 0 where nothing was hit.
    * instance: int32 (N,), instance or object id, 0 where none.
    * normals: float32 (N, 3), unit, map frame, towards the origin; zero where nothing was hit.
    * intensity: float32 (N,) in [0, 1], as a lidar would see it, 0 where nothing was hit.
    * cos_incidence: float32 (N,), cosine of ray and normal, 0 where nothing was hit.
    """

    range_m: NDArray[np.float32]
    tag: NDArray[np.uint8]
    instance: NDArray[np.int32]
    normals: NDArray[np.float32]
    intensity: NDArray[np.float32]
    cos_incidence: NDArray[np.float32]


def cast(
    scene: RenderScene,
    origins: ArrayLike,
    directions: ArrayLike,
    max_range_m: float,
    fraction: float = 1.0,
) -> RayHits:
    """Return what N rays hit first, with the instances at ``fraction`` of their motion.

    ``origins`` (N, 3) in metres and ``directions`` (N, 3), unit vectors, are in the map frame.
    Neighbours that look alike trace faster. Raises InputError for shapes that do not fit.
    """
    starts, towards = np.asarray(origins, np.float32), np.asarray(directions, np.float32)
    if starts.ndim != 2 or starts.shape[1] != 3 or starts.shape != towards.shape:
        raise InputError(
            f"ray origins {starts.shape} and directions {towards.shape} must both be (N, 3)"
        )
    count = len(starts)
    rows = max(1, -(-count // _ROW))
    table_starts, table_towards = np.zeros((2, rows * _ROW, 3), np.float32)
    table_starts[:count], table_towards[:count] = starts, towards
    places = table_starts.reshape(rows, _ROW, 3)
    view = FrameView(
        table_towards.reshape(rows, _ROW, 3),
        np.eye(4),
        np.eye(4),
        np.array([fraction]),
        False,
        scene.surface,
        scene.slots,
    )
    if isinstance(scene.engine, FrameEngine):
        found = scene.engine.sweep(view, places, max_range_m)
    else:
        found = _by_packets(scene.engine, view, places, max_range_m)
    return RayHits(
        **{name: seen.reshape(-1, *seen.shape[2:])[:count] for name, seen in found.items()}
    )


def _by_packets(
    engine: PacketEngine, view: FrameView, origins: NDArray[np.float32], max_range_m: float
) -> dict[str, NDArray]:
    """Return the fields of ``RayHits`` in the shape of the table, traced by all threads."""
    shape = view.rays.shape[:2]
    ranges, intensity, cosine = np.empty((3, *shape), np.float32)
    tags, instance = np.empty(shape, np.uint8), np.empty(shape, np.int32)
    normals = np.empty((*shape, 3), np.float32)
    parts = part_count(shape[0])
    rotations, _, fractions = view.lines
    shared = (
        view.rays,
        rotations,
        origins,
        fractions,
        False,
        np.float32(max_range_m),
        view.surface,
        view.slots,
        ranges,
        intensity,
        tags,
        instance,
        cosine,
        normals,
    )

    def work(part: int) -> None:
        sweep(engine.functions, part, parts, page(), *shared)

    share(work, parts)
    return {
        "range_m": ranges,
        "tag": tags,
        "instance": instance,
        "normals": normals,
        "intensity": intensity,
        "cos_incidence": cosine,
    }

"""Particles, views, motions and rules as the structures that the kernels read."""

# mypy: disable-error-code="valid-type"

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ...rendering.gpu.memory import RayTables
from ..drawing.motion import Motion
from ..drawing.particles import Particles, Rules
from ..drawing.shadows import boxes_of
from ..drawing.views import GaussianView
from ..picture import Backdrop
from .tables import PLANES, BackdropTable, CloudTable, PoseTable, RuleTable, SightTable, mat34

_AT_ONCE = 1 << 18


@wp.kernel
def spread(
    rows: wp.array2d(dtype=wp.float32),
    plane: int,
    first: int,
    planes: wp.array2d(dtype=wp.float32),
) -> None:
    """Write rows of values as planes, from plane ``plane`` and column ``first`` on."""
    row, column = wp.tid()
    planes[plane + column, first + row] = rows[row, column]


def upload_particles(particles: Particles, device: Any) -> CloudTable:
    """Return the Gaussians on a device."""
    count, coefficients = particles.harmonics.shape[:2]
    cloud = CloudTable()
    cloud.planes = wp.empty((PLANES, max(count, 1)), dtype=wp.float32, device=device)
    cloud.harmonics = wp.empty((3 * coefficients, max(count, 1)), dtype=wp.float32, device=device)
    cloud.bodies = wp.array(particles.bodies, dtype=wp.int32, device=device)
    cloud.count = count
    tables = (particles.means, particles.opacities, particles.scales, particles.rotations)
    plane = 0
    for table in tables:
        plane += _spread(table, plane, cloud.planes, device)
    _spread(particles.harmonics, 0, cloud.harmonics, device)
    return cloud


def _spread(table: NDArray[np.float32], plane: int, planes: Any, device: Any) -> int:
    """Upload a table row by row; return how many planes it fills."""
    count = len(table)
    rows = table.reshape(count, int(np.prod(table.shape[1:])))
    for first in range(0, count, _AT_ONCE):
        some = wp.array(np.ascontiguousarray(rows[first : first + _AT_ONCE]), device=device)
        wp.launch(spread, dim=some.shape, inputs=[some, plane, first, planes], device=device)
    return rows.shape[1]


def sight_of(view: GaussianView, turn_rad: float, tables: RayTables) -> SightTable:
    """Return a view that turns so far, on the device of ``tables``."""
    sight = SightTable()
    sight.rays = tables.vectors(view.rays, wp.vec3)
    sight.pixels = tables.vectors(view.table.pixels, wp.vec2)
    sight.reach, sight.per_rad = view.table.reach, view.table.per_rad
    cone = view.table.seen_rad + turn_rad
    sight.sin_cone, sight.cos_cone = math.sin(cone), math.cos(cone)
    sight.all_around = int(cone >= math.pi)
    return sight


def rules_on(rules: Rules) -> RuleTable:
    """Return the rules for the kernels."""
    table = RuleTable()
    for name, value in rules._asdict().items():
        setattr(table, name, int(value) if isinstance(value, bool | int) else float(value))
    return table


def backdrop_of(backdrop: Backdrop, motion: Motion, sky: Any, device: Any) -> BackdropTable:
    """Return a backdrop on a device, where its ``sky`` is already, or None."""
    table = BackdropTable()
    if sky is not None:
        table.sky = sky
    if backdrop.image is not None:
        flat = np.ascontiguousarray(backdrop.image).reshape(len(backdrop.image), -1)
        table.behind = wp.array(flat, dtype=wp.uint8, device=device)
    if backdrop.footprints:
        boxes, halves = boxes_of(motion, backdrop.footprints)
        table.box_from_scene = wp.array(boxes, dtype=mat34, device=device)
        table.halves = wp.array(halves, dtype=wp.vec3, device=device)
    table.everywhere = int(backdrop.everywhere)
    return table


class MotionMemory:
    """The tables of motions of L lines and B bodies on a device, in one block."""

    def __init__(self, lines: int, bodies: int, device: Any) -> None:
        self._device = device
        shapes = {
            "poses": ((lines + 1, bodies + 1), mat34, 12),
            "origins": ((lines + 1, bodies + 1), wp.vec3, 3),
            "turns": ((lines, bodies + 1), wp.mat33, 9),
            "ray_turns": ((lines,), wp.mat33, 9),
        }
        sizes = [int(np.prod(shape)) * values for shape, _, values in shapes.values()]
        begins = np.cumsum([0, *sizes]).tolist()
        total = 4 * begins[-1] + bodies + 1
        self._block = wp.empty(total, dtype=wp.uint8, device=device)
        self._staged = self._block
        if device.is_cuda:
            self._staged = wp.empty(total, dtype=wp.uint8, device="cpu", pinned=True)
        whole = self._staged.numpy()
        self._floats = whole[: 4 * begins[-1]].view(np.float32)
        self._shown = whole[4 * begins[-1] :]
        self._parts = list(zip(begins, sizes, strict=False))
        self._arrays = {
            name: wp.array(ptr=self._block.ptr + 4 * begin, dtype=kind, shape=shape, device=device)
            for begin, (name, (shape, kind, _)) in zip(begins, shapes.items(), strict=False)
        }
        self._arrays["shown"] = wp.array(
            ptr=self._block.ptr + 4 * begins[-1], dtype=wp.uint8, shape=bodies + 1, device=device
        )

    def put(self, motion: Motion) -> PoseTable:
        """Return a motion on the device, where it stays until the next one is put."""
        tables: Sequence[NDArray[Any]] = (
            motion.sensor_from_body,
            motion.origins,
            motion.turns,
            motion.ray_turns,
        )
        for (begin, size), table in zip(self._parts, tables, strict=True):
            self._floats[begin : begin + size] = np.ravel(table)
        self._shown[:] = motion.shown
        if self._staged is not self._block:
            wp.copy(self._block, self._staged)
        put = PoseTable()
        for name, array in self._arrays.items():
            setattr(put, name, array)
        near = motion.centre.astype(np.float32)
        put.centre = wp.vec3(*near.tolist())
        put.centre_rest = wp.vec3(*(motion.centre - near).tolist())
        put.still = int(motion.still)
        put.reach_m, put.turn_rad = motion.reach_m, motion.turn_rad
        return put

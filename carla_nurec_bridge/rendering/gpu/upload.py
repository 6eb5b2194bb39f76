"""NumPy's tables as structures on a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ...core.frames import quaternion_from_rotation
from ..engines.forms import FrameView
from ..kernels.sky import LightTable
from ..kernels.surfaces import SlotTable, SurfaceTable
from .tables import Light, Slot, View, World, mat34

_COLOURS = ("to_sun", "sun", "above", "below", "zenith", "horizon", "glow", "cloud")
_AIR = (
    "haze_per_m",
    "cloudiness",
    "wetness",
    "fog_per_m",
    "fog_from_m",
    "fog_thinning_per_m",
)


@dataclass(frozen=True, eq=False)
class PlacedMeshes:
    """Hold what ``place`` was given: ids and boxes (6,) of meshes, and the poses of each slot."""

    ids: NDArray[np.uint64]
    boxes: NDArray[np.float64]
    poses: NDArray[np.float32]
    counts: NDArray[np.int64]

    @staticmethod
    def of(
        ids: Sequence[int],
        boxes: Sequence[NDArray[np.float64]],
        transforms: Sequence[NDArray[np.float32]],
    ) -> PlacedMeshes:
        """Gather the poses of all slots."""
        return PlacedMeshes(
            np.array(ids, np.uint64),
            np.array(boxes, np.float64).reshape(-1, 6),
            np.concatenate([np.zeros((0, 3, 4), np.float32), *transforms]),
            np.array([len(poses) for poses in transforms], np.int64),
        )


@cache
def numpy_type(structure: Any) -> np.dtype[np.void]:
    """Return the record that lies in memory as a structure of Warp does."""
    return np.dtype(structure.numpy_dtype())


def upload_records(table: NDArray[Any], kind: Any, count: int, device: Any) -> Any:
    """Return ``count`` values of a type of Warp that lie in memory as the table does.

    (Warp would look at every record by itself.)
    """
    raw = wp.array(np.ascontiguousarray(table).reshape(-1).view(np.uint8), device=device)
    records = wp.array(ptr=raw.ptr, dtype=kind, shape=count, device=device)
    records.memory = raw
    return records


def slot_rows(placed: PlacedMeshes, slots: SlotTable) -> NDArray[np.void]:
    """Return the table of slots, with a box around each at all of its poses, a little widened."""
    rows: Any = np.zeros(len(slots.first), numpy_type(Slot))
    first = np.cumsum(placed.counts) - placed.counts
    low, high = placed.boxes[:, :3], placed.boxes[:, 3:]
    owner = np.repeat(np.arange(len(placed.counts)), placed.counts)
    turning = placed.poses[:, :, :3].astype(np.float64)
    middle = np.einsum("nij,nj->ni", turning, ((low + high) / 2)[owner]) + placed.poses[:, :, 3]
    reach = np.einsum("nij,nj->ni", np.abs(turning), ((high - low) / 2)[owner])
    span = 1e-4 + 1e-5 * np.abs(middle).max(axis=1, keepdims=True)
    rows["low"] = np.minimum.reduceat(middle - reach - span, first)
    rows["high"] = np.maximum.reduceat(middle + reach + span, first)
    rows["mesh"] = placed.ids
    rows["first_row"], rows["identity"] = slots.first, slots.identity
    rows["first_pose"], rows["poses"] = first, placed.counts
    rows["start"], rows["end"] = slots.rotation[:, 0], slots.rotation[:, 1]
    rows["paint"] = slots.paint
    table: NDArray[np.void] = rows
    return table


def upload_world(
    placed: PlacedMeshes, slots: SlotTable, surface: SurfaceTable, before: World | None, device: Any
) -> World:
    """Return the world on a device; ``before`` is one of the same surfaces, when there is one."""
    world = World()
    world.slots = upload_records(slot_rows(placed, slots), Slot, len(slots.first), device)
    world.poses = upload_records(placed.poses, mat34, len(placed.poses), device)
    if before is None:
        world.rows = wp.array(surface.rows, dtype=wp.float32, device=device)
        world.bits = world.rows.view(wp.int32)
        world.corners = wp.array(surface.corners, dtype=wp.float32, device=device)
    else:
        world.rows, world.bits, world.corners = before.rows, before.bits, before.corners
    return world


def upload_light(table: LightTable, shadows: bool, device: Any) -> Light:
    """Return the light on a device."""
    light = Light()
    for name, colour in zip(_COLOURS, table.colours, strict=True):
        setattr(light, name, wp.vec3(*map(float, colour)))
    for name, value in zip(_AIR, table.air, strict=True):
        setattr(light, name, float(value))
    light.shadows = int(shadows)
    light.lamps = wp.array(table.lamps, dtype=wp.float32, ndim=2, device=device)
    light.display = wp.array(table.display, dtype=wp.uint8, device=device)
    return light


def view_of(view: FrameView, rays: Any, times: Any) -> View:
    """Return a view whose rays and fractions are on the device."""
    start, end = view.map_from_sensor_start, view.map_from_sensor_end
    turn = quaternion_from_rotation(start[:3, :3].T @ end[:3, :3])
    sine = float(np.linalg.norm(turn[:3]))
    axis = turn[:3] / sine if sine > 1e-15 else np.zeros(3)
    seen = View()
    seen.rays, seen.times, seen.per_row = rays, times, int(view.per_row)
    seen.rotation = wp.mat33(*start[:3, :3].ravel().tolist())
    seen.axis, seen.angle = wp.vec3(*axis.tolist()), 2.0 * float(np.arctan2(sine, turn[3]))
    seen.origin = wp.vec3(*start[:3, 3].tolist())
    seen.way = wp.vec3(*(end[:3, 3] - start[:3, 3]).tolist())
    return seen

"""The ground as a grid that physics can read thousands of times a second, bridges included."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from ..core.loading.deferred import deferred
from ..opendrive.geometry import lane_pose, speed_limit
from ..opendrive.heights import HEADROOM_M, levels_below, paved_height
from ..opendrive.model import OpenDriveMap

ndimage = deferred("scipy.ndimage")
spatial = deferred("scipy.spatial")

STEP_UP_M = 1.0
"""What lies no higher above a body than this is ground that it can stand on."""
VERGE_M = 4.0
VERGE_DROP_M = 0.06
MARGIN_M = 30.0
LARGEST_GRID = 4_000_000
LIMIT_CELL_M = 2.0
LIMIT_REACH_M = 6.0
UNPOSTED_LIMIT_KMH = 30.0
MPS_FROM_KMH = 1.0 / 3.6


Grid = tuple[
    NDArray[np.float64],
    NDArray[np.int32],
    NDArray[np.float64],
    float,
    float,
    float,
]
"""What ``height_at`` reads: heights, below, lower, origin x and y, cell size."""


@dataclass(frozen=True, eq=False)
class PhysicsGround:
    """Heights (rows, columns) float64 in metres every ``cell_m`` from (origin_x, origin_y) on.

    ``heights`` are the highest ones. Where roads lie below, ``below`` (rows, columns) is the row of
    ``lower`` (M, K) that holds their heights, downwards and then NaN; elsewhere it is -1. Axes are
    CARLA's (y mirrored against the map). ``limits_kmh`` (L, lines, columns) are the posted speeds
    of the lanes nearest to each cell of ``LIMIT_CELL_M``, from the same origin, and ``limits_z_m``
    the heights of those lanes: one layer, or more where lanes lie above each other.
    """

    heights: NDArray[np.float64]
    below: NDArray[np.int32]
    lower: NDArray[np.float64]
    origin_x: float
    origin_y: float
    cell_m: float
    limits_kmh: NDArray[np.float32]
    limits_z_m: NDArray[np.float32]

    @property
    def grid(self) -> Grid:
        """The part that compiled code reads."""
        return self.heights, self.below, self.lower, self.origin_x, self.origin_y, self.cell_m

    def height(self, x: float, y: float, z: float) -> float:
        """Return the height in metres of the ground of a body at (x, y, z) of CARLA's axes."""
        return float(height_at(*self.grid, x, y, z))

    def limits_at(self, xyz: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the posted speed in km/h at (N, 3) points of CARLA's axes."""
        _, row_count, column_count = self.limits_kmh.shape
        cells = (xyz[:, :2] - (self.origin_x, self.origin_y)) / LIMIT_CELL_M
        # Held to the table before they become whole: places may lie beyond whole numbers.
        rows = np.clip(cells[:, 1], 0, row_count - 1).astype(np.int64)
        columns = np.clip(cells[:, 0], 0, column_count - 1).astype(np.int64)
        layer = np.zeros(len(xyz), np.int64)
        if len(self.limits_kmh) > 1:
            layer = np.argmin(np.abs(self.limits_z_m[:, rows, columns] - xyz[:, 2]), axis=0)
        limits: NDArray[np.float32] = self.limits_kmh[layer, rows, columns]
        return limits


@numba.njit(cache=True, error_model="numpy")
def height_at(heights, below, lower, origin_x, origin_y, cell, x, y, z):  # type: ignore[no-untyped-def]
    """Return the height of the ground of a body at (x, y, z) of CARLA's axes, bilinear.

    It is the highest ground that lies at most ``STEP_UP_M`` above the body, or the lowest. At the
    edge of a road below a bridge only what the body can stand on counts.
    """
    column, row = (x - origin_x) / cell, (y - origin_y) / cell
    column = min(column, heights.shape[1] - 1.001) if column > 0.0 else 0.0
    row = min(row, heights.shape[0] - 1.001) if row > 0.0 else 0.0
    i, j = int(row), int(column)
    a, b = row - i, column - j
    ceiling = z + STEP_UP_M
    one, two = heights[i, j], heights[i, j + 1]
    three, four = heights[i + 1, j], heights[i + 1, j + 1]
    if below.shape[0] == 0 or max(one, two, three, four) <= ceiling:
        return (1 - a) * ((1 - b) * one + b * two) + a * ((1 - b) * three + b * four)
    return _height_under(heights, below, lower, i, j, a, b, ceiling)


@numba.njit(cache=True, error_model="numpy")
def _height_under(heights, below, lower, i, j, a, b, ceiling):  # type: ignore[no-untyped-def]
    """Return what ``height_at`` does where some ground lies above ``ceiling``."""
    total, weights, every = 0.0, 0.0, 0.0
    under = False
    for k in range(4):
        u, v = i + k // 2, j + k % 2
        weight = (a if k // 2 else 1.0 - a) * (b if k % 2 else 1.0 - b)
        height = heights[u, v]
        if height > ceiling and below[u, v] >= 0:
            under = True
            for level in lower[below[u, v]]:
                if level != level:
                    break
                height = level
                if height <= ceiling:
                    break
        every += weight * height
        if height <= ceiling:
            total += weight * height
            weights += weight
    return total / weights if under and weights > 1e-9 else every


def build_ground(road_map: OpenDriveMap) -> PhysicsGround:
    """Sample a map's heights (half-metre cells, coarser for very large maps) and posted speeds."""
    points, speeds = _lane_samples(road_map)
    carla = points * (1.0, -1.0, 1.0)
    low = carla[:, :2].min(axis=0) - MARGIN_M
    high = carla[:, :2].max(axis=0) + MARGIN_M
    area = float(np.prod(high - low))
    cell = max(0.5, float(np.ceil(2.0 * np.sqrt(area / LARGEST_GRID)) / 2.0))
    columns, rows = (np.ceil((high - low) / cell).astype(int) + 2).tolist()
    x, y = low[0] + cell * np.arange(columns), low[1] + cell * np.arange(rows)
    grid = np.stack(np.meshgrid(x, -y), axis=-1).reshape(-1, 2)
    heights, paved = paved_height(road_map, grid)
    heights = np.where(np.isfinite(heights), heights, np.nanmin(heights)).reshape(rows, columns)
    _raise_verges(heights, paved.reshape(rows, columns))
    nodes, lower = levels_below(road_map, grid, heights.ravel())
    below, lower = _shared_out(nodes, lower, heights, cell)
    levels = np.zeros(len(carla), np.int64)
    if len(nodes):
        cells = np.rint((carla[:, :2] - low) / cell).astype(np.int64)
        at = below[cells[:, 1], cells[:, 0]]
        deeper = lower[at] < carla[:, 2:] - HEADROOM_M
        levels = np.where(at >= 0, deeper.sum(axis=1), 0)
    return PhysicsGround(
        np.ascontiguousarray(heights),
        below,
        lower,
        float(low[0]),
        float(low[1]),
        cell,
        *_limits(carla, speeds, low, high, levels),
    )


def _raise_verges(heights: NDArray[np.float64], paved: NDArray[np.bool_]) -> None:
    """Bring land that is drawn a little below the edge of pavement level with it.

    Heights are bilinear between the grid's points: without this, wheels on the edge of a lane would
    feel the step that is beside it.
    """
    share = ndimage.uniform_filter(paved.astype(np.float64), 3)
    beside = ~paved & (share > 0.5 / 9.0)
    edge = ndimage.uniform_filter(np.where(paved, heights, 0.0), 3)[beside] / share[beside]
    level = np.abs(edge - heights[beside]) < VERGE_DROP_M
    heights[beside] = np.where(level, edge, heights[beside])


def _shared_out(
    nodes: NDArray[np.int64],
    lower: NDArray[np.float64],
    heights: NDArray[np.float64],
    cell_m: float,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return ``Ground.below`` and ``Ground.lower`` of the nodes that have lower heights (M, K).

    Below a bridge the ground goes on for some metres beside the road that is there.
    """
    if not len(nodes):
        return np.zeros((0, 0), np.int32), np.zeros((0, 1))
    below = np.full(heights.shape, -1, np.int32)
    below.ravel()[nodes] = np.arange(len(nodes))
    places = np.column_stack(np.unravel_index(nodes, heights.shape))
    around = ndimage.binary_dilation(below >= 0, iterations=math.ceil(VERGE_M / cell_m))
    verge = np.argwhere(around & (below < 0))
    _, nearest = spatial.cKDTree(places).query(verge)
    covered = heights[tuple(verge.T)] > lower[nearest, 0] + HEADROOM_M
    below[tuple(verge[covered].T)] = nearest[covered]
    return below, lower


def _lane_samples(road_map: OpenDriveMap) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return (N, 3) points in the map frame on the middle of drivable lanes, and km/h there."""
    points, speeds = [], []
    for road, section, lane in road_map.drivable_lanes():
        s = np.append(np.arange(section.s, section.s_end, 2.0), section.s_end)
        changes = [*(section.s + x.s for x in lane.speeds), *(x.s for x in road.speeds)]
        piece = np.searchsorted(np.sort(changes), s + 1e-6, side="right")
        _, first, piece = np.unique(piece, return_index=True, return_inverse=True)
        limits = [speed_limit(road, lane, section, station) for station in s[first].tolist()]
        kmh = [UNPOSTED_LIMIT_KMH if x is None else x / MPS_FROM_KMH for x in limits]
        speeds.append(np.array(kmh)[piece])
        x, y, z, *_ = lane_pose(road, section, lane.id, s)
        points.append(np.stack([x, y, z], axis=-1))
    return np.concatenate(points), np.concatenate(speeds).astype(np.float32)


def _limits(
    points: NDArray[np.float64],
    speeds: NDArray[np.float32],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    levels: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return ``Ground.limits_kmh`` and ``Ground.limits_z_m`` of points (N, 3) on lanes.

    ``levels`` (N,) says how many roads lie below each.
    """
    columns, rows = (np.ceil((high - low) / LIMIT_CELL_M).astype(int) + 1).tolist()
    x = low[0] + LIMIT_CELL_M * (np.arange(columns) + 0.5)
    y = low[1] + LIMIT_CELL_M * (np.arange(rows) + 0.5)
    cells = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    limits, heights = [], []
    for level in range(int(levels.max()) + 1):
        layer = np.flatnonzero(levels == level)
        distance, nearest = spatial.cKDTree(points[layer, :2]).query(cells)
        near = distance <= LIMIT_REACH_M
        limits.append(np.where(near, speeds[layer][nearest], UNPOSTED_LIMIT_KMH))
        # Where a layer has no lane another one counts.
        heights.append(np.where(near, points[layer, 2][nearest], np.inf))
    heights[0][~np.isfinite(heights).any(axis=0)] = 0.0
    shape = (len(limits), rows, columns)
    return (
        np.array(limits, np.float32).reshape(shape),
        np.array(heights, np.float32).reshape(shape),
    )

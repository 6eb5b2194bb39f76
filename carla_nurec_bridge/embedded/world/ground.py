"""The ground as a grid that physics can read thousands of times a second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ...opendrive.geometry import lane_pose, speed_limit
from ...opendrive.heights import ground_height
from ...opendrive.model import OpenDriveMap

MARGIN_M = 30.0
LARGEST_GRID = 4_000_000
LIMIT_CELL_M = 2.0
LIMIT_REACH_M = 6.0
UNPOSTED_LIMIT_KMH = 30.0
MPS_FROM_KMH = 1.0 / 3.6


@dataclass(frozen=True, eq=False)
class Ground:
    """Heights (rows, columns) float64 in metres every ``cell_m`` from (origin_x, origin_y) on.

    Axes are CARLA's (y mirrored against the map). ``limits_kmh`` is the posted speed of the lane
    nearest to each cell of ``LIMIT_CELL_M``, from the same origin.
    """

    heights: NDArray[np.float64]
    origin_x: float
    origin_y: float
    cell_m: float
    limits_kmh: NDArray[np.float32]

    def limits_at(self, xy: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the posted speed in km/h at (N, 2) points of CARLA's plane."""
        cells = ((xy - (self.origin_x, self.origin_y)) / LIMIT_CELL_M).astype(np.int64)
        rows = np.clip(cells[:, 1], 0, self.limits_kmh.shape[0] - 1)
        columns = np.clip(cells[:, 0], 0, self.limits_kmh.shape[1] - 1)
        limits: NDArray[np.float32] = self.limits_kmh[rows, columns]
        return limits


def build_ground(road_map: OpenDriveMap) -> Ground:
    """Sample a map's heights (half-metre cells, coarser for very large maps) and posted speeds."""
    points, speeds = _lane_samples(road_map)
    carla = points * (1.0, -1.0)
    low, high = carla.min(axis=0) - MARGIN_M, carla.max(axis=0) + MARGIN_M
    area = float(np.prod(high - low))
    cell = max(0.5, float(np.ceil(2.0 * np.sqrt(area / LARGEST_GRID)) / 2.0))
    columns, rows = (np.ceil((high - low) / cell).astype(int) + 2).tolist()
    x, y = low[0] + cell * np.arange(columns), low[1] + cell * np.arange(rows)
    grid = np.stack(np.meshgrid(x, -y), axis=-1).reshape(-1, 2)
    heights, _ = ground_height(road_map, grid)
    heights = np.where(np.isfinite(heights), heights, np.nanmin(heights))
    return Ground(
        np.ascontiguousarray(heights.reshape(rows, columns), dtype=np.float64),
        float(low[0]), float(low[1]), cell, _limits(carla, speeds, low, high),
    )  # fmt: skip


def _lane_samples(road_map: OpenDriveMap) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return (N, 2) points in the map frame on the middle of drivable lanes, and km/h there."""
    points, speeds = [], []
    for road, section, lane in road_map.drivable_lanes():
        s = np.append(np.arange(section.s, section.s_end, 2.0), section.s_end)
        for station in s.tolist():
            limit = speed_limit(road, lane, section, station)
            speeds.append(UNPOSTED_LIMIT_KMH if limit is None else limit / MPS_FROM_KMH)
        x, y, *_ = lane_pose(road, section, lane.id, s)
        points.append(np.stack([x, y], axis=-1))
    return np.concatenate(points), np.array(speeds, np.float32)


def _limits(
    points: NDArray[np.float64],
    speeds: NDArray[np.float32],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[np.float32]:
    columns, rows = (np.ceil((high - low) / LIMIT_CELL_M).astype(int) + 1).tolist()
    x = low[0] + LIMIT_CELL_M * (np.arange(columns) + 0.5)
    y = low[1] + LIMIT_CELL_M * (np.arange(rows) + 0.5)
    cells = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    distance, nearest = cKDTree(points).query(cells)
    found = np.where(distance <= LIMIT_REACH_M, speeds[nearest], UNPOSTED_LIMIT_KMH)
    limits: NDArray[np.float32] = found.reshape(rows, columns).astype(np.float32)
    return limits

"""Putting what drives and walks onto the ground of a map."""

from __future__ import annotations

import numpy as np

from ...core.errors import InputError
from ...core.frames import Matrix, rotation_from_rpy
from ...opendrive.heights import ground_height, lane_at, levels_below
from ...opendrive.model import OpenDriveMap
from .samples import Vectors

WHEELBASE_M = 2.85
TRACK_M = 1.6
ON_LANES = 0.6
"""Share of a drive on lanes below which map and drive hardly belong together."""
_SAMPLES = 60
_STEADY_M = 0.5


def share_on_lanes(road: OpenDriveMap, points: Vectors) -> float:
    """Return which share of up to 60 of the points (N, 3) of the map lies on lanes."""
    picked = points[np.unique(np.linspace(0, len(points) - 1, _SAMPLES).round().astype(int))]
    return float(np.mean([lane_at(road, x, y) is not None for x, y, _ in picked]))


class SnappingGround:
    """A map's ground under bodies whose own heights may be off by a constant.

    Where roads lie above each other, the heights that bodies came with tell which is theirs, once
    the usual difference to the ground is added; without heights it is the one that goes on from
    where there is no choice.
    """

    def __init__(self, road: OpenDriveMap, guides: Vectors | None) -> None:
        """Take a parsed map, and points (N, 3) with heights that show that difference."""
        self._road = road
        self._rise_m = None if guides is None else self._rise(guides)

    def heights(self, points: Vectors, what: str, *, known: bool) -> Vectors:
        """Return the ground's height (N,) under points (N, 3), whose heights are known or not.

        The points follow a way. InputError beside the map.
        """
        near = points[:, 2] + self._rise_m if known and self._rise_m is not None else None
        z, _ = ground_height(self._road, points, near)
        if near is None:
            self._follow(points, z)
        lost = np.flatnonzero(~np.isfinite(z))
        if len(lost):
            x, y, _ = points[lost[0]]
            raise InputError(
                f"{what} comes to x {x:.1f}, y {y:.1f} m, where the map has no ground; do map and "
                "trajectory belong together (--origin, --start-at)?"
            )
        return np.asarray(z)

    def _follow(self, points: Vectors, z: Vectors) -> None:
        """Keep ``z`` (N,), the highest ground along a way, to the road that the way is on."""
        stacked, _ = levels_below(self._road, points, z)
        free = np.isfinite(z)
        free[stacked] = False
        if not len(stacked) or not free.any():
            return
        first = int(np.flatnonzero(free)[0])
        inner = stacked[stacked > first]
        for step, ordered in ((-1, stacked[stacked < first][::-1]), (1, inner)):
            for k in ordered.tolist():
                at, _ = ground_height(self._road, points[k : k + 1], z[k - step : k - step + 1])
                z[k] = at[0]

    def _rise(self, points: Vectors) -> float | None:
        """Return how much lower points are than the ground, None where that is no constant."""
        top, _ = ground_height(self._road, points)
        stacked, _ = levels_below(self._road, points, top)
        if len(stacked) < len(points):  # a bridge overhead says nothing about a road below it
            top[stacked] = np.nan
        rise = (top - points[:, 2])[np.isfinite(top)]
        if not len(rise):
            return None
        usual = float(np.median(rise))
        steady = np.mean(np.abs(rise - usual) < _STEADY_M) > 0.5
        return usual if steady else None

    def settle(
        self,
        poses: Matrix,
        what: str,
        *,
        known: bool,
        behind_m: float = 0.0,
        ahead_m: float = WHEELBASE_M,
        width_m: float = TRACK_M,
    ) -> Matrix:
        """Return poses (N, 4, 4) with the heading kept and height, pitch and roll of the ground.

        The ground is felt ``behind_m`` and ``ahead_m`` of the origin and ``width_m`` apart across.
        """
        level = np.hypot(poses[:, 0, 0], poses[:, 1, 0])
        forward = poses[:, :3, 0] / np.maximum(level, 1e-9)[:, None]
        left = np.column_stack([-forward[:, 1], forward[:, 0], np.zeros(len(poses))])
        origin = poses[:, :3, 3]
        middle = origin + 0.5 * (ahead_m - behind_m) * forward
        rear, front, left_z, right_z = (
            self.heights(points, what, known=known)
            for points in (
                origin - behind_m * forward,
                origin + ahead_m * forward,
                middle + 0.5 * width_m * left,
                middle - 0.5 * width_m * left,
            )
        )
        reach_m = behind_m + ahead_m
        settled: Matrix = poses.copy()
        rpy = np.column_stack(
            [
                np.arctan2(left_z - right_z, width_m),
                -np.arctan2(front - rear, reach_m),
                np.arctan2(forward[:, 1], forward[:, 0]),
            ]
        )
        settled[:, :3, :3] = [rotation_from_rpy(row) for row in rpy]
        settled[:, 2, 3] = rear + (front - rear) * behind_m / reach_m
        return settled

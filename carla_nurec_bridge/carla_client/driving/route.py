"""Routes along the lanes of a CARLA map: seeded walks that look for a signalled junction."""

from __future__ import annotations

from dataclasses import dataclass

import carla
import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import rigid, rotation_from_rpy
from ..session.transforms import matrix_of, transform_of
from .paths import STEP_M, MapPath, heading_at

_TRIES = 24
_WANTED_STOP_M = 45.0


@dataclass(frozen=True)
class Route:
    """A way to drive: poses (N, 4, 4) in the map, one metre apart, along lane centres."""

    map_from_points: NDArray[np.float64]

    @property
    def points(self) -> NDArray[np.float64]:
        """The positions (N, 3) in the map, metres."""
        return self.map_from_points[:, :3, 3]

    @property
    def length_m(self) -> float:
        """The length along the way."""
        return float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).sum())


def along(map_from_base: NDArray[np.float64]) -> Route | None:
    """Return the route along a way that was driven, (N, 4, 4); None when it hardly moved."""
    chosen = [0]
    for index in range(1, len(map_from_base)):
        moved = map_from_base[index, :3, 3] - map_from_base[chosen[-1], :3, 3]
        if np.linalg.norm(moved) >= STEP_M:
            chosen.append(index)
    return Route(map_from_base[chosen]) if len(chosen) > 1 else None


def poses_along(path: MapPath) -> Route:
    """Return the route along a path (N, 3), whose poses look ahead."""
    headings = [heading_at(path, index) for index in range(len(path))]
    poses = [
        rigid(rotation_from_rpy((0.0, 0.0, heading)), point)
        for heading, point in zip(headings, path, strict=True)
    ]
    return Route(np.array(poses))


def onward(route: Route, carla_map: carla.Map, length_m: float, rng: np.random.Generator) -> Route:
    """Return a route that goes on along the lanes behind its end until it is ``length_m`` long.

    It is shorter where they end, and goes on nowhere if it ends against its lane's direction.
    """
    poses = list(route.map_from_points)
    waypoint = carla_map.get_waypoint(transform_of(poses[-1]).location)
    with_lane = waypoint is not None and matrix_of(waypoint.transform)[:2, 0] @ poses[-1][:2, 0] > 0
    missing = round((length_m - route.length_m) / STEP_M) if with_lane else 0
    for _ in range(missing):
        ahead = waypoint.next(STEP_M)
        if not ahead:
            break
        waypoint = ahead[int(rng.integers(len(ahead)))]
        poses.append(matrix_of(waypoint.transform))
    return Route(np.array(poses))


def walk(start: carla.Waypoint, length_m: float, rng: np.random.Generator) -> Route:
    """Follow the lane from ``start`` for ``length_m``, choosing at random where it divides.

    InputError when the lane ends before.
    """
    poses = [matrix_of(start.transform)]
    waypoint = start
    for _ in range(round(length_m / STEP_M)):
        ahead = waypoint.next(STEP_M)
        if not ahead:
            raise InputError(
                f"the lane from x={start.transform.location.x:.1f} "
                f"y={start.transform.location.y:.1f} ends after {len(poses) * STEP_M:.0f} m"
            )
        waypoint = ahead[0] if len(ahead) == 1 else ahead[int(rng.integers(len(ahead)))]
        poses.append(matrix_of(waypoint.transform))
    return Route(np.array(poses))


def choose(
    carla_map: carla.Map,
    starts: list[carla.Transform],
    length_m: float,
    stop_points: NDArray[np.float64],
    seed: int,
) -> tuple[carla.Transform, Route]:
    """Return a spawn point and a route from it that meets a traffic light some 45 m ahead.

    ``stop_points`` (K, 3) are the stop lines in the map. The choice depends on ``seed`` alone; on
    a map without lights it is the most winding of the tried routes. InputError when no lane is
    long enough.
    """
    rng = np.random.default_rng(seed)
    best: tuple[float, carla.Transform, Route] | None = None
    for index in rng.permutation(len(starts))[:_TRIES]:
        start = starts[int(index)]
        try:
            route = walk(carla_map.get_waypoint(start.location), length_m, rng)
        except InputError:
            continue
        score = _score(route, stop_points)
        if best is None or score > best[0]:
            best = (score, start, route)
    if best is None:
        raise InputError(
            f"the map {carla_map.name} has no lane of {length_m:g} m among {_TRIES} spawn points; "
            "shorten the route"
        )
    return best[1], best[2]


def _score(route: Route, stop_points: NDArray[np.float64]) -> float:
    steps = np.diff(route.points[:, :2], axis=0)
    heading = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    winding = float(np.abs(np.diff(heading)).sum())
    if len(stop_points) == 0:
        return winding
    distance = np.linalg.norm(route.points[:, None, :2] - stop_points[None, :, :2], axis=2)
    meets = np.flatnonzero(distance.min(axis=1) < 1.5)
    if len(meets) == 0:
        return winding - 100.0
    return winding - abs(float(meets[0]) * STEP_M - _WANTED_STOP_M)

"""Stretches of road on which a script can play, as paths in the map."""

from __future__ import annotations

from dataclasses import dataclass

import carla
import numpy as np

from ...core.errors import InputError
from ..session.transforms import matrix_of
from .paths import STEP_M, MapPath

_CANDIDATES_EVERY_M = 7.0
_ENOUGH = 12
_LENGTHS = (1.0, 0.8, 0.6)


@dataclass(frozen=True)
class Stretch:
    """A path along one lane without junctions.

    ``path`` (N, 3) are map positions a metre apart along the lane's middle. ``left_m`` is the
    distance to the middle of the lane on the left, whose traffic goes the same way or comes
    towards us. ``right_edge_m`` and ``left_edge_m`` are the distances to the edges of the whole
    carriageway at the start of the path.
    """

    path: MapPath
    lane_width_m: float
    left_m: float
    same_direction: bool
    right_edge_m: float
    left_edge_m: float


def find_stretch(
    carla_map: carla.Map, length_m: float, rng: np.random.Generator, *, prefer_same_direction: bool
) -> Stretch:
    """Return a stretch with a lane to its left: the straightest of some, chosen at random.

    ``prefer_same_direction`` takes one beside a lane of the same direction where the map has any.
    Maps without a lane so long between junctions give one of down to 60 % of the length.
    InputError when there is none either.
    """
    starts = carla_map.generate_waypoints(_CANDIDATES_EVERY_M)
    starts.sort(key=lambda w: (w.road_id, w.section_id, w.lane_id, w.s))
    found: list[Stretch] = []
    for share in _LENGTHS:
        for index in rng.permutation(len(starts)):
            stretch = _walk(starts[int(index)], round(share * length_m / STEP_M))
            if stretch is not None:
                found.append(stretch)
            if len(found) == _ENOUGH:
                break
        if found:
            break
    if not found:
        raise InputError(
            f"the map {carla_map.name} has no two-lane road of {length_m:.0f} m between junctions; "
            "use another map, or lower speeds and duration in the scenario file"
        )
    fitting = [s for s in found if s.same_direction == prefer_same_direction] or found
    return min(fitting, key=lambda stretch: _turn(stretch.path))


def _walk(start: carla.Waypoint, steps: int) -> Stretch | None:
    left = start.get_left_lane()
    if start.is_junction or left is None or left.lane_type != carla.LaneType.Driving:
        return None
    points = [matrix_of(start.transform)[:3, 3]]
    waypoint = start
    for _ in range(steps):
        ahead = waypoint.next(STEP_M)
        if len(ahead) != 1 or ahead[0].is_junction:
            return None
        waypoint = ahead[0]
        points.append(matrix_of(waypoint.transform)[:3, 3])
    path = np.array(points)
    left_m = 0.5 * (start.lane_width + left.lane_width)
    right_edge_m, left_edge_m = road_edges(start)
    return Stretch(
        path, start.lane_width, left_m, start.lane_id * left.lane_id > 0, right_edge_m, left_edge_m
    )


def road_edges(start: carla.Waypoint) -> tuple[float, float]:
    """Return how far the edges of the carriageway are to the right and to the left, m."""
    right_m = left_m = 0.5 * start.lane_width
    lane = start.get_right_lane()
    while lane is not None and lane.lane_type == carla.LaneType.Driving:
        right_m += lane.lane_width
        lane = lane.get_right_lane()
    lane = start.get_left_lane()
    while lane is not None and lane.lane_type == carla.LaneType.Driving:
        left_m += lane.lane_width
        # Lanes of the other direction have us on their left.
        same_direction = lane.lane_id * start.lane_id > 0
        lane = lane.get_left_lane() if same_direction else lane.get_right_lane()
    return right_m, left_m


def _turn(path: MapPath) -> float:
    step = np.diff(path[:, :2], axis=0)
    heading = np.unwrap(np.arctan2(step[:, 1], step[:, 0]))
    return float(np.ptp(heading))

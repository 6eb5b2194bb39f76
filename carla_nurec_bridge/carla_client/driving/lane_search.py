"""The shortest way along the lanes of a map from one place to another."""

from __future__ import annotations

import heapq
from itertools import count

import carla

from ...core.errors import InputError

_STEP_M = 2.0
_MOST = 40_000
_SAME_M = 1.5
_Key = tuple[int, int, int, int]


def shortest(start: carla.Waypoint, goal: carla.Waypoint) -> list[carla.Waypoint]:
    """Return waypoints 2 m apart from ``start`` to ``goal``, never changing lanes.

    InputError when no way along the lanes leads there.
    """
    order = count()
    heap = [(0.0, next(order), start)]
    came: dict[_Key, carla.Waypoint | None] = {_key(start): None}
    while heap and len(came) < _MOST:
        length_m, _, here = heapq.heappop(heap)
        if _reached(here, goal):
            return _way(came, here)
        for ahead in here.next(_STEP_M):
            if _key(ahead) not in came:
                came[_key(ahead)] = here
                heapq.heappush(heap, (length_m + _STEP_M, next(order), ahead))
    x, y = goal.transform.location.x, -goal.transform.location.y
    raise InputError(
        f"no way along the lanes leads from x={start.transform.location.x:.1f} "
        f"y={-start.transform.location.y:.1f} to x={x:.1f} y={y:.1f}; give places on lanes that "
        "can be reached without changing lanes"
    )


def _key(waypoint: carla.Waypoint) -> _Key:
    return waypoint.road_id, waypoint.section_id, waypoint.lane_id, round(2.0 * waypoint.s)


def _reached(here: carla.Waypoint, goal: carla.Waypoint) -> bool:
    one, other = here.transform.location, goal.transform.location
    same_lane = (here.road_id, here.lane_id) == (goal.road_id, goal.lane_id)
    return same_lane and bool(one.distance(other) <= _SAME_M)


def _way(came: dict[_Key, carla.Waypoint | None], end: carla.Waypoint) -> list[carla.Waypoint]:
    way = [end]
    while (before := came[_key(way[-1])]) is not None:
        way.append(before)
    return way[::-1]

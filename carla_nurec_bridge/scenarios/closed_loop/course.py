"""The ego's start and route on a map, as a scenario file says."""

from __future__ import annotations

from itertools import pairwise

import carla
import numpy as np

from ...carla_client.driving.lane_search import shortest
from ...carla_client.driving.paths import MapPath, metres
from ...carla_client.driving.roads import find_stretch
from ...carla_client.driving.route import Route, along, poses_along, walk
from ...carla_client.session.session import Session
from ...carla_client.session.transforms import matrix_of, transform_of
from ...core.errors import InputError
from ...core.frames import rigid
from ...evaluation.conditions import Course
from ...evaluation.conditions.places import PlaceInMap, PlaceOnLane
from ...recorder_log import read_log
from ...recorder_log.trajectories import trajectories
from .course_file import AlongLanes, EgoStart, RecordedStart, SpawnPlace, StretchStart, Via
from .file import ScenarioEgo

_DROP_M = 0.3
_LEAD_IN_M = 60
_OFF_LANE_M = 3.0


def ego_course(
    session: Session, ego: ScenarioEgo, rng: np.random.Generator
) -> tuple[carla.Transform, Route]:
    """Return where the ego starts and its route; InputError where the map does not have it."""
    start = ego.start
    if isinstance(start, StretchStart):
        same = start.left_lane == "same_direction"
        found = find_stretch(session.map, start.length_m, rng, prefer_same_direction=same)
        route = poses_along(found.path)
    elif isinstance(start, RecordedStart):
        route = _recorded(start)
    else:
        waypoint = _waypoint(session, start)
        way = ego.way
        route = (
            walk(waypoint, way.length_m, rng)
            if isinstance(way, AlongLanes)
            else _via(session, waypoint, way)
        )
    begin = route.map_from_points[0] @ rigid(np.eye(3), (0.0, 0.0, _DROP_M))
    return transform_of(begin), route


def with_lead_in(carla_map: carla.Map, route: Route) -> tuple[MapPath, int]:
    """Return a route's path with up to 60 m along the lanes before it, and how many points that is.

    Where several lanes lead to it, the first is taken.
    """
    waypoint = carla_map.get_waypoint(transform_of(route.map_from_points[0]).location)
    before: list[MapPath] = []
    while waypoint is not None and len(before) < _LEAD_IN_M:
        behind = waypoint.previous(1.0)
        if not behind:
            break
        waypoint = behind[0]
        before.append(matrix_of(waypoint.transform)[:3, 3])
    return np.array([*before[::-1], *route.points]), len(before)


def _waypoint(session: Session, place: EgoStart) -> carla.Waypoint:
    """Return the lane at a place of the map."""
    if isinstance(place, SpawnPlace):
        starts = session.map.get_spawn_points()
        if place.number >= len(starts):
            raise InputError(
                f"the map {session.map.name} has {len(starts)} spawn points, so none with number "
                f"{place.number}"
            )
        location = starts[place.number].location
    elif isinstance(place, PlaceOnLane | PlaceInMap):
        location = transform_of(place.pose(Course(session.opendrive))).location
    else:
        raise InputError(f"a start of type {place.type} is no place on a lane")
    waypoint = session.map.get_waypoint(location)
    if waypoint is None or _flat_m(waypoint.transform.location, location) > _OFF_LANE_M:
        raise InputError(f"there is no driving lane at x={location.x:.1f} y={-location.y:.1f}")
    return waypoint


def _flat_m(one: carla.Location, other: carla.Location) -> float:
    return float(np.hypot(one.x - other.x, one.y - other.y))


def _via(session: Session, start: carla.Waypoint, way: Via) -> Route:
    stops = [start, *(_waypoint(session, place) for place in way.places)]
    found: list[carla.Waypoint] = []
    for one, other in pairwise(stops):
        found += shortest(found[-1] if found else one, other)[1 if found else 0 :]
    return poses_along(metres(np.array([matrix_of(w.transform)[:3, 3] for w in found])))


def _recorded(start: RecordedStart) -> Route:
    tracks = trajectories(read_log(start.log)).values()
    found = [t for t in tracks if t.event.attribute("role_name") == start.role_name]
    if not found:
        raise InputError(f"{start.log} has no vehicle with the role_name {start.role_name}")
    route = along(found[0].map_from_actor)
    if route is None:
        raise InputError(f"{start.role_name} hardly moves in {start.log}; it gives no route")
    return route

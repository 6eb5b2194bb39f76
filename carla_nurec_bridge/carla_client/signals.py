"""Traffic lights: where one has to stop for each, and what they show."""

from __future__ import annotations

from dataclasses import dataclass

import carla
import numpy as np

from ..core.frames import Matrix, rigid
from .session import matrix_of

SIGNAL_TYPE = "1000001"
_STOP_LENGTH_M = 2.0
_NAMES = {"Red": "red", "Yellow": "yellow", "Green": "green"}


@dataclass(frozen=True)
class StopArea:
    """The piece of a lane where a traffic light makes one stop, 2 m long, centred at its line.

    ``map_from_area`` has x along the driving direction; ``signal_id`` is OpenDRIVE's.
    """

    light: carla.TrafficLight
    signal_id: str
    lane: str
    map_from_area: Matrix
    size_m: tuple[float, float, float]

    def state(self) -> str:
        """Return red, yellow, green or off, as of the latest snapshot."""
        return _NAMES.get(str(self.light.state), "off")


def stop_areas(world: carla.World, carla_map: carla.Map) -> list[StopArea]:
    """Return the stop areas of all traffic lights of the world, by signal and lane.

    The lanes come from the map's landmarks, so they hold for every server that has the map.
    """
    lights = {}
    for actor in world.get_actors().filter("traffic.traffic_light"):
        lights[actor.get_opendrive_id()] = actor
    areas: dict[tuple[str, str], StopArea] = {}
    for landmark in carla_map.get_all_landmarks_of_type(SIGNAL_TYPE):
        light = lights.get(landmark.id)
        if light is None:
            continue
        for waypoint in _controlled(landmark, carla_map):
            lane = f"{waypoint.road_id}.{waypoint.lane_id}"
            pose = matrix_of(waypoint.transform)
            size = (_STOP_LENGTH_M, waypoint.lane_width, 0.2)
            centred = pose @ rigid(np.eye(3), (0.0, 0.0, size[2] / 2))
            areas[landmark.id, lane] = StopArea(light, landmark.id, lane, centred, size)
    return [areas[key] for key in sorted(areas)]


def _controlled(landmark: carla.Landmark, carla_map: carla.Map) -> list[carla.Waypoint]:
    """Return a waypoint at the landmark in each driving lane that it holds for.

    The orientation is not asked: maps in use give it both ways for the same lanes.
    """
    waypoints = []
    for first, last in landmark.get_lane_validities():
        for lane_id in range(min(first, last), max(first, last) + 1):
            waypoint = None
            if lane_id != 0:
                waypoint = carla_map.get_waypoint_xodr(landmark.road_id, lane_id, landmark.s)
            if waypoint is not None and waypoint.lane_type == carla.LaneType.Driving:
                waypoints.append(waypoint)
    return waypoints

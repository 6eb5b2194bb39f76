"""What CARLA's client makes of map texts, in a process of its own: it may end it.

Reads {name: {"text": ..., "lanes": [[road, lane, x, y], ...], "onward": [[road, lane, s, lanes that
follow], ...]}} as JSON, writes lines of JSON: a name, and how far (m) the waypoint lies from the
middles of lanes at most, or what went wrong.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import carla


def use(given: dict[str, Any]) -> float:
    """Ask a map what programs ask; return the largest distance from a lane's middle."""
    town = carla.Map("odd", given["text"])
    town.get_topology()
    town.get_crosswalks()
    town.transform_to_geolocation(carla.Location())
    for waypoint in town.generate_waypoints(5.0):
        waypoint.next(3.0)
        waypoint.previous(3.0)
        if waypoint.is_junction:
            waypoint.get_junction()
    for landmark in town.get_all_landmarks():
        landmark.get_lane_validities()
        town.get_landmark_group(landmark)
    worst = 0.0
    for road_id, lane_id, x, y in given["lanes"]:
        waypoint = town.get_waypoint(carla.Location(x=x, y=-y))
        if (str(waypoint.road_id), waypoint.lane_id) != (road_id, lane_id):
            raise ValueError(f"{road_id}.{lane_id} is {waypoint.road_id}.{waypoint.lane_id}")
        place = waypoint.transform.location
        worst = max(worst, abs(place.x - x), abs(place.y + y))
    for road_id, lane_id, s, lanes in given["onward"]:
        following = town.get_waypoint_xodr(road_id, lane_id, s).next(3.0)
        found = sorted({(x.road_id, x.lane_id) for x in following})
        if found != [tuple(x) for x in lanes]:
            raise ValueError(f"after {road_id}.{lane_id} come {found}")
    return worst


for name, given in json.load(sys.stdin).items():
    print(json.dumps([name, None]), flush=True)
    try:
        print(json.dumps([name, use(given)]), flush=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        print(json.dumps([name, repr(error)]), flush=True)

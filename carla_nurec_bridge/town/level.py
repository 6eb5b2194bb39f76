"""A map made ready to drive on: ground, spawn points, signals, all in CARLA's axes."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass

from ..core.errors import InputError
from ..opendrive.geometry import lane_pose
from ..opendrive.heights import LanePlace, lane_at
from ..opendrive.model import OpenDriveMap
from ..opendrive.reading.parser import parse
from ..opendrive.signals import SignalGroup, signal_groups
from ..opendrive.spawn import spawn_points
from .client_differences import tell_differences
from .ground import PhysicsGround, build_ground
from .line_jumps import tell_jumps
from .objects import StreetObject, street_objects
from .obstacles import Obstacles, build_obstacles
from .signal_posts import LightPost, Pose, SignPost, light_posts, post_pose, sign_posts
from .spawn_list import ListedSpawn
from .street import street_of

_log = logging.getLogger(__name__)

LARGE_MAP_ROADS = 500
SPAWN_CLEARANCE_M = 0.5


@dataclass(frozen=True, eq=False)
class Level:
    """A loaded map; ``xodr`` is its OpenDRIVE text as clients are sent it."""

    name: str
    xodr: str
    road_map: OpenDriveMap
    ground: PhysicsGround
    spawns: tuple[Pose, ...]
    lights: tuple[LightPost, ...]
    signs: tuple[SignPost, ...]
    groups: tuple[SignalGroup, ...]
    objects: tuple[StreetObject, ...]
    obstacles: Obstacles


def open_level(name: str, xodr: str, listed: tuple[ListedSpawn, ...] | None = None) -> Level:
    """Make a level of OpenDRIVE text; InputError when it is broken or has no lane to drive on.

    Spawn points are those ``listed``, in their order, else places on the middle of lanes.
    What had to be mended in the text is logged, and lights that nobody stops for.
    """
    road_map = parse(xodr, name)
    for note in road_map.notes:
        _log.warning("map %s: %s", name, note)
    tell_differences(road_map)
    tell_jumps(road_map)
    if next(road_map.drivable_lanes(), None) is None:
        raise InputError(f"map {name} has no lane to drive on")
    lights = light_posts(road_map)
    for light in lights:
        if not light.stops:
            _log.warning(
                "map %s: traffic light %s holds for no lane of vehicles; nobody stops for it",
                name,
                light.signal_id,
            )
    spawns = _computed(road_map) if listed is None else _placed(name, road_map, listed)
    tell = _Progress(name, len(road_map.roads))
    tell("builds the street, or takes it from the cache")
    objects = street_objects(street_of(road_map))
    tell("measures the ground")
    return Level(
        name,
        road_map.text,
        road_map,
        build_ground(road_map),
        spawns,
        lights,
        sign_posts(road_map),
        signal_groups(road_map),
        objects,
        build_obstacles(objects),
    )


def _computed(road_map: OpenDriveMap) -> tuple[Pose, ...]:
    return tuple(
        post_pose((x, y, z + SPAWN_CLEARANCE_M), heading)
        for x, y, z, heading in spawn_points(road_map)
    )


def _placed(name: str, road_map: OpenDriveMap, listed: tuple[ListedSpawn, ...]) -> tuple[Pose, ...]:
    """Return listed spawn points; those without a yaw look along the lane that they lie on."""
    poses, beside = [], 0
    for spawn in listed:
        lane = lane_at(road_map, spawn.x, -spawn.y, spawn.z)
        beside += lane is None
        yaw = _yaw_along(lane) if spawn.yaw is None else spawn.yaw
        poses.append(((spawn.x, spawn.y, spawn.z), (spawn.pitch, yaw, spawn.roll)))
    if beside:
        _log.warning(
            "map %s: %d of %d listed spawn points lie beside all lanes; is the list another map's?",
            name,
            beside,
            len(listed),
        )
    return tuple(poses)


def _yaw_along(place: LanePlace | None) -> float:
    """Return CARLA's yaw in degrees of who drives along a lane; 0 beside all lanes."""
    if place is None:
        return 0.0
    heading = lane_pose(place.road, place.section, place.lane.id, place.s)[3]
    return -math.degrees(float(heading)) % 360.0


class _Progress:
    """Log the steps of a load that takes long; short ones say nothing."""

    def __init__(self, name: str, roads: int) -> None:
        self._what = f"map {name} ({roads} roads)"
        self._large = roads >= LARGE_MAP_ROADS
        self._began_s = time.monotonic()

    def __call__(self, step: str) -> None:
        """Say what comes next, and how long it has been."""
        if self._large:
            spent_s = time.monotonic() - self._began_s
            _log.info("%s: %s (%.0f s so far)", self._what, step, spent_s)

"""A map made ready to drive on: ground, spawn points, signals, all in CARLA's axes."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

import numpy as np

from ...core.errors import InputError
from ...core.frames import carla_from_matrix, matrix_from_xyz_rpy
from ...opendrive.model import OpenDriveMap
from ...opendrive.parser import parse
from ...opendrive.signals import (
    TRAFFIC_LIGHT,
    SignalGroup,
    signal_facing,
    signal_groups,
    stop_lines,
)
from ...opendrive.spawn import spawn_points
from ...opendrive.street import street_of
from .ground import Ground, build_ground
from .objects import StreetObject, street_objects
from .obstacles import Obstacles, build_obstacles

_log = logging.getLogger(__name__)

SPAWN_CLEARANCE_M = 0.5
STOP_LINE_MARGIN_M = 0.3

Pose = tuple[tuple[float, float, float], tuple[float, float, float]]
"""CARLA's ((x, y, z) in metres, (pitch, yaw, roll) in degrees)."""


@dataclass(frozen=True)
class Stop:
    """A stop line in CARLA's plane: its middle, the heading of its traffic, half its width."""

    signal_id: str
    x: float
    y: float
    yaw_rad: float
    half_width_m: float


@dataclass(frozen=True, eq=False)
class Level:
    """A loaded map; ``xodr`` is its OpenDRIVE text as clients are sent it."""

    name: str
    xodr: str
    road_map: OpenDriveMap
    ground: Ground
    spawns: tuple[Pose, ...]
    light_poses: dict[str, Pose]
    groups: tuple[SignalGroup, ...]
    stops: tuple[Stop, ...]
    objects: tuple[StreetObject, ...]
    obstacles: Obstacles


def open_level(name: str, xodr: str) -> Level:
    """Make a level of OpenDRIVE text; InputError when it is broken or has no lane to drive on.

    What had to be mended in the text is logged.
    """
    road_map = parse(xodr, name)
    for note in road_map.notes:
        _log.warning("map %s: %s", name, note)
    if next(road_map.drivable_lanes(), None) is None:
        raise InputError(f"map {name} has no lane to drive on")
    lines = stop_lines(road_map)
    lights: dict[str, Pose] = {}
    for signal_id, (road, signal) in road_map.signals.items():
        if signal.type == TRAFFIC_LIGHT:
            # CARLA's lights have their x axis across the road that they face.
            position, facing = signal_facing(road, signal, lines.get(signal_id, ()))
            lights[signal_id] = _pose(position, facing - 0.5 * math.pi)
    stops = tuple(
        Stop(
            signal_id, line.position[0], -line.position[1], -line.heading,
            0.5 * math.dist(line.left, line.right) + STOP_LINE_MARGIN_M,
        )
        for signal_id in lights
        for line in lines.get(signal_id, ())
    )  # fmt: skip
    spawns = tuple(
        _pose((x, y, z + SPAWN_CLEARANCE_M), heading) for x, y, z, heading in spawn_points(road_map)
    )
    objects = street_objects(street_of(road_map))
    return Level(
        name, road_map.text, road_map, build_ground(road_map), spawns, lights,
        signal_groups(road_map), stops, objects, build_obstacles(objects),
    )  # fmt: skip


def _pose(position: tuple[float, float, float], heading: float) -> Pose:
    location, rotation = carla_from_matrix(matrix_from_xyz_rpy(position, (0.0, 0.0, heading)))
    rotation = np.round(rotation, 6) + 0.0
    return tuple(location.tolist()), tuple(rotation.tolist())

"""Traffic lights and signs where they stand on a level, in CARLA's axes, with their areas.

CARLA puts them on the ground, whatever height their file gives them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..core.frames import carla_from_matrix, matrix_from_xyz_rpy
from ..opendrive.heights import height_at
from ..opendrive.model import TRAFFIC_LIGHT, OpenDriveMap
from ..opendrive.signals import signal_place
from ..opendrive.signs import Sign, signs
from ..opendrive.stops import Point, StopLine, one_approach, stop_area, stop_lines

STOP_LINE_MARGIN_M = 0.3
TRIGGER_LENGTH_M = 3.0
TRIGGER_GAP_M = 1.5
"""CARLA's trigger volumes are 3 m long and end 1.5 m before the junction."""
TURN_RAD = 0.5 * math.pi
"""CARLA's lights and signs are turned so far from their landmarks, clockwise."""
LIGHT_AHEAD_M = 0.25
"""CARLA's lights stand so far before where the file has them, along their landmark's heading."""
TRIGGER_HALF_HEIGHT_M = 1.0
LIMIT_SHARE = 0.35
STOP_SHARE = 0.25
"""Half the widths of a speed limit's and a stop's area in widths of their lane, as in CARLA."""
LIMITS = ("30", "40", "50", "60", "90", "100", "120", "130")
"""The speed limits that CARLA has signs of."""
PAINTED = "Stencil_STOP"

Pose = tuple[tuple[float, float, float], tuple[float, float, float]]
"""CARLA's ((x, y, z) in metres, (pitch, yaw, roll) in degrees)."""


@dataclass(frozen=True)
class Stop:
    """A stop line in CARLA's axes: its middle, the heading of its traffic, half its width."""

    x: float
    y: float
    z: float
    yaw_rad: float
    half_width_m: float


@dataclass(frozen=True)
class Trigger:
    """A piece of a lane before a line, in CARLA's axes: middle, heading of travel, half sizes."""

    x: float
    y: float
    z: float
    yaw_rad: float
    half_length_m: float
    half_width_m: float
    half_height_m: float = TRIGGER_HALF_HEIGHT_M


@dataclass(frozen=True)
class SignPost:
    """A stop sign, yield sign or speed limit of a level; ``type_id`` is CARLA's.

    ``triggers`` are the areas of the lanes that it holds for, as far as one box can cover them.
    """

    signal_id: str
    type_id: str
    pose: Pose
    triggers: tuple[Trigger, ...]


@dataclass(frozen=True)
class LightPost:
    """A traffic light of a level.

    ``stops`` are its lines, ``triggers`` the areas before those that one box can cover; both are
    empty for a light that holds for no lane of vehicles.
    """

    signal_id: str
    pose: Pose
    stops: tuple[Stop, ...]
    triggers: tuple[Trigger, ...]


def light_posts(road_map: OpenDriveMap) -> tuple[LightPost, ...]:
    """Return the traffic lights of a map."""
    lines = stop_lines(road_map)
    lights = []
    for signal_id, (road, signal) in road_map.signals.items():
        if signal.type != TRAFFIC_LIGHT:
            continue
        held = lines.get(signal_id, ())
        position, heading = signal_place(road, signal)
        x, y, z = position
        ahead = (x + LIGHT_AHEAD_M * math.cos(heading), y + LIGHT_AHEAD_M * math.sin(heading), z)
        pose = _standing(road_map, ahead, heading)
        triggers = tuple(_trigger(road_map, line) for line in one_approach(held, position))
        lights.append(LightPost(signal_id, pose, tuple(_stop(x) for x in held), triggers))
    return tuple(lights)


def _stop(line: StopLine) -> Stop:
    x, y, z = line.position
    return Stop(x, -y, z, -line.heading, 0.5 * line.width_m + STOP_LINE_MARGIN_M)


def _trigger(road_map: OpenDriveMap, line: StopLine, share: float = 0.5) -> Trigger:
    """Return the area before a line, as wide to both sides as a share of its lane's width."""
    area = stop_area(road_map, line, TRIGGER_LENGTH_M, TRIGGER_GAP_M)
    x, y, z = area.position
    return Trigger(x, -y, z, -area.heading, 0.5 * area.length_m, share * line.width_m)


def sign_posts(road_map: OpenDriveMap) -> tuple[SignPost, ...]:
    """Return the stop signs, yield signs and speed limits of a map that are actors in CARLA.

    It has none of limits without a model, of stops that are painted on the road, nor of a sign that
    stands in another, as files have some twice.
    """
    posts = (
        _sign_post(road_map, sign)
        for sign in signs(road_map)
        if sign.limit in ("", *LIMITS) and sign.name != PAINTED
    )
    single: dict[tuple[str, Pose], SignPost] = {}
    for post in posts:
        single.setdefault((post.type_id, post.pose), post)
    return tuple(single.values())


def _sign_post(road_map: OpenDriveMap, sign: Sign) -> SignPost:
    limit = sign.kind == "speed_limit"
    held = one_approach(sign.lines, sign.position)
    return SignPost(
        sign.id,
        f"traffic.speed_limit.{sign.limit}" if limit else f"traffic.{sign.kind}",
        _standing(road_map, sign.position, sign.heading),
        tuple(_limit_trigger(x) if limit else _trigger(road_map, x, STOP_SHARE) for x in held),
    )


def _standing(road_map: OpenDriveMap, position: Point, heading: float) -> Pose:
    """Return the pose of a light or sign on the ground, from its landmark's heading (rad)."""
    x, y, z = position
    ground_z = height_at(road_map, position)
    return post_pose((x, y, ground_z if math.isfinite(ground_z) else z), heading - TURN_RAD)


def _limit_trigger(line: StopLine) -> Trigger:
    """Return the cube before a limit's begin."""
    x, y, z = line.position
    half_m = LIMIT_SHARE * line.width_m
    back_x, back_y = half_m * math.cos(line.heading), half_m * math.sin(line.heading)
    return Trigger(x - back_x, -(y - back_y), z, -line.heading, half_m, half_m, half_m)


def post_pose(position: Point, heading: float) -> Pose:
    """Return CARLA's pose of something upright at a place, with a heading (rad), in the map."""
    location, rotation = carla_from_matrix(matrix_from_xyz_rpy(position, (0.0, 0.0, heading)))
    rotation = np.round(rotation, 6) + 0.0
    return tuple(location.tolist()), tuple(rotation.tolist())

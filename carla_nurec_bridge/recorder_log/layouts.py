"""The layout of CARLA's recorder packets: ids and records of fixed size.

A recording is little-endian and packed. A packet is ``uint8 kind, uint32 size`` and ``size`` bytes
of body; most bodies are ``uint16 count`` and ``count`` records. Locations are centimetres in
CARLA's left-handed world, rotations degrees in the order roll, pitch, yaw.
"""

from __future__ import annotations

import struct
from enum import IntEnum

import numpy as np

MAGIC = b"CARLA_RECORDER"
VERSION = 1
"""The only version known from released files up to CARLA 0.9.15; later servers read it too."""

LAST_DURATION_S = -1.0
"""Duration of a frame that no other frame has followed yet."""

PACKET_HEADER = struct.Struct("<BI")
FRAME_START = struct.Struct("<Qdd")
COUNT = struct.Struct("<H")
VERSION_NUMBER = struct.Struct("<H")
DATE = struct.Struct("<q")
MAX_COUNT = 0xFFFF


class PacketKind(IntEnum):
    """Packet ids of CARLA 0.9.16; ``WEATHER`` came after it."""

    FRAME_START = 0
    FRAME_END = 1
    EVENT_ADD = 2
    EVENT_DEL = 3
    EVENT_PARENT = 4
    COLLISION = 5
    POSITION = 6
    STATE = 7
    ANIM_VEHICLE = 8
    ANIM_WALKER = 9
    VEHICLE_LIGHT = 10
    SCENE_LIGHT = 11
    KINEMATICS = 12
    BOUNDING_BOX = 13
    PLATFORM_TIME = 14
    PHYSICS_CONTROL = 15
    TRAFFIC_LIGHT_TIME = 16
    TRIGGER_VOLUME = 17
    FRAME_COUNTER = 18
    WALKER_BONES = 19
    VISUAL_TIME = 20
    VEHICLE_WHEELS = 21
    BIKER = 22
    VEHICLE_DOOR = 23
    WEATHER = 24


class ActorKind(IntEnum):
    """What CARLA takes an actor for; files before 0.9.12 call sensors OTHER."""

    OTHER = 0
    VEHICLE = 1
    WALKER = 2
    TRAFFIC_LIGHT = 3
    TRAFFIC_SIGN = 4
    SENSOR = 5
    INVALID = 6


_VEC3 = ("<f4", (3,))
_BOX = np.dtype([("id", "<u4"), ("origin", *_VEC3), ("extent", *_VEC3)])

RECORDS: dict[int, np.dtype[np.void]] = {
    PacketKind.EVENT_DEL: np.dtype([("id", "<u4")]),
    PacketKind.EVENT_PARENT: np.dtype([("child", "<u4"), ("parent", "<u4")]),
    PacketKind.COLLISION: np.dtype(
        [("seq", "<u4"), ("id1", "<u4"), ("id2", "<u4"), ("hero1", "u1"), ("hero2", "u1")]
    ),
    PacketKind.POSITION: np.dtype([("id", "<u4"), ("location", *_VEC3), ("rotation", *_VEC3)]),
    PacketKind.STATE: np.dtype(
        [("id", "<u4"), ("frozen", "u1"), ("elapsed", "<f4"), ("state", "u1")]
    ),
    PacketKind.ANIM_VEHICLE: np.dtype(
        [
            ("id", "<u4"),
            ("steer", "<f4"),
            ("throttle", "<f4"),
            ("brake", "<f4"),
            ("hand_brake", "u1"),
            ("gear", "<i4"),
        ]
    ),
    PacketKind.ANIM_WALKER: np.dtype([("id", "<u4"), ("speed", "<f4")]),
    PacketKind.VEHICLE_LIGHT: np.dtype([("id", "<u4"), ("flags", "<u4")]),
    PacketKind.SCENE_LIGHT: np.dtype(
        [("id", "<i4"), ("intensity", "<f4"), ("rgba", "<f4", (4,)), ("on", "u1"), ("group", "u1")]
    ),
    PacketKind.KINEMATICS: np.dtype([("id", "<u4"), ("linear", *_VEC3), ("angular", *_VEC3)]),
    PacketKind.BOUNDING_BOX: _BOX,
    PacketKind.TRIGGER_VOLUME: _BOX,
    PacketKind.TRAFFIC_LIGHT_TIME: np.dtype(
        [("id", "<u4"), ("green", "<f4"), ("yellow", "<f4"), ("red", "<f4")]
    ),
    PacketKind.BIKER: np.dtype([("id", "<u4"), ("forward", "<f4"), ("engine", "<f4")]),
    PacketKind.VEHICLE_DOOR: np.dtype([("id", "<u4"), ("door", "u1"), ("open", "u1")]),
    PacketKind.WEATHER: np.dtype([("values", "<f4", (14,))]),
}
"""Records of fixed size by packet kind. Units: POSITION, BOUNDING_BOX and TRIGGER_VOLUME cm and
degrees; KINEMATICS m/s and deg/s in world axes; ANIM_WALKER cm/s; times seconds."""

NUMBERS: dict[int, struct.Struct] = {
    PacketKind.PLATFORM_TIME: struct.Struct("<d"),
    PacketKind.VISUAL_TIME: struct.Struct("<d"),
    PacketKind.FRAME_COUNTER: struct.Struct("<Q"),
}
"""Packets that hold one number and no count."""

"""Records of varying size: actors that appear, vehicle physics, wheels and walkers' bones."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .cursor import Cursor, encode_text
from .layouts import COUNT, ActorKind

Vec3 = tuple[float, float, float]
Record = TypeVar("Record")

_EVENT = struct.Struct("<IB6fI")
_U8 = struct.Struct("<B")
_U32 = struct.Struct("<I")
_WHEEL_POSE = struct.Struct("<Bff")
_BONE_POSE = struct.Struct("<6f")
_PHYSICS = struct.Struct("<I5fB4f3f")
_PAIR = struct.Struct("<2f")
_TRIPLE = struct.Struct("<3f")
_WHEEL = struct.Struct("<12f")
_OLD_WHEEL = struct.Struct("<9f")


@dataclass(frozen=True)
class Attribute:
    """One variation of a blueprint; ``type_number`` as the file numbers it."""

    type_number: int
    name: str
    value: str


@dataclass(frozen=True)
class EventAdd:
    """An actor that appears: location in cm, rotation roll, pitch, yaw in degrees (CARLA)."""

    actor_id: int
    kind: int
    location_cm: Vec3
    rotation_deg: Vec3
    uid: int
    blueprint: str
    attributes: tuple[Attribute, ...]

    def attribute(self, name: str) -> str | None:
        """Return the value of an attribute, or None when the actor was made without it."""
        return next((a.value for a in self.attributes if a.name == name), None)

    @property
    def is_hero(self) -> bool:
        """Whether the actor's role_name is hero."""
        return self.attribute("role_name") == "hero"

    @property
    def moves(self) -> bool:
        """Whether this is a vehicle or a walker."""
        return self.kind in (ActorKind.VEHICLE, ActorKind.WALKER)


@dataclass(frozen=True)
class WheelPhysics:
    """One wheel: radius in cm, steering in degrees, position in cm in CARLA's world.

    The three stiffness values are None in files before CARLA 0.9.12.
    """

    tire_friction: float
    damping_rate: float
    max_steer_angle_deg: float
    radius_cm: float
    max_brake_torque: float
    max_handbrake_torque: float
    stiffness: Vec3 | None
    position_cm: Vec3


@dataclass(frozen=True)
class RecordedPhysics:
    """The physics of a vehicle when it appeared; centre of mass in metres."""

    actor_id: int
    max_rpm: float
    moi: float
    damping_full_throttle: float
    damping_zero_throttle_clutch_engaged: float
    damping_zero_throttle_clutch_disengaged: float
    use_gear_autobox: bool
    clutch_strength: float
    final_ratio: float
    mass_kg: float
    drag_coefficient: float
    center_of_mass_m: Vec3
    torque_curve: tuple[tuple[float, ...], ...]
    forward_gears: tuple[tuple[float, ...], ...]
    steering_curve: tuple[tuple[float, ...], ...]
    wheels: tuple[WheelPhysics, ...]


@dataclass(frozen=True)
class VehicleWheels:
    """Wheels of one vehicle as shown: (wheel number, steer in deg, rolling angle in deg)."""

    actor_id: int
    wheels: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True)
class WalkerBones:
    """Bones of one walker: (name, location in cm, rotation in deg), relative."""

    actor_id: int
    bones: tuple[tuple[str, Vec3, Vec3], ...]


def read_event_add(cursor: Cursor) -> EventAdd:
    """Read one EventAdd record."""
    actor_id, kind, x, y, z, roll, pitch, yaw, uid = cursor.unpack(_EVENT)
    blueprint = cursor.text()
    attributes = tuple(
        Attribute(cursor.whole(_U8), cursor.text(), cursor.text())
        for _ in range(cursor.whole(COUNT))
    )
    place, turn = (x, y, z), (roll, pitch, yaw)
    return EventAdd(int(actor_id), int(kind), place, turn, int(uid), blueprint, attributes)


def encode_event_add(event: EventAdd) -> bytes:
    """Return the bytes of one EventAdd record."""
    head = _EVENT.pack(
        event.actor_id, event.kind, *event.location_cm, *event.rotation_deg, event.uid
    )
    parts = [head, encode_text(event.blueprint), COUNT.pack(len(event.attributes))]
    for attribute in event.attributes:
        parts.append(_U8.pack(attribute.type_number))
        parts.append(encode_text(attribute.name) + encode_text(attribute.value))
    return b"".join(parts)


def read_vehicle_wheels(cursor: Cursor) -> VehicleWheels:
    """Read one AnimVehicleWheels record."""
    actor_id, count = cursor.whole(_U32), cursor.whole(_U32)
    start = cursor.skip(count * _WHEEL_POSE.size)
    raw = cursor.data[start : cursor.offset]
    return VehicleWheels(actor_id, tuple(_WHEEL_POSE.iter_unpack(raw)))


def encode_vehicle_wheels(record: VehicleWheels) -> bytes:
    """Return the bytes of one AnimVehicleWheels record."""
    wheels = b"".join(_WHEEL_POSE.pack(*wheel) for wheel in record.wheels)
    return _U32.pack(record.actor_id) + _U32.pack(len(record.wheels)) + wheels


def read_walker_bones(cursor: Cursor) -> WalkerBones:
    """Read one WalkerBones record."""
    actor_id, count = cursor.whole(_U32), cursor.whole(COUNT)
    bones = []
    for _ in range(count):
        name = cursor.text()
        x, y, z, roll, pitch, yaw = cursor.unpack(_BONE_POSE)
        bones.append((name, (x, y, z), (roll, pitch, yaw)))
    return WalkerBones(actor_id, tuple(bones))


def encode_walker_bones(record: WalkerBones) -> bytes:
    """Return the bytes of one WalkerBones record."""
    parts = [_U32.pack(record.actor_id), COUNT.pack(len(record.bones))]
    for name, location_cm, rotation_deg in record.bones:
        parts.append(encode_text(name) + _BONE_POSE.pack(*location_cm, *rotation_deg))
    return b"".join(parts)


def read_physics_control(cursor: Cursor, *, old_wheels: bool) -> RecordedPhysics:
    """Read one PhysicsControl record; ``old_wheels`` are those of CARLA before 0.9.12."""
    head = cursor.unpack(_PHYSICS)
    curves = [_read_rows(cursor, layout) for layout in (_PAIR, _TRIPLE, _PAIR)]
    rows = _read_rows(cursor, _OLD_WHEEL if old_wheels else _WHEEL)
    return RecordedPhysics(
        int(head[0]),
        head[1],
        head[2],
        head[3],
        head[4],
        head[5],
        bool(head[6]),
        head[7],
        head[8],
        head[9],
        head[10],
        _vec3(head[11:14]),
        curves[0],
        curves[1],
        curves[2],
        tuple(_wheel(row) for row in rows),
    )


def encode_physics_control(record: RecordedPhysics) -> bytes:
    """Return the bytes of one PhysicsControl record, with wheels as since CARLA 0.9.12."""
    parts = [
        _PHYSICS.pack(
            record.actor_id,
            record.max_rpm,
            record.moi,
            record.damping_full_throttle,
            record.damping_zero_throttle_clutch_engaged,
            record.damping_zero_throttle_clutch_disengaged,
            record.use_gear_autobox,
            record.clutch_strength,
            record.final_ratio,
            record.mass_kg,
            record.drag_coefficient,
            *record.center_of_mass_m,
        )
    ]
    wheels = tuple(
        (
            wheel.tire_friction,
            wheel.damping_rate,
            wheel.max_steer_angle_deg,
            wheel.radius_cm,
            wheel.max_brake_torque,
            wheel.max_handbrake_torque,
            *(wheel.stiffness or (0.0, 0.0, 0.0)),
            *wheel.position_cm,
        )
        for wheel in record.wheels
    )
    tables = (
        (record.torque_curve, _PAIR),
        (record.forward_gears, _TRIPLE),
        (record.steering_curve, _PAIR),
        (wheels, _WHEEL),
    )
    for rows, layout in tables:
        parts.append(_U32.pack(len(rows)))
        parts.extend(layout.pack(*row) for row in rows)
    return b"".join(parts)


def read_all(cursor: Cursor, read: Callable[[Cursor], Record]) -> tuple[Record, ...]:
    """Read a counted packet body to its very end."""
    records = tuple(read(cursor) for _ in range(cursor.whole(COUNT)))
    cursor.finish()
    return records


def _read_rows(cursor: Cursor, layout: struct.Struct) -> tuple[tuple[float, ...], ...]:
    count = cursor.whole(_U32)
    start = cursor.skip(count * layout.size)
    return tuple(layout.iter_unpack(cursor.data[start : cursor.offset]))


def _wheel(row: tuple[float, ...]) -> WheelPhysics:
    stiffness = _vec3(row[6:9]) if len(row) == 12 else None
    return WheelPhysics(row[0], row[1], row[2], row[3], row[4], row[5], stiffness, _vec3(row[-3:]))


def _vec3(values: tuple[float, ...]) -> Vec3:
    x, y, z = values
    return x, y, z

"""The text that ``show_recorder_file_info`` returns, line for line as CARLA writes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from ..layouts import PacketKind
from ..log import Log
from ..packets import LogFrame
from ..records import RecordedPhysics, Vec3

_LIGHT_NAMES = (
    (1, "Position"),
    (2, "LowBeam"),
    (4, "HighBeam"),
    (8, "Brake"),
    (16, "RightBlinker"),
    (32, "LeftBlinker"),
    (64, "Reverse"),
    (256, "Interior"),
    (128, "Fog"),
    (512, "Special1"),
    (1024, "Special2"),
)
_DOOR_NAMES = ("Front Left", "Front Right", "Rear Left", "Rear Right", "Hood", "Trunk", "All")
_GEAR_SWITCH_TIME_S = 0.5
"""Not stored in recordings; CARLA prints its default."""


def file_info(log: Log, *, show_all: bool) -> str:
    """Return a recording as text: head, frames with events (all frames with ``show_all``), sum.

    Locations are in cm and rotations in degrees (roll, pitch, yaw), as in the file.
    """
    lines = head_lines(log)
    for frame in log.frames:
        body = list(_event_lines(log, frame))
        if show_all:
            body += _state_lines(log, frame)
        if body or show_all:
            lines.append(f"Frame {frame.frame_id} at {frame.elapsed_s:g} seconds")
            lines += body
    return "\n".join([*lines, *tail_lines(log)]) + "\n"


def head_lines(log: Log) -> list[str]:
    """Return the lines that every query begins with."""
    try:
        date = time.strftime("%x %X", time.localtime(log.date_s))
    except (OverflowError, ValueError, OSError):
        date = f"{log.date_s} s since 1970"
    return [f"Version: {log.version}", f"Map: {log.map_name}", f"Date: {date}", ""]


def tail_lines(log: Log) -> list[str]:
    """Return the lines that every query ends with."""
    return ["", f"Frames: {log.frames[-1].frame_id}", f"Duration: {log.total_s:g} seconds"]


def _event_lines(log: Log, frame: LogFrame) -> Iterator[str]:
    for event in log.added(frame):
        place = _vec(event.location_cm)
        yield f" Create {event.actor_id}: {event.blueprint} ({event.kind}) at {place}"
        for attribute in event.attributes:
            yield f"  {attribute.name} = {attribute.value}"
    for (actor_id,) in log.records(frame, PacketKind.EVENT_DEL).tolist():
        yield f" Destroy {actor_id}"
    for child, parent in log.records(frame, PacketKind.EVENT_PARENT).tolist():
        yield f" Parenting {child} with {parent} (parent)"
    for seq, id1, id2, hero1, hero2 in log.records(frame, PacketKind.COLLISION).tolist():
        one, other = f"{id1}{_hero(hero1)}", f"{id2}{_hero(hero2)}"
        yield f" Collision id {seq} between {one} with {other}"


def _state_lines(log: Log, frame: LogFrame) -> list[str]:
    lines: list[str] = []
    for kind, title, row in _TABLES:
        records = log.records(frame, kind).tolist()
        if records:
            lines.append(f" {title}: {len(records)}")
            for record in records:
                lines += row(*record)
        if kind == PacketKind.TRIGGER_VOLUME:
            lines += _clock_lines(log, frame)
    bones = log.bones(frame)
    if bones:
        lines.append(f" Walkers Bones: {len(bones)}")
        for walker in bones:
            lines.append(f"  Id: {walker.actor_id}")
            lines += [
                f'     Bone: "{name}" relative: Loc{_vec(place)} Rot{_vec(turn)}'
                for name, place, turn in walker.bones
            ]
    return lines


def _clock_lines(log: Log, frame: LogFrame) -> list[str]:
    lines = []
    platform_s = log.number(frame, PacketKind.PLATFORM_TIME)
    if platform_s is not None:
        lines.append(f" Current platform time: {platform_s:g}")
    physics = log.physics(frame)
    if physics:
        lines.append(f" Physics Control events: {len(physics)}")
        for control in physics:
            lines += _physics_lines(control)
    return lines


def _physics_lines(control: RecordedPhysics) -> list[str]:
    autobox = "true" if control.use_gear_autobox else "false"
    clutch_on = control.damping_zero_throttle_clutch_engaged
    clutch_off = control.damping_zero_throttle_clutch_disengaged
    lines = [
        f"  Id: {control.actor_id}",
        f"   max_rpm = {control.max_rpm:g}",
        f"   MOI = {control.moi:g}",
        f"   damping_rate_full_throttle = {control.damping_full_throttle:g}",
        f"   damping_rate_zero_throttle_clutch_engaged = {clutch_on:g}",
        f"   damping_rate_zero_throttle_clutch_disengaged = {clutch_off:g}",
        f"   use_gear_auto_box = {autobox}",
        f"   gear_switch_time = {_GEAR_SWITCH_TIME_S:g}",
        f"   clutch_strength = {control.clutch_strength:g}",
        f"   final_ratio = {control.final_ratio:g}",
        f"   mass = {control.mass_kg:g}",
        f"   drag_coefficient = {control.drag_coefficient:g}",
        f"   center_of_mass = {_vec(control.center_of_mass_m)}",
        "   torque_curve =" + "".join(f" {_vec(point)}" for point in control.torque_curve),
        "   steering_curve =" + "".join(f" {_vec(point)}" for point in control.steering_curve),
        "   forward_gears:",
    ]
    for number, (ratio, down, up) in enumerate(control.forward_gears):
        lines.append(f"    gear {number}: ratio {ratio:g} down {down:g} up {up:g}")
    lines.append("   wheels:")
    for number, wheel in enumerate(control.wheels):
        lines.append(
            f"    wheel #{number}: tire_friction: {wheel.tire_friction:g} "
            f"damping_rate: {wheel.damping_rate:g} max_steer_angle: {wheel.max_steer_angle_deg:g} "
            f"radius: {wheel.radius_cm:g} max_brake_torque: {wheel.max_brake_torque:g} "
            f"max_handbrake_torque: {wheel.max_handbrake_torque:g} "
            f"position: {_vec(wheel.position_cm)}"
        )
    return lines


def _light_row(actor_id: int, flags: int) -> list[str]:
    names = [name for bit, name in _LIGHT_NAMES if flags & bit] or ["None"]
    return [f"  Id: {actor_id} {' '.join(names)}"]


def _door_row(actor_id: int, door: int, _open: int) -> list[str]:
    # CARLA prints this line whether the door opens or closes.
    name = _DOOR_NAMES[door] if door < len(_DOOR_NAMES) else str(door)
    return [f"  Id: {actor_id}", f"  Doors opened:  {name} "]


def _vehicle_row(
    i: int, steer: float, throttle: float, brake: float, hand_brake: int, gear: int
) -> list[str]:
    pedals = f"Throttle: {throttle:g} Brake: {brake:g} Handbrake: {hand_brake}"
    return [f"  Id: {i} Steering: {steer:g} {pedals} Gear: {gear}"]


def _scene_light_row(
    i: int, intensity: float, rgba: Iterable[float], on: int, _group: int
) -> list[str]:
    red, green, blue, _ = rgba
    colour = _vec((red, green, blue))
    return [f"  Id: {i} enabled: {bool(on)} intensity: {intensity:g} RGB_color: {colour}"]


def _box_row(i: int, origin: Vec3, extent: Vec3) -> list[str]:
    return [f"  Id: {i} origin: {_vec(origin)} extension: {_vec(extent)}"]


_Row = Callable[..., list[str]]
_TABLES: tuple[tuple[PacketKind, str, _Row], ...] = (
    (
        PacketKind.POSITION,
        "Positions",
        lambda i, place, turn: [f"  Id: {i} Location: {_vec(place)} Rotation: {_vec(turn)}"],
    ),
    (
        PacketKind.STATE,
        "State traffic lights",
        lambda i, frozen, elapsed, state: [
            f"  Id: {i} state: {state} frozen: {frozen} elapsedTime: {elapsed:g}"
        ],
    ),
    (PacketKind.ANIM_VEHICLE, "Vehicle animations", _vehicle_row),
    (PacketKind.ANIM_WALKER, "Walker animations", lambda i, speed: [f"  Id: {i} speed: {speed:g}"]),
    (PacketKind.VEHICLE_DOOR, "Vehicle door animations", _door_row),
    (PacketKind.VEHICLE_LIGHT, "Vehicle light animations", _light_row),
    (PacketKind.SCENE_LIGHT, "Scene light changes", _scene_light_row),
    (
        PacketKind.KINEMATICS,
        "Dynamic actors",
        lambda i, linear, angular: [
            f"  Id: {i} linear_velocity: {_vec(linear)} angular_velocity: {_vec(angular)}"
        ],
    ),
    (PacketKind.BOUNDING_BOX, "Actor bounding boxes", _box_row),
    (PacketKind.TRIGGER_VOLUME, "Actor trigger volumes", _box_row),
    (
        PacketKind.TRAFFIC_LIGHT_TIME,
        "Traffic Light time events",
        lambda i, g, y, r: [f"  Id: {i} green_time: {g:g} yellow_time: {y:g} red_time: {r:g}"],
    ),
)


def _hero(flag: int) -> str:
    return " (hero) " if flag else ""


def _vec(values: Iterable[float]) -> str:
    return "(" + ", ".join(f"{value:g}" for value in values) + ")"

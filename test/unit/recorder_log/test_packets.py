"""Every packet, byte by byte: hand-packed from the documented layout, read, and written again."""

from __future__ import annotations

import struct
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.recorder_log.export.json_export import json_lines
from carla_nurec_bridge.recorder_log.layouts import RECORDS, PacketKind
from carla_nurec_bridge.recorder_log.log import Log
from carla_nurec_bridge.recorder_log.reader import parse_log
from carla_nurec_bridge.recorder_log.records import (
    encode_event_add,
    encode_physics_control,
    encode_vehicle_wheels,
    encode_walker_bones,
)
from carla_nurec_bridge.recorder_log.statistics import packet_uses
from carla_nurec_bridge.recorder_log.writer import (
    LogWriter,
    encode_fixed,
    encode_number,
    encode_packet,
    encode_varying,
)


def text(words: str) -> bytes:
    return struct.pack("<H", len(words.encode())) + words.encode()


V = (1.5, -2.25, 3.0)
W = (0.5, 90.0, -45.0)
# kind -> (format of one record, its flat values, the record as the reader gives it)
FIXED: dict[PacketKind, tuple[str, tuple[Any, ...], tuple[Any, ...]]] = {
    PacketKind.EVENT_DEL: ("<I", (77,), (77,)),
    PacketKind.EVENT_PARENT: ("<II", (8, 7), (8, 7)),
    PacketKind.COLLISION: ("<III??", (3, 7, 2**32 - 1, True, False), (3, 7, 2**32 - 1, 1, 0)),
    PacketKind.POSITION: ("<I6f", (7, *V, *W), (7, [*V], [*W])),
    PacketKind.STATE: ("<I?fB", (5, True, 2.5, 2), (5, 1, 2.5, 2)),
    PacketKind.ANIM_VEHICLE: (
        "<Ifff?i",
        (7, -0.5, 0.25, 1.0, True, -1),
        (7, -0.5, 0.25, 1.0, 1, -1),
    ),
    PacketKind.ANIM_WALKER: ("<If", (9, 150.0), (9, 150.0)),
    PacketKind.VEHICLE_LIGHT: ("<II", (7, 8 | 1024), (7, 8 | 1024)),
    PacketKind.SCENE_LIGHT: (
        "<if4f?B",
        (-1, 500000.0, 1.0, 0.5, 0.25, 1.0, True, 2),
        (-1, 500000.0, [1.0, 0.5, 0.25, 1.0], 1, 2),
    ),
    PacketKind.KINEMATICS: ("<I6f", (7, *V, *W), (7, [*V], [*W])),
    PacketKind.BOUNDING_BOX: ("<I6f", (7, *V, *W), (7, [*V], [*W])),
    PacketKind.TRIGGER_VOLUME: ("<I6f", (5, *V, *W), (5, [*V], [*W])),
    PacketKind.TRAFFIC_LIGHT_TIME: ("<I3f", (5, 10.0, 3.0, 2.0), (5, 10.0, 3.0, 2.0)),
    PacketKind.BIKER: ("<Iff", (7, 420.0, 0.5), (7, 420.0, 0.5)),
    PacketKind.VEHICLE_DOOR: ("<IB?", (7, 6, True), (7, 6, 1)),
    PacketKind.WEATHER: ("<14f", tuple(range(14)), ([float(v) for v in range(14)],)),
}
NUMBERS = {
    PacketKind.PLATFORM_TIME: ("<d", 12.125),
    PacketKind.VISUAL_TIME: ("<d", 0.05),
    PacketKind.FRAME_COUNTER: ("<Q", 2**40),
}
EVENT = (
    struct.pack("<IB6fI", 7, 1, *V, *W, 11)
    + text("vehicle.tesla.model3")
    + struct.pack("<H", 2)
    + struct.pack("<B", 3)
    + text("role_name")
    + text("hero")
    + struct.pack("<B", 4)
    + text("color")
    + text("1,2,3")
)
WHEEL = struct.pack("<12f", 3.5, 0.25, 70.0, 35.5, 1500.0, 3000.0, 2.0, 17.0, 1000.0, *V)
OLD_WHEEL = struct.pack("<9f", 3.5, 0.25, 70.0, 35.5, 1500.0, 3000.0, *V)


def physics(wheels: list[bytes]) -> bytes:
    return (
        struct.pack("<I5f?4f3f", 7, 6500.0, 1.0, 0.25, 2.0, 0.5, True, 10.0, 4.0, 1845.0, 0.25, *V)
        + struct.pack("<I4f", 2, 0.0, 400.0, 1890.0, 500.0)
        + struct.pack("<I3f", 1, 7.5, 0.5, 0.75)
        + struct.pack("<I2f", 1, 0.0, 1.0)
        + struct.pack("<I", len(wheels))
        + b"".join(wheels)
    )


BONES = (
    struct.pack("<IH", 9, 2)
    + text("crl_root")
    + struct.pack("<6f", *V, *W)
    + text("crl_hips__C")
    + struct.pack("<6f", *W, *V)
)
WHEELS = (
    struct.pack("<II", 7, 2)
    + struct.pack("<Bff", 0, 4.5, 90.0)
    + struct.pack("<Bff", 3, 0.0, -90.0)
)
VARYING = {
    PacketKind.EVENT_ADD: (EVENT, Log.added, encode_event_add),
    PacketKind.PHYSICS_CONTROL: (physics([WHEEL] * 4), Log.physics, encode_physics_control),
    PacketKind.WALKER_BONES: (BONES, Log.bones, encode_walker_bones),
    PacketKind.VEHICLE_WHEELS: (WHEELS, Log.wheels, encode_vehicle_wheels),
}


def log_of(kind: int, body: bytes) -> Log:
    """A recording of one frame, all of it packed by hand."""
    head = struct.pack("<H", 1) + text("CARLA_RECORDER") + struct.pack("<q", 9) + text("Town01")
    frame = struct.pack("<BIQdd", 0, 24, 1, -1.0, 0.0)
    packet = struct.pack("<BI", kind, len(body)) + body
    return parse_log(head + frame + packet + struct.pack("<BI", 1, 0), "hand.log")


def test_no_packet_is_left_out() -> None:
    tested = {*FIXED, *NUMBERS, *VARYING, PacketKind.FRAME_START, PacketKind.FRAME_END}
    assert tested == set(PacketKind)
    assert [int(kind) for kind in PacketKind] == list(range(25))


@pytest.mark.parametrize("kind", FIXED, ids=lambda kind: kind.name)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_fixed_records(kind: PacketKind, count: int) -> None:
    layout, flat, expected = FIXED[kind]
    body = struct.pack("<H", count) + struct.pack(layout, *flat) * count
    log = log_of(kind, body)
    records = log.records(log.frames[0], kind)
    plain = [tuple(r[name].tolist() for name in r.dtype.names) for r in records]
    assert plain == [expected] * count
    assert encode_fixed(kind, records) == encode_packet(kind, body)
    fresh = np.array([expected] * count, RECORDS[kind])
    assert encode_fixed(kind, fresh) == encode_packet(kind, body)


@pytest.mark.parametrize("kind", NUMBERS, ids=lambda kind: kind.name)
def test_packets_of_one_number(kind: PacketKind) -> None:
    layout, value = NUMBERS[kind]
    log = log_of(kind, struct.pack(layout, value))
    assert log.number(log.frames[0], kind) == value
    assert encode_number(kind, value) == encode_packet(kind, struct.pack(layout, value))


@pytest.mark.parametrize("kind", VARYING, ids=lambda kind: kind.name)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_records_of_varying_size(kind: PacketKind, count: int) -> None:
    record, read, encode = VARYING[kind]
    body = struct.pack("<H", count) + record * count
    log = log_of(kind, body)
    records: Any = read(log, log.frames[0])
    assert len(records) == count
    assert encode_varying(kind, records, encode) == encode_packet(kind, body)


def test_an_added_actor() -> None:
    log = log_of(PacketKind.EVENT_ADD, struct.pack("<H", 1) + EVENT)
    (event,) = log.added(log.frames[0])
    assert (event.actor_id, event.kind, event.uid) == (7, 1, 11)
    assert (event.location_cm, event.rotation_deg) == (V, W)
    assert event.blueprint == "vehicle.tesla.model3"
    assert event.is_hero
    assert astuple(event.attributes[1]) == (4, "color", "1,2,3")


@pytest.mark.parametrize(("wheel", "stiffness"), [(WHEEL, (2.0, 17.0, 1000.0)), (OLD_WHEEL, None)])
def test_physics_with_wheels_of_both_sizes(wheel: bytes, stiffness: Any) -> None:
    log = log_of(PacketKind.PHYSICS_CONTROL, struct.pack("<H", 1) + physics([wheel] * 4))
    (control,) = log.physics(log.frames[0])
    assert (control.max_rpm, control.mass_kg, control.final_ratio) == (6500.0, 1845.0, 4.0)
    assert control.use_gear_autobox
    assert control.torque_curve == ((0.0, 400.0), (1890.0, 500.0))
    assert control.forward_gears == ((7.5, 0.5, 0.75),)
    assert len(control.wheels) == 4
    assert control.wheels[3].radius_cm == 35.5
    assert (control.wheels[0].stiffness, control.wheels[0].position_cm) == (stiffness, V)


def test_bones_and_wheels() -> None:
    log = log_of(PacketKind.WALKER_BONES, struct.pack("<H", 1) + BONES)
    (walker,) = log.bones(log.frames[0])
    assert walker.bones == (("crl_root", V, W), ("crl_hips__C", W, V))
    log = log_of(PacketKind.VEHICLE_WHEELS, struct.pack("<H", 1) + WHEELS)
    (vehicle,) = log.wheels(log.frames[0])
    assert vehicle.wheels == ((0, 4.5, 90.0), (3, 0.0, -90.0))


def test_frames(tmp_path) -> None:
    writer = LogWriter(tmp_path / "two.log", "Town01", 9)
    writer.write_frame(0.05, [])
    writer.write_frame(0.05, [])
    writer.close()
    head = struct.pack("<H", 1) + text("CARLA_RECORDER") + struct.pack("<q", 9) + text("Town01")
    frames = [
        struct.pack("<BIQdd", 0, 24, number, duration, elapsed) + struct.pack("<BI", 1, 0)
        for number, duration, elapsed in ((1, 0.05, 0.0), (2, -1.0, 0.05))
    ]
    assert (tmp_path / "two.log").read_bytes() == head + b"".join(frames)


def test_json_and_the_summary_know_every_packet() -> None:
    for kind in PacketKind:
        if kind in (PacketKind.FRAME_START, PacketKind.FRAME_END):
            continue
        if kind in NUMBERS:
            body = struct.pack(*NUMBERS[kind])
        elif kind in VARYING:
            body = struct.pack("<H", 1) + VARYING[kind][0]
        else:
            body = struct.pack("<H", 1) + struct.pack(FIXED[kind][0], *FIXED[kind][1])
        log = log_of(kind, body)
        assert f'"kind": "{kind.name}"' in "".join(json_lines(log))
        use = next(use for use in packet_uses(log) if use.number == kind)
        assert (use.name, use.packets, use.records, use.bytes) == (kind.name, 1, 1, len(body))

"""A scene built from a real recording holds what the recording says."""

from __future__ import annotations

import json
import math
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.recorder_log.layouts import RECORDS, ActorKind, PacketKind
from carla_nurec_bridge.recorder_log.records import Attribute, EventAdd, encode_event_add
from carla_nurec_bridge.recorder_log.writer import LogWriter, encode_fixed, encode_varying
from carla_nurec_bridge.scene import (
    Scene,
    build_scene,
    open_scene,
    read_surface,
)
from carla_nurec_bridge.scene.package.surface import MESH_GROUND

DATE_US = 1637676528 * 1_000_000
REAR_AXLE_M = -1.39360
"""Mean of the hero's two rear wheels (10560.6396 cm) less its origin (10700 cm)."""


def record(data: bytes, actor_id: int, frame_elapsed_s: float) -> tuple[float, ...]:
    """Return (x, y, z, roll, pitch, yaw) in cm and degrees: an own look into the file."""
    offset = 4 + 14 + 8
    offset += 2 + struct.unpack_from("<H", data, offset)[0]
    now = -1.0
    while offset < len(data):
        kind, size = struct.unpack_from("<BI", data, offset)
        if kind == 0:
            (now,) = struct.unpack_from("<d", data, offset + 5 + 16)
        if kind == 6 and abs(now - frame_elapsed_s) < 1e-9:
            for row in struct.iter_unpack("<I6f", data[offset + 7 : offset + 5 + size]):
                if row[0] == actor_id:
                    return row[1:]
        offset += 5 + size
    raise AssertionError("no such record")


def test_time_is_the_recordings(package: Path) -> None:
    scene = open_scene(package)
    start_us, end_us = scene.time_range_us
    assert start_us == DATE_US
    assert end_us - start_us == pytest.approx(24.723716e6 + 1, abs=2)
    stamps = scene.rig_trajectory.stamps_us
    assert stamps[0] == start_us
    assert stamps[-1] == end_us - 1


def test_the_world_is_the_first_rig_pose(package: Path) -> None:
    scene = open_scene(package)
    assert np.allclose(scene.rig_trajectory.world_from_rig[0], np.eye(4), atol=1e-6)
    assert scene.map_from_world[:3, 3] == pytest.approx(
        (107 + REAR_AXLE_M, -133, 0.62683), abs=1e-4
    )


@pytest.mark.parametrize("index", [0, 300, 500, 700])
def test_rig_and_track_are_where_the_recording_has_them(
    package: Path, real_recording: bytes, index: int
) -> None:
    scene = open_scene(package)
    stamp_us = int(scene.rig_trajectory.stamps_us[index])
    elapsed_s = elapsed_of_frame(real_recording, index)
    assert stamp_us == DATE_US + round(elapsed_s * 1e6)

    x, y, z, _, pitch, yaw = record(real_recording, 174, elapsed_s)
    rig = scene.map_from_world @ scene.rig_trajectory.world_from_rig[index]
    reach = REAR_AXLE_M * math.cos(math.radians(pitch))
    expected = (
        x / 100 + reach * math.cos(math.radians(yaw)),
        -(y / 100 + reach * math.sin(math.radians(yaw))),
    )
    assert rig[:2, 3] == pytest.approx(expected, abs=0.01)
    assert math.degrees(math.atan2(rig[1, 0], rig[0, 0])) == pytest.approx(-yaw, abs=0.01)

    x, y, z, *_ = record(real_recording, 175, elapsed_s)
    (track,) = scene.tracks
    box = scene.map_from_world @ track.at(stamp_us)
    assert box[:2, 3] == pytest.approx((x / 100, -y / 100), abs=0.1)
    assert box[2, 3] == pytest.approx(z / 100 + 0.935, abs=0.03)


def elapsed_of_frame(data: bytes, index: int) -> float:
    starts = [m.start() for m in re.finditer(rb"\x00\x18\x00\x00\x00", data)]
    wanted = struct.pack("<Q", index + 1)
    found = [s for s in starts if data[s + 5 : s + 13] == wanted]
    return float(struct.unpack_from("<d", data, found[0] + 21)[0])


def test_tracks(package: Path) -> None:
    (track,) = open_scene(package).tracks
    assert (track.track_id, track.label_class) == ("scenario", "automobile")
    assert track.controllable
    assert track.size_m == pytest.approx((4.6045, 1.9316, 1.8548), abs=1e-3)
    assert track.appearance is not None
    assert track.appearance.blueprint.startswith("vehicle.")
    assert track.appearance.colour is not None


def test_packages_of_others_say_nothing_about_looks(package: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.usdz"
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(plain, "w") as target:
        for member in source.namelist():
            data = source.read(member)
            if member == "sequence_tracks.json":
                content = json.loads(data)
                for chunk in content.values():
                    del chunk["tracks_data"]["tracks_look"]
                data = json.dumps(content).encode()
            target.writestr(member, data)
    assert [track.appearance for track in open_scene(plain).tracks] == [None]


def test_a_teleport_takes_one_microsecond(package: Path) -> None:
    """The other car waits 500 m below ground until the scenario puts it on the road."""
    (track,) = open_scene(package).tracks
    jump = int(np.argmax(np.linalg.norm(np.diff(track.world_from_box[:, :3, 3], axis=0), axis=1)))
    assert track.stamps_us[jump + 1] - track.stamps_us[jump] == 1
    assert track.at(int(track.stamps_us[jump]))[2, 3] < -400
    assert track.at(int(track.stamps_us[jump + 1]))[2, 3] > -2


def test_cameras_have_the_rigs_rates_and_optics(package: Path) -> None:
    scene, rig = open_scene(package), load_rig("demo")
    cameras = {camera.logical_id: camera for camera in rig.cameras if camera.source == "nurec"}
    assert [camera.logical_id for camera in scene.cameras] == list(cameras)
    for camera in scene.cameras:
        source = cameras[camera.logical_id]
        assert camera.model == source.model
        assert np.array_equal(camera.rig_from_camera, source.rig_from_camera)
        stamps = camera.frame_stamps_us
        assert len(stamps) == 494
        assert np.all(np.diff(stamps[:, 1]) == 50_000)
        assert np.all(stamps[:, 1] - stamps[:, 0] == round(source.shutter_s * 1e6))
        assert stamps[0, 1] == DATE_US + 50_000
    assert scene.lidar_ids == ("top",)


def test_equal_input_gives_equal_bytes(package: Path, built: Scene) -> None:
    assert built.path is not None
    assert package.read_bytes() == built.path.read_bytes()


def test_the_ego_has_its_size(package: Path) -> None:
    """The Lincoln of the recording; its box begins about a metre behind the rear axle."""
    box = open_scene(package).ego_box
    assert box is not None
    assert box.size_m == pytest.approx((4.9, 2.13, 1.51), abs=0.02)
    assert box.centre_m == pytest.approx((-REAR_AXLE_M, 0.0, 0.75), abs=0.1)


def test_what_is_read_is_what_was_built(package: Path, built: Scene) -> None:
    scene = open_scene(package)
    assert scene.scene_id == built.scene_id
    assert scene.xodr == built.xodr
    assert scene.ego_box == built.ego_box
    assert scene.notes == built.notes == ()
    assert np.abs(scene.map_from_world - built.map_from_world).max() < 1e-6
    for read, made in zip(scene.tracks, built.tracks, strict=True):
        assert np.array_equal(read.stamps_us, made.stamps_us)
        assert np.abs(read.world_from_box - made.world_from_box).max() < 1e-9


def test_members_are_stored_at_64_byte_boundaries(package: Path) -> None:
    data = package.read_bytes()
    with zipfile.ZipFile(package) as file:
        assert file.testzip() is None
        assert file.namelist() == [
            "default.usda",
            "metadata.yaml",
            "data_info.json",
            "rig_trajectories.json",
            "sequence_tracks.json",
            "map.xodr",
            "mesh.ply",
            "mesh_ground.ply",
        ]
        for info in file.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            name, extra = struct.unpack_from("<HH", data, info.header_offset + 26)
            assert (info.header_offset + 30 + name + extra) % 64 == 0


def test_the_ground_lies_under_the_rig(package: Path) -> None:
    scene = open_scene(package)
    ground = read_surface(scene, MESH_GROUND)
    whole = read_surface(scene)
    assert ground is not None
    assert whole is not None
    assert 0 < len(ground.triangles) < len(whole.triangles)
    right = (np.abs(ground.vertices[:, 0]) < 10.0) & (np.abs(ground.vertices[:, 1] + 1.0) < 1.5)
    assert right.any(), "the lane lies to the right of the road's centre line"
    assert ground.vertices[right, 2].max() == pytest.approx(-0.62683, abs=0.05)


def test_the_ego_can_be_named(map_path: Path, real_recording_path: Path, tmp_path: Path) -> None:
    scene = build_scene(
        map_path,
        real_recording_path,
        load_rig("demo"),
        tmp_path / "a.usdz",
        ego_id=175,
        epoch_us=1_000_000,
    )
    assert [track.track_id for track in scene.tracks] == ["hero"]
    assert scene.time_range_us[0] == 1_000_000


def test_wrong_egos_are_named(map_path: Path, real_recording_path: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no moving actor 60; it has 174 \(vehicle\.lincoln"):
        build_scene(map_path, real_recording_path, load_rig("demo"), tmp_path / "a", ego_id=60)


def test_map_and_recording_must_belong_together(
    map_path: Path, real_recording_path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "Town02.xodr"
    other.write_bytes(map_path.read_bytes())
    with pytest.raises(InputError, match="recorded in Town01, the map file is of Town02"):
        build_scene(other, real_recording_path, load_rig("demo"), tmp_path / "a.usdz")


def write_log(path: Path, events: list[EventAdd]) -> None:
    writer = LogWriter(path, "Town01", 1_700_000_000)
    for k in range(5):
        rows = [(e.actor_id, (100.0 * k, 0, 0), (0, 0, 0)) for e in events if k < e.uid]
        added = encode_varying(PacketKind.EVENT_ADD, events * (k == 0), encode_event_add)
        positions = encode_fixed(PacketKind.POSITION, np.array(rows, RECORDS[PacketKind.POSITION]))
        writer.write_frame(0.05, [added, positions])
    writer.close()


def event(actor_id: int, kind: int, blueprint: str, role: str, frames: int = 5) -> EventAdd:
    """An actor that lives for some frames."""
    attributes = (Attribute(3, "role_name", role),)
    return EventAdd(actor_id, kind, (0, 0, 0), (0, 0, 0), frames, blueprint, attributes)


def test_names_classes_and_sizes_without_bounding_boxes(map_path: Path, tmp_path: Path) -> None:
    events = [
        event(1, ActorKind.VEHICLE, "vehicle.tesla.model3", "hero", frames=3),
        event(2, ActorKind.VEHICLE, "vehicle.carlamotors.firetruck", "fire"),
        event(3, ActorKind.VEHICLE, "vehicle.mitsubishi.fusorosa", "autopilot"),
        event(4, ActorKind.VEHICLE, "vehicle.bh.crossbike", "autopilot"),
        event(5, ActorKind.WALKER, "walker.pedestrian.0001", ""),
        event(6, ActorKind.OTHER, "static.prop.box", "box"),
    ]
    write_log(tmp_path / "own.log", events)
    scene = build_scene(map_path, tmp_path / "own.log", load_rig("demo"), tmp_path / "own.usdz")
    assert [(t.track_id, t.label_class) for t in scene.tracks] == [
        ("fire", "heavy_truck"),
        ("actor_3", "bus"),
        ("actor_4", "rider"),
        ("actor_5", "person"),
    ]
    truck, walker = scene.track("fire"), scene.track("actor_5")
    assert truck is not None
    assert walker is not None
    assert truck.size_m[0] > 7.0
    in_map = scene.map_from_world @ truck.world_from_box[0]
    assert in_map[2, 3] == pytest.approx(truck.size_m[2] / 2, abs=1e-6)
    feet = scene.map_from_world @ walker.world_from_box[0]
    assert feet[2, 3] == pytest.approx(0.0, abs=1e-6)


def test_an_ego_that_lives_shorter_stands_still(map_path: Path, tmp_path: Path) -> None:
    write_log(
        tmp_path / "own.log", [event(1, ActorKind.VEHICLE, "vehicle.tesla.model3", "hero", 3)]
    )
    way = build_scene(
        map_path, tmp_path / "own.log", load_rig("demo"), tmp_path / "own.usdz"
    ).rig_trajectory
    assert (way.stamps_us - way.stamps_us[0]).tolist() == [0, 50_000, 100_000, 200_000]
    assert way.world_from_rig[-1][0, 3] == pytest.approx(2.0, abs=1e-6)

"""A scene built from a bag holds what the messages in the bag say."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera, camera_to_json
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.recording import BagOptions, BagReader, BagWriter
from carla_nurec_bridge.recording.read_back.drive import read_drive
from carla_nurec_bridge.recording.types import store_of
from carla_nurec_bridge.scene import Scene, open_scene

T0_S = 1_700_000_000
DT_NS = 50_000_000
FRAMES = 21
MAP = """<?xml version="1.0"?>
<OpenDRIVE><header revMajor="1" revMinor="4" name="m">
<geoReference>+lat_0=48 +lon_0=11 +alt_0=500</geoReference></header>
<road name="r" length="400" id="1" junction="-1">
<planView><geometry s="0" x="0" y="0" hdg="0" length="400"><line/></geometry></planView>
<elevationProfile/><lateralProfile/>
<lanes><laneSection s="0">
<center><lane id="0" type="none" level="false"/></center>
<right><lane id="-1" type="driving" level="false">
<width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right>
</laneSection></lanes></road></OpenDRIVE>
"""
ROBOT = """<robot name="ego"><link name="base_link"><visual><origin xyz="1.4 0 0.7"/>
<geometry><box size="4.7 1.9 1.4"/></geometry></visual></link></robot>"""
LENS = OpenCVPinholeCamera.from_fov(64, 48, 90.0)
MOUNT = [[0.0, 0.0, 1.0, 1.5], [-1.0, 0.0, 0.0, 0.2], [0.0, -1.0, 0.0, 1.4], [0.0, 0.0, 0.0, 1.0]]


class Maker:
    """Messages and their streams, by the type store that the recorder itself uses."""

    def __init__(self, writer: BagWriter, namespace: str = "") -> None:
        self._writer = writer
        self._namespace = namespace
        self._streams: dict[str, int] = {}

    def write(self, topic: str, kind: str, stamp: int, content: dict[str, Any]) -> None:
        store = store_of(kind)
        name = topic if topic.startswith("/") else f"{self._namespace}/{topic}"
        if name not in self._streams:
            self._streams[name] = self._writer.add_stream(name, kind, ())
        data = store.serialize_cdr(self._message(store, kind, content), kind)
        self._writer.write(self._streams[name], stamp, bytes(data))

    def _message(self, store: Any, kind: str, content: dict[str, Any]) -> Any:
        """Return a message with the fields that are given and zeros elsewhere."""
        fields = {}
        for name, (what, detail) in store.fielddefs[kind][1]:
            given = content.get(name)
            fields[name] = self._field(store, what.name, detail, given)
        return store.types[kind](**fields)

    def _field(self, store: Any, what: str, detail: Any, given: Any) -> Any:
        if what == "NAME":
            return self._message(store, detail, given or {})
        if what == "BASE":
            empty: Any = "" if detail[0] == "string" else 0
            return empty if given is None else given
        (inner, element), length = detail
        if what == "ARRAY":
            return np.zeros(length)
        if inner.name == "BASE":
            return np.zeros(0, element[0])
        return [self._message(store, element, one) for one in given or ()]


def pose(x: float, y: float, z: float, yaw: float) -> dict[str, Any]:
    turn = {"z": math.sin(yaw / 2), "w": math.cos(yaw / 2)}
    return {"position": {"x": x, "y": y, "z": z}, "orientation": turn}


def stamped(stamp: int, frame: str) -> dict[str, Any]:
    return {"stamp": {"sec": stamp // 10**9, "nanosec": stamp % 10**9}, "frame_id": frame}


def detection(identity: str, kind: str, at: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": identity,
        "results": [{"hypothesis": {"class_id": kind, "score": 1.0}}],
        "bbox": {"center": at, "size": {"x": 4.0, "y": 1.8, "z": 1.5}},
    }


def calibration(source: str, name: str) -> dict[str, Any]:
    return {
        "data": json.dumps(
            {
                "name": name,
                "source": source,
                "camera_model": camera_to_json(LENS, Shutter.GLOBAL),
                "shutter_s": 0.0,
                "rig_from_camera": MOUNT,
            }
        )
    }


def ego(k: int) -> tuple[float, float, float]:
    """The ego in odom: 10 m/s, turning at 0.2 rad/s."""
    t = k * DT_NS / 1e9
    return 50 * math.sin(0.2 * t), 50 - 50 * math.cos(0.2 * t), 0.2 * t


def write_bag(
    path: Path,
    namespaces: tuple[str, ...] = ("/ego1",),
    *,
    with_map: bool = True,
    appearance: str = "objects/appearance",
    drift_m: float = 0.0,
) -> Path:
    with BagWriter(path, BagOptions()) as writer:
        for namespace in namespaces:
            maker = Maker(writer, namespace)
            _fill(maker, with_map=with_map, appearance=appearance, drift_m=drift_m)
    return path


def _fill(out: Maker, *, with_map: bool, appearance: str, drift_m: float) -> None:
    string, first = "std_msgs/msg/String", T0_S * 10**9
    turned = {"translation": {"x": 100.0, "y": -3.0, "z": 0.5}, "rotation": pose(0, 0, 0, 0.3)}
    turned["rotation"] = turned["rotation"]["orientation"]
    edge = {"header": stamped(first, "map"), "child_frame_id": "odom", "transform": turned}
    out.write("/tf_static", "tf2_msgs/msg/TFMessage", first, {"transforms": [edge]})
    if with_map:
        out.write("map/opendrive", string, first, {"data": MAP})
    out.write("objects/tracks", string, first, {"data": '{"7": "lead", "9": null}'})
    appearances = {
        "7": {"blueprint": "vehicle.audi.tt", "colour": [1, 2, 3]},
        "9": {"blueprint": "walker.pedestrian.0001", "colour": None},
    }
    out.write(appearance, string, first, {"data": json.dumps(appearances)})
    out.write("robot_description", string, first, {"data": ROBOT})
    for source, name in (("nurec", "front"), ("carla", "spare")):
        out.write(f"camera/{name}/calibration", string, first, calibration(source, name))
    for k in range(FRAMES):
        stamp = first + k * DT_NS
        x, y, yaw = ego(k)
        estimated = pose(x + drift_m * k, y, 0.0, yaw)
        place = {"header": stamped(stamp, "odom"), "pose": {"pose": estimated}}
        out.write("odometry", "nav_msgs/msg/Odometry", stamp, place)
        if drift_m:
            truth = {"header": stamped(stamp, "map"), "pose": {"pose": pose(x, y, 0.0, yaw)}}
            out.write("odometry/ground_truth", "nav_msgs/msg/Odometry", stamp, truth)
        seen = [detection("7", "car", pose(120 + 0.4 * k, -1.5, 0.75, 0.0))]
        if 5 <= k < 15:  # walks, is put elsewhere, walks on
            away = 30.0 if k >= 10 else 0.0
            seen.append(detection("9", "pedestrian", pose(110, 5 + 0.1 * k + away, 0.9, 1.5)))
        boxes = {"header": stamped(stamp, "map"), "detections": seen}
        out.write("objects", "vision_msgs/msg/Detection3DArray", stamp, boxes)
        if k and k % 2 == 0:
            info = {"header": stamped(stamp, "front_optical_frame")}
            out.write("camera/front/camera_info", "sensor_msgs/msg/CameraInfo", stamp, info)
        if k == 2:
            cloud = {"header": stamped(stamp, "top_link")}
            out.write("lidar/top/points", "sensor_msgs/msg/PointCloud2", stamp, cloud)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("bag")
    bag, out = write_bag(folder / "bag"), folder / "again.usdz"
    assert main(["scene", "build", "--bag", str(bag), "-o", str(out)]) == 0
    return open_scene(out)


def test_the_ego_is_where_odometry_and_tf_have_it(scene: Scene) -> None:
    assert scene.time_range_us == (T0_S * 10**6, T0_S * 10**6 + 1_000_001)
    turn = np.array([[math.cos(0.3), -math.sin(0.3)], [math.sin(0.3), math.cos(0.3)]])
    for k in range(FRAMES):
        x, y, yaw = ego(k)
        found = scene.map_from_world @ scene.rig_trajectory.at(T0_S * 10**6 + k * 50_000)
        assert found[:2, 3] == pytest.approx(turn @ (x, y) + (100.0, -3.0), abs=1e-6)
        assert found[2, 3] == pytest.approx(0.5, abs=1e-6)
        assert math.atan2(found[1, 0], found[0, 0]) == pytest.approx(yaw + 0.3, abs=1e-9)


def test_where_odometry_drifts_the_ego_is_where_it_truly_was(tmp_path: Path) -> None:
    with BagReader(write_bag(tmp_path / "bag", drift_m=0.5)) as bag:
        states = read_drive(bag).states
    assert len(states) == FRAMES
    for k, state in enumerate(states):
        assert state.ego.map_from_base[:2, 3] == pytest.approx(ego(k)[:2], abs=1e-9)


def test_the_ego_has_the_size_of_its_description(scene: Scene) -> None:
    assert scene.ego_box is not None
    assert (scene.ego_box.size_m, scene.ego_box.centre_m) == ((4.7, 1.9, 1.4), (1.4, 0.0, 0.7))


def test_bags_that_call_the_appearance_looks_are_read_too(scene: Scene, tmp_path: Path) -> None:
    bag, out = write_bag(tmp_path / "bag", appearance="objects/looks"), tmp_path / "old.usdz"
    assert main(["scene", "build", "--bag", str(bag), "-o", str(out)]) == 0
    appearances = [track.appearance for track in scene.tracks]
    assert [track.appearance for track in open_scene(out).tracks] == appearances
    assert None not in appearances


def test_objects_become_tracks(scene: Scene) -> None:
    lead, walker = scene.tracks
    assert (lead.track_id, lead.label_class) == ("lead", "automobile")
    assert (walker.track_id, walker.label_class) == ("actor_9", "person")
    assert lead.appearance is not None
    assert (lead.appearance.blueprint, lead.appearance.colour) == ("vehicle.audi.tt", (1, 2, 3))
    assert lead.size_m == (4.0, 1.8, 1.5)
    box = scene.map_from_world @ lead.at(T0_S * 10**6 + 10 * 50_000)
    assert box[:3, 3] == pytest.approx((124.0, -1.5, 0.75), abs=1e-6)
    stamps = walker.stamps_us - T0_S * 10**6
    assert (stamps[0], stamps[-1], len(stamps)) == (250_000, 700_000, 11)
    assert stamps[4:7].tolist() == [450_000, 499_999, 500_000], "a teleport takes a microsecond"


def test_cameras_have_their_lens_mount_and_frames(scene: Scene) -> None:
    (camera,) = scene.cameras
    assert camera.logical_id == "camera_front"
    assert camera.model == LENS
    assert camera.rig_from_camera.tolist() == MOUNT
    assert (camera.frame_stamps_us[:, 1] - T0_S * 10**6).tolist() == [
        100_000 * k for k in range(1, 11)
    ]
    assert scene.lidar_ids == ("top",)


def test_a_rig_takes_the_place_of_the_bags(tmp_path: Path) -> None:
    bag, out = write_bag(tmp_path / "bag"), tmp_path / "s.usdz"
    assert main(["scene", "build", "--bag", str(bag), "--rig", "demo", "-o", str(out)]) == 0
    assert len(open_scene(out).cameras) == 3


def test_bags_that_make_no_scene(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = write_bag(tmp_path / "two", ("/a", "/b"))
    assert main(["scene", "build", "--bag", str(two), "-o", "x.usdz"]) == 2
    words = " ".join(capsys.readouterr().err.split())
    assert "/a/odometry and /b/odometry; a drive has one ego" in words
    with BagWriter(tmp_path / "none", BagOptions()) as writer:
        maker = Maker(writer)
        maker.write("map/opendrive", "std_msgs/msg/String", 5, {"data": MAP})
        maker.write("odometry", "std_msgs/msg/String", 5, {"data": "another program's"})
    assert main(["scene", "build", "--bag", str(tmp_path / "none"), "-o", "x.usdz"]) == 2
    assert "it holds too little odometry" in capsys.readouterr().err
    bare = write_bag(tmp_path / "bare", with_map=False)
    assert main(["scene", "build", "--bag", str(bare), "-o", "x.usdz"]) == 2
    assert "it holds too little map/opendrive; give --map" in capsys.readouterr().err
    (tmp_path / "m.xodr").write_text(MAP)
    out = tmp_path / "m.usdz"
    argv = ["scene", "build", "--bag", bare, "--map", tmp_path / "m.xodr", "-o", out]
    assert main([str(a) for a in argv]) == 0
    assert open_scene(out).xodr == MAP

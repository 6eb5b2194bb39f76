"""Sensor files of every dialect become the same cameras; errors name file and field."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from carla_nurec_bridge.core.cameras.models import FThetaCamera
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.cosmos.sensor_files.sensor_rig import in_world, on_vehicle
from carla_nurec_bridge.cosmos.sensor_files.sensor_yaml import read_sensor_yaml

AOVS = ("rgb", "depth", "semantic_segmentation", "instance_segmentation", "normals")
MOUNT = {"location": {"x": 0, "y": 0, "z": 1.8}, "rotation": {"pitch": 8, "yaw": 0, "roll": 0}}
ROADSIDE = {
    "location": {"x": -6100, "y": 1600, "z": 1000},
    "rotation": {"pitch": -45, "yaw": 305, "roll": 0},
}


def entry(sensor: str, transform: dict = MOUNT, **more: object) -> dict:
    attributes = {"image_size_x": 1920, "image_size_y": "1080", "fov": 110}
    return {"sensor": sensor, "attributes": attributes, "transform": transform, **more}


def write(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "sensors.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def test_the_pictures_of_one_place_are_one_camera(tmp_path: Path) -> None:
    sensors = read_sensor_yaml(write(tmp_path, [entry(aov) for aov in AOVS]), 20.0)
    (camera,) = sensors.rig.cameras
    assert sensors.anchor == "actor"
    assert camera.outputs == ("rgb", "depth", "semantic", "instance", "normals")
    assert (camera.model.width, camera.model.height, camera.rate_hz) == (1920, 1080, 20.0)
    # f = w / (2 tan(fov / 2)); pitch +8 looks up: the axis has x = cos 8, z = sin 8.
    assert camera.model.focal_length[0] == pytest.approx(960 / np.tan(np.radians(55)))
    axis = camera.rig_from_camera[:3, 2]
    assert axis == pytest.approx([np.cos(np.radians(8)), 0, np.sin(np.radians(8))])
    assert camera.rig_from_camera[:3, 3] == pytest.approx([0, 0, 1.8])


def test_a_vehicle_carries_them_at_its_origin_not_at_its_axle(tmp_path: Path) -> None:
    left = {"location": {"x": 0.5, "y": -0.9, "z": 1.5}, "rotation": {"yaw": -90}}
    path = write(tmp_path, [entry("rgb"), entry("rgb", left)])
    sensors = read_sensor_yaml(path, 10.0)
    assert [camera.name for camera in sensors.rig.cameras] == ["camera_1", "camera_2"]
    base_from_actor = np.eye(4)
    base_from_actor[0, 3] = 1.4  # the axle is 1.4 m behind CARLA's origin
    rig, notes = on_vehicle(sensors, base_from_actor, (1.4, 0, 0.8), (4.6, 1.9, 1.5))
    assert rig.cameras[1].rig_from_camera[:3, 3] == pytest.approx([1.9, 0.9, 1.5])
    assert rig.cameras[1].rig_from_camera[:3, 2] == pytest.approx([0, 1, 0])  # looks left
    assert notes == ()


@pytest.mark.parametrize("stated", [False, True])
def test_roadside_cameras_are_centimetres_of_the_world(tmp_path: Path, stated: bool) -> None:
    content: dict = {"sensors": [entry("rgb", ROADSIDE), entry("depth", ROADSIDE)]}
    if stated:
        content |= {"units": "cm", "frame": "world"}
    sensors = read_sensor_yaml(write(tmp_path, content), 30.0)
    (camera,) = in_world(sensors)
    # y is mirrored; yaw 305 is -55, in the map +55; pitch -45 looks down.
    assert camera.rig_from_camera[:3, 3] == pytest.approx([-61, -16, 10])
    half = np.sqrt(0.5)
    looks = [half * np.cos(np.radians(55)), half * np.sin(np.radians(55)), -half]
    assert camera.rig_from_camera[:3, 2] == pytest.approx(looks)
    assert any("taken as cm in the world" in note for note in sensors.notes) is not stated
    with pytest.raises(InputError, match="stand in the world"):
        on_vehicle(sensors, np.eye(4), (0, 0, 0), (1, 1, 1))


def test_the_newer_rig_lifts_cameras_out_of_the_vehicle(tmp_path: Path) -> None:
    cameras = [
        {"name": "camera:front:wide:120fov", "hfov": 120, "t": [1.7, 0, 1.2], "rpy": [0, 0, 0]},
        {
            "name": "camera:cross:left:120fov",
            "hfov": 120,
            "t": [2, 1.2, 1],
            "rpy": [0, 0, 60],
            "width": 640,
            "height": 360,
        },
    ]
    rig = {"name": "AV 2", "mount": "roofline", "margin": 0.1, "cameras": cameras}
    sensors = read_sensor_yaml(write(tmp_path, rig), 30.0)
    assert sensors.anchor == "base"
    placed, notes = on_vehicle(sensors, np.eye(4), (1.4, 0, 0.75), (4.6, 1.9, 1.5))
    front, left = placed.cameras
    assert (front.name, left.name) == ("camera_front_wide_120fov", "camera_cross_left_120fov")
    assert (front.model.width, front.model.height) == (1280, 720)
    assert front.rig_from_camera[2, 3] == pytest.approx(1.6)  # roof at 1.5 m, 0.1 m above it
    assert left.rig_from_camera[2, 3] == pytest.approx(1.0)  # stands beside the vehicle
    assert left.rig_from_camera[:3, 2] == pytest.approx([0.5, np.sqrt(0.75), 0])
    assert len(notes) == 1
    assert "camera_front_wide_120fov is lifted from 1.20 m to 1.60 m" in notes[0]


def test_lenses_of_the_hd_map_entry(tmp_path: Path) -> None:
    focal = float(960 / np.tan(np.radians(55)))
    pinhole = entry("rds_hq", pinhole_parameters={"focal_length": focal})
    sensors = read_sensor_yaml(write(tmp_path, [entry("rgb"), pinhole]), 20.0)
    assert sensors.hdmaps == {"camera"}
    assert sensors.rig.cameras[0].outputs == ("rgb",)
    wide = entry("rgb")
    wide["attributes"]["wide_angle_lens"] = True
    lens = {"polynomials": {"k0": 0, "k1": 257}, "is_bw_poly": False, "linear": {"c": 1.01}}
    path = write(tmp_path, [wide, entry("rds_hq", ftheta_parameters=lens)])
    model = read_sensor_yaml(path, 20.0).rig.cameras[0].model
    assert isinstance(model, FThetaCamera)
    # 60 degrees to the right of the axis: 257 px a radian, stretched by c.
    pixel, seen = model.project(np.array([[np.sqrt(0.75), 0, 0.5]]))
    assert seen.all()
    assert pixel[0] == pytest.approx([960 + 1.01 * 257 * np.pi / 3, 540])


def changed(**changes: object) -> dict:
    made = entry("depth")
    made["attributes"] |= changes
    return made


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([entry("rgb"), entry("lidar")], r"field 1.sensor: .*found 'lidar'"),
        ([entry("rgb", {"rotation": {}})], r"field 0.transform.location: Field required"),
        ([entry("rgb"), changed(fov=90)], r"field 1.attributes.fov: 90 where sensors.0 has 110"),
        ([entry("rgb"), changed(image_size_x=800)], r"field 1.attributes: depth has another size"),
        ([entry("rgb"), entry("depth", ROADSIDE)], r"field 1.transform: depth has another place"),
        ([entry("rgb"), entry("rgb")], r"field 1.sensor: a second rgb where sensors.0 stands"),
        ([changed(fov="wide")], r"field 0: attributes.fov is 'wide'; a number from 1 to 178.9"),
        ([changed(gama=1)], r"field 0: sensor.camera.depth has no attribute 'gama'"),
        ([changed(wide_angle_lens=True)], r"field 0.attributes.wide_angle_lens: needs an rds_hq"),
        (
            [entry("rgb"), entry("rds_hq", pinhole_parameters={"focal_length": 2000})],
            r"field 1.pinhole_parameters.focal_length: 2000 px is a fov of 51.28 deg",
        ),
        (
            {"sensors": [entry("rgb", ROADSIDE)], "frame": "vehicle"},
            r"field frame: a camera 6100 m away is on no vehicle",
        ),
        ({"sensors": [entry("lidar")]}, r"field sensors.0.sensor: .*found 'lidar'"),
        ({"sensors": [entry("rgb")], "units": "mm"}, r"field units: .*found 'mm'"),
        (
            {
                "name": "a",
                "cameras": [{"name": "c", "hfov": 200, "t": [0, 0, 0], "rpy": [0, 0, 0]}],
            },
            r"field cameras.0.hfov: .*found 200",
        ),
        (
            {"name": "a", "cameras": [{"name": "c", "hfov": 90, "t": [0, 0], "rpy": [0, 0, 0]}]},
            r"field cameras.0.t",
        ),
        ("text", r"is no sensor file"),
        ([], r"sensors"),
    ],
)
def test_errors_name_the_file_and_the_field(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        read_sensor_yaml(write(tmp_path, content), 20.0)
    assert "sensors.yaml" in str(raised.value)


def test_attributes_without_effect_are_told(tmp_path: Path) -> None:
    made = entry("rgb")
    made["attributes"]["gamma"] = 1.8
    sensors = read_sensor_yaml(write(tmp_path, [made]), 20.0)
    assert [note for note in sensors.notes if "sensors.0.attributes.gamma has no effect" in note]

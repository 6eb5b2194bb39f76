"""Rigs from YAML: the shipped one is true, wrong ones are named."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.rig.lidar import LidarFilter
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.rig.sensor_base import Sampling
from carla_nurec_bridge.core.rig.sensors.collision import CarlaCollision


@pytest.fixture
def demo():
    return load_rig("demo")


def test_the_demo_rig(demo):
    assert [camera.name for camera in demo.cameras] == [
        "front_wide_120fov",
        "cross_left_120fov",
        "cross_right_120fov",
        "carla_front",
    ]
    assert [lidar.device for lidar in demo.lidars] == ["PANDAR128"]
    front = demo.cameras[0]
    assert front.logical_id == "camera_front_wide_120fov"
    assert (front.model.width, front.model.height) == (640, 360)
    assert front.shutter is Shutter.ROLLING_TOP_TO_BOTTOM
    assert demo.cameras[3].outputs == ("rgb", "depth", "semantic", "instance", "normals")
    assert np.array_equal(demo.cameras[3].rig_from_camera, front.rig_from_camera)


@pytest.mark.parametrize(
    ("index", "forward", "position"),
    [  # optical z and position in the rig, columns 3 and 4 of the published T_sensor_rig
        (0, (0.9999045, -0.0050076, -0.0128785), (1.93808, -0.07461, 1.33327)),
        (1, (0.3922459, 0.9198247, 0.0081082), (2.61947, 0.88632, 0.82467)),
        (2, (0.4035104, -0.9149330, 0.0087728), (2.58366, -0.93268, 0.81203)),
    ],
)
def test_mounts_are_the_published_ones(demo, index, forward, position):
    pose = demo.cameras[index].rig_from_camera
    assert pose[:3, 2] == pytest.approx(forward, abs=3e-6)
    assert pose[:3, 3] == pytest.approx(position, abs=1e-4)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)


def test_cross_cameras_look_to_their_sides(demo):
    left, right = demo.cameras[1].rig_from_camera[:3, 2], demo.cameras[2].rig_from_camera[:3, 2]
    assert left[1] > 0.9
    assert right[1] < -0.9


def test_a_lidar_may_ask_for_fewer_returns(tmp_path):
    content = yaml.safe_load((Path(__file__).parents[4] / "config/rigs/demo.yaml").read_text())
    content["lidars"][0]["filter"] = {"opacity_threshold": 0.7, "distance_threshold": 0.05}
    path = tmp_path / "filtered.yaml"
    path.write_text(yaml.safe_dump(content))
    assert load_rig(path).lidars[0].filter == LidarFilter(None, 0.7, 0.05)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda r: r["cameras"][0].update(rate_hz=0), r"cameras\.0\.rate_hz.*found 0"),
        (lambda r: r["cameras"][1].update(colour="red"), r"cameras\.1\.colour.*found 'red'"),
        (lambda r: r["cameras"][0].pop("mount"), r"cameras\.0\.mount: Field required"),
        (lambda r: r["lidars"][0].update(device="VLP16"), r"lidars\.0\.device.*found 'VLP16'"),
        (
            lambda r: r["lidars"][0].update(filter={"opacity_threshold": 2}),
            r"lidars\.0\.filter\.opacity_threshold.*found 2",
        ),
        (lambda r: r["lidars"][0].update(name="carla_front"), "used twice: carla_front"),
        (lambda r: r["cameras"][0].update(shutter_s=0.05), "shorter than the period of 0.05 s"),
        (lambda r: r["cameras"][0].update(outputs=["depth"]), "NuRec renders rgb only"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, change, text):
    content = yaml.safe_load((Path(__file__).parents[4] / "config/rigs/demo.yaml").read_text())
    change(content)
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=text) as error:
        load_rig(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_rig_names_the_shipped_ones():
    with pytest.raises(InputError, match="no rig file nowhere.*demo"):
        load_rig("nowhere")


CUSTOM = """
name: custom
cameras:
  - name: tele
    source: nurec
    logical_id: camera_front_tele_30fov
    calibration: custom
    resolution_ratio: 0.5
    rate_hz: 10
    image_format: png
    ego_mask: hyperion_8_1
    mount:
      rig_from_camera: [[0, 0, 1, 1.7], [-1, 0, 0, -0.1], [0, -1, 0, 1.5], [0, 0, 0, 1]]
    model:
      type: opencv-pinhole
      calibrated_at: [1920, 1080]
      principal_point: [960, 540]
      focal_length: [1500, 1500]
      radial_coeffs: [0.1, -0.02, 0, 0, 0, 0]
      crop: {x: 160, y: 90, width: 1600, height: 900}
      windshield:
        horizontal_poly: [0.001, 1.0, 0.0]
        vertical_poly: [0.0, 0.0, 1.0]
"""


def test_a_custom_camera_has_all_of_its_parts(tmp_path):
    path = tmp_path / "custom.yaml"
    path.write_text(CUSTOM)
    (camera,) = load_rig(path).cameras
    assert (camera.custom, camera.image_format, camera.ego_mask) == (True, "png", "hyperion_8_1")
    assert camera.rig_from_camera[:3, 2] == pytest.approx((1, 0, 0))
    assert camera.rig_from_camera[:3, 3] == pytest.approx((1.7, -0.1, 1.5))
    model = camera.model
    assert (model.width, model.height) == (800, 450)
    assert model.principal_point == pytest.approx((400, 225))
    assert model.focal_length == pytest.approx((750, 750))
    # A point is seen where the full picture has it, less the crop, at half the size.
    point = np.array([[0.3, -0.2, 2.0]])
    x, y = np.arcsin(point[0, :2] / np.linalg.norm(point)) + (0.001, 0.0)
    ray = np.array([np.sin(x), np.sin(y), 0.0])
    ray[2] = np.sqrt(1.0 - ray[0] ** 2 - ray[1] ** 2)
    u, v = ray[:2] / ray[2]
    bend = 1.0 + 0.1 * (u * u + v * v) - 0.02 * (u * u + v * v) ** 2
    wanted = (np.array([1500 * u * bend + 960 - 160, 1500 * v * bend + 540 - 90])) / 2.0
    assert model.project(point)[0][0] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "resolution_ratio: 0.5",
            "resolution: [80, 45]\n    resolution_ratio: 0.5",
            "one of the two",
        ),
        ("width: 1600", "width: 1800", "reaches beyond the calibrated picture of 1920 x 1080"),
        ("[0, -1, 0, 1.5]", "[0, -2, 0, 1.5]", "must be a rotation and a shift"),
        ("[0.001, 1.0, 0.0]", "[0.001, 1.0]", "at least 3|order n"),
    ],
)
def test_wrong_custom_cameras_are_named(tmp_path, old, new, text):
    path = tmp_path / "custom.yaml"
    path.write_text(CUSTOM.replace(old, new, 1))
    with pytest.raises(InputError, match=text):
        load_rig(path)


_LIDAR = {
    "name": "roof",
    "type": "lidar",
    "rate_hz": 10,
    "channels": 32,
    "points_per_sweep": 16384,
    "mount": {"position_m": [1.0, 0.5, 2.0]},
}


def _with_sensors(tmp_path, *entries):
    path = tmp_path / "rig.yaml"
    path.write_text(yaml.safe_dump({"name": "r", "cameras": [], "sensors": list(entries)}))
    return load_rig(path)


def test_sensors_of_carla_have_its_attributes(tmp_path):
    imu = {
        "name": "body",
        "type": "imu",
        "rate_hz": 20,
        "mount": {"position_m": [0, 0, 0]},
        "gyro_std_radps": [0.1, 0.2, 0.3],
        "gyro_bias_radps": [0.01, 0.02, 0.03],
    }
    roof, body, shell = _with_sensors(
        tmp_path, _LIDAR, imu, {"name": "shell", "type": "collision"}
    ).sensors
    sampling = Sampling(2, 0.1)
    attributes = dict(roof.attributes(sampling))
    assert attributes["points_per_second"] == "163840"  # 16384 points ten times a second
    assert attributes["rotation_frequency"] == "10.0"
    assert roof.fields == "xyzi"
    assert attributes["dropoff_general_rate"] == "0.0"
    assert roof.rig_from_sensor[:3, 3].tolist() == [1.0, 0.5, 2.0]
    still = SimpleNamespace(x=0.0, y=0.0, z=0.0)
    felt = body.decode([SimpleNamespace(accelerometer=still, gyroscope=still)], sampling)
    assert felt.variances[3:] == pytest.approx((0.01, 0.04, 0.09))
    turned = dict(body.attributes(sampling))  # CARLA's left-handed turns about x and z
    assert turned["noise_gyro_bias_x"] == "-0.01"
    assert turned["noise_gyro_bias_y"] == "0.02"
    assert isinstance(shell, CarlaCollision)
    assert shell.attributes(sampling) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"channels": 0}, "channels"),
        ({"upper_fov_deg": -40}, "lower_fov_deg must lie below"),
        ({"type": "semantic_lidar", "dropoff": True}, "no dropoff"),
        ({"type": "sonar"}, "sonar"),
        ({"fields": "xyzrit"}, "fields"),
        ({"type": "semantic_lidar", "fields": "xyzirt"}, "fields of a semantic lidar"),
        ({"colour": 1}, "colour"),
    ],
)
def test_wrong_sensors_are_named(tmp_path, change, words):
    with pytest.raises(InputError, match=words) as refused:
        _with_sensors(tmp_path, _LIDAR | change)
    assert "Value error" not in str(refused.value)
    assert "found dict" not in str(refused.value)


def test_a_crop_beyond_the_picture_is_refused_with_a_resolution_too(tmp_path):
    text = CUSTOM.replace("resolution_ratio: 0.5", "resolution: [800, 450]")
    assert text != CUSTOM
    path = tmp_path / "rig.yaml"
    path.write_text(text.replace("width: 1600", "width: 1800"))
    with pytest.raises(InputError, match="reaches beyond the calibrated picture"):
        load_rig(path)

"""Messages: exact values through serialisation, and no slow path for large arrays."""

from __future__ import annotations

import array
import json
import time
from types import SimpleNamespace

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from carla_nurec_bridge.core.cameras.models import OpenCVFisheyeCamera, OpenCVPinholeCamera
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.rig.clouds import LAYOUTS
from carla_nurec_bridge.core.rig.rig import RigLidar, load_rig
from carla_nurec_bridge.nurec.client.replies import CloudReply
from carla_nurec_bridge.recording import canonical
from carla_nurec_bridge.recording.read_back.messages import pose_matrix
from carla_nurec_bridge.ros.messages.bulk import BulkMessage, byte_array
from carla_nurec_bridge.ros.messages.camera_info import (
    calibration_json,
    camera_info,
    fit_equidistant,
)
from carla_nurec_bridge.ros.messages.convert import (
    bulk_cloud,
    bulk_compressed,
    bulk_fields,
    bulk_image,
    image_message,
    nanoseconds_of,
    pose_message,
    stamp_message,
)
from carla_nurec_bridge.ros.nurec.publisher import NurecPublisher

pytestmark = pytest.mark.ros


def test_a_nurec_lidar_is_published_with_the_fields_of_its_rig() -> None:
    lidar = RigLidar("top", "nurec", "AT128", np.eye(4), 10.0, fields="xyzirt")
    xyz = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]], np.float32)
    rings, times = np.array([3, 1], "<u2"), np.array([1.0, 0.25], "<f4")
    reply = CloudReply("top", xyz, np.array([0.5, 0.75], np.float32), None, rings, times)
    sent: dict[str, BulkMessage] = {}
    desk = SimpleNamespace(_publishers=SimpleNamespace(send=sent.__setitem__))
    NurecPublisher.cloud(desk, lidar, reply, 5)  # type: ignore[arg-type]
    message = sent["lidar/top/points"].message()
    cloud = np.frombuffer(message.data, LAYOUTS["xyzirt"])
    assert message.header.frame_id == "top_link"
    assert cloud["ring"].tolist() == [1, 3], "in the order of time"
    assert cloud["time"].tolist() == pytest.approx([-0.075, 0.0])
    assert cloud["intensity"].tolist() == [0.75, 0.5]
    NurecPublisher.cloud(desk, lidar, CloudReply("top", xyz, None), 5)  # type: ignore[arg-type]
    assert sent["lidar/top/points"].head.point_step == 16


@pytest.mark.parametrize(
    ("fields", "types"),
    [
        ("xyzirt", ["x7", "y7", "z7", "intensity7", "ring4", "time7"]),
        ("xyzirc", ["x7", "y7", "z7", "intensity2", "return_type2", "channel4"]),
        (
            "autoware",
            [
                "x7",
                "y7",
                "z7",
                "intensity2",
                "return_type2",
                "channel4",
                "azimuth7",
                "elevation7",
                "distance7",
                "time_stamp6",
            ],
        ),
    ],
)
def test_clouds_with_ring_and_time_have_their_types(fields: str, types: list[str]) -> None:
    """The numbers are those of sensor_msgs/PointField: 2 uint8, 4 uint16, 6 uint32, 7 float32."""
    for count in (0, 3):
        cloud = np.zeros(count, LAYOUTS[fields])  # type: ignore[index]
        message = bulk_fields(cloud, 5, "top_link").message()
        assert [f"{field.name}{field.datatype}" for field in message.fields] == types
        assert message.row_step == message.point_step * count == len(message.data)


def test_an_image_survives_with_its_numbers() -> None:
    depth = np.linspace(0, 1000, 12, dtype=np.float32).reshape(3, 4)
    depth[0, 0] = np.inf
    message = image_message(depth, "32FC1", 1_234_567_890_123_456_789, "cam_optical_frame")
    back = deserialize_message(serialize_message(message), Image)
    assert (back.height, back.width, back.step, back.encoding) == (3, 4, 16, "32FC1")
    assert nanoseconds_of(back.header.stamp) == 1_234_567_890_123_456_789
    np.testing.assert_array_equal(np.frombuffer(back.data, np.float32).reshape(3, 4), depth)


def test_an_image_of_another_type_is_refused() -> None:
    with pytest.raises(InputError, match="not 32FC1"):
        image_message(np.zeros((3, 4)), "32FC1", 0, "x")


def test_a_flipped_picture_is_made_contiguous() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[..., ::-1]
    message = image_message(pixels, "rgb8", 0, "x")
    np.testing.assert_array_equal(np.frombuffer(message.data, np.uint8).reshape(2, 4, 3), pixels)


def test_a_full_hd_picture_becomes_a_message_in_milliseconds() -> None:
    pixels = np.zeros((1080, 1920, 3), np.uint8)
    times = []
    for _ in range(5):
        started = time.thread_time()
        message = image_message(pixels, "rgb8", 0, "x")
        times.append(time.thread_time() - started)
    assert isinstance(message.data, array.array)
    assert min(times) < 0.02


# Frame ids of every length to alignment: what stands before the data is padded differently.
@pytest.mark.parametrize("frame_id", ["", "a", "ab", "abc", "abcd"])
@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_bulk_message_is_what_rclpy_would_send(frame_id: str, size: int) -> None:
    rows = np.arange(size * 3, dtype=np.uint8).reshape(1, size, 3)
    for make in (
        lambda: bulk_image(rows, "rgb8", 5, frame_id),
        lambda: bulk_compressed(bytes(range(size)), 5, frame_id),
        lambda: bulk_cloud(np.ones((size, 4), np.float32), 5, frame_id),
    ):
        one = make()
        message, sent = one.message(), one.serialized()
        assert sent == make().serialized()  # whichever is asked for first
        kind = f"sensor_msgs/msg/{type(message).__name__}"
        assert canonical(sent, kind) == canonical(serialize_message(message), kind)


def test_bytes_are_copied_exactly() -> None:
    assert byte_array(b"\x00\xff\x10").tobytes() == b"\x00\xff\x10"
    with pytest.raises((BufferError, TypeError)):
        byte_array(np.zeros((4, 4), np.uint8)[:, ::2])


def test_a_cloud_survives_with_its_points() -> None:
    points = np.random.default_rng(1).normal(size=(1000, 4)).astype(np.float32)
    back = deserialize_message(bulk_cloud(points, 5, "top_link").serialized(), PointCloud2)
    assert [f.name for f in back.fields] == ["x", "y", "z", "intensity"]
    assert (back.width, back.point_step, back.row_step) == (1000, 16, 16000)
    np.testing.assert_array_equal(np.frombuffer(back.data, np.float32).reshape(-1, 4), points)


def test_an_empty_cloud_is_a_cloud() -> None:
    data = bulk_cloud(np.zeros((0, 4), np.float32), 5, "top_link").serialized()
    assert deserialize_message(data, PointCloud2).width == 0


@pytest.mark.parametrize("stamp", [1, 999_999_999, 1_150_000_000, 1_637_676_528_050_000_000])
def test_stamps_are_exact(stamp: int) -> None:
    assert nanoseconds_of(stamp_message(stamp)) == stamp


def test_poses_go_there_and_back() -> None:
    pose = matrix_from_xyz_rpy((1.0, -2.0, 3.0), (0.3, -0.2, 2.9))
    np.testing.assert_allclose(pose_matrix(pose_message(pose)), pose, atol=1e-12)


def test_a_pinhole_has_the_camera_matrix_that_projects() -> None:
    model = OpenCVPinholeCamera.from_fov(640, 360, 90.0)
    info = camera_info(model, 7, "x_optical_frame")
    assert info.distortion_model == "plumb_bob"
    assert not any(info.d)
    point = np.array([0.5, -0.3, 2.0])
    uv = (info.k.reshape(3, 3) @ point)[:2] / point[2]
    pixels, valid = model.project(point[None])
    assert valid[0]
    # A pixel's centre is (i + 0.5) for the camera models, i for ROS.
    np.testing.assert_allclose(uv, pixels[0] - 0.5, atol=1e-9)


def test_an_opencv_fisheye_is_equidistant_as_it_is() -> None:
    model = OpenCVFisheyeCamera(640, 360, (320.0, 180.0), (300.0, 301.0), (0.1, 0.01, 0, 0), 1.4)
    info = camera_info(model, 7, "x")
    assert info.distortion_model == "equidistant"
    np.testing.assert_allclose(info.d, [0.1, 0.01, 0, 0])


def _equidistant_pixels(info: CameraInfo, rays: np.ndarray) -> np.ndarray:
    """Project as OpenCV's fisheye model is defined, from the message alone."""
    angle = np.arccos(rays[:, 2] / np.linalg.norm(rays, axis=1))
    k = info.d
    distorted = angle * (1 + k[0] * angle**2 + k[1] * angle**4 + k[2] * angle**6 + k[3] * angle**8)
    direction = rays[:, :2] / np.linalg.norm(rays[:, :2], axis=1, keepdims=True)
    matrix = info.k.reshape(3, 3)
    return direction * distorted[:, None] * matrix[[0, 1], [0, 1]] + matrix[:2, 2]


def test_the_demo_lenses_are_equidistant_within_half_a_pixel() -> None:
    for camera in load_rig("demo").cameras:
        if camera.source != "nurec":
            continue
        info = camera_info(camera.model, 0, "x")
        assert info.distortion_model == "equidistant"
        corners = np.array([[0.5, 0.5], [639.5, 0.5], [0.5, 359.5], [639.5, 359.5], [100, 300]])
        rays, valid = camera.model.unproject(corners)
        assert valid.any()
        error = _equidistant_pixels(info, rays[valid]) - (corners[valid] - 0.5)
        assert np.linalg.norm(error, axis=1).max() <= 0.5, camera.name


def test_a_lens_that_no_ros_model_fits_says_so() -> None:
    from dataclasses import replace

    model = load_rig("demo").cameras[0].model
    bent = replace(model, linear_cde=(1.02, 0.0, 0.0))
    assert fit_equidistant(bent).error_px > 0.5
    info = camera_info(bent, 0, "x")
    assert info.distortion_model == "ftheta"
    np.testing.assert_allclose(info.d, [*bent.angle_to_pixeldist, *bent.linear_cde], rtol=0, atol=0)


def test_the_exact_calibration_is_json() -> None:
    camera = load_rig("demo").cameras[0]
    text = calibration_json(
        camera.name,
        "nurec",
        camera.model,
        camera.shutter,
        camera.shutter_s,
        camera.rig_from_camera,
    )
    content = json.loads(text)
    assert content["camera_model"]["type"] == "ftheta"
    np.testing.assert_allclose(content["rig_from_camera"], camera.rig_from_camera)

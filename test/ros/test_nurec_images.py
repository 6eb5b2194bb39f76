"""What becomes of NuRec's bytes: unchanged, decoded, bare planes, and undistorted to P."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from carla_nurec_bridge.core.errors import InputError, ProtocolError
from carla_nurec_bridge.core.rig.rig import Rig, RigCamera, load_rig
from carla_nurec_bridge.core.run_contract.streams import NUREC, plan_streams
from carla_nurec_bridge.nurec.client.replies import ImageReply
from carla_nurec_bridge.nurec.client.requests import CameraRequest, ImageFormat
from carla_nurec_bridge.ros.nurec.publisher import NurecPublisher
from carla_nurec_bridge.ros.publishers.publishers import Publishers
from carla_nurec_bridge.ros.publishers.qos import profile

pytestmark = pytest.mark.ros

RIG = load_rig("demo")
CAMERA = replace(RIG.cameras[0], image_format="planar")
REQUEST = CameraRequest(
    name=CAMERA.name,
    logical_id=CAMERA.logical_id,
    model=CAMERA.model,
    shutter=CAMERA.shutter,
    world_from_camera_start=np.eye(4),
    world_from_camera_end=np.eye(4),
    start_us=0,
    end_us=1,
    image_format=ImageFormat.RGB_UINT8_PLANAR,
)


def _waves(rays: Any) -> Any:
    """A picture that a direction alone decides: (N, 3) colours of (N, 3) rays."""
    x, y = rays[:, 0] / rays[:, 2], rays[:, 1] / rays[:, 2]
    waves = np.stack([np.sin(6 * x), np.sin(6 * y), np.cos(4 * (x + y))], axis=1)
    return np.round(128.0 + 100.0 * waves).astype(np.uint8)


def _grid(width: int, height: int) -> Any:
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.column_stack([u.ravel(), v.ravel()])


def _seen(camera: RigCamera) -> Any:
    model = camera.model
    rays, valid = model.unproject(_grid(model.width, model.height))
    forward = valid & (rays[:, 2] > 0.2)
    pixels = np.zeros((len(rays), 3), np.uint8)
    pixels[forward] = _waves(rays[forward])
    return pixels.reshape(model.height, model.width, 3)


@pytest.fixture
def context() -> Iterator[Context]:
    made = Context()
    rclpy.init(context=made)
    yield made
    made.try_shutdown()


@pytest.mark.parametrize("fov_deg", [0.0, 60.0])
def test_the_rectified_picture_is_the_pinhole_of_p(context: Context, fov_deg: float) -> None:
    node, user = Node(NUREC, context=context), Node("user", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(user)
    rig = Rig("one", (CAMERA,), ())
    streams = [s for s in plan_streams(rig, 50_000_000, [NUREC]) if s.producer == NUREC]
    publisher = NurecPublisher(node, Publishers(node, streams), rig, ["*"], fov_deg)
    got: dict[str, Any] = {}
    base = f"camera/{CAMERA.name}/"
    for kind, name in (
        (Image, "image_raw"),
        (Image, "image_rect"),
        (CameraInfo, "camera_info"),
        (CompressedImage, "image_raw/compressed"),
    ):
        user.create_subscription(
            kind, base + name, lambda m, n=name: got.setdefault(n, m), profile("sensor")
        )
    raw = _seen(CAMERA)
    reply = ImageReply(REQUEST, raw.transpose(2, 0, 1).tobytes())
    deadline = time.monotonic() + 60.0
    while len(got) < 4 and time.monotonic() < deadline:
        publisher.image(CAMERA, reply, 5_000_000_000)
        executor.spin_once(timeout_sec=0.2)
    executor.shutdown()
    assert got.keys() == {"image_raw", "image_rect", "camera_info", "image_raw/compressed"}
    shape = raw.shape
    assert np.array_equal(np.array(got["image_raw"].data).reshape(shape), raw), "nothing is lost"
    jpeg = cv2.imdecode(np.array(got["image_raw/compressed"].data), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(jpeg.astype(int) - raw).mean() < 3.0
    assert got["image_rect"].header == got["camera_info"].header
    flat = np.array(got["image_rect"].data).reshape(shape)

    p = np.array(got["camera_info"].p).reshape(3, 4)
    if fov_deg:
        assert p[0, 0] == pytest.approx(0.5 * shape[1] / np.tan(np.radians(fov_deg) / 2))
    whole = _grid(shape[1], shape[0]) - 0.5
    rays = np.column_stack([whole, np.ones(len(whole))]) @ np.linalg.inv(p[:, :3]).T
    wanted = _waves(rays).reshape(shape)
    off = np.abs(flat.astype(int) - wanted).max(axis=2)[flat.any(axis=2)]
    assert len(off) > 0.8 * shape[0] * shape[1]
    assert np.percentile(off, 99) <= 3.0
    for each in (node, user):
        each.destroy_node()


def test_a_camera_that_nurec_does_not_draw_cannot_be_rectified(context: Context) -> None:
    node = Node(NUREC, context=context)
    with pytest.raises(InputError, match="'carla_front' is no NuRec camera.*front_wide_120fov"):
        NurecPublisher(node, Publishers(node, []), RIG, ["carla_front"])
    node.destroy_node()


def test_too_few_planes_are_named() -> None:
    with pytest.raises(ProtocolError, match="640 x 360 has 691200 bytes, NuRec sent 7"):
        ImageReply(REQUEST, b"not all").compressed()


def test_an_image_that_failed_says_why_to_whoever_reads_it() -> None:
    with pytest.raises(ProtocolError, match="NOT_FOUND"):
        ImageReply(REQUEST, None, "front: NOT_FOUND: no such camera").compressed()

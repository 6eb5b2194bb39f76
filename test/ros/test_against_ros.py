"""Our messages as cv_bridge and tf_transformations read them, where ROS has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import simplejpeg

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.ros.messages.convert import compressed_message, image_message, pose_message

pytestmark = pytest.mark.ros

STAMP_NS = 1_700_000_000_123_456_789
SHAPE = (6, 10)
RANDOM = np.random.default_rng(4)
PICTURES: dict[str, Any] = {
    "rgb8": RANDOM.integers(0, 256, (*SHAPE, 3), np.uint8),
    "8UC1": RANDOM.integers(0, 256, SHAPE, np.uint8),
    "32FC1": RANDOM.uniform(0.0, 1000.0, SHAPE).astype(np.float32),
    "32FC2": RANDOM.normal(0.0, 5.0, (*SHAPE, 2)).astype(np.float32),
    "32SC1": RANDOM.integers(-(2**31), 2**31 - 1, SHAPE, np.int32),
}


@pytest.fixture(scope="module")
def bridge() -> Any:
    return pytest.importorskip("cv_bridge", exc_type=ImportError).CvBridge()


@pytest.mark.parametrize("encoding", PICTURES)
def test_cv_bridge_reads_our_pictures(bridge: Any, encoding: str) -> None:
    picture = PICTURES[encoding]
    message = image_message(picture, encoding, STAMP_NS, "eye_optical_frame")
    read = bridge.imgmsg_to_cv2(message, desired_encoding="passthrough")
    assert read.dtype == picture.dtype
    assert np.array_equal(read.reshape(picture.shape), picture)


@pytest.mark.parametrize("encoding", PICTURES)
def test_our_pictures_are_those_that_cv_bridge_makes(bridge: Any, encoding: str) -> None:
    picture = PICTURES[encoding]
    ours = image_message(picture, encoding, STAMP_NS, "eye_optical_frame")
    theirs = bridge.cv2_to_imgmsg(picture, encoding=encoding)
    for field in ("height", "width", "encoding", "is_bigendian", "step"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert bytes(ours.data) == bytes(theirs.data)


def test_cv_bridge_reads_our_jpeg_as_blue_green_red(bridge: Any) -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    message = compressed_message(simplejpeg.encode_jpeg(red), STAMP_NS, "eye_optical_frame")
    read = bridge.compressed_imgmsg_to_cv2(message, desired_encoding="passthrough")
    assert np.abs(read.astype(int) - (0, 0, 200)).max() <= 3


@pytest.mark.parametrize("seed", range(5))
def test_tf_transformations_reads_our_poses(seed: int) -> None:
    tf = pytest.importorskip("tf_transformations")
    rng = np.random.default_rng(seed)
    xyz, rpy = rng.uniform(-50, 50, 3), rng.uniform([-3, -1.5, -3], [3, 1.5, 3])
    pose = pose_message(matrix_from_xyz_rpy(xyz, rpy))
    q = pose.orientation
    assert np.allclose(tf.euler_from_quaternion([q.x, q.y, q.z, q.w]), rpy, atol=1e-9)
    theirs = tf.compose_matrix(angles=rpy, translate=xyz)
    assert np.allclose(matrix_from_xyz_rpy(xyz, rpy), theirs, atol=1e-9)

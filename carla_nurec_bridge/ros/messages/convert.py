"""Between numpy values and ROS messages: stamps, poses, images and clouds."""

from __future__ import annotations

import sys
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import Matrix, quaternion_from_rotation
from ...core.rig.clouds import LAYOUTS
from ...core.run_contract.timebase import NS_PER_S
from .bulk import BulkMessage
from .interfaces import (
    CompressedImage,
    Header,
    Image,
    PointCloud2,
    PointField,
    Pose,
    Quaternion,
    Time,
    Transform,
    TransformStamped,
    Vector3,
)

_ENCODINGS = {
    "rgb8": (np.uint8, 3),
    "bgr8": (np.uint8, 3),
    "8UC1": (np.uint8, 1),
    "32FC1": (np.float32, 1),
    "32SC1": (np.int32, 1),
    "32FC2": (np.float32, 2),
}
_FIELD_TYPES = {
    "f4": PointField.FLOAT32,
    "f8": PointField.FLOAT64,
    "u4": PointField.UINT32,
    "u2": PointField.UINT16,
    "u1": PointField.UINT8,
    "i1": PointField.INT8,
}


class _Vector(Protocol):
    x: float
    y: float
    z: float


def stamp_message(stamp_ns: int) -> Time:
    """Return the message of a stamp in nanoseconds."""
    seconds, nanoseconds = divmod(stamp_ns, NS_PER_S)
    return Time(sec=seconds, nanosec=nanoseconds)


def nanoseconds_of(stamp: Time) -> int:
    """Return the nanoseconds of a stamp message."""
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)


def header(stamp_ns: int, frame_id: str) -> Header:
    """Return a header with a stamp in nanoseconds."""
    return Header(stamp=stamp_message(stamp_ns), frame_id=frame_id)


def vector_message(vector: Any) -> Vector3:
    """Return the message of a (3,) vector."""
    x, y, z = (float(v) for v in vector)
    return Vector3(x=x, y=y, z=z)


def vector_array(message: _Vector) -> NDArray[np.float64]:
    """Return the (3,) vector of a point or vector message."""
    return np.array([message.x, message.y, message.z])


def pose_message(a_from_b: Matrix) -> Pose:
    """Return the pose of frame b in frame a of a (4, 4) matrix in metres."""
    pose = Pose()
    pose.position.x, pose.position.y, pose.position.z = (float(v) for v in a_from_b[:3, 3])
    pose.orientation = quaternion_message(a_from_b)
    return pose


def quaternion_message(a_from_b: Matrix) -> Quaternion:
    """Return the rotation of a (4, 4) matrix as a unit quaternion message."""
    x, y, z, w = (float(v) for v in quaternion_from_rotation(a_from_b[:3, :3]))
    return Quaternion(x=x, y=y, z=z, w=w)


def transform_message(
    parent_from_child: Matrix, parent: str, child: str, stamp_ns: int
) -> TransformStamped:
    """Return the stamped transform of a child frame in its parent."""
    return TransformStamped(
        header=header(stamp_ns, parent),
        child_frame_id=child,
        transform=Transform(
            translation=vector_message(parent_from_child[:3, 3]),
            rotation=quaternion_message(parent_from_child),
        ),
    )


def image_message(pixels: NDArray[Any], encoding: str, stamp_ns: int, frame_id: str) -> Image:
    """Return the message of ``bulk_image``."""
    return bulk_image(pixels, encoding, stamp_ns, frame_id).message()


def bulk_image(pixels: NDArray[Any], encoding: str, stamp_ns: int, frame_id: str) -> BulkMessage:
    """Return the image of (H, W) or (H, W, channels) pixels, which are not copied.

    The dtype must be the encoding's (rgb8, bgr8, 8UC1: uint8; 32FC1, 32FC2: float32; 32SC1:
    int32), else InputError.
    """
    dtype, channels = _ENCODINGS[encoding]
    expected = pixels.shape[:2] if channels == 1 else (*pixels.shape[:2], channels)
    if pixels.dtype != dtype or pixels.shape != expected:
        raise InputError(
            f"{frame_id}: an image of {pixels.dtype} {pixels.shape} is not {encoding}; "
            f"give {np.dtype(dtype)} with {channels} channel(s)"
        )
    height, width = pixels.shape[:2]
    head = Image(
        header=header(stamp_ns, frame_id),
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=int(sys.byteorder == "big"),
        step=width * channels * pixels.itemsize,
    )
    return BulkMessage(head, np.ascontiguousarray(pixels))


def compressed_message(
    image: bytes, stamp_ns: int, frame_id: str, image_format: str = "jpeg"
) -> CompressedImage:
    """Return the message of ``bulk_compressed``."""
    return bulk_compressed(image, stamp_ns, frame_id, image_format).message()


def bulk_compressed(
    image: bytes, stamp_ns: int, frame_id: str, image_format: str = "jpeg"
) -> BulkMessage:
    """Return a ``jpeg`` or ``png`` image; its bytes go out unchanged."""
    head = CompressedImage(
        header=header(stamp_ns, frame_id), format=f"rgb8; {image_format} compressed bgr8"
    )
    return BulkMessage(head, image)


def bulk_cloud(points: NDArray[np.float32], stamp_ns: int, frame_id: str) -> BulkMessage:
    """Return the cloud of (N, 4) float32 points x, y, z in metres and intensity."""
    if points.dtype != np.float32 or points.ndim != 2 or points.shape[1] != 4:
        raise InputError(f"{frame_id}: a cloud needs (N, 4) float32, not {points.shape}")
    return bulk_fields(np.ascontiguousarray(points).view(LAYOUTS["xyzi"])[:, 0], stamp_ns, frame_id)


def bulk_fields(cloud: NDArray[np.void], stamp_ns: int, frame_id: str) -> BulkMessage:
    """Return the cloud of a structured array (N,); its fields keep their names."""
    described: Any = cloud.dtype.fields or {}
    head = PointCloud2(
        header=header(stamp_ns, frame_id),
        height=1,
        width=len(cloud),
        fields=[
            PointField(name=name, offset=entry[1], datatype=_FIELD_TYPES[entry[0].str[1:]], count=1)
            for name, entry in described.items()
        ],
        is_bigendian=sys.byteorder == "big",
        point_step=cloud.dtype.itemsize,
        row_step=cloud.dtype.itemsize * len(cloud),
        is_dense=True,
    )
    return BulkMessage(head, np.ascontiguousarray(cloud).view(np.uint8))

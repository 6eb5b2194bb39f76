"""Make labelled frames out of the messages of one CARLA camera, and of what the ego publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ..core.errors import ProtocolError
from ..core.rig.rig import RigCamera
from ..recording.read_back.messages import actors_of, lights_of, pose_matrix, true_odometry
from ..world.pixel_ids import MOST_ID
from .frame import LabelledFrame

NEEDED = ("compressed", "depth", "semantic", "instance", "camera_info", "odometry")
"""Topic rows whose messages of one stamp make a labelled frame."""

WELCOME = ("normals", "objects", "traffic_lights", "ground_truth")
"""Topic rows whose messages of the same stamp add streams to it."""

_DTYPES = {"8UC1": "u1", "32FC1": "f4", "32SC1": "i4", "rgb8": "u1"}


def image_array(message: Any) -> NDArray[Any]:
    """Return the pixels of a sensor_msgs Image as a view: (H, W), or (H, W, 3) for rgb8.

    ProtocolError for an encoding that this package does not publish, or too few bytes.
    """
    encoding = str(message.encoding)
    if encoding not in _DTYPES:
        raise ProtocolError(f"an image has encoding {encoding!r}; expected {', '.join(_DTYPES)}")
    order = ">" if message.is_bigendian else "<"
    dtype = np.dtype(order + _DTYPES[encoding])
    channels = 3 if encoding == "rgb8" else 1
    width, height = int(message.width), int(message.height)
    row = width * channels * dtype.itemsize
    data = np.frombuffer(message.data, np.uint8)
    if int(message.step) < row or len(data) < height * int(message.step):
        raise ProtocolError(f"an image of {width}x{height} {encoding} has {len(data)} bytes")
    rows = data[: height * int(message.step)].reshape(height, int(message.step))[:, :row]
    pixels: NDArray[Any] = np.ascontiguousarray(rows).view(dtype)
    return pixels.reshape(height, width, 3) if channels == 3 else pixels


def labelled_frame(
    camera: RigCamera, number: int, stamp_ns: int, messages: Mapping[str, Any]
) -> LabelledFrame:
    """Return the frame of the messages of one stamp, by the keys in NEEDED and WELCOME."""
    normals = messages.get("normals")
    objects, lights = messages.get("objects"), messages.get("traffic_lights")
    return LabelledFrame(
        camera.name,
        camera.model,
        stamp_ns,
        simplejpeg.decode_jpeg(bytes(messages["compressed"].data), "RGB"),
        _native(image_array(messages["depth"])),
        image_array(messages["semantic"]),
        _pixel_ids(_native(image_array(messages["instance"]))),
        None if normals is None else image_array(normals),
        pose_matrix(true_odometry(messages).pose.pose) @ camera.rig_from_camera,
        () if objects is None else actors_of(objects),
        {} if lights is None else {light.signal_id: light.shows for light in lights_of(lights)},
        number,
    )


def _pixel_ids(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the 16 bits of ids that a clip holds; ids that several actors share become 0."""
    return ids if ids.min() >= 0 and ids.max() <= MOST_ID else np.maximum(ids, 0) & MOST_ID


def _native(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return pixels in this machine's byte order, which compiled loops need."""
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)

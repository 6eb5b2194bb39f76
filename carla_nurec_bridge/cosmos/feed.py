"""Make control frames out of the messages of one CARLA camera and the ego's odometry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ..core.cameras import camera_to_json
from ..core.errors import ProtocolError
from ..core.frames import matrix_from_quaternion, quaternion_from_rotation
from ..core.rig import RigCamera
from .clip import KINDS, ControlClip, ControlFrame, ControlOptions, VideoFile
from .manifest import ClipCamera, write_manifest

NEEDED = ("compressed", "depth", "semantic", "instance", "camera_info", "odometry")
"""Topic rows whose messages of one stamp make a control frame."""

OUTPUTS = frozenset({"rgb", "depth", "semantic", "instance"})
"""What a camera must produce to have control videos."""

_FROM = {
    "rgb": "compressed",
    "depth": "depth",
    "edges": "compressed",
    "semantic": "semantic",
    "instance": "instance",
}
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


@dataclass(frozen=True)
class FeedSource:
    """The camera of the clip, the names of its topics by row key, and what drew its pictures.

    ``rgb_engine`` drew the colour picture, where that comes from another engine.
    """

    camera: RigCamera
    topics: Mapping[str, str]
    engine: str
    rgb_engine: str = ""


class ControlFeed:
    """The control videos of a run in ``directory``, fed frame by frame."""

    def __init__(self, directory: Path, source: FeedSource, options: ControlOptions) -> None:
        self._source = source
        model = source.camera.model
        size = (model.width, model.height)
        self._clip = ControlClip(directory, size, source.camera.rate_hz, options)
        self._poses: list[list[float]] = []
        self._k: list[list[float]] = []
        self._videos: tuple[VideoFile, ...] | None = None

    @property
    def frames(self) -> int:
        """The number of frames taken so far."""
        return len(self._clip.stamps_ns)

    def add(self, stamp_ns: int, messages: Mapping[str, Any]) -> None:
        """Take the messages of one stamp by the keys in NEEDED; wait while the encoder is full."""
        frame = ControlFrame(
            stamp_ns,
            simplejpeg.decode_jpeg(bytes(messages["compressed"].data), "RGB"),
            image_array(messages["depth"]),
            image_array(messages["semantic"]),
            image_array(messages["instance"]),
        )
        pose = messages["odometry"].pose.pose
        p, q = pose.position, pose.orientation
        map_from_base = matrix_from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))
        map_from_camera = map_from_base @ self._source.camera.rig_from_camera
        quaternion = quaternion_from_rotation(map_from_camera[:3, :3])
        self._poses.append([*map_from_camera[:3, 3].tolist(), *quaternion.tolist()])
        self._k = np.asarray(messages["camera_info"].k, np.float64).reshape(3, 3).tolist()
        self._clip.add(frame)

    def close(self) -> tuple[VideoFile, ...]:
        """Finish the videos and write their manifest; a second call returns the same."""
        if self._videos is None:
            self._videos = self._clip.close()
            camera, source = self._source.camera, self._source
            described = ClipCamera(
                camera.name,
                source.engine,
                camera_to_json(camera.model, camera.shutter),
                self._k,
                camera.rig_from_camera.tolist(),
                camera.model.width,
                camera.model.height,
                camera.rate_hz,
                source.rgb_engine or source.engine,
            )
            write_manifest(
                self._clip.directory,
                described,
                self._videos,
                {kind: source.topics[_FROM[kind]] for kind in KINDS},
                self._clip.stamps_ns,
                self._poses,
                self._clip.instances(),
                self._clip.options,
            )
        return self._videos

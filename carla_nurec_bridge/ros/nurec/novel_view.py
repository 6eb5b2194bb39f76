"""Novel views: images from any pose that somebody sends."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import String

from ...core.errors import InputError
from ...core.frames import BODY_FROM_OPTICAL, Matrix
from ...core.rig.rig import Rig, RigCamera, load_rig
from ...core.run_contract.topics import TOPICS
from ...core.transform_tree import TransformTree
from ...nurec.client.replies import ImageReply
from ...recording.read_back.messages import pose_matrix
from ..messages.camera_info import calibration_json, camera_info
from ..messages.convert import (
    bulk_compressed,
    bulk_image,
    header,
    nanoseconds_of,
    pose_message,
    stamp_message,
)
from ..publishers.qos import profile
from ..runtime.tf_listener import listen
from ..sending.sender import Sender

FRAME = "novel_view_optical_frame"
MAP = "map"
_ASKED = TOPICS["novel_view_pose"]


def view_camera(rig: Rig, name: str, rig_file: str) -> RigCamera | None:
    """Return the camera of novel views: ``name`` of ``rig_file``, or of the node's own rig.

    Without a name it is the first NuRec camera; None when there is none. InputError lists the
    cameras when the name is not among them.
    """
    cameras = [c for c in (load_rig(rig_file) if rig_file else rig).cameras if c.source == "nurec"]
    if not name:
        return cameras[0] if cameras else None
    for camera in cameras:
        if camera.name == name:
            return camera
    known = ", ".join(c.name for c in cameras) or "none"
    raise InputError(f"novel_view.camera {name!r} is no NuRec camera of the rig; it has: {known}")


class NovelView:
    """Takes poses in the executor, publishes what the render thread makes of the newest.

    ``~/novel_view/pose`` is where the camera is: x forward, y left, z up, in any frame of TF.
    """

    def __init__(self, node: Node, camera: RigCamera) -> None:
        self.camera = replace(camera, name="novel_view")
        self.wanted = self.rendered = 0
        self._tree = TransformTree()
        listen(node, self._tree)
        self._lock = threading.Lock()
        self._pose: PoseStamped | None = None
        self._info = camera_info(camera.model, 0, FRAME)
        node.create_subscription(PoseStamped, _ASKED.name, self._take, profile(_ASKED.qos))

        def told(kind: Any, key: str) -> Any:
            row = TOPICS[f"novel_view_{key}"]
            return node.create_publisher(kind, row.name, profile(row.qos))

        self._image = Sender(told(CompressedImage, "compressed"))
        self._pixels = Sender(told(Image, "image"))
        self._infos = told(CameraInfo, "info")
        self._from = told(PoseStamped, "camera_pose")
        self._calibration = told(String, "calibration")
        text = calibration_json(
            "novel_view", "nurec", camera.model, camera.shutter, 0.0, BODY_FROM_OPTICAL
        )
        self._calibration.publish(String(data=text))

    def take(self) -> Matrix | None:
        """Return map_from_camera (4, 4, optical) of a pose not rendered yet, or None.

        InputError when the pose cannot be used: a frame that TF does not connect with the map, a
        quaternion of length zero.
        """
        with self._lock:
            message, self._pose = self._pose, None
        if message is None:
            return None
        frame = message.header.frame_id or MAP
        stamp_ns = nanoseconds_of(message.header.stamp)
        try:
            frame_from_body = pose_matrix(message.pose)
        except ValueError as error:
            raise InputError(f"the pose on {_ASKED.name}: {error}") from error
        if not np.isfinite(frame_from_body).all():
            raise InputError(f"the pose on {_ASKED.name} holds a number that is not finite")
        map_from_frame = self._tree.lookup(MAP, frame, stamp_ns or None)
        map_from_camera: Matrix = map_from_frame @ frame_from_body @ BODY_FROM_OPTICAL
        return map_from_camera

    def publish(self, map_from_camera: Matrix, reply: ImageReply, stamp_ns: int) -> None:
        """Publish an image (as NuRec sent it) and from where it is."""
        data, image_format = reply.compressed()
        self._image.send(bulk_compressed(data, stamp_ns, FRAME, image_format))
        self._info.header.stamp = stamp_message(stamp_ns)
        self._infos.publish(self._info)
        pose = PoseStamped(header=header(stamp_ns, MAP), pose=pose_message(map_from_camera))
        self._from.publish(pose)
        if self._pixels.is_read:
            self._pixels.send(bulk_image(reply.pixels, "rgb8", stamp_ns, FRAME))
        self.rendered += 1

    def _take(self, message: PoseStamped) -> None:
        with self._lock:
            self._pose = message
            self.wanted += 1

"""The topics of one AlpaSim camera: its bytes as they came, decoded only while somebody looks."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo

from ...alpasim.conversion import DeclaredCamera
from ...alpasim.stack import CameraShot
from ...core.run_contract.timebase import NS_PER_S
from ...core.run_contract.topics import TOPICS
from ...nurec.images import decoded
from ..messages.camera_info import calibration_json, camera_info
from ..messages.convert import bulk_compressed, bulk_image, stamp_message
from ..messages.interfaces import String
from ..publishers.publishers import message_class
from ..publishers.qos import profile
from ..sending.sender import Sender

_KEYS = ("compressed", "image", "camera_info", "calibration")


class CameraTopics:
    """Publishes what one camera saw; ``counts`` has the messages by topic."""

    def __init__(self, node: Node, camera: DeclaredCamera) -> None:
        self._frame_id = f"{camera.name}_optical_frame"
        self._publishers = {key: _publisher(node, key, camera.name) for key in _KEYS}
        self._senders = {key: Sender(publisher) for key, publisher in self._publishers.items()}
        self.counts = {publisher.topic: 0 for publisher in self._publishers.values()}
        self._camera = camera
        self._info: CameraInfo | None = None

    @property
    def publishers(self) -> tuple[Publisher, ...]:
        """All publishers of the camera."""
        return tuple(self._publishers.values())

    def begin(self, camera: DeclaredCamera) -> None:
        """Take what the camera is in a new session."""
        self._camera, self._info = camera, None

    def publish(self, shot: CameraShot) -> None:
        """Publish an image with the camera's parameters; the first one makes known its shutter.

        An image of another size than was declared has the same lens, scaled.
        """
        stamp_ns = shot.closed_ns
        if self._info is None or (self._info.width, self._info.height) != (shot.width, shot.height):
            self._describe(shot)
        image = bulk_compressed(shot.image, stamp_ns, self._frame_id, shot.image_format)
        self._send("compressed", image)
        assert self._info is not None
        self._info.header.stamp = stamp_message(stamp_ns)
        self._send("camera_info", self._info)
        if self._senders["image"].is_read:
            pixels = decoded(shot.image)
            self._send("image", bulk_image(pixels, "rgb8", stamp_ns, self._frame_id))

    def _describe(self, shot: CameraShot) -> None:
        model = self._camera.model.scaled(shot.width, shot.height)
        self._info = camera_info(model, shot.closed_ns, self._frame_id)
        shutter_s = (shot.closed_ns - shot.opened_ns) / NS_PER_S
        text = calibration_json(
            self._camera.name,
            "alpasim",
            model,
            self._camera.shutter,
            shutter_s,
            self._camera.rig_from_camera,
        )
        self._send("calibration", String(data=text))

    def _send(self, key: str, message: Any) -> None:
        self._senders[key].send(message)
        self.counts[self._publishers[key].topic] += 1


def _publisher(node: Node, key: str, name: str) -> Publisher:
    row = TOPICS[key]
    return node.create_publisher(message_class(row.type), row.named(name), profile(row.qos))

"""Undistorted images beside the raw ones, made only while somebody looks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import Image

from ...core.cameras.models import OpenCVPinholeCamera
from ...core.cameras.rectify import rectified_view, rectify_maps
from ...core.errors import InputError
from ...core.rig.rig import RigCamera
from ...core.run_contract.topics import TOPICS
from ..messages.convert import bulk_image
from ..publishers.qos import profile
from ..sending.sender import Sender


class Rectifier:
    """Publishes ``camera/NAME/image_rect`` of one camera; ``view`` is the pinhole of its P."""

    def __init__(self, node: Node, camera: RigCamera, fov_deg: float) -> None:
        self.view: OpenCVPinholeCamera = rectified_view(camera.model, fov_deg or None)
        self._model = camera.model
        self._maps: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        row = TOPICS["image_rect"]
        name = row.named(camera.name)
        self._sender = Sender(node.create_publisher(Image, name, profile(row.qos)))

    @property
    def wanted(self) -> bool:
        """Whether somebody subscribes."""
        return self._sender.is_read

    def publish(self, pixels: NDArray[np.uint8], stamp_ns: int, frame_id: str) -> None:
        """Publish an RGB image (H, W, 3) as ``view`` sees it; black where the lens saw nothing.

        The stamp is in ns.
        """
        if self._maps is None:
            self._maps = rectify_maps(self._model, self.view)
        flat = cv2.remap(pixels, *self._maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        self._sender.send(bulk_image(np.asarray(flat, np.uint8), "rgb8", stamp_ns, frame_id))


def rectifiers(
    node: Node, cameras: Sequence[RigCamera], wanted: Sequence[str], fov_deg: float
) -> dict[str, Rectifier]:
    """Return a rectifier for each wanted camera by name; ``*`` wants all of them.

    InputError names a camera that NuRec does not draw.
    """
    known = {camera.name: camera for camera in cameras}
    chosen = list(known) if "*" in wanted else list(wanted)
    strangers = [name for name in chosen if name not in known]
    if strangers:
        raise InputError(
            f"rectify.cameras: {strangers[0]!r} is no NuRec camera of the rig; it has: "
            f"{', '.join(known) or 'none'}"
        )
    return {name: Rectifier(node, known[name], fov_deg) for name in chosen}

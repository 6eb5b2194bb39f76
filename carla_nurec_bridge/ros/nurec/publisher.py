"""Publishes what NuRec rendered: its bytes as they are, decoded only while somebody looks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from std_msgs.msg import String

from ...core.rig.clouds import LAYOUTS, arranged
from ...core.rig.rig import Rig, RigCamera, RigLidar
from ...core.run_contract.timebase import NS_PER_S
from ...core.run_contract.topics import TOPICS
from ...nurec.client.replies import CloudReply, ImageReply
from ..messages.camera_info import calibration_json, camera_info
from ..messages.convert import (
    bulk_cloud,
    bulk_compressed,
    bulk_fields,
    bulk_image,
    stamp_message,
)
from ..publishers.publishers import Publishers
from .rectifier import rectifiers
from .render_step import sweep_ns


class NurecPublisher:
    """The NuRec streams of a rig.

    Cameras named in ``rectify`` (``*``: all) get an undistorted image too, ``fov_deg`` wide
    (0: the usual width). InputError for one that NuRec does not draw.
    """

    def __init__(
        self,
        node: Node,
        publishers: Publishers,
        rig: Rig,
        rectify: Sequence[str] = (),
        fov_deg: float = 0.0,
    ) -> None:
        self._publishers = publishers
        self._cameras = [camera for camera in rig.cameras if camera.source == "nurec"]
        for camera in self._cameras:
            publishers.offer(TOPICS["image"], TOPICS["image"].named(camera.name))
        self._flat = rectifiers(node, self._cameras, rectify, fov_deg)
        views = {name: flat.view for name, flat in self._flat.items()}
        # The fit behind a camera_info costs a few ms and never changes: make it once.
        self._infos = {
            c.name: camera_info(c.model, 0, _optical(c), views.get(c.name)) for c in self._cameras
        }

    def start(self) -> None:
        """Publish the exact calibrations."""
        for camera in self._cameras:
            text = calibration_json(
                camera.name,
                "nurec",
                camera.model,
                camera.shutter,
                camera.shutter_s,
                camera.rig_from_camera,
            )
            topic = TOPICS["calibration"].named(camera.name)
            self._publishers.publish(topic, String(data=text))

    def image(self, camera: RigCamera, reply: ImageReply, stamp_ns: int) -> None:
        """Publish one image with its camera_info; bare pixels become a JPEG if that is read."""
        topic = TOPICS["compressed"].named(camera.name)
        if self._publishers.is_read(topic):
            data, image_format = reply.compressed()
            message = bulk_compressed(data, stamp_ns, _optical(camera), image_format)
            self._publishers.send(topic, message)
        else:
            self._publishers.count_unread(topic)
        info = self._infos[camera.name]
        info.header.stamp = stamp_message(stamp_ns)
        self._publishers.publish(TOPICS["camera_info"].named(camera.name), info)
        raw, flat = TOPICS["image"].named(camera.name), self._flat.get(camera.name)
        if self._publishers.is_read(raw):
            message = bulk_image(reply.pixels, "rgb8", stamp_ns, _optical(camera))
            self._publishers.repeat(raw, message)
        if flat is not None and flat.wanted:
            flat.publish(reply.pixels, stamp_ns, _optical(camera))

    def cloud(self, lidar: RigLidar, reply: CloudReply, stamp_ns: int) -> None:
        """Publish one sweep in the rig's layout; points without intensity get 0."""
        assert reply.points_m is not None
        points = _with_intensity(reply.points_m, reply.intensities)
        topic, frame_id = TOPICS["points"].named(lidar.name), f"{lidar.name}_link"
        if reply.rings is None or reply.times is None:
            self._publishers.send(topic, bulk_cloud(points, stamp_ns, frame_id))
            return
        sweep_s = sweep_ns(lidar) / NS_PER_S
        ages_s = sweep_s * (1.0 - reply.times.astype(np.float64))
        plain = points.view(LAYOUTS["xyzi"])[:, 0]
        cloud = arranged(lidar.fields, plain, reply.rings, ages_s, sweep_s)
        self._publishers.send(topic, bulk_fields(cloud, stamp_ns, frame_id))


def _with_intensity(
    points_m: NDArray[np.float32], intensities: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Return points (N, 4): x, y, z and intensity, which is 0 where none is told."""
    count = len(points_m)
    told = np.zeros(count, np.float32) if intensities is None else intensities
    points = np.empty((count, 1, 4), np.float32)
    if count:  # OpenCV takes half of numpy's time
        sources = [points_m.reshape(count, 1, 3), told.reshape(count, 1, 1)]
        cv2.mixChannels(sources, [points], [0, 0, 1, 1, 2, 2, 3, 3])
    return points[:, 0]


def _optical(camera: RigCamera) -> str:
    return f"{camera.name}_optical_frame"

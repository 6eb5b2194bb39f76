"""Publishes what CARLA's cameras see: a picture is made for whoever reads its topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import simplejpeg

from ...core.rig.camera_output import bgra
from ...core.rig.outputs import CAMERA_OUTPUTS
from ...core.rig.rig import Rig, RigCamera
from ...core.run_contract.topics import TOPICS
from ...world.pixel_ids import PixelIds
from ..messages.bulk import BulkMessage
from ..messages.camera_info import camera_info
from ..messages.convert import bulk_compressed, bulk_fields, bulk_image, stamp_message
from .publishers import Publishers

_JPEG_QUALITY = 90
_RGB = "rgb"


class CameraImages:
    """The topics of a rig's CARLA cameras.

    Colours go out as JPEG and as they are, each only while somebody reads it; a JPEG that nobody
    reads is counted all the same, since the plan of the run has it.
    """

    def __init__(self, publishers: Publishers, rig: Rig) -> None:
        self._publishers = publishers
        self._raw = {
            camera.name: TOPICS["image"].named(camera.name)
            for camera in rig.cameras
            if camera.source == "carla" and _RGB in camera.outputs
        }
        for topic in self._raw.values():
            publishers.offer(TOPICS["image"], topic)
        self._infos = {
            camera.name: camera_info(camera.model, 0, _optical(camera))
            for camera in rig.cameras
            if camera.source == "carla"
        }

    def send(
        self, stamp_ns: int, camera: RigCamera, raw: Mapping[str, Any], pixel_ids: PixelIds
    ) -> None:
        """Decode and publish what CARLA sent of a camera, and its camera_info.

        ``pixel_ids`` are those of the frame.
        """
        frame_id = _optical(camera)
        for name, image in raw.items():
            if name == _RGB:
                self._send_colours(image, stamp_ns, camera.name, frame_id)
                continue
            output = CAMERA_OUTPUTS[name]
            pixels = output.decode(image)
            if name == "instance":
                pixels = pixel_ids.resolve(pixels)
            message: BulkMessage
            if output.topic.type.endswith("PointCloud2"):
                message = bulk_fields(pixels, stamp_ns, frame_id)
            else:
                message = bulk_image(pixels, output.encoding, stamp_ns, frame_id)
            self._publishers.send(output.topic.named(camera.name), message)
        info = self._infos[camera.name]
        info.header.stamp = stamp_message(stamp_ns)
        self._publishers.send(TOPICS["camera_info"].named(camera.name), info)

    def _send_colours(self, image: Any, stamp_ns: int, camera: str, frame_id: str) -> None:
        output, publishers = CAMERA_OUTPUTS[_RGB], self._publishers
        topic = output.topic.named(camera)
        if publishers.is_read(topic):
            # CARLA's bytes as they are: the encoder leaves out alpha, and the JPEG is the same.
            jpeg = simplejpeg.encode_jpeg(
                bgra(image), quality=_JPEG_QUALITY, colorspace="BGRA", colorsubsampling="420"
            )
            publishers.send(topic, bulk_compressed(jpeg, stamp_ns, frame_id))
        else:
            publishers.count_unread(topic)
        if publishers.is_read(self._raw[camera]):
            raw = bulk_image(output.decode(image), output.encoding, stamp_ns, frame_id)
            publishers.repeat(self._raw[camera], raw)


def _optical(camera: RigCamera) -> str:
    return f"{camera.name}_optical_frame"

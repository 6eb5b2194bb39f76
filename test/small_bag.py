"""A small bag of one camera, and of a truck that goes ahead of it by a metre a frame."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg

from carla_nurec_bridge.core.cameras.models import camera_to_json
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.recording import BagOptions, BagWriter
from carla_nurec_bridge.recording.message_classes import defined_class

MODEL = OpenCVPinholeCamera.from_fov(48, 32, 90.0)
MOUNT = matrix_from_xyz_rpy((1.5, 0.0, 1.4), (-np.pi / 2, 0.0, -np.pi / 2))
T0, DT_NS = 1_000_000_000, 50_000_000
TRUCK = 70_009
"""More than the 16 bits that instance pictures hold."""


def message(row: str, **fields: Any) -> Any:
    return defined_class(TOPICS[row].type)(**fields)


def image(row: str, encoding: str, pixels: np.ndarray) -> Any:
    height, width = pixels.shape[:2]
    made = message(row, height=height, width=width, encoding=encoding)
    made.step, made.data = pixels[0].nbytes, np.frombuffer(pixels.tobytes(), np.uint8)
    return made


def frame_messages(number: int) -> Iterator[tuple[str, Any]]:
    ids = np.zeros((32, 48), np.int32)
    ids[10:20, 5 : 25 + number] = TRUCK
    tags = np.where(ids > 0, 15, 1).astype(np.uint8)
    jpeg = simplejpeg.encode_jpeg(np.full((32, 48, 3), 90, np.uint8))
    yield "compressed", message("compressed", data=np.frombuffer(jpeg, np.uint8))
    yield "depth", image("depth", "32FC1", np.full((32, 48), 20.0, np.float32))
    yield "semantic", image("semantic", "8UC1", tags)
    yield "instance", image("instance", "32SC1", ids)
    yield "camera_info", message("camera_info")
    odometry = message("odometry")
    odometry.header.frame_id = "odom"
    odometry.pose.pose.position.x = float(number)
    odometry.pose.pose.orientation.w = 1.0
    yield "odometry", odometry
    detection = defined_class("vision_msgs/msg/Detection3D")(id=str(TRUCK))
    detection.bbox.center.position.x = 21.5 + number
    detection.bbox.center.orientation.w = 1.0
    detection.bbox.size.x, detection.bbox.size.y, detection.bbox.size.z = 8.0, 2.5, 3.0
    result = defined_class("vision_msgs/msg/ObjectHypothesisWithPose")()
    result.hypothesis.class_id = "truck"
    detection.results = [result]
    yield "objects", message("objects", detections=[detection])


def calibration() -> Any:
    told = {
        "name": "eye",
        "source": "carla",
        "camera_model": camera_to_json(MODEL, Shutter.GLOBAL),
        "shutter_s": 0.0,
        "rig_from_camera": MOUNT.tolist(),
    }
    return message("calibration", data=json.dumps(told))


def write_bag(
    folder: Path, frames: Sequence[int], lacking: Collection[tuple[int, str]] = ()
) -> Path:
    """Write the frames of these numbers, without the messages (number, row) that are lacking."""
    with BagWriter(folder, BagOptions()) as writer:
        channels: dict[str, int] = {}

        def write(row: str, stamp_ns: int, made: Any) -> None:
            if row not in channels:
                name = f"/ns/{TOPICS[row].named('eye')}"
                channels[row] = writer.add_stream(name, TOPICS[row].type, ())
            writer.write(channels[row], stamp_ns, made.serialized())

        write("calibration", T0, calibration())
        for number in frames:
            for row, made in frame_messages(number):
                if (number, row) not in lacking:
                    write(row, T0 + number * DT_NS, made)
    return folder

"""Labelled frames of a bag: all that a data set's exporter needs, without clips and videos."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg

from carla_nurec_bridge.core.cameras.models import camera_to_json
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.labels.from_bag import labelled_cameras, labelled_frames
from carla_nurec_bridge.recording import BagOptions, BagReader, BagWriter
from carla_nurec_bridge.recording.message_classes import defined_class
from carla_nurec_bridge.world.object_classes import ObjectClass

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


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    with BagWriter(tmp_path / "bag", BagOptions()) as writer:
        channels: dict[str, int] = {}

        def write(row: str, stamp_ns: int, made: Any) -> None:
            if row not in channels:
                name = f"/ns/{TOPICS[row].named('eye')}"
                channels[row] = writer.add_stream(name, TOPICS[row].type, ())
            writer.write(channels[row], stamp_ns, made.serialized())

        write("calibration", T0, calibration())
        for number in range(3):
            for row, made in frame_messages(number):
                if (number, row) != (2, "depth"):
                    write(row, T0 + number * DT_NS, made)
    return tmp_path / "bag"


def test_a_frame_has_all_that_a_coco_annotation_asks_for(bag: Path) -> None:
    with BagReader(bag) as reader:
        [camera] = labelled_cameras(reader)
        numbers = {T0: 10, T0 + DT_NS: 11}
        frames = list(labelled_frames(reader, camera, numbers))
    assert [(f.number, f.stamp_ns) for f in frames] == [(10, T0), (11, T0 + DT_NS)]
    last = frames[-1]
    picture = {"file": last.camera, "width": last.model.width, "height": last.model.height}
    assert picture == {"file": "eye", "width": 48, "height": 32}
    assert last.rgb.shape == (32, 48, 3)
    assert last.map_from_camera == pytest.approx(matrix_from_xyz_rpy((1, 0, 0), (0, 0, 0)) @ MOUNT)
    [truck] = last.actors
    rows, columns = np.nonzero(last.mask(truck.actor.id))
    box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    assert (box, len(rows)) == ([5, 10, 21, 10], 210)
    assert truck.actor.object_class is ObjectClass.TRUCK
    assert truck.box.corners()[:, 0].tolist() == pytest.approx([18.5] * 4 + [26.5] * 4)


def test_a_frame_without_depth_is_named(bag: Path) -> None:
    with BagReader(bag) as reader:
        [camera] = labelled_cameras(reader)
        frames = labelled_frames(reader, camera)
        assert [next(frames).number, next(frames).number] == [0, 1]
        with pytest.raises(RunError, match=rf"frame 2 of eye \({T0 + 2 * DT_NS} ns\).*/ns/.*depth"):
            next(frames)

"""The cameras of a bag by their latched calibrations."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from ...core.cameras.models import CameraModel, camera_from_json
from ...core.cameras.shutter import Shutter, shutter_from
from ...core.errors import InputError
from ...core.frames import Matrix
from ...core.run_contract.topics import TOPICS
from ..reader import BagReader

_SUFFIX = "/" + TOPICS["calibration"].name.rpartition("/")[2]


@dataclass(frozen=True, eq=False)
class RecordedCamera:
    """A camera of a bag; ``source`` is nurec or carla, ``prefix`` begins the names of its topics.

    An exposure lasts ``shutter_s`` and ends at the stamp of its picture.
    """

    name: str
    source: str
    prefix: str
    model: CameraModel
    rig_from_camera: Matrix
    shutter: Shutter
    shutter_s: float


def recorded_cameras(bag: BagReader) -> tuple[RecordedCamera, ...]:
    """Return the cameras of a bag in its order; InputError for one whose calibration is none."""
    topics = [s.topic for s in bag.streams() if s.topic.endswith(_SUFFIX)]
    latest = {topic: str(message.data) for topic, _, message in bag.messages(topics)}
    return tuple(_camera(bag, topic, text) for topic, text in latest.items())


def _camera(bag: BagReader, topic: str, text: str) -> RecordedCamera:
    try:
        told = json.loads(text)
        model = told["camera_model"]
        return RecordedCamera(
            str(told["name"]),
            str(told["source"]),
            topic.removesuffix(_SUFFIX),
            camera_from_json(model),
            np.array(told["rig_from_camera"], np.float64).reshape(4, 4),
            shutter_from(model["parameters"]["shutter_type"]),
            float(told["shutter_s"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{bag.path}: {topic} is no calibration: {error!r}") from error

"""The labelled frames of a world that CARLA shows now: a live run, or a recording that it plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..carla_client.sensors.cameras import decoded
from ..core.frames import Matrix
from ..core.rig.camera_output import tags
from ..core.rig.rig import RigCamera
from ..world.states import ActorState, LightColour
from .frame import LabelledFrame


@dataclass(frozen=True, eq=False)
class LabelledMoment:
    """What all cameras see in one tick.

    * number: of the frame, from 0.
    * carla_frame: CARLA's number of the tick.
    * map_from_rig: (4, 4), where the cameras' carrier is.
    * lights: states of traffic lights by signal id.
    """

    number: int
    carla_frame: int
    stamp_ns: int
    map_from_rig: Matrix
    actors: tuple[ActorState, ...]
    lights: Mapping[str, LightColour]


def frame_of_images(
    camera: RigCamera, images: Mapping[str, Any], moment: LabelledMoment
) -> LabelledFrame:
    """Return the frame of CARLA's images of one tick: rgb, depth, instance, and normals if any."""
    seen = decoded(images)
    return LabelledFrame(
        camera.name,
        camera.model,
        moment.stamp_ns,
        np.asarray(seen["rgb"], np.uint8),
        np.asarray(seen["depth"], np.float32),
        tags(images["instance"]),
        np.asarray(seen["instance"], np.int32),
        np.asarray(seen["normals"], np.uint8) if "normals" in seen else None,
        moment.map_from_rig @ camera.rig_from_camera,
        moment.actors,
        moment.lights,
        moment.carla_frame,
    )

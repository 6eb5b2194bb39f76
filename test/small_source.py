"""A scenario that is made up, frame by frame: what recorders of data sets are fed with in tests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, rigid
from carla_nurec_bridge.core.rig.rig import RigCamera
from carla_nurec_bridge.dataset.record.frame_truth import LabelLimits
from carla_nurec_bridge.dataset.record.scenario import Labelling
from carla_nurec_bridge.dataset.record.source import SourceCamera, SourceFacts, SourceFrame
from carla_nurec_bridge.dataset.record.visibility import by_lattice
from carla_nurec_bridge.labels.frame import LabelledFrame
from carla_nurec_bridge.opendrive import OpenDriveMap
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState

W, H = 40, 30
MODEL = OpenCVPinholeCamera.from_fov(W, H, 90.0)
EGO, OTHER = 7, 40753
NAN = np.full(3, np.nan)
LABELLING = Labelling(LabelLimits(smallest_px2=1.0), by_lattice, "27 points")


def camera(name: str) -> RigCamera:
    pose = BODY_FROM_OPTICAL.copy()
    return RigCamera(name, "carla", name, MODEL, pose, 10.0, Shutter.GLOBAL, 0.0, ("rgb",))


def actor(actor_id: int, x: float) -> ActorState:
    who = Actor(actor_id, "", ObjectClass.CAR, (4.0, 2.0, 1.5))
    return ActorState(who, rigid(np.eye(3), (x, 0.0, 0.0)), NAN, NAN, NAN)


class Source:
    """Two cameras: one on an ego that drives towards another car, one that stands in the map."""

    ego_id = EGO
    dt_ns = 100_000_000
    level = ()
    opendrive: OpenDriveMap | None = None

    def __init__(self, frames: int = 3, breaks_at: int | None = None) -> None:
        self.cameras = [
            SourceCamera(camera("front"), carried=True),
            SourceCamera(camera("roadside"), carried=False),
        ]
        self.frames = frames
        self._breaks_at = breaks_at

    def play(self) -> Iterator[SourceFrame]:
        for number in range(self.frames):
            if number == self._breaks_at:
                raise RunError("CARLA sent no depth picture")
            ego, other = actor(EGO, float(number)), actor(OTHER, 20.0)
            views = (
                self.view("front", number, float(number), (other,)),
                self.view("roadside", number, -30.0, (ego, other)),
            )
            yield SourceFrame(
                number, number * self.dt_ns, 90 + number, (ego, other), {}, {OTHER: 175}, views
            )

    def view(
        self, name: str, number: int, x: float, actors: tuple[ActorState, ...]
    ) -> LabelledFrame:
        ids = np.zeros((H, W), np.int32)
        ids[14:17, 18:22] = OTHER
        return LabelledFrame(
            name,
            MODEL,
            number * self.dt_ns,
            np.full((H, W, 3), 100, np.uint8),
            np.full((H, W), 18.0 - x, np.float32),
            np.full((H, W), 14, np.uint8),
            ids,
            None,
            rigid(np.eye(3), (x, 0, 0)) @ BODY_FROM_OPTICAL,
            actors,
        )

    def facts(self) -> SourceFacts:
        return SourceFacts("Town01", "0" * 64, self.opendrive, None, {"made": "up"})

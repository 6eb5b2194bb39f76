"""A camera that is mounted in CARLA and gives labelled frames."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType

import numpy as np

from ..carla_client.actors.ego import Ego
from ..carla_client.sensors.cameras import mount, mount_still
from ..carla_client.session.session import Session
from ..core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ..core.errors import BridgeError, InputError, RunError
from ..core.rig.rig import RigCamera
from ..core.timings import Timings
from ..labels.frame import LabelledFrame
from ..labels.live import LabelledMoment, frame_of_images

_IMAGE_S = 30.0
_NEEDED = ("rgb", "depth", "instance")


class MountedCamera(AbstractContextManager["MountedCamera"]):
    """A camera of CARLA on ``carrier``, or in the map when that is None."""

    def __init__(
        self, session: Session, carrier: Ego | None, camera: RigCamera, *, normals: bool
    ) -> None:
        """Mount it; InputError for a camera that CARLA does not have."""
        if not isinstance(camera.model, OpenCVPinholeCamera):
            raise InputError(f"camera {camera.name} is no pinhole, as CARLA's cameras are")
        self.camera, self.model, self.carrier = camera, camera.model, carrier
        wanted = replace(camera, outputs=(*_NEEDED, "normals") if normals else _NEEDED)
        client = session.client
        self._group = (
            mount_still(client, wanted) if carrier is None else mount(client, carrier, wanted)
        )

    def frame(self, moment: LabelledMoment, timings: Timings) -> LabelledFrame:
        """Return what it saw in a tick; RunError says which image is missing."""
        with timings.stage("pictures"):
            try:
                sent = self._group.take_raw(moment.carla_frame, _IMAGE_S)
            except BridgeError as error:
                raise RunError(f"frame {moment.number} of {self.camera.name}: {error}") from error
        with timings.stage("decode"):
            if self.carrier is None:
                moment = replace(moment, map_from_rig=np.eye(4))
            return frame_of_images(self.camera, sent, moment)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._group.close()

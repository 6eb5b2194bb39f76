"""A rig's CARLA camera that makes pictures only at the ticks for which they are wanted."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any, final

import carla

from ...core.errors import DeadlineError
from ...core.rig.outputs import CAMERA_OUTPUTS
from ...core.rig.rig import RigCamera
from ...core.run_contract.timebase import is_due
from ..actors.ego import Ego
from .cameras import CameraGroup, field_of_view_deg, mount

_log = logging.getLogger(__name__)


@final
class PacedCamera:
    """A camera with a picture every ``period`` frames; used with ``with``.

    CARLA makes a sensor's first picture at the tick after its birth and the others a multiple of
    ``sensor_tick`` later, so it is mounted before the first tick that is wanted. Where a picture
    does not come (``sensor_tick`` of a real server may drift, carla-simulator/carla issue 7108) it
    is mounted anew without, before the next tick; ``fell_back`` says so. InputError as
    ``sensors.mount``.
    """

    def __init__(
        self, client: carla.Client, ego: Ego, camera: RigCamera, period: int, period_s: float
    ) -> None:
        """Take a camera; with a ``period_s`` of 0 CARLA makes pictures at every tick."""
        field_of_view_deg(camera)
        self.camera = camera
        self.fell_back = False
        self._client, self._ego = client, ego
        self._period = period
        compares = any(CAMERA_OUTPUTS[output].every_tick for output in camera.outputs)
        self._period_s = 0.0 if compares else period_s
        self._group: CameraGroup | None = None
        self._anew = False
        if self._period_s == 0.0:
            self._mount()

    def _mount(self) -> None:
        self._group = mount(self._client, self._ego, self.camera, self._period_s)

    def is_due(self, frame: int) -> bool:
        """Say whether there are pictures of ``frame``."""
        return is_due(frame, self._period)

    def before_last_tick(self, frame: int) -> None:
        """Be told that the next tick completes ``frame``."""
        if self._anew:
            self._anew = False
            self.close()
            self._mount()
        elif self._group is None and self.is_due(frame):
            self._mount()

    def take_raw(self, frame: int, timeout_s: float) -> dict[str, Any] | None:
        """Return CARLA's pictures of CARLA frame ``frame``; None when falling back cost them.

        DeadlineError when they have not come within ``timeout_s`` though made at every tick.
        """
        assert self._group is not None
        try:
            return self._group.take_raw(frame, timeout_s)
        except DeadlineError as error:
            if self._period_s == 0.0:
                raise
            _log.warning("%s; from now on it makes one at every tick", error)
        self.fell_back = self._anew = True
        self._period_s = 0.0
        return None

    def close(self) -> None:
        """Stop and destroy the sensors; a second call does nothing."""
        group, self._group = self._group, None
        if group is not None:
            group.close()

    def __enter__(self) -> PacedCamera:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

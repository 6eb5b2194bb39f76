"""Everything of a rig that CARLA measures, mounted on the ego: what is due at which frame."""

from __future__ import annotations

from types import TracebackType
from typing import final

import carla

from ...core.rig.rig import Rig
from ...core.rig.sensor_base import SampledSensor, Sampling
from ...core.rig.sensor_values import SensorEvent
from ...core.run_contract.timebase import NS_PER_S, is_due, period_in_ticks
from ...core.teardown import Teardown
from ..actors.ego import Ego
from .non_cameras import NonCameraSensor, mount_sensor
from .paced_camera import PacedCamera


@final
class RigSensors:
    """The mounted sensors; used with ``with``, ``close`` stops and destroys them.

    With ``paced`` CARLA makes the pictures that are wanted and no others; that takes an owner of
    the tick, who calls ``before_last_tick``. Lidars need the share of every tick, what feels
    motion its past, and neither costs much.
    """

    def __init__(
        self,
        client: carla.Client,
        ego: Ego,
        rig: Rig,
        dt_ns: int,
        ticks_per_frame: int,
        *,
        paced: bool,
    ) -> None:
        self.notes: list[str] = []
        self._cameras: list[PacedCamera] = []
        self._devices: list[tuple[int, NonCameraSensor]] = []
        self._watching: list[NonCameraSensor] = []
        with Teardown() as opening:
            for camera in rig.cameras:
                if camera.source != "carla":
                    continue
                period = period_in_ticks(camera.rate_hz, dt_ns, f"camera {camera.name}")
                every_tick = not paced or period * ticks_per_frame == 1
                period_s = 0.0 if every_tick else period * dt_ns / NS_PER_S
                mounted = PacedCamera(client, ego, camera, period, period_s)
                self._cameras.append(opening.keep(f"camera {camera.name}", mounted))
            for sensor in rig.sensors:
                period = 0
                if isinstance(sensor, SampledSensor):
                    period = period_in_ticks(sensor.rate_hz, dt_ns, f"sensor {sensor.name}")
                sampling = Sampling(period * ticks_per_frame, period * dt_ns / NS_PER_S)
                device = mount_sensor(client, ego, sensor, sampling)
                opening.keep(f"sensor {sensor.name}", device)
                if note := sensor.note(sampling):
                    self.notes.append(f"{sensor.type} {sensor.name}: {note}")
                if period:
                    self._devices.append((period, device))
                else:
                    self._watching.append(device)
            self._teardown = opening.hand_over()

    def __enter__(self) -> RigSensors:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._teardown.close_after(value)

    def before_last_tick(self, frame: int) -> None:
        """Be told that the next tick completes ``frame``."""
        for camera in self._cameras:
            camera.before_last_tick(frame)

    @property
    def fallbacks(self) -> int:
        """How many cameras make pictures at every tick because a paced one did not come."""
        return sum(camera.fell_back for camera in self._cameras)

    def cameras_due(self, frame: int) -> list[PacedCamera]:
        """Return the cameras that have pictures at ``frame``."""
        return [camera for camera in self._cameras if camera.is_due(frame)]

    def devices_due(self, frame: int) -> list[NonCameraSensor]:
        """Return the other sensors that have a reading at ``frame``."""
        return [device for period, device in self._devices if is_due(frame, period)]

    def events(self) -> list[SensorEvent]:
        """Return what the event sensors have reported since the last call, in order of frames."""
        found = [event for device in self._watching for event in device.events()]
        return sorted(found, key=lambda event: (event.frame, event.sensor))

    def close(self) -> None:
        """Stop and destroy the sensors; a second call does nothing."""
        self._teardown.close()

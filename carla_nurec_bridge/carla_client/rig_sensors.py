"""Everything of a rig that CARLA measures, mounted on the ego: what is due at which frame."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import final

import carla

from ..core.rig import Rig
from ..core.timebase import NS_PER_S, is_due, period_in_ticks
from .devices import Device, mount_device
from .ego import Ego
from .happenings import Happening, happenings
from .sensors import CameraGroup, mount_all


@final
class RigSensors:
    """The mounted sensors; used with ``with``, ``close`` stops and destroys them."""

    def __init__(
        self, client: carla.Client, ego: Ego, rig: Rig, dt_ns: int, ticks_per_frame: int
    ) -> None:
        self._stack = ExitStack()
        self.notes: list[str] = []
        self._cameras: list[tuple[int, CameraGroup]] = []
        self._devices: list[tuple[int, Device]] = []
        self._watching: list[Device] = []
        with ExitStack() as stack:
            for group in mount_all(client, ego, rig.cameras):
                stack.enter_context(group)
                name = f"camera {group.camera.name}"
                period = period_in_ticks(group.camera.rate_hz, dt_ns, name)
                self._cameras.append((period, group))
            for sensor in rig.sensors:
                period = 0
                if sensor.rate_hz:
                    period = period_in_ticks(sensor.rate_hz, dt_ns, f"sensor {sensor.name}")
                ticks = period * ticks_per_frame
                period_s = period * dt_ns / NS_PER_S
                device = stack.enter_context(mount_device(client, ego, sensor, ticks, period_s))
                if sensor.turn is not None and (note := sensor.turn.note(ticks)):
                    self.notes.append(f"{sensor.kind} {sensor.name}: {note}")
                if period:
                    self._devices.append((period, device))
                else:
                    self._watching.append(device)
            self._stack = stack.pop_all()

    def __enter__(self) -> RigSensors:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def cameras_due(self, frame: int) -> list[CameraGroup]:
        """Return the cameras that have pictures at ``frame``."""
        return [group for period, group in self._cameras if is_due(frame, period)]

    def devices_due(self, frame: int) -> list[Device]:
        """Return the other sensors that have a reading at ``frame``."""
        return [device for period, device in self._devices if is_due(frame, period)]

    def happenings(self) -> list[Happening]:
        """Return the events since the last call."""
        return happenings(self._watching)

    def close(self) -> None:
        """Stop and destroy the sensors; a second call does nothing."""
        self._stack.close()

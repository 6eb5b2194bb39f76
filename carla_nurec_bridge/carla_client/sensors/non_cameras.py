"""CARLA's sensors of a rig that are no cameras: mounted, and read frame by frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, final

import carla

from ...core.errors import DeadlineError, InputError
from ...core.frames import invert
from ...core.rig.rig import RigSensor
from ..actors.ego import Ego
from ..session.session import transform_of
from . import decode
from .queue import DEPTH, SensorQueue

BLUEPRINTS = {
    "lidar": "sensor.lidar.ray_cast",
    "semantic_lidar": "sensor.lidar.ray_cast_semantic",
    "radar": "sensor.other.radar",
    "imu": "sensor.other.imu",
    "gnss": "sensor.other.gnss",
    "collision": "sensor.other.collision",
    "lane_invasion": "sensor.other.lane_invasion",
    "obstacle": "sensor.other.obstacle",
}
_DECODERS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "lidar": lambda parts: decode.sweep(parts, decode.POINT),
    "semantic_lidar": lambda parts: decode.sweep(parts, decode.LABELLED),
    "radar": lambda parts: decode.radar(parts[-1]),
    "imu": lambda parts: decode.imu(parts[-1]),
    "gnss": lambda parts: decode.gnss(parts[-1]),
}


@final
class NonCameraSensor:
    """One mounted sensor; ``take`` gives its reading of one frame."""

    def __init__(
        self, client: carla.Client, sensor: RigSensor, tap: SensorQueue, ticks: int, period_s: float
    ) -> None:
        self.sensor = sensor
        self._ticks, self._sweep_s = ticks, period_s
        self._client = client
        self._tap: SensorQueue | None = tap

    def take(self, frame: int, timeout_s: float) -> Any:
        """Return the reading of CARLA frame ``frame``.

        A structured array for lidars and radar, ``Felt`` for an IMU, ``Fix`` for a GNSS; see
        ``readings``. DeadlineError names what is missing.
        """
        assert self._tap is not None
        parts = self._tap.take_all(frame, time.monotonic() + timeout_s)
        if not parts:
            raise DeadlineError(
                f"CARLA sent nothing of {self.sensor.kind} {self.sensor.name} for frame {frame} "
                f"within {timeout_s:g} s"
            )
        turn = self.sensor.turn
        if turn is not None and turn.fields != "xyzi":
            return decode.timed_sweep(parts, turn, self._ticks, self._sweep_s)
        return _DECODERS[self.sensor.kind](parts)

    def drain(self) -> list[Any]:
        """Return the events that have come since the last call."""
        return self._tap.drain() if self._tap is not None else []

    def close(self) -> None:
        """Stop and destroy the sensor; a second call does nothing."""
        tap, self._tap = self._tap, None
        if tap is not None:
            tap.actor.stop()
            # A batch does not wait for an answer, which a server that died would never give.
            self._client.apply_batch([carla.command.DestroyActor(tap.actor.id)])

    def __enter__(self) -> NonCameraSensor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def mount_device(
    client: carla.Client, ego: Ego, sensor: RigSensor, ticks: int, period_s: float
) -> NonCameraSensor:
    """Attach a sensor to the ego and begin to listen; ``ticks`` lie between two readings.

    InputError when the server does not have it or one of its attributes.
    """
    world = client.get_world()
    found = world.get_blueprint_library().filter(BLUEPRINTS[sensor.kind])
    if len(found) == 0:
        raise InputError(f"sensor {sensor.name}: CARLA has no {BLUEPRINTS[sensor.kind]}")
    blueprint = found[0]
    turning = () if sensor.turn is None else sensor.turn.attributes(ticks, period_s)
    for name, value in (*sensor.attributes, *turning):
        if not blueprint.has_attribute(name):
            raise InputError(f"sensor {sensor.name}: CARLA's {blueprint.id} has no {name}")
        blueprint.set_attribute(name, value)
    pose = transform_of(invert(ego.base_from_actor) @ sensor.rig_from_sensor)
    actor = world.spawn_actor(blueprint, pose, attach_to=ego.actor)
    return NonCameraSensor(client, sensor, SensorQueue(actor, DEPTH + ticks), ticks, period_s)

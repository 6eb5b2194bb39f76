"""CARLA's sensors of a rig that are no cameras: mounted, and read frame by frame."""

from __future__ import annotations

import time
from types import TracebackType
from typing import final

import carla

from ...core.errors import DeadlineError, InputError
from ...core.frames import invert
from ...core.rig.sensor_base import CarlaSensor, EventSensor, SampledSensor, Sampling
from ...core.rig.sensor_values import Reading, SensorEvent
from ..actors.ego import Ego
from ..session.transforms import transform_of
from .queue import DEPTH, SensorQueue


@final
class NonCameraSensor:
    """One mounted sensor: ``take`` gives its reading of one frame, ``events`` what it reports."""

    def __init__(
        self, client: carla.Client, sensor: CarlaSensor, queue: SensorQueue, sampling: Sampling
    ) -> None:
        self.sensor = sensor
        self._sampling = sampling
        self._client = client
        self._queue: SensorQueue | None = queue

    def take(self, frame: int, timeout_s: float) -> Reading:
        """Return the reading of CARLA frame ``frame``; DeadlineError names what is missing."""
        assert self._queue is not None
        assert isinstance(self.sensor, SampledSensor)
        parts = self._queue.take_all(frame, time.monotonic() + timeout_s)
        if not parts:
            raise DeadlineError(
                f"CARLA sent nothing of {self.sensor.type} {self.sensor.name} for frame {frame} "
                f"within {timeout_s:g} s"
            )
        return self.sensor.decode(parts, self._sampling)

    def events(self) -> list[SensorEvent]:
        """Return the events that have come since the last call."""
        assert isinstance(self.sensor, EventSensor)
        found = self._queue.drain() if self._queue is not None else []
        return [event for measurement in found for event in self.sensor.decode(measurement)]

    def close(self) -> None:
        """Stop and destroy the sensor; a second call does nothing."""
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.stop()
            # A batch does not wait for an answer, which a server that died would never give.
            self._client.apply_batch([carla.command.DestroyActor(queue.actor.id)])

    def __enter__(self) -> NonCameraSensor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def mount_sensor(
    client: carla.Client, ego: Ego, sensor: CarlaSensor, sampling: Sampling
) -> NonCameraSensor:
    """Attach a sensor to the ego and begin to listen.

    InputError when the server does not have it or one of its attributes.
    """
    world = client.get_world()
    found = world.get_blueprint_library().filter(sensor.blueprint)
    if len(found) == 0:
        raise InputError(f"sensor {sensor.name}: CARLA has no {sensor.blueprint}")
    blueprint = found[0]
    for name, value in sensor.attributes(sampling):
        if not blueprint.has_attribute(name):
            raise InputError(f"sensor {sensor.name}: CARLA's {blueprint.id} has no {name}")
        blueprint.set_attribute(name, value)
    pose = transform_of(invert(ego.base_from_actor) @ sensor.rig_from_sensor)
    actor = world.spawn_actor(blueprint, pose, attach_to=ego.actor)
    return NonCameraSensor(client, sensor, SensorQueue(actor, DEPTH + sampling.ticks), sampling)

"""What a sensor calls: it keeps nothing of CARLA's alive, and takes nothing more once stopped."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("carla")
from carla_nurec_bridge.carla_client.sensors.queue import SensorQueue

HEARD: list[Callable[[Any], None]] = []
"""What sensors call, which the client library holds after the sensor has gone."""


class Sensor:
    def __init__(self) -> None:
        self.stops = 0

    def listen(self, heard: Callable[[Any], None]) -> None:
        HEARD.append(heard)

    def stop(self) -> None:
        self.stops += 1


@dataclass
class Measurement:
    """Of a frame; those of collisions hold the actor that they are of."""

    frame: int
    actor: Sensor | None = None


@pytest.fixture(autouse=True)
def nothing_is_heard() -> None:
    HEARD.clear()


def test_what_a_sensor_calls_does_not_hold_the_sensor() -> None:
    sensor = Sensor()
    queue = SensorQueue(sensor)  # type: ignore[arg-type]
    HEARD[0](Measurement(1, sensor))
    HEARD[0](Measurement(2, sensor))
    assert [one.frame for one in queue.take_all(1, time.monotonic())] == [1]
    queue.stop()
    HEARD[0](Measurement(3, sensor))
    gone = weakref.ref(sensor)
    del sensor, queue
    assert gone() is None
    assert len(HEARD) == 1


def test_a_stopped_sensor_is_stopped_once_and_has_nothing_left() -> None:
    sensor = Sensor()
    queue = SensorQueue(sensor, 2)  # type: ignore[arg-type]
    for frame in (1, 2, 3):
        HEARD[0](Measurement(frame))
    assert [one.frame for one in queue.drain()] == [2, 3]
    HEARD[0](Measurement(4))
    queue.stop()
    queue.stop()
    assert sensor.stops == 1
    assert queue.drain() == []

"""What a kind of CARLA sensor is: a rig's line, a blueprint, a topic, and what its data mean."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from ..frames import Matrix
from ..run_contract.topic import Topic
from .rig_file_base import Mount, Name, Rate, Strict
from .sensor_values import Reading, SensorEvent

NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Range = Annotated[float, Field(gt=0.0, le=10_000.0, description="reach in m")]
Attributes = tuple[tuple[str, str], ...]
"""Attributes of a CARLA blueprint with their values as text."""


@dataclass(frozen=True)
class Sampling:
    """How often a mounted sensor samples: once in ``ticks`` ticks of CARLA, ``period_s`` in all."""

    ticks: int
    period_s: float


class CarlaSensor(Strict):
    """A sensor of CARLA that is no camera, as a rig's YAML has it; it sits at base_link.

    A kind is a subclass in a file of ``core/rig/sensors`` that has the name of its ``type``. Its
    fields are those of the rig's line; ``topic`` is the row of the table of topics, under
    ``topic_key``; ``blueprint`` is CARLA's, and the embedded server's key.
    """

    blueprint: ClassVar[str]
    topic_key: ClassVar[str]
    topic: ClassVar[Topic]

    name: Name
    type: str

    @property
    def rig_from_sensor(self) -> Matrix:
        """The matrix (4, 4) that takes the sensor's axes (x forward, z up) to base_link."""
        return np.eye(4)

    def attributes(self, sampling: Sampling) -> Attributes:
        """Return what the blueprint is to be set to."""
        return ()

    def note(self, sampling: Sampling) -> str | None:
        """Return a sentence when the readings will not be quite what the rig asks for."""
        return None


class SampledSensor(CarlaSensor):
    """A sensor that has a reading every period."""

    mount: Mount
    rate_hz: Rate

    @property
    def rig_from_sensor(self) -> Matrix:
        """The matrix (4, 4) that takes the sensor's axes (x forward, z up) to base_link."""
        return self.mount.matrix()

    @property
    def reading_bytes(self) -> int:
        """How large a reading is at most; 0 for what is too small to count."""
        return 0

    @abstractmethod
    def decode(self, measurements: Sequence[Any], sampling: Sampling) -> Reading:
        """Return the reading in what CARLA sent since the one before, the oldest first."""


class EventSensor(CarlaSensor):
    """A sensor that reports what happens, whenever it does."""

    @abstractmethod
    def decode(self, measurement: Any) -> list[SensorEvent]:
        """Return the events in what CARLA sent at once."""


def sampled_topic(name: str, type_name: str, meaning: str, stamp: str = "frame") -> Topic:
    """Return the row of a sensor that samples, told in its own axes.

    ``name`` holds ``{name}`` for the sensor's; ``meaning`` and ``stamp`` (the moment of a message)
    are words for the table of topics.
    """
    return Topic(name, type_name, "{name}_link", stamp, "sensor", "sensor", True, meaning)


def event_topic(name: str, meaning: str) -> Topic:
    """Return the row of what all sensors of a kind report."""
    return Topic(
        name,
        "diagnostic_msgs/msg/DiagnosticArray",
        "base_link",
        "the frame of the event",
        "event",
        "event",
        True,
        meaning,
    )

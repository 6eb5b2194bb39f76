"""A row of the table of topics, and the words its columns are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Qos = Literal["clock", "sensor", "state", "latched", "command", "event", "tf", "tf_static"]
"""Quality of service by kind; ``ros.publishers.qos`` turns each into an rclpy profile."""

Cadence = Literal["frame", "sensor", "latched", "answer", "event"]
"""When a message is due: with every frame, with every due frame of a sensor, once (latched),
one answer a frame, or whenever something happens (no expectation)."""

StampOffset = Literal[4, 8, None]
"""Where the stamp (int32 s, uint32 ns) lies in the little-endian CDR of a message: behind the
4-byte encapsulation header, behind that and one sequence length, or nowhere."""


@dataclass(frozen=True)
class Topic:
    """One row of the table; ``{name}`` in ``name`` is the sensor's name, ``~`` the node.

    ``stamp`` says in words of which moment a message's stamp is.
    ``formerly`` is the name that older bags have it under.
    """

    name: str
    type: str
    frame_id: str
    stamp: str
    qos: Qos
    cadence: Cadence
    in_bag: bool
    meaning: str
    stamp_offset: StampOffset = 4
    reproducible: bool = True
    formerly: str = ""

    def named(self, sensor: str) -> str:
        """Return the topic name of the sensor called ``sensor``."""
        return self.name.format(name=sensor)

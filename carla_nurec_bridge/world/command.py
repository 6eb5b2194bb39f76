"""What an agent asks of the ego for one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Command:
    """What is asked of the ego for one frame.

    ``ackermann``: steering angle (rad, left positive) and speed (m/s), and how fast both may be
    reached: ``acceleration_mps2``, ``jerk_mps3`` and ``steer_radps`` are amounts of change to keep
    to, speeding up and slowing down alike, 0 = as fast as possible (so does ackermann_msgs).
    ``direct``: pedals, with ``steer`` in [-1, 1] left positive.
    """

    kind: Literal["ackermann", "direct"]
    steer: float = 0.0
    speed_mps: float = 0.0
    throttle: float = 0.0
    brake: float = 0.0
    reverse: bool = False
    hand_brake: bool = False
    acceleration_mps2: float = 0.0
    jerk_mps3: float = 0.0
    steer_radps: float = 0.0


STAND_STILL = Command("direct", brake=1.0, hand_brake=True)

"""From an asked angle of the front wheels to CARLA's steer, which CARLA scales by the speed."""

from __future__ import annotations

import math

from ...world.vehicle_info import VehicleInfo
from .ramp import Ramp

_GAIN_PER_S = 3.0
_LARGEST_STEP = 0.5
_TRIM_LIMITS = (0.6, 1.6)
_DEAD_BAND = 0.005
_BELIEVED = (0.5, 2.0)
_LEAST_RAD = 0.01
_RESTING_RADPS = 0.05
_CLIPPED = 1.001


class Steering:
    """Feed-forward by the vehicle's own limits, and a slow trim by the measured angle.

    The trim is a factor, so it holds for both sides. It changes only while asked and measured
    angle rest, more than half a percent apart: a server that scales as the vehicle's physics
    control says never sees it, and wheels that do not follow at all (in the air, after a crash)
    teach nothing. ``clipped`` says whether the last angle lay beyond what the vehicle reaches.
    """

    def __init__(self, info: VehicleInfo, dt_s: float) -> None:
        self._info = info
        self._dt_s = dt_s
        self._ramp = Ramp()
        self._trim = 1.0
        self._asked_rad = math.nan
        self._measured_rad = math.nan
        self._rests = False
        self.clipped = False

    def limit_rad(self, speed_mps: float) -> float:
        """Return the greatest angle that is reached at a speed."""
        return self._info.steer_limit_rad(speed_mps) / self._trim

    def let_go(self) -> None:
        """Take note that somebody else turns the wheel now."""
        self._ramp.restart()
        self._asked_rad, self._rests, self.clipped = math.nan, False, False

    def steer(
        self, angle_rad: float, rate_radps: float, speed_mps: float, measured_rad: float
    ) -> float:
        """Return CARLA's steer (-1 to 1, right positive) for an angle (rad, left positive).

        ``rate_radps`` is how fast it may be turned, 0 for as fast as possible; ``measured_rad`` is
        where the wheels are now.
        """
        self._learn(measured_rad)
        asked_rad = self._ramp.step(angle_rad, measured_rad, rate_radps, 0.0, self._dt_s)
        limit_rad = self.limit_rad(speed_mps)
        self.clipped = abs(asked_rad) > limit_rad * _CLIPPED
        still = abs(asked_rad - self._asked_rad) <= _RESTING_RADPS * self._dt_s
        self._rests = still and not self.clipped
        self._asked_rad = asked_rad
        if abs(asked_rad) >= limit_rad:
            return -math.copysign(1.0, asked_rad) if asked_rad else 0.0
        return -asked_rad / limit_rad

    def _learn(self, measured_rad: float) -> None:
        moved_rad, self._measured_rad = measured_rad - self._measured_rad, measured_rad
        still = abs(moved_rad) <= _RESTING_RADPS * self._dt_s
        if not (self._rests and still) or abs(self._asked_rad) < _LEAST_RAD:
            return
        reached = measured_rad / self._asked_rad
        if abs(reached - 1.0) > _DEAD_BAND and _BELIEVED[0] < reached < _BELIEVED[1]:
            step = min(_GAIN_PER_S * self._dt_s, _LARGEST_STEP)
            trim = self._trim * (1.0 + step * (1.0 - reached))
            self._trim = max(_TRIM_LIMITS[0], min(_TRIM_LIMITS[1], trim))

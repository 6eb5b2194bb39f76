"""What is fixed about a vehicle and a driver has to know."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from ..core.errors import ProtocolError
from .states import EgoBox

SteerLimits = tuple[tuple[float, float], ...]
"""Pairs (speed in m/s, greatest angle in rad there): linear between them, constant beyond."""


def steer_limit_rad(limits: SteerLimits, speed_mps: float) -> float:
    """Return how far front wheels turn at a speed, forwards or backwards, in rad."""
    speeds_mps, limits_rad = zip(*limits, strict=True)
    return float(np.interp(abs(speed_mps), speeds_mps, limits_rad))


@dataclass(frozen=True)
class VehicleInfo:
    """A vehicle's measures; base_link is its rear axle, projected to the ground.

    ``max_steer_rad`` is the greatest angle of the front wheels, ``steer_limits`` what CARLA lets
    them reach of it at a speed. ``size_m`` is (length, width, height) of its box, whose centre
    lies at ``box_in_base_m``.
    """

    blueprint: str
    wheelbase_m: float
    max_steer_rad: float
    size_m: tuple[float, float, float]
    box_in_base_m: tuple[float, float, float]
    steer_limits: SteerLimits

    def steer_limit_rad(self, speed_mps: float) -> float:
        """Return how far the front wheels turn at a speed, in rad."""
        return steer_limit_rad(self.steer_limits, speed_mps)

    @property
    def body(self) -> EgoBox:
        """The vehicle's box."""
        return EgoBox(self.size_m, self.box_in_base_m)

    @property
    def front_m(self) -> float:
        """How far the vehicle reaches before base_link."""
        return self.box_in_base_m[0] + self.size_m[0] / 2.0

    def to_json(self) -> str:
        """Return it as a JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> VehicleInfo:
        """Read it from JSON; ProtocolError when it is none."""
        try:
            values = json.loads(text)
            for name in ("size_m", "box_in_base_m"):
                x, y, z = values[name]
                values[name] = (float(x), float(y), float(z))
            limits = values["steer_limits"]
            values["steer_limits"] = tuple((float(speed), float(rad)) for speed, rad in limits)
            if not limits:
                raise ValueError("steer_limits is empty")
            return cls(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise ProtocolError(f"{text[:80]!r} does not describe a vehicle: {error}") from error

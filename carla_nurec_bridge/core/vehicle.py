"""What is fixed about a vehicle and a driver has to know."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from .errors import ProtocolError


@dataclass(frozen=True)
class VehicleInfo:
    """A vehicle's measures; base_link is its rear axle, projected to the ground.

    ``max_steer_rad`` is the greatest angle of the front wheels. ``size_m`` is (length, width,
    height) of its box, whose centre lies at ``box_in_base_m``.
    """

    blueprint: str
    wheelbase_m: float
    max_steer_rad: float
    size_m: tuple[float, float, float]
    box_in_base_m: tuple[float, float, float]

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
            return cls(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise ProtocolError(f"{text[:80]!r} does not describe a vehicle: {error}") from error

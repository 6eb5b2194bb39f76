"""What CARLA's sensors tell, in right-handed sensor axes and SI units, whatever told it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Cloud = NDArray[np.void]
"""Points (N,) whose fields have the names that ROS users know."""


@dataclass(frozen=True)
class ImuReading:
    """What an IMU felt in its own axes: acceleration with gravity (m/s^2), turn rate (rad/s).

    ``variances`` are those of the three accelerations, then of the three rates.
    """

    acceleration: NDArray[np.float64]
    angular: NDArray[np.float64]
    variances: tuple[float, ...]


@dataclass(frozen=True)
class GnssFix:
    """Where a GNSS is: degrees of WGS84, metres.

    ``variances`` are those of latitude and longitude (deg^2) and of the altitude (m^2).
    """

    latitude: float
    longitude: float
    altitude_m: float
    variances: tuple[float, ...]


@dataclass(frozen=True)
class SensorEvent:
    """One event: its kind, the sensor that reports it, at which CARLA frame, and its facts.

    ``level`` tells what must not happen (error) from what one should look at and what is as usual.
    """

    kind: str
    sensor: str
    frame: int
    summary: str
    facts: dict[str, str]
    level: Literal["ok", "warning", "error"] = "warning"


Reading = Cloud | ImuReading | GnssFix
"""What a sensor that samples tells at once."""


def facts_of_actor(actor: Any) -> dict[str, str]:
    """Return who another actor of CARLA's is; None, a part of the level, has no actor's id."""
    if actor is None:
        return {"actor_id": "0", "type_id": "static", "role_name": ""}
    role = actor.attributes.get("role_name", "")
    return {"actor_id": str(actor.id), "type_id": actor.type_id, "role_name": role}

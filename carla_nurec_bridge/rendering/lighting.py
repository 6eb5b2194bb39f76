"""The light of a scene: where the sun stands, how clear the air is, what is drawn of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError


@dataclass(frozen=True)
class Lamp:
    """A lamp that lights what is near it, through whatever stands between: it casts no shadows.

    * place, direction: (3,) in metres and unit, map frame.
    * colour: linear red, green, blue of the light 1 m ahead of it, in shares of full daylight.
    * inner_deg, outer_deg: angles off its direction where it starts to dim and where it ends.
    """

    place: tuple[float, float, float]
    direction: tuple[float, float, float]
    colour: tuple[float, float, float]
    inner_deg: float
    outer_deg: float


@dataclass(frozen=True)
class Lighting:
    """Describe sun, sky and image quality.

    * sun_altitude_deg: -90 (midnight) to 90 (zenith).
    * sun_azimuth_deg: direction the sun stands in, counter-clockwise from map x, seen from above
      (CARLA's azimuth is clockwise: negate it).
    * cloudiness: 0 (clear) to 1 (overcast: soft, no direct sun).
    * haze_m: distance along the ground at which half of the light comes from the air, which
      clears with height; ``inf`` for none.
    * shadows: trace one shadow ray per lit pixel.
    * samples: 1, or 4 to smooth edges (only pixels on edges are traced again).
    * fog_per_m: extinction of fog at map height 0, per metre; 0 for none. It begins ``fog_from_m``
      away and thins by ``fog_thinning_per_m`` (a rate per metre of height).
    * wetness: 0 (dry) to 1: what faces up is darker and mirrors the sky.
    * exposure, gamma: gain on the light, and the display's exponent (2.2: sRGB).
    * lamps: lamps that shine.
    """

    sun_altitude_deg: float = 48.0
    sun_azimuth_deg: float = 35.0
    cloudiness: float = 0.15
    haze_m: float = 900.0
    shadows: bool = True
    samples: int = 1
    fog_per_m: float = 0.0
    fog_from_m: float = 0.0
    fog_thinning_per_m: float = 0.0
    wetness: float = 0.0
    exposure: float = 1.0
    gamma: float = 2.2
    lamps: tuple[Lamp, ...] = ()

    def __post_init__(self) -> None:
        if not -90.0 <= self.sun_altitude_deg <= 90.0:
            raise InputError(f"sun altitude {self.sun_altitude_deg} is not within -90..90 degrees")
        if not 0.0 <= self.cloudiness <= 1.0:
            raise InputError(f"cloudiness {self.cloudiness} is not within 0..1")
        if not self.haze_m > 0.0:
            raise InputError(f"haze distance {self.haze_m} m is not positive; use inf for none")
        if self.samples not in (1, 4):
            raise InputError(f"{self.samples} samples per pixel are not offered; use 1 or 4")
        for name in ("fog_per_m", "fog_from_m", "fog_thinning_per_m", "wetness"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise InputError(f"{name} {getattr(self, name)} is not a finite number from 0 on")
        if not (self.exposure > 0.0 and self.gamma > 0.0):
            raise InputError(f"exposure {self.exposure} and gamma {self.gamma} must be positive")

    @property
    def map_sun_direction(self) -> NDArray[np.float64]:
        """Return the unit vector (3,) towards the sun, map frame."""
        altitude, azimuth = np.radians([self.sun_altitude_deg, self.sun_azimuth_deg])
        return np.array(
            [
                np.cos(altitude) * np.cos(azimuth),
                np.cos(altitude) * np.sin(azimuth),
                np.sin(altitude),
            ]
        )

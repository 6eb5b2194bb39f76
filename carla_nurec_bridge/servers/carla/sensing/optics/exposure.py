"""How an rgb camera turns light into an image: its exposure, display gamma and lens circle."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from .....core.errors import InputError
from .....rendering.kernels.sky import light_table
from .....rendering.lighting import Lighting
from ...attributes import flag, real
from ...world.actors import EpisodeActor
from .lens import Vignette

DAYLIGHT_EV = 14.0
"""Exposure value (ISO 100) that shows a sunny day as it is, for cameras set by hand."""
MOST_GAIN, LEAST_GAIN = 4.0, 0.7
ADAPTATION = 0.6
"""How much of a change of light an automatic exposure makes up for (1: all of it)."""
NOON = Lighting()


@dataclass(frozen=True)
class Exposure:
    """Exposure by hand (``manual_gain``) or by itself (None), in shares of a sunny day's."""

    manual_gain: float | None
    compensation: float
    gamma: float
    vignette: Vignette

    @staticmethod
    def of(actor: EpisodeActor) -> Exposure:
        """Read a camera's attributes; InputError when they make no exposure."""
        values = actor.attributes
        try:
            if not flag(values, "enable_postprocess_effects", "true"):
                return Exposure(1.0, 0.0, 2.2, Vignette.of(actor))
            manual = None
            if values.get("exposure_mode", "histogram") == "manual":
                stops = math.log2(real(values, "fstop") ** 2 * real(values, "shutter_speed"))
                stops -= math.log2(real(values, "iso") / 100.0)
                manual = 2.0 ** (DAYLIGHT_EV - stops)
            exposure = Exposure(
                manual,
                real(values, "exposure_compensation", "0"),
                real(values, "gamma", "2.2"),
                Vignette.of(actor),
            )
        except (ValueError, OverflowError) as error:
            raise InputError(f"exposure attributes are not usable: {error}") from error
        if exposure.gamma <= 0.0 or not abs(exposure.compensation) < 64.0:
            raise InputError("a camera needs a gamma above 0 and a sane exposure_compensation")
        return exposure

    def expose(self, light: Lighting) -> Lighting:
        """Return a light with this camera's gain and gamma."""
        gain = automatic_gain(light) if self.manual_gain is None else self.manual_gain
        gain = min(max(gain * 2.0**self.compensation, 1e-6), 1e6)
        return replace(light, exposure=gain, gamma=self.gamma)


def automatic_gain(light: Lighting) -> float:
    """Return the gain that an automatic exposure settles on; 1 at noon."""
    gain = (_brightness(NOON) / _brightness(light)) ** ADAPTATION
    return min(max(gain, LEAST_GAIN), MOST_GAIN)


def _brightness(light: Lighting) -> float:
    """Return the light that falls on level ground."""
    to_sun, sun, above = light_table(light).colours[:3]
    falling = sun * max(float(to_sun[2]), 0.0) + above
    return float(np.mean(falling))

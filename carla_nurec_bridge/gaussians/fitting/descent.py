"""Adam's steps for what is seen: colours, opacities, scales and means of Gaussians."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...rendering.engines.jit import inlined, kernel
from ...rendering.engines.threads import part_count, share
from ..drawing.particles import Particles
from ..harmonics import C0
from .gradients import GRADIENT
from .slope import Slope

_FADING, _SQUARE_FADING = 0.9, 0.99
_MOST_COLOUR = 1.5
"""Farther from its middle no colour is a step away from being clear in any picture."""
_LEAST_OPACITY, _MOST_OPACITY = 0.02, 0.99
_MOST_SCALING = 3.0
_MOST_SHIFT = 1.0


@dataclass(frozen=True)
class Rates:
    """How far a step goes at most, in the beginning.

    * colour: of 0 to 1. opacity: of its logit. scale: of its logarithm. shift: of the mean, in
      the Gaussian's largest sigma. 0 leaves these as they are.
    """

    colour: float = 0.015
    opacity: float = 0.05
    scale: float = 0.02
    shift: float = 0.02

    @property
    def by_column(self) -> NDArray[np.float64]:
        """Return the rate of each column of a gradient."""
        return np.repeat((self.colour, self.opacity, self.scale, self.shift), (3, 1, 3, 3))


class Descent:
    """Moves particles, in place, against the slopes of their pictures.

    A Gaussian keeps its own mean of slopes, so that one that is seen seldom steps as far as others
    do. It may become up to three times as large or small, and move by its largest sigma.
    """

    def __init__(self, particles: Particles, rates: Rates) -> None:
        self._particles = particles
        self._rates = rates.by_column
        count = len(particles.means)
        self._means, self._squares = np.zeros((2, count, GRADIENT), np.float32)
        self._times = np.zeros(count, np.int32)
        self._first_scales = particles.scales.copy()
        self._first_means = particles.means.copy()

    def step(self, slope: Slope, share_of_rates: float) -> None:
        """Take one step, by that share of the rates."""
        parts = part_count(max(1, len(slope.seen) // 1024))
        rates = self._rates * share_of_rates
        first = (self._first_scales, self._first_means)
        moments = (self._means, self._squares, self._times)
        slopes = (slope.colours, slope.opacities, slope.log_scales, slope.means)
        share(
            lambda part: _step(
                part, parts, slope.seen, slopes, moments, self._particles, first, rates
            ),
            parts,
        )


@inlined
def _adam(moments, n, k, slope, time):
    """Return the direction, -1 to 1 or so, of one value's step."""
    means, squares, _ = moments
    mean = _FADING * means[n, k] + (1.0 - _FADING) * slope
    square = _SQUARE_FADING * squares[n, k] + (1.0 - _SQUARE_FADING) * slope * slope
    means[n, k], squares[n, k] = mean, square
    if square <= 0.0:
        return 0.0
    mean /= 1.0 - _FADING**time
    return mean / math.sqrt(square / (1.0 - _SQUARE_FADING**time))


@kernel
def _step(part, parts, seen, slopes, moments, particles, first, rates):
    """Move one part of the Gaussians that were seen."""
    by_colour, by_opacity, by_scale, by_mean = slopes
    first_scales, first_means = first
    for index in range(len(seen) * part // parts, len(seen) * (part + 1) // parts):
        n = seen[index]
        moments[2][n] += 1
        time = float(moments[2][n])
        for k in range(3):
            value = particles.harmonics[n, 0, k] - rates[k] / C0 * _adam(
                moments, n, k, float(by_colour[n, k]), time
            )
            particles.harmonics[n, 0, k] = min(max(value, -_MOST_COLOUR / C0), _MOST_COLOUR / C0)
        opacity = min(max(float(particles.opacities[n]), 1e-4), 0.9999)
        slope = float(by_opacity[n]) * opacity * (1.0 - opacity)
        if rates[3] > 0.0:
            logit = math.log(opacity / (1.0 - opacity))
            logit -= rates[3] * _adam(moments, n, 3, slope, time)
            opacity = 1.0 / (1.0 + math.exp(-logit))
            particles.opacities[n] = min(max(opacity, _LEAST_OPACITY), _MOST_OPACITY)
        largest = 0.0
        for k in range(3):
            largest = max(largest, float(first_scales[n, k]))
        for k in range(3):
            away = rates[4 + k] * _adam(moments, n, 4 + k, float(by_scale[n, k]), time)
            value = float(particles.scales[n, k]) * math.exp(-away)
            low, high = first_scales[n, k] / _MOST_SCALING, first_scales[n, k] * _MOST_SCALING
            particles.scales[n, k] = min(max(value, low), high)
        for k in range(3):
            slope = float(by_mean[n, k]) * largest
            away = rates[7 + k] * largest * _adam(moments, n, 7 + k, slope, time)
            reach = _MOST_SHIFT * largest
            value = float(particles.means[n, k]) - away
            low, high = first_means[n, k] - reach, first_means[n, k] + reach
            particles.means[n, k] = min(max(value, low), high)

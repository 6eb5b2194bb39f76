"""What a camera looks at: a ray for each pixel, a time for each line, and where directions land."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.cameras.models import CameraModel
from ...core.cameras.shutter import Shutter, shutter_fraction
from ..scene import RenderSettings
from .particles import Rules, rules_of
from .pixel_table import PixelTable, camera_table

WIDE_RAD = np.radians(85.0)
"""A lens that sees so far off its axis is wide, see ``rules_of``."""


@dataclass(frozen=True, eq=False)
class GaussianView:
    """An image as lines of samples, each line exposed at one time.

    * rays: float32 (lines, samples, 3), unit vectors of the optical frame; zero where a pixel
      sees nothing.
    * fractions: float64 (lines,), 0 to 1 of the sensor's motion.
    * table: where directions of the optical frame land, in (sample, line).
    * transposed: whether lines are columns of the image.
    """

    rays: NDArray[np.float32]
    fractions: NDArray[np.float64]
    table: PixelTable
    transposed: bool = False

    @property
    def lines(self) -> int:
        """Return the number of lines."""
        return int(self.rays.shape[0])

    @property
    def samples(self) -> int:
        """Return the number of samples on a line."""
        return int(self.rays.shape[1])


def camera_view(
    model: CameraModel,
    shutter: Shutter,
    margin: float = 0.1,
    rays: NDArray[np.float32] | None = None,
) -> GaussianView:
    """Return the view of a camera; ``rays`` are its table, where that is at hand.

    ``margin`` is the share of its size by which the image counts as larger on each side when it is
    asked which Gaussians are seen.
    """
    axis, fractions = shutter_fraction(shutter, model.width, model.height)
    transposed = axis == "column"
    table = model.ray_table() if rays is None else rays
    if transposed:
        table = np.ascontiguousarray(table.transpose(1, 0, 2))
        table.flags.writeable = False  # a GPU keeps its copy of what nobody can change
    return GaussianView(
        table,
        fractions,
        camera_table(model, margin, transposed=transposed),
        transposed,
    )


def rules_for(settings: RenderSettings, view: GaussianView) -> Rules:
    """Return the rules by which a scene is drawn in a view, as wide as that is."""
    return rules_of(settings, wide=view.table.seen_rad >= WIDE_RAD)

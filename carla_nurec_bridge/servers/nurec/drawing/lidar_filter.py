"""Which returns of a sweep are dropped, as far as a mesh can tell."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ....core.errors import RefusalError
from ....nurec.stubs import sensorsim_pb2 as sensorsim
from ..refusal import Code

_DISTANCE_THRESHOLD = 0.02
_NAMES = ("raydrop_threshold", "opacity_threshold", "distance_filter_threshold")


def kept_ranges(
    range_m: NDArray[np.float32], wanted: sensorsim.LidarRenderFilter
) -> NDArray[np.float32]:
    """Return ranges (rows, columns) with those that the filter drops set to inf.

    A mesh drops no ray (probability 0) and is opaque (1): a ray-drop threshold below 0 and an
    opacity threshold of 1 or more leave nothing, other values leave all. The distance filter drops
    a return whose range differs by more than its threshold (relative, 0.02 unless given) from both
    neighbours in its row: what hangs between two surfaces at an edge. It is off unless enabled.
    INVALID_ARGUMENT for numbers that are not finite.
    """
    for name in _NAMES:
        if not math.isfinite(getattr(wanted, name)):
            raise RefusalError(Code.INVALID_ARGUMENT, f"render_filter.{name} must be finite")
    if wanted.HasField("raydrop_threshold") and wanted.raydrop_threshold < 0.0:
        return np.full_like(range_m, np.inf)
    if wanted.HasField("opacity_threshold") and wanted.opacity_threshold >= 1.0:
        return np.full_like(range_m, np.inf)
    if not wanted.enable_distance_filter or range_m.shape[1] < 2:
        return range_m
    given = wanted.HasField("distance_filter_threshold")
    threshold = wanted.distance_filter_threshold if given else _DISTANCE_THRESHOLD
    with np.errstate(invalid="ignore"):  # of two rays that hit nothing
        step = np.abs(np.diff(range_m, axis=1))
        limit = threshold * range_m
    step = np.where(np.isnan(step), np.inf, step)
    outer = np.full((len(range_m), 1), np.inf, np.float32)
    nearest = np.minimum(np.hstack([outer, step]), np.hstack([step, outer]))
    return np.where(nearest > limit, np.float32(np.inf), range_m)

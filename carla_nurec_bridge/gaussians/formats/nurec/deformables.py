"""Layers of people and riders, drawn stiff: as they are stored, before a network bends them."""

from __future__ import annotations

import numpy as np

from ...cloud import GaussianCloud
from ...scene import NotDrawn
from .container import Volume

NOT_RUN = "a network bends them, which is not run"
_NEEDED = (
    "rotations",
    "scales",
    "densities",
    "features_albedo",
    "features_specular",
    "gaussian_cuboid_ids",
)
_MOST_M = 4.0
"""So far from the middle of its box no part of a person or rider is."""
_PERCENT = 99.0


def incomplete(volume: Volume, name: str, prefix: str) -> NotDrawn | None:
    """Return what is told of a deformable layer that lacks tensors, None of one that has all."""
    missing = [key for key in _NEEDED if not isinstance(volume.state.get(prefix + key), bytes)]
    if not missing:
        return None
    count = volume.shape(f"{prefix}positions")[0]
    why = f"{NOT_RUN}, and {', '.join(missing)} of what they are before that is missing"
    return NotDrawn(f"Gaussians of {name}", count, why)


def beyond_boxes(cloud: GaussianCloud, name: str) -> NotDrawn | None:
    """Return what is told of a deformable layer that does not lie in boxes of people, or None."""
    away = np.linalg.norm(cloud.means_m.astype(np.float64), axis=1)
    if not len(cloud) or np.percentile(away, _PERCENT) <= _MOST_M:
        return None
    why = f"{NOT_RUN}, and before that they lie over {_MOST_M:g} m from the middles of boxes"
    return NotDrawn(f"Gaussians of {name}", len(cloud), why)


def told_stiff(cloud: GaussianCloud, name: str) -> str:
    """Return the sentence about a deformable layer that is drawn."""
    return f"{name}: {len(cloud)} Gaussians are drawn stiff, as they are stored; {NOT_RUN}"

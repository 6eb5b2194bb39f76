"""Footprints of boxes on the ground: how far apart they are, and when moving ones will touch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_PARALLEL_MPS = 1e-9


@dataclass(frozen=True, eq=False)
class Footprints:
    """Rectangles: ``centres`` (N, 2) in metres, ``headings`` (N,) in radians, and half their sides.

    ``half_m`` is (half length, half width) of all of them, or such a pair (N, 2) for each.
    """

    centres: Array
    headings: Array
    half_m: tuple[float, float] | Array

    @cached_property
    def halves_m(self) -> Array:
        """Half their lengths and widths (N, 2)."""
        halves = np.empty((len(self.centres), 2))
        halves[:] = self.half_m
        return halves

    @cached_property
    def axes(self) -> Array:
        """Their forward and left unit vectors (N, 2, 2)."""
        axes = np.empty((len(self.headings), 2, 2))
        axes[:, 0, 0] = axes[:, 1, 1] = np.cos(self.headings)
        axes[:, 0, 1] = np.sin(self.headings)
        axes[:, 1, 0] = -axes[:, 0, 1]
        return axes

    @property
    def corners(self) -> Array:
        """Their corners (N, 4, 2)."""
        signs = np.array([(1, 1), (1, -1), (-1, -1), (-1, 1)], np.float64)
        offsets = signs * self.halves_m[:, None]
        return np.asarray(self.centres[:, None] + np.einsum("nck,nki->nci", offsets, self.axes))

    def chosen(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Footprints:
        """Return some of them."""
        half_m = self.half_m if isinstance(self.half_m, tuple) else self.half_m[which]
        return Footprints(self.centres[which], self.headings[which], half_m)


def overlap_m(one: Footprints, other: Footprints) -> Array:
    """Return how far (N,) pairs must be moved to come apart; negative for those that are apart.

    It is the smallest over the four axes of both (separating axes), so of two rectangles that are
    apart it tells that they are, not how far.
    """
    axes = np.concatenate([one.axes, other.axes], axis=1)
    distance, reach = _on_axes(one, other, axes)
    return np.asarray((reach - np.abs(distance)).min(axis=1))


def gap_m(one: Footprints, other: Footprints) -> Array:
    """Return the distances (N,) between pairs of rectangles, zero where they overlap."""
    nearest = np.minimum(_corner_gaps(one, other), _corner_gaps(other, one))
    return np.where(overlap_m(one, other) > 0.0, 0.0, nearest)


def time_to_touch_s(one: Footprints, other: Footprints, velocity_mps: Array) -> Array:
    """Return when (N,) ``other``, moving by ``velocity_mps`` (N, 2) against ``one``, touches it.

    Neither turns meanwhile. Zero for those that touch already, inf for those that never do.
    """
    axes = np.concatenate([one.axes, other.axes], axis=1)
    distance, reach = _on_axes(one, other, axes)
    speed = np.einsum("nai,ni->na", axes, velocity_mps)
    parallel = np.abs(speed) < _PARALLEL_MPS
    safe = np.where(parallel, 1.0, speed)
    ends = np.stack([(-reach - distance) / safe, (reach - distance) / safe])
    apart = np.abs(distance) > reach
    enters = np.where(parallel, np.where(apart, np.inf, -np.inf), ends.min(axis=0)).max(axis=1)
    leaves = np.where(parallel, np.where(apart, -np.inf, np.inf), ends.max(axis=0)).min(axis=1)
    return np.where((enters <= leaves) & (leaves >= 0.0), np.maximum(enters, 0.0), np.inf)


def _on_axes(one: Footprints, other: Footprints, axes: Array) -> tuple[Array, Array]:
    """Return the distance of the centres along axes (N, 4, 2), and how far both reach there."""
    distance = np.einsum("nai,ni->na", axes, other.centres - one.centres)
    reach = sum(
        np.einsum("nak,nk->na", np.abs(np.einsum("nai,nki->nak", axes, each.axes)), each.halves_m)
        for each in (one, other)
    )
    return distance, np.asarray(reach)


def _corner_gaps(of: Footprints, to: Footprints) -> Array:
    """Return the least distance (N,) of the corners of ``of`` from the rectangles ``to``."""
    local = np.einsum("nki,nci->nck", to.axes, of.corners - to.centres[:, None])
    beyond = np.maximum(np.abs(local) - to.halves_m[:, None], 0.0)
    return np.asarray(np.linalg.norm(beyond, axis=2).min(axis=1))

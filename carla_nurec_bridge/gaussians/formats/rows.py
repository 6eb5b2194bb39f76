"""Rows of a file made into a cloud: what is no Gaussian is left out and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cloud import Floats, GaussianCloud
from ..scene import NotDrawn

LEAST_SCALE_M = 1e-7
_MOST_SCALE_M = 1e6
_MOST_DISTANCE_M = 1e7
_LEAST_NORM = 1e-8
_MOST_COEFFICIENT = 1e6

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as a file has them: scales and opacities activated, rotations of any length, or NaN.

    ``means_m`` (N, 3), ``rotations_wxyz`` (N, 4), ``scales_m`` (N, 3), ``opacities`` (N,), ``sh``
    (N, K, 3), and semantic logits (N, S) or None.
    """

    means_m: Floats
    rotations_wxyz: Floats
    scales_m: Floats
    opacities: Floats
    sh: Floats
    semantic_logits: Floats | None = None


def cloud_of(rows: Rows, what: str = "Gaussians") -> tuple[GaussianCloud, Mask, list[NotDrawn]]:
    """Return the cloud of the sound rows, which those are (N,), and what was left out of ``what``.

    Scales below 1e-7 m become that; rotations are normalised. Semantic logits of a row become 0,
    for they are never drawn, where one of them is not finite; that is told too.
    """
    numbers = [rows.means_m, rows.rotations_wxyz, rows.scales_m, rows.opacities[:, None]]
    numbers.append(rows.sh.reshape(len(rows.sh), 3 * rows.sh.shape[1]))
    # Sums find NaN and infinity without a mask of all values; overflow makes them again.
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.ones(len(rows.means_m), bool)
        for values in numbers:
            finite &= np.isfinite(values).all(axis=1)
        norms = np.linalg.norm(rows.rotations_wxyz.astype(np.float64), axis=1)
        turned = ~(norms < _LEAST_NORM)
        sane = ~(
            (np.abs(rows.means_m).max(axis=1, initial=0.0) > _MOST_DISTANCE_M)
            | (rows.scales_m.max(axis=1, initial=0.0) > _MOST_SCALE_M)
            | (np.abs(numbers[4]).max(axis=1, initial=0.0) > _MOST_COEFFICIENT)
        )
    kept = finite & turned & sane
    dropped = [
        NotDrawn(what, int(mask.sum()), why)
        for mask, why in (
            (~finite, "a value is not finite"),
            (finite & ~turned, "the rotation has no length"),
            (finite & turned & ~sane, "a value is beyond all reason (over 10,000 km, or 1e6)"),
        )
        if mask.any()
    ]
    every = bool(kept.all())
    logits = rows.semantic_logits
    if logits is not None:
        logits = logits if every else logits[kept]
        vague: Mask = np.logical_or.reduce(~np.isfinite(logits), axis=1)
        if vague.any():
            logits = np.where(vague[:, None], np.float32(0), logits)
            why = "a score is not finite; the Gaussians are drawn"
            dropped.append(NotDrawn(f"semantic logits of {what}", int(vague.sum()), why))
    cloud = GaussianCloud(
        rows.means_m if every else rows.means_m[kept],
        (rows.rotations_wxyz[kept] / norms[kept, None]).astype(np.float32),
        np.maximum(rows.scales_m[kept], np.float32(LEAST_SCALE_M)),
        np.clip(rows.opacities[kept], 0.0, 1.0),
        rows.sh if every else rows.sh[kept],
        logits,
    )
    return cloud, kept, dropped


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)); infinite logits are 0 and 1, NaN stays."""
    shares: Floats = np.reciprocal(1 + exponential(-logits))
    return shares


def exponential(logarithms: Floats) -> Floats:
    """Return exp(x) in float32, infinite where it does not fit."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(logarithms, dtype=np.float32)


def from_smallest_three(largest: NDArray[np.intp], others: NDArray[np.float64]) -> Floats:
    """Return unit quaternions (N, 4) of the place of the largest part and the others in order."""
    places = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])[largest]
    result = np.empty((len(largest), 4))
    each = np.arange(len(largest))
    result[each[:, None], places] = others
    result[each, largest] = np.sqrt(np.maximum(0.0, 1.0 - np.sum(others * others, axis=1)))
    return result.astype(np.float32)


def shares(numbers: NDArray[np.unsignedinteger[Any]]) -> Floats:
    """Return numbers 0 to 255 as 0 to 1."""
    result: Floats = numbers.astype(np.float32) / np.float32(255)
    return result

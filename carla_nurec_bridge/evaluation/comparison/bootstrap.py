"""Means of figures that come in groups, with bootstrap confidence intervals.

Runs of one scenario are alike, so whole scenarios are drawn, each with all its runs (the cluster
bootstrap; Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). Bounds
are percentiles of the means of the draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...core.run_contract.record import Record

Groups = Mapping[str, Sequence[float]]
"""Figures by the name of their group."""


class Interval(Record):
    """A mean and between which bounds it lies; all null without a figure."""

    mean: float | None = Field(description="mean of all figures")
    low: float | None = Field(description="lower bound of the mean")
    high: float | None = Field(description="upper bound of the mean")
    groups: int = Field(description="groups that figures came from")
    figures: int = Field(description="figures in all")


def mean_interval(groups: Groups, *, confidence: float, resamples: int, seed: int) -> Interval:
    """Return the mean of all figures and its interval; equal seeds give equal bounds.

    One group alone tells nothing about others: its bounds are null.
    """
    filled = [np.asarray(groups[name], np.float64) for name in sorted(groups) if groups[name]]
    if not filled:
        return Interval(mean=None, low=None, high=None, groups=0, figures=0)
    sums = np.array([each.sum() for each in filled])
    counts = np.array([len(each) for each in filled], np.float64)
    mean = float(sums.sum() / counts.sum())
    low = high = None
    if len(filled) > 1:
        drawn = _means(sums, counts, resamples, np.random.default_rng(seed))
        tail = 50.0 * (1.0 - confidence)
        low, high = (float(bound) for bound in np.percentile(drawn, [tail, 100.0 - tail]))
    return Interval(mean=mean, low=low, high=high, groups=len(filled), figures=int(counts.sum()))


def _means(
    sums: NDArray[np.float64],
    counts: NDArray[np.float64],
    resamples: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the mean (resamples,) of each draw of as many groups as there are."""
    chosen = rng.integers(0, len(sums), (resamples, len(sums)))
    means: NDArray[np.float64] = sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    return means

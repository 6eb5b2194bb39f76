"""Two agents on the same runs: the difference, its interval, and whether it may be chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from ...core.loading.deferred import deferred
from ...core.run_contract.record import Record
from .bootstrap import Groups, Interval, mean_interval

stats = deferred("scipy.stats")


class PairedTest(Record):
    """One figure of two agents in the runs that both have it.

    A run counts as won where the difference is positive.
    """

    difference: Interval = Field(description="mean of first less second, and its interval")
    wins: int = Field(description="runs in which the first has more")
    ties: int = Field(description="runs in which both have the same")
    losses: int = Field(description="runs in which the second has more")
    p_value: float | None = Field(
        description="Wilcoxon's signed-rank test, two-sided, over the groups' mean differences; "
        "null without a group"
    )


def paired_test(differences: Groups, *, confidence: float, resamples: int, seed: int) -> PairedTest:
    """Return what the differences of each run, grouped by scenario, say."""
    all_of_them = [value for name in sorted(differences) for value in differences[name]]
    means = [float(np.mean(values)) for _, values in sorted(differences.items()) if values]
    return PairedTest(
        difference=mean_interval(
            differences, confidence=confidence, resamples=resamples, seed=seed
        ),
        wins=sum(value > 0 for value in all_of_them),
        ties=sum(value == 0 for value in all_of_them),
        losses=sum(value < 0 for value in all_of_them),
        p_value=signed_rank_p(means),
    )


def signed_rank_p(differences: Sequence[float]) -> float | None:
    """Return the two-sided p-value of Wilcoxon's signed-rank test; None without a difference.

    Zeros are dropped, as Wilcoxon does; when nothing else is there nothing speaks for either: 1.
    """
    if not differences:
        return None
    if not any(differences):
        return 1.0
    return float(stats.wilcoxon(differences, zero_method="wilcox").pvalue)


def holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return p-values that hold for all tests together (Holm's step-down method, 1979)."""
    known = sorted((p, name) for name, p in p_values.items() if p is not None)
    adjusted: dict[str, float | None] = dict.fromkeys(p_values)
    least = 0.0
    for place, (p, name) in enumerate(known):
        least = max(least, min(1.0, (len(known) - place) * p))
        adjusted[name] = least
    return adjusted

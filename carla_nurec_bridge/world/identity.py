"""Who is who in two views of one moment: by kind, size and place, never by number."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ..core.loading.deferred import deferred

optimize = deferred("scipy.optimize")

_NEAR_M = 0.5
_SIZE_M = 0.05
_NEVER = 1e9

Place = tuple[float, float]
Size = tuple[float, float, float]
First = TypeVar("First", bound=Hashable)
Second = TypeVar("Second", bound=Hashable)


@dataclass(frozen=True)
class Seen:
    """Somebody at a moment: place (x, y) in the map in metres.

    ``kind`` is what both views must agree on (a blueprint, or more), None where it is not known;
    ``size_m`` decides then.
    """

    kind: Hashable | None
    place_m: Place
    size_m: Size | None = None


def pair(
    ours: Sequence[tuple[First, Seen]], theirs: Sequence[tuple[Second, Seen]]
) -> dict[First, Second]:
    """Return who of one view is who of the other.

    Pairs are of a kind and at most half a metre apart, and all of them together as near as can be;
    who has no such partner is left out.
    """
    if not ours or not theirs:
        return {}
    ours_m = np.array([seen.place_m for _, seen in ours])
    theirs_m = np.array([seen.place_m for _, seen in theirs])
    away_m = np.linalg.norm(ours_m[:, None] - theirs_m[None], axis=-1)
    alike = np.array([[_alike(one, other) for _, other in theirs] for _, one in ours])
    cost = np.where(alike & (away_m <= _NEAR_M), away_m, _NEVER)
    rows, columns = optimize.linear_sum_assignment(cost)
    return {
        ours[row][0]: theirs[column][0]
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if cost[row, column] < _NEVER
    }


def _alike(one: Seen, other: Seen) -> bool:
    if one.kind is not None and other.kind is not None:
        return one.kind == other.kind
    if one.size_m is None or other.size_m is None:
        return True
    return bool(np.allclose(one.size_m, other.size_m, atol=_SIZE_M))

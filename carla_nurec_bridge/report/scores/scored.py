"""A drive with its scores, as the files of them are made of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...evaluation.scores.records import ScoreReport
from ...opendrive import OpenDriveMap

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScoredDrive:
    """The scores of a drive, and its map, route (N, 3) and path (ticks, 2) to draw them on."""

    report: ScoreReport
    path: Array = field(repr=False)
    route: Array | None = field(repr=False)
    opendrive: OpenDriveMap | None = field(repr=False)

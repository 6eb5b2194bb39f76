"""A drive with its scores, as the files of them are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix
from ...evaluation.scores.records import ScoreReport
from ...opendrive import OpenDriveMap
from ...world.states import WorldState

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScoredDrive:
    """The scores of a drive, and its map, route (N, 3) and path (ticks, 2) to draw them on.

    ``states`` are those of the drive by stamp (ns), ``base_from_link`` the mounts of its sensors by
    their frames; both are empty where nobody kept them.
    """

    report: ScoreReport
    path: Array = field(repr=False)
    route: Array | None = field(repr=False)
    opendrive: OpenDriveMap | None = field(repr=False)
    states: Mapping[int, WorldState] = field(default_factory=dict, repr=False)
    base_from_link: Mapping[str, Matrix] = field(default_factory=dict, repr=False)

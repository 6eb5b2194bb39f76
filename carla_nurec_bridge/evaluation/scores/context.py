"""What a drive is scored against, and the interface of a score."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...opendrive.model import STOP_SIGN, OpenDriveMap
from ...opendrive.stops import StopArea, stop_area, stop_lines
from ..lane_cover import LaneCover, lane_cover
from .moment import DriveMoment
from .records import ScoreResult

Array = NDArray[np.float64]

_STOP_AREA_M = 3.0


@dataclass(frozen=True, eq=False)
class ExpertDrive:
    """How somebody else drove here, to compare with: ``stamps_ns`` (N,), ``positions`` (N, 2).

    Stamps count from the begin of the drive; positions are the middle of the ego's box in the map.
    """

    stamps_ns: NDArray[np.int64] = field(repr=False)
    positions: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class ScoreContext:
    """The map, the route (N, 2 or 3), an expert's drive, and what the run's contract says.

    ``time_limit_s`` is the route's, ``reference_impact_mps`` the impact speed of a driver that does
    nothing (NeuroNCAP's), ``handover_s`` when the policy begins to drive; None where nobody says.
    """

    opendrive: OpenDriveMap | None = field(default=None, repr=False)
    route: Array | None = field(default=None, repr=False)
    expert: ExpertDrive | None = None
    time_limit_s: float | None = None
    reference_impact_mps: float | None = None
    handover_s: float = 0.0

    @cached_property
    def cover(self) -> LaneCover | None:
        """The lanes of the map."""
        return None if self.opendrive is None else lane_cover(self.opendrive)

    @cached_property
    def stop_signs(self) -> tuple[StopArea, ...]:
        """The ground before the line of each stop sign, lane by lane."""
        if self.opendrive is None:
            return ()
        signals = self.opendrive.signals
        return tuple(
            stop_area(self.opendrive, line, _STOP_AREA_M, 0.0)
            for signal_id, lines in stop_lines(self.opendrive).items()
            if signals[signal_id][1].type == STOP_SIGN
            for line in lines
        )


class Score(Protocol):
    """A score that looks at a drive tick by tick."""

    name: str

    def update(self, moment: DriveMoment) -> dict[str, float | None]:
        """Look at the next tick; return what holds there by part."""

    def result(self) -> ScoreResult:
        """Return the score of all ticks so far; more may follow."""

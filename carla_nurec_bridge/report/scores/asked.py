"""What a drive is to be scored for, and against what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...evaluation.scores.context import ExpertDrive, ScoreContext
from ...opendrive import map_name, parse, read_opendrive
from ...recording import BagReader
from ...recording.read_back.drive import BagDrive, read_drive


@dataclass(frozen=True)
class AskedScores:
    """Scores by ``names`` (all without any), and what drives are compared with.

    ``map_path`` replaces the drive's own map, ``expert`` is a bag or a run's folder; the others are
    those of ``ScoreContext``.
    """

    names: tuple[str, ...] = ()
    map_path: Path | None = None
    expert: Path | None = None
    time_limit_s: float | None = None
    reference_impact_mps: float | None = None
    handover_s: float = 0.0

    def context(self, route: NDArray[np.float64] | None, xodr: str | None) -> ScoreContext:
        """Return what a drive with this route (N, 3) on the map of this text is scored against."""
        opendrive = None
        if self.map_path is not None:
            opendrive = parse(read_opendrive(self.map_path), map_name(self.map_path))
        elif xodr is not None:
            opendrive = parse(xodr, "map")
        return ScoreContext(
            opendrive,
            route,
            None if self.expert is None else _expert(self.expert),
            self.time_limit_s,
            self.reference_impact_mps,
            self.handover_s,
        )


def bag_of(source: Path) -> Path:
    """Return the bag in a run's folder, or the folder itself."""
    return source / "bag" if (source / "bag").is_dir() else source


def scored_drive(source: Path) -> BagDrive:
    """Read the drive of a bag, or of a run's folder with one.

    InputError for one without an ego, or without its size.
    """
    with BagReader(bag_of(source)) as opened:
        drive = read_drive(opened)
    if not drive.states:
        raise InputError(f"{source} holds no odometry: there is no drive to score")
    if drive.body is None:
        raise InputError(
            f"{source} does not tell how large the ego is: record robot_description with it"
        )
    return drive


def _expert(source: Path) -> ExpertDrive:
    drive = scored_drive(source)
    stamps_ns = np.array([state.stamp_ns for state in drive.states], np.int64)
    places = np.array([state.ego.box.map_from_box[:2, 3] for state in drive.states])
    return ExpertDrive(stamps_ns - stamps_ns[0], places)

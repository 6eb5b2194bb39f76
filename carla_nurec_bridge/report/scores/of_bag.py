"""Score the drive in a bag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...core.errors import InputError
from ...evaluation.scores.context import ExpertDrive, ScoreContext
from ...evaluation.scores.records import ScoreReport
from ...evaluation.scores.scorer import score_drive
from ...opendrive import OpenDriveMap, map_name, parse, read_opendrive
from ...recording import BagReader
from ...recording.read_back.drive import BagDrive, read_drive


@dataclass(frozen=True, eq=False)
class ScoredBag:
    """The scores of a bag, with the drive and its map to draw them on."""

    report: ScoreReport
    drive: BagDrive = field(repr=False)
    opendrive: OpenDriveMap | None = field(repr=False)
    default_folder: Path


def score_bag(
    source: Path,
    names: Sequence[str],
    *,
    map_path: Path | None = None,
    expert: Path | None = None,
    time_limit_s: float | None = None,
    reference_impact_mps: float | None = None,
    handover_s: float = 0.0,
) -> ScoredBag:
    """Score the drive of a bag, or of a run's folder that holds one.

    ``expert`` is another such folder. InputError for a bag without an ego, or without its size.
    """
    drive, bag = _drive(source)
    opendrive: OpenDriveMap | None = None
    if map_path is not None:
        opendrive = parse(read_opendrive(map_path), map_name(map_path))
    elif drive.xodr is not None:
        opendrive = parse(drive.xodr, "map")
    context = ScoreContext(
        opendrive,
        drive.route,
        None if expert is None else _expert(expert),
        time_limit_s,
        reference_impact_mps,
        handover_s,
    )
    report = score_drive(drive.states, context, names, str(source))
    return ScoredBag(report, drive, opendrive, bag.parent / "scores")


def _drive(source: Path) -> tuple[BagDrive, Path]:
    bag = source / "bag" if (source / "bag").is_dir() else source
    with BagReader(bag) as opened:
        drive = read_drive(opened)
    if not drive.states:
        raise InputError(f"{source} holds no odometry: there is no drive to score")
    if drive.body is None:
        raise InputError(
            f"{source} does not tell how large the ego is: record robot_description with it"
        )
    return drive, bag


def _expert(source: Path) -> ExpertDrive:
    drive, _ = _drive(source)
    stamps_ns = np.array([state.stamp_ns for state in drive.states], np.int64)
    places = np.array([state.ego.box.map_from_box[:2, 3] for state in drive.states])
    return ExpertDrive(stamps_ns - stamps_ns[0], places)
